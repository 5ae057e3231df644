// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Products: the weight is packed, then a block of 6 rows by 2 vectors is one tile.mma over the whole depth.
// RUN: dreamer-opt --dreamer-schedule=targets=x86-64-v3 --canonicalize --cse %s | FileCheck %s
// Lowered, the block stays in registers.
// RUN: dreamer-opt %s --pass-pipeline='builtin.module(dreamer-schedule{targets=x86-64-v3},builtin.module(dreamer-lower-tile-to-vector,canonicalize,cse))' | FileCheck %s --check-prefix=VECTOR
// With 32 registers a block is 6 rows by 4 vectors of 16.
// RUN: dreamer-opt %s --pass-pipeline='builtin.module(dreamer-schedule{targets=x86-64-v4},builtin.module(dreamer-lower-tile-to-vector,canonicalize,cse))' | FileCheck %s --check-prefix=WIDE

// CHECK-LABEL: func.func @many_rows
// CHECK: schedule.launch @pack_transposed_0
// CHECK: schedule.launch @linear_product_0

// The packing transposes 8 x 8 squares: 3 rounds of 8 shuffles, for 2 vectors of a panel.
// CHECK-LABEL: func.func private @pack_transposed_0
// CHECK-COUNT-48: vector.shuffle
// CHECK-NOT: vector.shuffle
// CHECK: return

// CHECK-LABEL: func.func private @linear_product_0
// CHECK: %[[B:.*]] = tile.view %{{.*}} : memref<8x64x16xf32> -> <64x16xf32, global, rows>
// CHECK: scf.for
// CHECK: %[[A:.*]] = tile.view %{{.*}} : memref<96x64xf32> -> <6x64xf32, global, rows>
// CHECK: %[[SUM:.*]] = tile.mma %[[A]], %[[B]]
// CHECK: tile.store %[[SUM]]

// Few rows read the weight where it is.
// CHECK-LABEL: func.func @few_rows
// CHECK-NOT: pack
// CHECK: schedule.launch @linear_dots_0

// So do up to 16 outside of a loop (in a loop, test/schedule/prepare.mlir, packing is done once).
// CHECK-LABEL: func.func @sixteen_rows
// CHECK-NOT: pack
// CHECK: schedule.launch @linear_dots_1

// VECTOR-LABEL: func.func private @linear_product_0
// VECTOR: scf.for {{.*}} iter_args({{(.*vector<8xf32>)+}}
// VECTOR-COUNT-2: vector.load
// VECTOR: memref.load
// VECTOR: vector.broadcast
// VECTOR-COUNT-12: vector.fma
// VECTOR-NOT: vector.fma
// VECTOR: scf.yield

// WIDE-LABEL: func.func private @linear_product_0
// WIDE: scf.for
// WIDE: memref.load
// WIDE-COUNT-24: vector.fma {{.*}} : vector<16xf32>
// WIDE: scf.yield
func.func @many_rows(
    %x: tensor<96x64xf32> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<128x64xf32> {dreamer.name = "w", dreamer.role = "input"})
    -> (tensor<96x128xf32> {dreamer.name = "y"}) {
  %y = dreamer.linear %x, %w : tensor<96x64xf32>, tensor<128x64xf32>
  return %y : tensor<96x128xf32>
}

func.func @few_rows(
    %x: tensor<2x64xf32> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<128x64xf32> {dreamer.name = "w", dreamer.role = "input"})
    -> (tensor<2x128xf32> {dreamer.name = "y"}) {
  %y = dreamer.linear %x, %w : tensor<2x64xf32>, tensor<128x64xf32>
  return %y : tensor<2x128xf32>
}

func.func @sixteen_rows(
    %x: tensor<16x64xf32> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<128x64xf32> {dreamer.name = "w", dreamer.role = "input"})
    -> (tensor<16x128xf32> {dreamer.name = "y"}) {
  %y = dreamer.linear %x, %w : tensor<16x64xf32>, tensor<128x64xf32>
  return %y : tensor<16x128xf32>
}
