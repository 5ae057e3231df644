// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// RUN: dreamer-opt %s --dreamer-differentiate=recompute=depth | FileCheck %s --check-prefix=DEPTH
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// A choice is kept and never made again, also where all else is recomputed; it may be stacked
// already.
// CHECK-LABEL: @choice
// DEPTH-LABEL: @choice
// DEPTH: ^bb0(%{{.*}}: index, %[[XD:[^:]*]]: tensor<2x4xf32>):
// DEPTH: %[[IDS:.*]] = dreamer.top_k
// DEPTH: dreamer.yield carried({{.*}}) stacked(%[[IDS]], %[[XD]] :
// DEPTH: dreamer.recur reverse
// DEPTH-NOT: dreamer.top_k
// DEPTH: dreamer.gates_grad
// DEPTH-NOT: dreamer.top_k
// DEPTH: return
func.func @choice(%x: tensor<2x4xf32>, %keys: tensor<3x4xf32>, %w: tensor<2x4xf32>)
    -> (tensor<2x4xf32>, tensor<2x2x2xi32>) {
  %bias = arith.constant dense<0.0> : tensor<3xf32>
  %y, %ids = dreamer.recur bound 2 init(%x) : (tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x2x2xi32>) {
  ^bb0(%d: index, %xd: tensor<2x4xf32>):
    %s = dreamer.linear %xd, %keys : tensor<2x4xf32>, tensor<3x4xf32>
    %i = dreamer.top_k %s, %bias {k = 2} : tensor<2x3xf32>, tensor<3xf32>
    %g = dreamer.gates %s, %i : tensor<2x3xf32>, tensor<2x2xi32>
    %m = dreamer.linear %g, %w {transpose} : tensor<2x2xf32>, tensor<2x4xf32>
    %next = dreamer.add %xd, %m : tensor<2x4xf32>, tensor<2x4xf32>
    dreamer.yield carried(%next : tensor<2x4xf32>) stacked(%i : tensor<2x2xi32>)
  }
  return %y, %ids : tensor<2x4xf32>, tensor<2x2x2xi32>
}
