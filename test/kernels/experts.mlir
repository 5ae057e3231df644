// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Experts: the choices are sorted by expert, every expert's rows multiplied in blocks, and the
// results summed per row in order of choice. Few rows read the experts where they are.
// RUN: dreamer-opt --dreamer-schedule=targets=x86-64-v3 --canonicalize --cse %s | FileCheck %s

// CHECK-LABEL: func.func @many_rows
// Ids are checked before they are used.
// CHECK: schedule.require_range {{.*}} in 0 to 8
// CHECK: schedule.launch @expert_linear_sort_0 tasks(%c1)
// CHECK: schedule.launch @pack_transposed_0
// CHECK: schedule.launch @pack_transposed_0
// 128 choices of 8 experts fill at most 168 places: 3 blocks of 48 and one begun by each expert.
// CHECK: schedule.launch @expert_linear_products_0 tasks(%c11)
// CHECK: schedule.require_range {{.*}} in 0 to 8
// CHECK: schedule.launch @mix_experts_sort_0 tasks(%c1)
// CHECK: schedule.launch @pack_transposed_1
// CHECK: schedule.launch @mix_experts_values_0 tasks(%c11)
// CHECK: schedule.launch @mix_experts_combine_0
func.func @many_rows(
    %u: tensor<64x16xf32> {dreamer.name = "u", dreamer.role = "input"},
    %ids: tensor<64x2xi32> {dreamer.name = "ids", dreamer.role = "input"},
    %gates: tensor<64x2xf32> {dreamer.name = "gates", dreamer.role = "input"},
    %w1: tensor<8x32x16xf32> {dreamer.name = "w1", dreamer.role = "parameter"},
    %w3: tensor<8x32x16xf32> {dreamer.name = "w3", dreamer.role = "parameter"},
    %w2: tensor<8x16x32xf32> {dreamer.name = "w2", dreamer.role = "parameter"})
    -> (tensor<64x16xf32> {dreamer.name = "y"}) {
  %a, %b = dreamer.expert_linear(%w1, %w3), %u, %ids
      : tensor<8x32x16xf32>, tensor<8x32x16xf32>, tensor<64x16xf32>, tensor<64x2xi32>
  %y = dreamer.mix_experts %a, %b, %ids, %gates, %w2
      : tensor<64x2x32xf32>, tensor<64x2x32xf32>, tensor<64x2xi32>, tensor<64x2xf32>, tensor<8x16x32xf32>
  return %y : tensor<64x16xf32>
}

// CHECK-LABEL: func.func @few_rows
// CHECK: schedule.launch @expert_linear_dots_0
// CHECK: schedule.launch @mix_experts_hidden_0
// CHECK: schedule.launch @mix_experts_combine_1
// CHECK: return
func.func @few_rows(
    %u: tensor<1x16xf32> {dreamer.name = "u", dreamer.role = "input"},
    %ids: tensor<1x2xi32> {dreamer.name = "ids", dreamer.role = "input"},
    %gates: tensor<1x2xf32> {dreamer.name = "gates", dreamer.role = "input"},
    %w1: tensor<8x32x16xf32> {dreamer.name = "w1", dreamer.role = "parameter"},
    %w3: tensor<8x32x16xf32> {dreamer.name = "w3", dreamer.role = "parameter"},
    %w2: tensor<8x16x32xf32> {dreamer.name = "w2", dreamer.role = "parameter"})
    -> (tensor<1x16xf32> {dreamer.name = "y"}) {
  %a, %b = dreamer.expert_linear(%w1, %w3), %u, %ids
      : tensor<8x32x16xf32>, tensor<8x32x16xf32>, tensor<1x16xf32>, tensor<1x2xi32>
  %y = dreamer.mix_experts %a, %b, %ids, %gates, %w2
      : tensor<1x2x32xf32>, tensor<1x2x32xf32>, tensor<1x2xi32>, tensor<1x2xf32>, tensor<8x16x32xf32>
  return %y : tensor<1x16xf32>
}
