// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// The interpreter casts without rounding unless asked, so that there is a derivative.
// CHECK-LABEL: @cast
// CHECK-SAME: %[[SEED:[^:]*]]: tensor<2x3xf32> {dreamer.name = "seed"}
// CHECK: %[[D:.*]] = dreamer.cast %[[SEED]] : tensor<2x3xf32> -> tensor<2x3xbf16>
// CHECK: %[[DX:.*]] = dreamer.cast %[[D]] : tensor<2x3xbf16> -> tensor<2x3xf32>
// CHECK: return %{{.*}}, %[[DX]]
func.func @cast(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %narrow = dreamer.cast %x : tensor<2x3xf32> -> tensor<2x3xbf16>
  %y = dreamer.cast %narrow : tensor<2x3xbf16> -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
