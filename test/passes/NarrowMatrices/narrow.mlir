// RUN: dreamer-opt %s --dreamer-narrow-matrices | FileCheck %s

// A value is cast once, where it is defined: a weight outside of the loop that uses it.
// CHECK-LABEL: @once
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x4xf32>, %[[W:[^:]*]]: tensor<4x4xf32>
// CHECK: %[[WN:.*]] = dreamer.cast %[[W]] : tensor<4x4xf32> -> tensor<4x4xbf16>
// CHECK-NOT: dreamer.cast %[[W]]
// CHECK: ^bb0(%{{.*}}: index, %[[XD:.*]]: tensor<2x4xf32>):
// CHECK: %[[XN:.*]] = dreamer.cast %[[XD]] : tensor<2x4xf32> -> tensor<2x4xbf16>
// CHECK: %[[A:.*]] = dreamer.linear %[[XN]], %[[WN]] : tensor<2x4xbf16>, tensor<4x4xbf16>
// CHECK: %[[B:.*]] = dreamer.linear %[[XN]], %[[WN]] {transpose}
// CHECK: dreamer.add %[[A]], %[[B]] : tensor<2x4xf32>, tensor<2x4xf32>
func.func @once(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>) -> tensor<2x4xf32> {
  %y = dreamer.recur bound 3 init(%x) : (tensor<2x4xf32>) -> tensor<2x4xf32> {
  ^bb0(%d: index, %xd: tensor<2x4xf32>):
    %a = dreamer.linear %xd, %w : tensor<2x4xf32>, tensor<4x4xf32>
    %b = dreamer.linear %xd, %w {transpose} : tensor<2x4xf32>, tensor<4x4xf32>
    %next = dreamer.add %a, %b : tensor<2x4xf32>, tensor<2x4xf32>
    dreamer.yield carried(%next : tensor<2x4xf32>)
  }
  return %y : tensor<2x4xf32>
}

// The router stays exact, and so does attention over depths.
// CHECK-LABEL: @exact
// CHECK-NOT: bf16
// CHECK: return
func.func @exact(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>, %h: tensor<3x2x4xf32>) -> tensor<2x4xf32> {
  %n = arith.constant 2 : index
  %q = dreamer.linear %x, %w {full_precision} : tensor<2x4xf32>, tensor<4x4xf32>
  %y = dreamer.depth_attention %q, %h, %h, %n {heads = 1, kv_heads = 1}
      : tensor<2x4xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>, index
  return %y : tensor<2x4xf32>
}

// What waits for the reverse pass of a product is kept narrow; what something else reads is not.
// CHECK-LABEL: @kept
// CHECK: %[[F:.*]]:3 = dreamer.recur bound 3 init(%{{.*}}) : (tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<3x2x4xbf16>, tensor<3x2x4xf32>)
// CHECK: %[[UN:.*]] = dreamer.rms_norm %{{.*}} {dreamer.narrow = array<i64: 0>, eps
// CHECK: dreamer.linear %[[UN]], %{{.*}} : tensor<2x4xbf16>, tensor<4x4xbf16>
// CHECK: dreamer.yield carried({{.*}}) stacked(%[[UN]], %{{[^,]*}} : tensor<2x4xbf16>, tensor<2x4xf32>)
// CHECK: dreamer.recur reverse
// CHECK: ^bb0({{.*}}, %[[KEPT:[^:]*]]: tensor<2x4xbf16>, %{{[^:]*}}: tensor<2x4xf32>):
// CHECK: dreamer.linear_weight_grad %{{.*}}, %[[KEPT]] : tensor<2x4xbf16>, tensor<2x4xbf16>
func.func @kept(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>, %g: tensor<4xf32>) -> (tensor<4x4xf32>, tensor<4xf32>) {
  %y, %us, %xs = dreamer.recur bound 3 init(%x)
      : (tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>) {
  ^bb0(%d: index, %xd: tensor<2x4xf32>):
    %u = dreamer.rms_norm %xd, %g {eps = 0.1} : tensor<2x4xf32>, tensor<4xf32>
    %next = dreamer.linear %u, %w : tensor<2x4xf32>, tensor<4x4xf32>
    dreamer.yield carried(%next : tensor<2x4xf32>) stacked(%u, %xd : tensor<2x4xf32>, tensor<2x4xf32>)
  }
  %zero = dreamer.zero : tensor<4x4xf32>
  %none = dreamer.zero : tensor<4xf32>
  %dx, %dw, %dg = dreamer.recur reverse bound 3 init(%y, %zero, %none) slices(%us, %xs)
      : (tensor<2x4xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>)
      -> (tensor<2x4xf32>, tensor<4x4xf32>, tensor<4xf32>) {
  ^bb0(%d: index, %dxd: tensor<2x4xf32>, %dwd: tensor<4x4xf32>, %dgd: tensor<4xf32>, %u: tensor<2x4xf32>, %xd: tensor<2x4xf32>):
    %du = dreamer.linear %dxd, %w {transpose} : tensor<2x4xf32>, tensor<4x4xf32>
    %wg = dreamer.linear_weight_grad %dxd, %u : tensor<2x4xf32>, tensor<2x4xf32>
    %dwn = dreamer.add %dwd, %wg : tensor<4x4xf32>, tensor<4x4xf32>
    %dxn, %gg = dreamer.rms_norm_grad %xd, %g, %du {eps = 0.1} : tensor<2x4xf32>, tensor<4xf32>, tensor<2x4xf32>
    %dgn = dreamer.add %dgd, %gg : tensor<4xf32>, tensor<4xf32>
    dreamer.yield carried(%dxn, %dwn, %dgn : tensor<2x4xf32>, tensor<4x4xf32>, tensor<4xf32>)
  }
  return %dw, %dg : tensor<4x4xf32>, tensor<4xf32>
}

