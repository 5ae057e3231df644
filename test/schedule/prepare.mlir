// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Weights are packed once for all products that want them so, before the outermost loop that does
// not change them, and stay in memory until it ends.
// RUN: dreamer-opt --dreamer-schedule=targets=x86-64-v3 --canonicalize --cse %s | FileCheck %s

// CHECK-LABEL: func.func @invariant
// CHECK: schedule.launch @pack_transposed_0
// CHECK: scf.for
// CHECK-NOT: launch @pack
// CHECK: schedule.launch @linear_product_0
// CHECK-NOT: launch @pack
// CHECK: schedule.launch @linear_product_0
// The other loop packs again, so that no copy is kept in between; here the other way round.
// CHECK: schedule.launch @pack_0
// CHECK: scf.for
// CHECK: schedule.launch @linear_product_0
func.func @invariant(
    %x0: tensor<8x16xf32> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<16x16xf32> {dreamer.name = "w", dreamer.role = "input"})
    -> (tensor<8x16xf32> {dreamer.name = "y"}) {
  %x1 = dreamer.recur bound 3 init(%x0) : (tensor<8x16xf32>) -> tensor<8x16xf32> {
  ^bb0(%d: index, %x: tensor<8x16xf32>):
    %y = dreamer.linear %x, %w : tensor<8x16xf32>, tensor<16x16xf32>
    %z = dreamer.linear %y, %w : tensor<8x16xf32>, tensor<16x16xf32>
    dreamer.yield carried(%z : tensor<8x16xf32>)
  }
  %x2 = dreamer.recur bound 3 init(%x1) : (tensor<8x16xf32>) -> tensor<8x16xf32> {
  ^bb0(%d: index, %x: tensor<8x16xf32>):
    %y = dreamer.linear %x, %w {transpose} : tensor<8x16xf32>, tensor<16x16xf32>
    dreamer.yield carried(%y : tensor<8x16xf32>)
  }
  return %x2 : tensor<8x16xf32>
}

// What differs from step to step is packed in the step, for both loops here; what does not is packed
// before both.
// CHECK-LABEL: func.func @of_a_step
// CHECK: schedule.launch @pack_transposed_0
// CHECK: scf.for
// CHECK: schedule.launch @pack_transposed_0
// CHECK-NEXT: scf.for
// CHECK-NOT: launch @pack
// CHECK: schedule.launch @linear_product_0
// CHECK-NOT: launch @pack
// CHECK: schedule.launch @linear_product_0
func.func @of_a_step(
    %x0: tensor<8x16xf32> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<16x16xf32> {dreamer.name = "w", dreamer.role = "input"},
    %v: tensor<2x16x16xf32> {dreamer.name = "v", dreamer.role = "input"})
    -> (tensor<8x16xf32> {dreamer.name = "y"}) {
  %x1 = dreamer.recur bound 2 init(%x0) slices(%v)
      : (tensor<8x16xf32>, tensor<2x16x16xf32>) -> tensor<8x16xf32> {
  ^bb0(%d: index, %x: tensor<8x16xf32>, %vd: tensor<16x16xf32>):
    %inner = dreamer.recur bound 3 init(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32> {
    ^bb0(%e: index, %xe: tensor<8x16xf32>):
      %y = dreamer.linear %xe, %vd : tensor<8x16xf32>, tensor<16x16xf32>
      %z = dreamer.linear %y, %w : tensor<8x16xf32>, tensor<16x16xf32>
      dreamer.yield carried(%z : tensor<8x16xf32>)
    }
    dreamer.yield carried(%inner : tensor<8x16xf32>)
  }
  return %x1 : tensor<8x16xf32>
}
