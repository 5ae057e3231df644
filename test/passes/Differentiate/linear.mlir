// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @linear
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x3xf32>, %[[W:[^:]*]]: tensor<5x3xf32>, %[[SEED:[^:]*]]: tensor<2x5xf32>
// CHECK: %[[DX:.*]] = dreamer.linear %[[SEED]], %[[W]] {transpose}
// CHECK: %[[DW:.*]] = dreamer.linear_weight_grad %[[SEED]], %[[X]]
// CHECK: return %{{.*}}, %[[DX]], %[[DW]]
func.func @linear(%x: tensor<2x3xf32>, %w: tensor<5x3xf32>) -> tensor<2x5xf32> {
  %y = dreamer.linear %x, %w : tensor<2x3xf32>, tensor<5x3xf32>
  return %y : tensor<2x5xf32>
}

// CHECK-LABEL: @transposed
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x5xf32>, %[[W:[^:]*]]: tensor<5x3xf32>, %[[SEED:[^:]*]]: tensor<2x3xf32>
// CHECK: %[[DX:.*]] = dreamer.linear %[[SEED]], %[[W]] {full_precision}
// CHECK: %[[DW:.*]] = dreamer.linear_weight_grad %[[X]], %[[SEED]] {full_precision}
// CHECK: return %{{.*}}, %[[DX]], %[[DW]]
func.func @transposed(%x: tensor<2x5xf32>, %w: tensor<5x3xf32>) -> tensor<2x3xf32> {
  %y = dreamer.linear %x, %w {transpose, full_precision} : tensor<2x5xf32>, tensor<5x3xf32>
  return %y : tensor<2x3xf32>
}

// Both operands are the same value: their cotangents add up.
// CHECK-LABEL: @square
// CHECK-SAME: %[[X:[^:]*]]: tensor<3x3xf32>, %[[SEED:[^:]*]]: tensor<3x3xf32>
// CHECK: %[[DX:.*]] = dreamer.linear %[[SEED]], %[[X]] {transpose}
// CHECK: %[[DW:.*]] = dreamer.linear_weight_grad %[[SEED]], %[[X]]
// CHECK: %[[SUM:.*]] = dreamer.add %[[DX]], %[[DW]]
// CHECK: return %{{.*}}, %[[SUM]]
func.func @square(%x: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %y = dreamer.linear %x, %x : tensor<3x3xf32>, tensor<3x3xf32>
  return %y : tensor<3x3xf32>
}

// What the product is added to gets the cotangent as it is.
// CHECK-LABEL: @into
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x3xf32>, %[[W:[^:]*]]: tensor<5x3xf32>, %{{[^:]*}}: tensor<2x5xf32>, %[[SEED:[^:]*]]: tensor<2x5xf32>
// CHECK: %[[DX:.*]] = dreamer.linear %[[SEED]], %[[W]] {transpose}
// CHECK: %[[DW:.*]] = dreamer.linear_weight_grad %[[SEED]], %[[X]]
// CHECK: return %{{.*}}, %[[DX]], %[[DW]], %[[SEED]]
func.func @into(%x: tensor<2x3xf32>, %w: tensor<5x3xf32>, %sum: tensor<2x5xf32>) -> tensor<2x5xf32> {
  %y = dreamer.linear %x, %w into(%sum) : tensor<2x3xf32>, tensor<5x3xf32>, tensor<2x5xf32>
  return %y : tensor<2x5xf32>
}
