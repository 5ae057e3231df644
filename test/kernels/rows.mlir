// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Rows end in part of a vector: loads are masked, stores cut into powers of two, and nothing
// behind a row is touched. Sums over rows are split by rows, then added in order.
// RUN: dreamer-opt --dreamer-schedule=targets=x86-64-v3 --canonicalize --cse %s | FileCheck %s

// CHECK-LABEL: func.func private @rms_norm_0
// CHECK: scf.for
// CHECK: vector.load
// CHECK: vector.maskedload
// CHECK: vector.reduction <add>
// CHECK: math.sqrt
// CHECK: vector.store {{.*}}, vector<8xf32>
// CHECK: vector.store {{.*}}, vector<2xf32>
// CHECK-NOT: vector.store
// CHECK: return
func.func @tail(
    %x: tensor<5x10xf32> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<10xf32> {dreamer.name = "w", dreamer.role = "parameter"})
    -> (tensor<5x10xf32> {dreamer.name = "y"}) {
  %y = dreamer.rms_norm %x, %w {eps = 1.0e-6 : f64} : tensor<5x10xf32>, tensor<10xf32>
  return %y : tensor<5x10xf32>
}

// CHECK-LABEL: func.func @split
// CHECK: schedule.launch @rms_norm_grad_0
// CHECK: schedule.launch @rms_norm_grad_sum_parts_0
func.func @split(
    %x: tensor<1000x64xf32> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<64xf32> {dreamer.name = "w64", dreamer.role = "parameter"},
    %d: tensor<1000x64xf32> {dreamer.name = "d", dreamer.role = "input"})
    -> (tensor<1000x64xf32> {dreamer.name = "dx"}, tensor<64xf32> {dreamer.name = "dw"}) {
  %dx, %dw = dreamer.rms_norm_grad %x, %w, %d {eps = 1.0e-6 : f64}
      : tensor<1000x64xf32>, tensor<64xf32>, tensor<1000x64xf32>
  return %dx, %dw : tensor<1000x64xf32>, tensor<64xf32>
}
