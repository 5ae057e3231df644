// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Products of a group, and those of a loss, are multiplied as their target multiplies bf16: in tiles, in pairs, or
// as f32.
// RUN: dreamer-opt --dreamer-schedule=targets=x86-64-v4-amx %s | FileCheck %s --check-prefix=TILES
// RUN: dreamer-opt --dreamer-schedule=targets=x86-64-v4-bf16 %s | FileCheck %s --check-prefix=PAIRS
// RUN: dreamer-opt --dreamer-schedule=targets=x86-64-v4 %s | FileCheck %s --check-prefix=WIDE

// TILES: @fused_tiles
// TILES: tile.mma {{.*}} !tile.mem<32x64xbf16, {{.*}}, pairs>, <32x32xf32, amx_c>
// PAIRS: @fused_tiles
// PAIRS: tile.mma {{.*}} !tile.mem<8x40xbf16, {{.*}}, pairs>, <8x32xf32, vectors>
// WIDE: @fused_tiles
// WIDE: tile.mma {{.*}} !tile.mem<6x40xf32,
func.func @score(
    %x: tensor<64x40xbf16> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<32x40xbf16> {dreamer.name = "w", dreamer.role = "input"},
    %term: tensor<64x32xf32> {dreamer.name = "term", dreamer.role = "input"})
    -> (tensor<64x32xf32> {dreamer.name = "y"}) {
  %y = dreamer.fused(%x, %w, %term) : (tensor<64x40xbf16>, tensor<32x40xbf16>, tensor<64x32xf32>) -> tensor<64x32xf32> {
  ^bb0(%a: tensor<64x40xbf16>, %b: tensor<32x40xbf16>, %c: tensor<64x32xf32>):
    %p = dreamer.linear %a, %b : tensor<64x40xbf16>, tensor<32x40xbf16>
    %s = dreamer.add %p, %c : tensor<64x32xf32>, tensor<64x32xf32>
    dreamer.give %s : tensor<64x32xf32>
  }
  return %y : tensor<64x32xf32>
}

// The logits' cotangent becomes bf16 for two products, and is transposed for the second.
// TILES: @linear_cross_entropy_grad_logits
// TILES: tile.mma {{.*}}, pairs>, <{{.*}}, amx_c>
// TILES: @linear_cross_entropy_grad_dx_0(%arg0: memref<64x64xbf16>
// TILES: tile.mma {{.*}}, pairs>, <{{.*}}, amx_c>
// TILES: @linear_cross_entropy_grad_columns_0(%arg0: memref<64x64xbf16>, %arg1: memref<48x64xbf16>
// TILES: @linear_cross_entropy_grad_dw_0(%arg0: memref<48x64xbf16>
// TILES: tile.mma {{.*}}, pairs>, <{{.*}}, amx_c>
// PAIRS: @linear_cross_entropy_grad_logits
// PAIRS: tile.mma {{.*}}, pairs>, <{{.*}}, vectors>
// PAIRS: @linear_cross_entropy_grad_dx_0(%arg0: memref<64x48xbf16>
// PAIRS: tile.mma {{.*}}, pairs>, <{{.*}}, vectors>
// PAIRS: @linear_cross_entropy_grad_columns_0(%arg0: memref<64x48xbf16>, %arg1: memref<48x64xbf16>
// PAIRS: @linear_cross_entropy_grad_dw_0(%arg0: memref<48x64xbf16>
// PAIRS: tile.mma {{.*}}, pairs>, <{{.*}}, vectors>
// WIDE: @linear_cross_entropy_grad_logits
// WIDE-NOT: @linear_cross_entropy_grad_columns
// WIDE: @linear_cross_entropy_grad_dw_0(%arg0: memref<66x64xf32>
func.func @gradients(
    %x: tensor<64x40xbf16> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<48x40xbf16> {dreamer.name = "w", dreamer.role = "input"},
    %targets: tensor<64xi32> {dreamer.name = "targets", dreamer.role = "input"},
    %count: tensor<f32> {dreamer.name = "count", dreamer.role = "input"},
    %d: tensor<f32> {dreamer.name = "d", dreamer.role = "input"})
    -> (tensor<f32> {dreamer.name = "loss"}, tensor<64x40xf32> {dreamer.name = "dx"},
        tensor<48x40xf32> {dreamer.name = "dw"}) {
  %loss, %token, %lse, %dx, %dw = dreamer.linear_cross_entropy_grad %x, %w, %targets, %count, %d
      : tensor<64x40xbf16>, tensor<48x40xbf16>, tensor<64xi32>, tensor<f32>, tensor<f32>
  return %loss, %dx, %dw : tensor<f32>, tensor<64x40xf32>, tensor<48x40xf32>
}
