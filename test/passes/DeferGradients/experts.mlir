// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: dreamer-opt %s --dreamer-defer-gradients --canonicalize | FileCheck %s

// Few rows for each of many experts: the gradients, 128 KiB, are read and written in every step, and 1 KiB of rows will be
// instead. The window is the smallest that fills a product, here all of the loop; one of 512 rows fills
// it in each step.
// CHECK: decision = "deferred"{{.*}}reason = "4 rows instead of 1; a step moves 255 KiB of sums less, 2 KiB of rows more"
// CHECK: decision = "every step"{{.*}}reason = "512 rows of a step are enough for a product"
// CHECK-LABEL: @experts
// CHECK: %[[R:.*]]:3 = dreamer.recur reverse bound 4
// CHECK-NOT: dreamer.expert_weight_grad
// CHECK: dreamer.linear_weight_grad
// CHECK-NOT: dreamer.expert_weight_grad
// CHECK: dreamer.yield
// CHECK: dreamer.expert_weight_grad(%[[R]]#{{[12]}}, %[[R]]#{{[12]}}), %{{.*}}, %{{.*}} {experts = 8 : i64} : tensor<4x8x16xf32>, tensor<4x8x16xf32>, tensor<4x8x128xf32>, tensor<4x8x1xi32>
func.func @experts(%us: tensor<4x8x128xf32>, %ids: tensor<4x8x1xi32>, %as: tensor<4x8x16xf32>,
                   %xs: tensor<4x512x2xf32>)
    -> (tensor<8x16x128xf32>, tensor<8x16x128xf32>, tensor<2x2xf32>) {
  %zero = dreamer.zero : tensor<8x16x128xf32>
  %small = dreamer.zero : tensor<2x2xf32>
  %r:3 = dreamer.recur reverse bound 4 init(%zero, %zero, %small) slices(%us, %ids, %as, %xs)
      : (tensor<8x16x128xf32>, tensor<8x16x128xf32>, tensor<2x2xf32>, tensor<4x8x128xf32>,
         tensor<4x8x1xi32>, tensor<4x8x16xf32>, tensor<4x512x2xf32>)
      -> (tensor<8x16x128xf32>, tensor<8x16x128xf32>, tensor<2x2xf32>) {
  ^bb0(%d: index, %s1: tensor<8x16x128xf32>, %s3: tensor<8x16x128xf32>, %s: tensor<2x2xf32>,
       %u: tensor<8x128xf32>, %i: tensor<8x1xi32>, %a: tensor<8x16xf32>, %x: tensor<512x2xf32>):
    %da = dreamer.scale %a {factor = 2.0 : f64} : tensor<8x16xf32>
    %db = dreamer.scale %a {factor = 3.0 : f64} : tensor<8x16xf32>
    %d1, %d3 = dreamer.expert_weight_grad(%da, %db), %u, %i into(%s1, %s3) {experts = 8}
        : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x128xf32>, tensor<8x1xi32>, tensor<8x16x128xf32>, tensor<8x16x128xf32>
    %dw = dreamer.linear_weight_grad %x, %x into(%s) : tensor<512x2xf32>, tensor<512x2xf32>, tensor<2x2xf32>
    dreamer.yield carried(%d1, %d3, %dw : tensor<8x16x128xf32>, tensor<8x16x128xf32>, tensor<2x2xf32>)
  }
  return %r#0, %r#1, %r#2 : tensor<8x16x128xf32>, tensor<8x16x128xf32>, tensor<2x2xf32>
}
