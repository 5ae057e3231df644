// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @scale
// CHECK-SAME: %[[SEED:[^:]*]]: tensor<2x3xf32> {dreamer.name = "seed"}
// CHECK: %[[DX:.*]] = dreamer.scale %[[SEED]] {factor = -2.500000e-01 : f64}
// CHECK: return %{{.*}}, %[[DX]]
func.func @scale(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = dreamer.scale %x {factor = -0.25} : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
