// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// RUN: dreamer-opt %s --dreamer-differentiate=recompute=depth | FileCheck %s --check-prefix=DEPTH
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// The reverse loop runs the other way, as many steps, and carries the cotangent of the carried
// value; that of a weight from outside starts with zero. The product's operand is kept.
// CHECK-LABEL: @carried
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x3xf32>, %[[W:[^:]*]]: tensor<3x3xf32>, %[[SEED:[^:]*]]: tensor<2x3xf32>
// CHECK: %[[N:.*]] = arith.constant dense<3> : tensor<i32>
// CHECK: %[[F:.*]]:2 = dreamer.recur depth(%[[N]]) bound 4 init(%[[X]])
// CHECK: dreamer.yield carried({{.*}}) stacked({{.*}} : tensor<2x3xf32>)
// CHECK: %[[ZERO:.*]] = dreamer.zero : tensor<3x3xf32>
// CHECK: %[[R:.*]]:2 = dreamer.recur reverse depth(%[[N]]) bound 4 init(%[[SEED]], %[[ZERO]]) slices(%[[F]]#1)
// CHECK: ^bb0(%{{.*}}: index, %[[DX:.*]]: tensor<2x3xf32>, %[[DW:.*]]: tensor<3x3xf32>, %[[XD:.*]]: tensor<2x3xf32>):
// CHECK: %[[SCALED:.*]] = dreamer.scale %[[DX]]
// CHECK: %[[BACK:.*]] = dreamer.linear %[[SCALED]], %[[W]] {transpose}
// CHECK: %[[DWD:.*]] = dreamer.linear_weight_grad %[[SCALED]], %[[XD]]
// CHECK: %[[SUM:.*]] = dreamer.add %[[DW]], %[[DWD]]
// CHECK: dreamer.yield carried(%[[BACK]], %[[SUM]] :
// CHECK: return %[[F]]#0, %[[R]]#0, %[[R]]#1

// DEPTH-LABEL: @carried
func.func @carried(%x: tensor<2x3xf32>, %w: tensor<3x3xf32>) -> tensor<2x3xf32> {
  %n = arith.constant dense<3> : tensor<i32>
  %y = dreamer.recur depth(%n) bound 4 init(%x) : (tensor<i32>, tensor<2x3xf32>) -> tensor<2x3xf32> {
  ^bb0(%d: index, %xd: tensor<2x3xf32>):
    %product = dreamer.linear %xd, %w : tensor<2x3xf32>, tensor<3x3xf32>
    %next = dreamer.scale %product {factor = 0.5} : tensor<2x3xf32>
    dreamer.yield carried(%next : tensor<2x3xf32>)
  }
  return %y : tensor<2x3xf32>
}

// Cotangents of slices are stacked, those of stacked results come as slices; what the
// loop only passes on needs no sum.
// CHECK-LABEL: @slices
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x3xf32>, %[[WS:[^:]*]]: tensor<4x3x3xf32>, %[[SEED:[^:]*]]: tensor<4x2x3xf32>
// CHECK: %[[R:.*]]:2 = dreamer.recur reverse bound 4 init(%{{.*}}) slices({{.*}}%[[SEED]]
// CHECK: dreamer.yield carried(%{{[^,]*}} : tensor<2x3xf32>) stacked(%{{[^,]*}} : tensor<3x3xf32>)
// CHECK: return %{{.*}}, %[[R]]#0, %[[R]]#1
// DEPTH-LABEL: @slices
func.func @slices(%x: tensor<2x3xf32>, %ws: tensor<4x3x3xf32>) -> tensor<4x2x3xf32> {
  %last, %ys = dreamer.recur bound 4 init(%x) slices(%ws)
      : (tensor<2x3xf32>, tensor<4x3x3xf32>) -> (tensor<2x3xf32>, tensor<4x2x3xf32>) {
  ^bb0(%d: index, %xd: tensor<2x3xf32>, %wd: tensor<3x3xf32>):
    %next = dreamer.linear %xd, %wd : tensor<2x3xf32>, tensor<3x3xf32>
    dreamer.yield carried(%next : tensor<2x3xf32>) stacked(%next : tensor<2x3xf32>)
  }
  return %ys : tensor<4x2x3xf32>
}

// With recompute=depth nothing but the state at the start of a step is kept.
// CHECK-LABEL: @recompute
// CHECK: dreamer.yield carried({{.*}}) stacked(%{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}} :
// DEPTH-LABEL: @recompute
// DEPTH: ^bb0(%{{.*}}: index, %[[XD:.*]]: tensor<2x3xf32>):
// DEPTH: dreamer.yield carried({{.*}}) stacked(%[[XD]] : tensor<2x3xf32>)
// DEPTH: dreamer.recur reverse
// DEPTH: ^bb0({{.*}}, %[[KEPT:[^:]*]]: tensor<2x3xf32>):
// DEPTH: %[[U:.*]] = dreamer.rms_norm %[[KEPT]]
// DEPTH: dreamer.swiglu_grad
func.func @recompute(%x: tensor<2x3xf32>, %g: tensor<3xf32>, %a: tensor<3x3xf32>, %b: tensor<3x3xf32>)
    -> tensor<2x3xf32> {
  %n = arith.constant dense<2> : tensor<i32>
  %y = dreamer.recur depth(%n) bound 3 init(%x) : (tensor<i32>, tensor<2x3xf32>) -> tensor<2x3xf32> {
  ^bb0(%d: index, %xd: tensor<2x3xf32>):
    %u = dreamer.rms_norm %xd, %g {eps = 0.1} : tensor<2x3xf32>, tensor<3xf32>
    %p = dreamer.linear %u, %a : tensor<2x3xf32>, tensor<3x3xf32>
    %q = dreamer.linear %u, %b : tensor<2x3xf32>, tensor<3x3xf32>
    %s = dreamer.swiglu %p, %q : tensor<2x3xf32>, tensor<2x3xf32>
    %next = dreamer.add %xd, %s : tensor<2x3xf32>, tensor<2x3xf32>
    dreamer.yield carried(%next : tensor<2x3xf32>)
  }
  return %y : tensor<2x3xf32>
}

