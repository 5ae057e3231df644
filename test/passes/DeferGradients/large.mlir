// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: dreamer-opt %s --dreamer-defer-gradients --canonicalize | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: dreamer-opt %s --dreamer-defer-gradients=narrow --canonicalize | FileCheck %s --check-prefixes=CHECK,NARROW

// 64 rows fill a product whose sums a cache holds: 16 MiB. Of twice as many sums, in memory, more rows are wanted, and
// more again where products take half as long. From there on, 128 rows or 256, steps are left alone.
// WIDE: decision = "deferred"{{.*}}reason = "128 rows instead of 64; a step moves 32768 KiB of sums less, 8192 KiB of rows more"
// NARROW: decision = "deferred"{{.*}}reason = "256 rows instead of 64; a step moves 49152 KiB of sums less, 8192 KiB of rows more"
// CHECK: decision = "every step"{{.*}}reason = "64 rows of a step are enough for a product"
// WIDE: decision = "every step"{{.*}}reason = "128 rows of a step are enough for a product"
// NARROW: decision = "deferred"{{.*}}reason = "256 rows instead of 128; a step moves 32768 KiB of sums less, 16384 KiB of rows more"
// CHECK-LABEL: @experts
func.func @experts(%left: tensor<4x2048x512xf32>, %small: tensor<4x2048x256xf32>,
                   %wide: tensor<4x2048x1024xf32>, %ids: tensor<4x2048x1xi32>)
    -> (tensor<32x512x512xf32>, tensor<32x256x512xf32>, tensor<16x1024x512xf32>) {
  %0 = dreamer.zero : tensor<32x512x512xf32>
  %1 = dreamer.zero : tensor<32x256x512xf32>
  %2 = dreamer.zero : tensor<16x1024x512xf32>
  %r:3 = dreamer.recur reverse bound 4 init(%0, %1, %2) slices(%left, %small, %wide, %ids)
      : (tensor<32x512x512xf32>, tensor<32x256x512xf32>, tensor<16x1024x512xf32>, tensor<4x2048x512xf32>,
         tensor<4x2048x256xf32>, tensor<4x2048x1024xf32>, tensor<4x2048x1xi32>)
      -> (tensor<32x512x512xf32>, tensor<32x256x512xf32>, tensor<16x1024x512xf32>) {
  ^bb0(%d: index, %s0: tensor<32x512x512xf32>, %s1: tensor<32x256x512xf32>, %s2: tensor<16x1024x512xf32>,
       %l: tensor<2048x512xf32>, %m: tensor<2048x256xf32>, %w: tensor<2048x1024xf32>, %i: tensor<2048x1xi32>):
    %a = dreamer.scale %l {factor = 2.0 : f64} : tensor<2048x512xf32>
    %b = dreamer.scale %m {factor = 3.0 : f64} : tensor<2048x256xf32>
    %c = dreamer.scale %w {factor = 3.0 : f64} : tensor<2048x1024xf32>
    %d0 = dreamer.expert_weight_grad(%a), %l, %i into(%s0) {experts = 32}
        : tensor<2048x512xf32>, tensor<2048x512xf32>, tensor<2048x1xi32>, tensor<32x512x512xf32>
    %d1 = dreamer.expert_weight_grad(%b), %l, %i into(%s1) {experts = 32}
        : tensor<2048x256xf32>, tensor<2048x512xf32>, tensor<2048x1xi32>, tensor<32x256x512xf32>
    %d2 = dreamer.expert_weight_grad(%c), %l, %i into(%s2) {experts = 16}
        : tensor<2048x1024xf32>, tensor<2048x512xf32>, tensor<2048x1xi32>, tensor<16x1024x512xf32>
    dreamer.yield carried(%d0, %d1, %d2 : tensor<32x512x512xf32>, tensor<32x256x512xf32>, tensor<16x1024x512xf32>)
  }
  return %r#0, %r#1, %r#2 : tensor<32x512x512xf32>, tensor<32x256x512xf32>, tensor<16x1024x512xf32>
}
