// RUN: dreamer-opt %s --dreamer-fuse-tiles=when=always | FileCheck %s
// RUN: dreamer-opt %s --dreamer-fuse-tiles=when=never | FileCheck %s --check-prefix=NEVER
// RUN: dreamer-opt %s --dreamer-fuse-tiles=when=always | dreamer-interpret - > %t.fused
// RUN: dreamer-interpret %s > %t.plain
// RUN: diff %t.plain %t.fused

// NEVER-NOT: dreamer.fused

// Queries and keys of one operand, with their norms and rotations, are one launch. What is read by
// others is given; what is not stays inside.
// CHECK-LABEL: @heads
// CHECK: %[[F:.*]]:3 = dreamer.fused(%{{.*}}) : ({{.*}}) -> (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x4xf32>) {
// CHECK-NEXT: ^bb0
// CHECK-NEXT: %[[Q0:.*]] = dreamer.linear
// CHECK-NEXT: %[[Q1:.*]] = dreamer.rms_norm %[[Q0]]
// CHECK-NEXT: %[[Q:.*]] = dreamer.rotary %[[Q1]]
// CHECK-NEXT: %[[K0:.*]] = dreamer.linear
// CHECK-NEXT: %[[K:.*]] = dreamer.rotary %[[K0]]
// CHECK-NEXT: dreamer.give %[[Q0]], %[[Q]], %[[K]]
// CHECK: return %[[F]]#0, %[[F]]#1, %[[F]]#2
func.func @heads() -> (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x4xf32>) {
  %x = arith.constant dense<[[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]]> : tensor<2x3xf32>
  %wq = arith.constant dense<0.5> : tensor<8x3xf32>
  %wk = arith.constant dense<0.25> : tensor<4x3xf32>
  %n = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %p = arith.constant dense<[3, 5]> : tensor<2xi32>
  %q0 = dreamer.linear %x, %wq : tensor<2x3xf32>, tensor<8x3xf32>
  %q1 = dreamer.rms_norm %q0, %n {eps = 1.0e-6 : f64} : tensor<2x8xf32>, tensor<4xf32>
  %q = dreamer.rotary %q1, %p {head_dim = 4, theta = 100.0 : f64} : tensor<2x8xf32>, tensor<2xi32>
  %k0 = dreamer.linear %x, %wk : tensor<2x3xf32>, tensor<4x3xf32>
  %k = dreamer.rotary %k0, %p {head_dim = 4, theta = 100.0 : f64} : tensor<2x4xf32>, tensor<2xi32>
  return %q0, %q, %k : tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x4xf32>
}

// A residual, and the norm of the sum.
// CHECK-LABEL: @residual
// CHECK: dreamer.fused
// CHECK: dreamer.linear %{{.*}}, %{{.*}} into(%{{.*}})
// CHECK-NEXT: dreamer.add
// CHECK-NEXT: dreamer.rms_norm
// CHECK-NEXT: dreamer.give
// CHECK-NOT: dreamer.add
func.func @residual() -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %x = arith.constant dense<[[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]]> : tensor<2x3xf32>
  %w = arith.constant dense<0.5> : tensor<4x3xf32>
  %r = arith.constant dense<2.0> : tensor<2x4xf32>
  %n = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %y = dreamer.linear %x, %w into(%r) : tensor<2x3xf32>, tensor<4x3xf32>, tensor<2x4xf32>
  %s = dreamer.add %y, %r : tensor<2x4xf32>, tensor<2x4xf32>
  %u = dreamer.rms_norm %s, %n {eps = 1.0e-6 : f64} : tensor<2x4xf32>, tensor<4xf32>
  return %s, %u : tensor<2x4xf32>, tensor<2x4xf32>
}

// The gate of one product by another, that was before: the second has it.
// CHECK-LABEL: @gate
// CHECK: %[[A:.*]] = dreamer.linear
// CHECK: dreamer.fused(%{{.*}}, %[[A]])
// CHECK: dreamer.swiglu
// CHECK: dreamer.scale
// CHECK: dreamer.give
func.func @gate() -> tensor<2x4xf32> {
  %x = arith.constant dense<[[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]]> : tensor<2x3xf32>
  %z = arith.constant dense<[[1.0, 2.0, 0.5], [0.25, -3.0, 1.0]]> : tensor<2x3xf32>
  %w = arith.constant dense<0.5> : tensor<4x3xf32>
  %a = dreamer.linear %x, %w : tensor<2x3xf32>, tensor<4x3xf32>
  %b = dreamer.linear %z, %w : tensor<2x3xf32>, tensor<4x3xf32>
  %y = dreamer.swiglu %a, %b : tensor<2x4xf32>, tensor<2x4xf32>
  %s = dreamer.scale %y {factor = 0.5 : f64} : tensor<2x4xf32>
  return %s : tensor<2x4xf32>
}