// A stack that the program returns stays as it is.
// CHECK-LABEL: @returned
// CHECK: return %{{.*}} : tensor<3x2x4xf32>
func.func @returned(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>) -> tensor<3x2x4xf32> {
  %y, %ys = dreamer.recur bound 3 init(%x) : (tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<3x2x4xf32>) {
  ^bb0(%d: index, %xd: tensor<2x4xf32>):
    %next = dreamer.linear %xd, %w : tensor<2x4xf32>, tensor<4x4xf32>
    dreamer.yield carried(%next : tensor<2x4xf32>) stacked(%next : tensor<2x4xf32>)
  }
  return %ys : tensor<3x2x4xf32>
}

// What is seen through parts of a stack, in a loop in a loop and behind it, narrows with it.
// CHECK-LABEL: @windows
// CHECK: %[[F:.*]] = dreamer.recur bound 4 {{.*}} -> tensor<4x2x4xbf16>
// CHECK: %[[S:.*]] = dreamer.split %[[F]] {axis = 0 : i64, parts = 2 : i64} : tensor<4x2x4xbf16>
// CHECK: ^bb0(%{{.*}}: index, %{{[^:]*}}: tensor<4x4xf32>, %[[X:.*]]: tensor<2x2x4xbf16>):
// CHECK: %[[Y:.*]] = dreamer.recur reverse bound 2 slices(%[[X]]) : (tensor<2x2x4xbf16>) -> tensor<2x2x4xbf16>
// CHECK: dreamer.linear_weight_grad %[[Y]], %[[X]] into
// CHECK-NOT: dreamer.cast
// CHECK: return
func.func @windows(%x: tensor<4x2x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %us = dreamer.recur bound 4 slices(%x) : (tensor<4x2x4xf32>) -> tensor<4x2x4xf32> {
  ^bb0(%d: index, %xd: tensor<2x4xf32>):
    %u = dreamer.scale %xd {factor = 2.0 : f64} : tensor<2x4xf32>
    dreamer.yield stacked(%u : tensor<2x4xf32>)
  }
  %s = dreamer.split %us {axis = 0, parts = 2} : tensor<4x2x4xf32>
  %dw = dreamer.recur reverse bound 2 init(%w) slices(%s) : (tensor<4x4xf32>, tensor<2x2x2x4xf32>) -> tensor<4x4xf32> {
  ^bb0(%i: index, %sum: tensor<4x4xf32>, %us2: tensor<2x2x4xf32>):
    %ys = dreamer.recur reverse bound 2 slices(%us2) : (tensor<2x2x4xf32>) -> tensor<2x2x4xf32> {
    ^bb0(%j: index, %ud: tensor<2x4xf32>):
      %y = dreamer.linear %ud, %w : tensor<2x4xf32>, tensor<4x4xf32>
      dreamer.yield stacked(%y : tensor<2x4xf32>)
    }
    %next = dreamer.linear_weight_grad %ys, %us2 into(%sum) : tensor<2x2x4xf32>, tensor<2x2x4xf32>, tensor<4x4xf32>
    dreamer.yield carried(%next : tensor<4x4xf32>)
  }
  return %dw : tensor<4x4xf32>
}
