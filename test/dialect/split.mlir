// RUN: dreamer-opt %s | dreamer-opt | FileCheck %s

// CHECK-LABEL: @split
func.func @split(%x: tensor<5x6x3xf32>, %ids: tensor<4xi32>) -> tensor<5x6x3xf32> {
  // CHECK: %[[S:.*]] = dreamer.split %{{.*}} {axis = 1 : i64, parts = 2 : i64} : tensor<5x6x3xf32>
  %s = dreamer.split %x {axis = 1, parts = 2} : tensor<5x6x3xf32>
  // CHECK: dreamer.merge %[[S]] {axis = 1 : i64} : tensor<2x5x3x3xf32>
  %m = dreamer.merge %s {axis = 1} : tensor<2x5x3x3xf32>
  // CHECK: dreamer.split %{{.*}} {axis = 0 : i64, parts = 4 : i64} : tensor<4xi32>
  %i = dreamer.split %ids {axis = 0, parts = 4} : tensor<4xi32>
  return %m : tensor<5x6x3xf32>
}
