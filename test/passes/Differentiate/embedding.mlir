// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// CHECK-LABEL: @embedding
// CHECK-SAME: %[[TABLE:[^:]*]]: tensor<5x4xf32>, %[[SEED:[^:]*]]: tensor<2x3x4xf32> {dreamer.name = "seed"}
// CHECK: %[[IDS:.*]] = arith.constant
// CHECK: %[[D:.*]] = dreamer.embedding_grad %[[IDS]], %[[SEED]] {scale = 1.500000e+00 : f64, vocabulary = 5 : i64}
// CHECK: return %{{.*}}, %[[D]]
func.func @embedding(%table: tensor<5x4xf32>) -> tensor<2x3x4xf32> {
  %tokens = arith.constant dense<[[0, 4, 1], [1, 1, 2]]> : tensor<2x3xi32>
  %y = dreamer.embedding %tokens, %table {scale = 1.5} : tensor<2x3xi32>, tensor<5x4xf32>
  return %y : tensor<2x3x4xf32>
}