// The sum of a weight that is used after the loop too starts with what came from there.
// CHECK-LABEL: @tied
// CHECK: %[[AFTER:.*]] = dreamer.linear_weight_grad
// CHECK: %[[R:.*]]:2 = dreamer.recur reverse bound 2 init(%{{.*}}, %[[AFTER]])
// CHECK: return %{{.*}}, %[[R]]#0, %[[R]]#1
// DEPTH-LABEL: @tied
func.func @tied(%x: tensor<2x3xf32>, %w: tensor<3x3xf32>) -> tensor<2x3xf32> {
  %h = dreamer.recur bound 2 init(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32> {
  ^bb0(%d: index, %xd: tensor<2x3xf32>):
    %next = dreamer.linear %xd, %w : tensor<2x3xf32>, tensor<3x3xf32>
    dreamer.yield carried(%next : tensor<2x3xf32>)
  }
  %y = dreamer.linear %h, %w : tensor<2x3xf32>, tensor<3x3xf32>
  return %y : tensor<2x3xf32>
}

// A carried value that no step changes, one that is a constant, one that swaps places.
// CHECK-LABEL: @crossing
// DEPTH-LABEL: @crossing
func.func @crossing(%x: tensor<2x3xf32>, %y: tensor<2x3xf32>, %w: tensor<3x3xf32>) -> tensor<2x3xf32> {
  %constant = arith.constant dense<0.5> : tensor<2x3xf32>
  %a, %b, %c = dreamer.recur bound 3 init(%x, %y, %constant)
      : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>)
      -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  ^bb0(%d: index, %xd: tensor<2x3xf32>, %yd: tensor<2x3xf32>, %cd: tensor<2x3xf32>):
    %p = dreamer.linear %xd, %w : tensor<2x3xf32>, tensor<3x3xf32>
    %s = dreamer.swiglu %p, %cd : tensor<2x3xf32>, tensor<2x3xf32>
    dreamer.yield carried(%yd, %s, %p : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>)
  }
  %r = dreamer.swiglu %a, %b : tensor<2x3xf32>, tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}

// A loop in a loop.
// CHECK-LABEL: @nested
// CHECK: dreamer.recur reverse
// CHECK: dreamer.recur reverse
// DEPTH-LABEL: @nested
func.func @nested(%x: tensor<2x3xf32>, %w: tensor<3x3xf32>, %g: tensor<3xf32>) -> tensor<2x3xf32> {
  %y = dreamer.recur bound 2 init(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32> {
  ^bb0(%d: index, %xd: tensor<2x3xf32>):
    %u = dreamer.rms_norm %xd, %g {eps = 0.1} : tensor<2x3xf32>, tensor<3xf32>
    %z = dreamer.recur bound 3 init(%u) : (tensor<2x3xf32>) -> tensor<2x3xf32> {
    ^bb0(%e: index, %ue: tensor<2x3xf32>):
      %p = dreamer.linear %ue, %w : tensor<2x3xf32>, tensor<3x3xf32>
      %s = dreamer.swiglu %p, %u : tensor<2x3xf32>, tensor<2x3xf32>
      dreamer.yield carried(%s : tensor<2x3xf32>)
    }
    %next = dreamer.add %z, %xd : tensor<2x3xf32>, tensor<2x3xf32>
    dreamer.yield carried(%next : tensor<2x3xf32>)
  }
  return %y : tensor<2x3xf32>
}

// A reverse loop is differentiated by a forward one.
// CHECK-LABEL: @backwards
// CHECK: dreamer.recur reverse bound 3
// CHECK: dreamer.recur bound 3
// DEPTH-LABEL: @backwards
func.func @backwards(%x: tensor<2x3xf32>, %ws: tensor<3x3x3xf32>) -> tensor<2x3xf32> {
  %y = dreamer.recur reverse bound 3 init(%x) slices(%ws) : (tensor<2x3xf32>, tensor<3x3x3xf32>) -> tensor<2x3xf32> {
  ^bb0(%d: index, %xd: tensor<2x3xf32>, %w: tensor<3x3xf32>):
    %next = dreamer.linear %xd, %w : tensor<2x3xf32>, tensor<3x3xf32>
    dreamer.yield carried(%next : tensor<2x3xf32>)
  }
  return %y : tensor<2x3xf32>
}

// Fewer steps than there is room for.
// CHECK-LABEL: @one_step
// DEPTH-LABEL: @one_step
func.func @one_step(%x: tensor<2x3xf32>, %w: tensor<3x3xf32>) -> tensor<2x3xf32> {
  %n = arith.constant dense<1> : tensor<i32>
  %y = dreamer.recur depth(%n) bound 2 init(%x) : (tensor<i32>, tensor<2x3xf32>) -> tensor<2x3xf32> {
  ^bb0(%d: index, %xd: tensor<2x3xf32>):
    %next = dreamer.linear %xd, %w : tensor<2x3xf32>, tensor<3x3xf32>
    dreamer.yield carried(%next : tensor<2x3xf32>)
  }
  return %y : tensor<2x3xf32>
}
