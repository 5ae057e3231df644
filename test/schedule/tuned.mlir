// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels are built with what `dreamer.tuned` chooses for their target.
// RUN: dreamer-opt --dreamer-schedule=targets=x86-64-v3,x86-64-v4 --canonicalize --cse %s | FileCheck %s

// Register blocks and the panels that go with them: equal operations with another choice are other kernels, and
// weights are packed once for each width.
// CHECK-LABEL: module @"x86-64-v3"
// CHECK: launch @pack_transposed_0
// CHECK: launch @linear_product_0
// CHECK: launch @pack_transposed_1
// CHECK: launch @linear_product_1
// CHECK-NOT: launch @pack
// CHECK: launch @linear_product_0
// CHECK: func.func private @linear_product_0
// CHECK: tile.mma {{.*}}<6x16xf32, vectors>
// CHECK: func.func private @linear_product_1
// CHECK: tile.mma {{.*}}<4x24xf32, vectors>
// CHECK-LABEL: module @"x86-64-v4"
// CHECK-NOT: linear_product_1
func.func @blocks(
    %x: tensor<48x48xf32> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<48x48xf32> {dreamer.name = "w", dreamer.role = "parameter"})
    -> (tensor<48x48xf32> {dreamer.name = "y"}) {
  %a = dreamer.linear %x, %w : tensor<48x48xf32>, tensor<48x48xf32>
  %b = dreamer.linear %a, %w {dreamer.tuned = {"x86-64-v3" = {block_rows = 4 : i64, block_vectors = 3 : i64}}}
      : tensor<48x48xf32>, tensor<48x48xf32>
  %c = dreamer.linear %b, %w {dreamer.tuned = {"x86-64-v3" = {block_rows = 6 : i64}}}
      : tensor<48x48xf32>, tensor<48x48xf32>
  return %c : tensor<48x48xf32>
}
