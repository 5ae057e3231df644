// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @swiglu
// CHECK-SAME: %[[A:[^:]*]]: tensor<2x3xf32>, %[[B:[^:]*]]: tensor<2x3xf32>, %[[SEED:[^:]*]]: tensor<2x3xf32>
// CHECK: %[[DA:.*]], %[[DB:.*]] = dreamer.swiglu_grad %[[A]], %[[B]], %[[SEED]]
// CHECK: return %{{.*}}, %[[DA]], %[[DB]]
func.func @swiglu(%a: tensor<2x3xf32>, %b: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = dreamer.swiglu %a, %b : tensor<2x3xf32>, tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
