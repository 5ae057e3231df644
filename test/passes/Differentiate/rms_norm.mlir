// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @rms_norm
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x6xf32>, %[[W:[^:]*]]: tensor<3xf32>, %[[SEED:[^:]*]]: tensor<2x6xf32>
// CHECK: %[[DX:.*]], %[[DW:.*]] = dreamer.rms_norm_grad %[[X]], %[[W]], %[[SEED]] {eps = 1.000000e-01 : f64}
// CHECK: return %{{.*}}, %[[DX]], %[[DW]]
func.func @rms_norm(%x: tensor<2x6xf32>, %w: tensor<3xf32>) -> tensor<2x6xf32> {
  %y = dreamer.rms_norm %x, %w {eps = 0.1} : tensor<2x6xf32>, tensor<3xf32>
  return %y : tensor<2x6xf32>
}
