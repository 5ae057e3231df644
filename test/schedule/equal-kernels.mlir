// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels of one name and one body are one kernel, whatever else tells their operations apart: here an
// attribute that only matters in bf16.
// RUN: dreamer-opt --dreamer-schedule=targets=x86-64-v3 %s | FileCheck %s

// CHECK-LABEL: func.func @exact_and_not
// CHECK: schedule.launch @linear_product_0
// CHECK: schedule.launch @linear_product_0
// CHECK: schedule.launch @linear_product_1
// CHECK-NOT: @linear_product_2
func.func @exact_and_not(
    %x: tensor<32x16xf32> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<16x16xf32> {dreamer.name = "w", dreamer.role = "parameter"},
    %v: tensor<8x16xf32> {dreamer.name = "v", dreamer.role = "parameter"})
    -> (tensor<32x8xf32> {dreamer.name = "z"}) {
  %a = dreamer.linear %x, %w : tensor<32x16xf32>, tensor<16x16xf32>
  %b = dreamer.linear %a, %w {full_precision} : tensor<32x16xf32>, tensor<16x16xf32>
  %z = dreamer.linear %b, %v : tensor<32x16xf32>, tensor<8x16xf32>
  return %z : tensor<32x8xf32>
}
