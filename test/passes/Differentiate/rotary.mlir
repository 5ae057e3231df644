// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @positions
// CHECK-SAME: %{{[^:]*}}: tensor<1x3x8xf32>, %[[SEED:[^:]*]]: tensor<1x3x8xf32>
// CHECK: %[[P:.*]] = arith.constant
// CHECK: %[[DX:.*]] = dreamer.rotary %[[SEED]], %[[P]] {head_dim = 4 : i64, inverse, theta = 1.000000e+01 : f64}
// CHECK: return %{{.*}}, %[[DX]]
func.func @positions(%x: tensor<1x3x8xf32>) -> tensor<1x3x8xf32> {
  %positions = arith.constant dense<[[0, 1, 7]]> : tensor<1x3xi32>
  %y = dreamer.rotary %x, %positions {head_dim = 4, theta = 10.0} : tensor<1x3x8xf32>, tensor<1x3xi32>
  return %y : tensor<1x3x8xf32>
}

// CHECK-LABEL: @inverse
// CHECK: %[[D:.*]] = arith.constant 3 : index
// CHECK: dreamer.rotary %{{.*}}, %[[D]] {{.*}}inverse
// CHECK: dreamer.rotary %{{.*}}, %[[D]] {head_dim = 2 : i64, theta
func.func @inverse(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %depth = arith.constant 3 : index
  %y = dreamer.rotary %x, %depth {head_dim = 2, theta = 10.0, inverse} : tensor<2x4xf32>, index
  return %y : tensor<2x4xf32>
}
