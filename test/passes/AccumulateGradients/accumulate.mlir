// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// RUN: dreamer-opt %s --dreamer-accumulate-gradients | FileCheck %s

// A weight that is used twice in a step: both gradients are added to what is carried.
// CHECK-LABEL: @twice
// CHECK: ^bb0(%{{.*}}: index, %[[SUM:.*]]: tensor<4x4xf32>)
// CHECK: %[[A:.*]] = dreamer.linear_weight_grad %{{.*}}, %{{.*}} into(%[[SUM]])
// CHECK: %[[B:.*]] = dreamer.linear_weight_grad %{{.*}}, %{{.*}} into(%[[A]])
// CHECK-NOT: dreamer.add
// CHECK: dreamer.yield carried(%[[B]]
func.func @twice(%x: tensor<2x4xf32>, %y: tensor<2x4xf32>) -> tensor<4x4xf32> {
  %zero = dreamer.zero : tensor<4x4xf32>
  %r = dreamer.recur bound 3 init(%zero) : (tensor<4x4xf32>) -> tensor<4x4xf32> {
  ^bb0(%d: index, %sum: tensor<4x4xf32>):
    %a = dreamer.linear_weight_grad %x, %y : tensor<2x4xf32>, tensor<2x4xf32>
    %next = dreamer.add %sum, %a : tensor<4x4xf32>, tensor<4x4xf32>
    %b = dreamer.linear_weight_grad %y, %x : tensor<2x4xf32>, tensor<2x4xf32>
    %last = dreamer.add %b, %next : tensor<4x4xf32>, tensor<4x4xf32>
    dreamer.yield carried(%last : tensor<4x4xf32>)
  }
  return %r : tensor<4x4xf32>
}

// Several results are summed together
// CHECK-LABEL: @together
// CHECK: dreamer.depth_attention_grad {{.*}} into(%{{.*}}, %{{.*}}) {
// CHECK-NOT: dreamer.add
// CHECK: return
func.func @together(%q: tensor<2x4xf32>, %k: tensor<3x2x4xf32>, %v: tensor<3x2x4xf32>,
                    %h: tensor<3x2x4xf32>, %n: index) -> (tensor<3x2x4xf32>, tensor<3x2x4xf32>) {
  %d:3 = dreamer.depth_attention_grad %q, %h, %h, %n, %q {heads = 1, kv_heads = 1}
      : tensor<2x4xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>, index, tensor<2x4xf32>
  %dk = dreamer.add %k, %d#1 : tensor<3x2x4xf32>, tensor<3x2x4xf32>
  %dv = dreamer.add %v, %d#2 : tensor<3x2x4xf32>, tensor<3x2x4xf32>
  return %dk, %dv : tensor<3x2x4xf32>, tensor<3x2x4xf32>
}

// or not at all: here the keys' sum is read by somebody else.
// CHECK-LABEL: @not_alone
// CHECK-NOT: into
// CHECK: dreamer.add
// CHECK: dreamer.add
func.func @not_alone(%q: tensor<2x4xf32>, %k: tensor<3x2x4xf32>, %v: tensor<3x2x4xf32>,
                     %h: tensor<3x2x4xf32>, %n: index)
    -> (tensor<3x2x4xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>) {
  %d:3 = dreamer.depth_attention_grad %q, %h, %h, %n, %q {heads = 1, kv_heads = 1}
      : tensor<2x4xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>, index, tensor<2x4xf32>
  %dk = dreamer.add %k, %d#1 : tensor<3x2x4xf32>, tensor<3x2x4xf32>
  %dv = dreamer.add %v, %d#2 : tensor<3x2x4xf32>, tensor<3x2x4xf32>
  return %dk, %dv, %k : tensor<3x2x4xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>
}

// A product adds itself to the other term of a sum, the first to be known.
// CHECK-LABEL: @product
// CHECK: %[[A:.*]] = dreamer.linear %{{.*}}, %{{.*}} :
// CHECK: %[[B:.*]] = dreamer.linear %{{.*}}, %{{.*}} into(%[[A]]) {transpose}
// CHECK-NOT: dreamer.add
// CHECK: return %[[B]]
func.func @product(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>) -> tensor<2x4xf32> {
  %a = dreamer.linear %x, %w : tensor<2x4xf32>, tensor<4x4xf32>
  %b = dreamer.linear %x, %w {transpose} : tensor<2x4xf32>, tensor<4x4xf32>
  %sum = dreamer.add %a, %b : tensor<2x4xf32>, tensor<2x4xf32>
  return %sum : tensor<2x4xf32>
}

// A sum that is known only later, and one from outside of the loop, which would have to be copied
// in every step.
// CHECK-LABEL: @not_here
// CHECK-NOT: into
// CHECK: return
func.func @not_here(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<3x4x4xf32>) {
  %g = dreamer.linear_weight_grad %x, %x : tensor<2x4xf32>, tensor<2x4xf32>
  %later = dreamer.scale %w {factor = 2.0 : f64} : tensor<4x4xf32>
  %sum = dreamer.add %later, %g : tensor<4x4xf32>, tensor<4x4xf32>
  %outside = dreamer.scale %w {factor = 3.0 : f64} : tensor<4x4xf32>
  %r = dreamer.recur bound 3 : () -> tensor<3x4x4xf32> {
  ^bb0(%d: index):
    %h = dreamer.linear_weight_grad %x, %x : tensor<2x4xf32>, tensor<2x4xf32>
    %s = dreamer.add %outside, %h : tensor<4x4xf32>, tensor<4x4xf32>
    dreamer.yield stacked(%s : tensor<4x4xf32>)
  }
  return %sum, %r : tensor<4x4xf32>, tensor<3x4x4xf32>
}
