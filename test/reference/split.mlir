// RUN: dreamer-interpret %s | FileCheck %s

// CHECK-LABEL: @split
// CHECK: result0 i32[2,2,1,2] = {{\[}}[{{\[}}[1, 2]], {{\[}}[5, 6]]], [{{\[}}[3, 4]], {{\[}}[7, 8]]]]
// CHECK: result1 i32[2,2,2] = {{\[}}[{{\[}}1, 2], [3, 4]], [{{\[}}5, 6], [7, 8]]]
func.func @split() -> (tensor<2x2x1x2xi32>, tensor<2x2x2xi32>) {
  %x = arith.constant dense<[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]> : tensor<2x2x2xi32>
  %s = dreamer.split %x {axis = 1, parts = 2} : tensor<2x2x2xi32>
  %m = dreamer.merge %s {axis = 1} : tensor<2x2x1x2xi32>
  return %s, %m : tensor<2x2x1x2xi32>, tensor<2x2x2xi32>
}
