// RUN: dreamer-opt %s --dreamer-fuse-products=when=always | FileCheck %s
// RUN: dreamer-opt %s --dreamer-fuse-products | FileCheck %s --check-prefix=AUTO
// RUN: dreamer-opt %s --dreamer-fuse-products="min-bytes=80" | FileCheck %s
// RUN: dreamer-opt %s --dreamer-fuse-products="when=never min-bytes=0" | FileCheck %s --check-prefix=AUTO
// RUN: dreamer-opt %s --dreamer-fuse-products="min-bytes=81" | FileCheck %s --check-prefix=AUTO

// Products as small as these stay unless they have to go.
// AUTO-NOT: linear_cross_entropy

// A loss alone.
// CHECK-LABEL: @loss
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x3xf32>, %[[W:[^:]*]]: tensor<5x3xf32>, %[[T:[^:]*]]: tensor<4xi32>, %[[N:[^:]*]]: tensor<f32>
// CHECK: %[[LOSS:.*]], %[[TOKEN:.*]], %{{.*}} = dreamer.linear_cross_entropy %[[X]], %[[W]], %[[T]], %[[N]] {full_precision, z_loss = 1.000000e-01 : f64}
// CHECK-NEXT: return %[[LOSS]], %[[TOKEN]]
func.func @loss(%x: tensor<4x3xf32>, %w: tensor<5x3xf32>, %t: tensor<4xi32>, %n: tensor<f32>)
    -> (tensor<f32>, tensor<4xf32>) {
  %y = dreamer.linear %x, %w {full_precision} : tensor<4x3xf32>, tensor<5x3xf32>
  %loss, %token, %lse = dreamer.cross_entropy %y, %t, %n {z_loss = 0.1 : f64}
      : tensor<4x5xf32>, tensor<4xi32>, tensor<f32>
  return %loss, %token : tensor<f32>, tensor<4xf32>
}

// With its adjoint; the weight is an embedding as well.
// CHECK-LABEL: @gradients
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x3xf32>, %[[W:[^:]*]]: tensor<5x3xf32>, %[[T:[^:]*]]: tensor<4xi32>, %[[N:[^:]*]]: tensor<f32>
// CHECK: %[[ONE:.*]] = arith.constant
// CHECK: %[[LOSS:.*]], %{{.*}}, %{{.*}}, %[[DX:.*]], %[[DW:.*]] = dreamer.linear_cross_entropy_grad %[[X]], %[[W]], %[[T]], %[[N]], %[[ONE]] :
// CHECK-NOT: dreamer.linear
// CHECK: %[[DE:.*]] = dreamer.embedding_grad %[[T]], %[[DX]]
// CHECK: %[[SUM:.*]] = dreamer.add %[[DW]], %[[DE]]
// CHECK: return %[[LOSS]], %[[SUM]]
func.func @gradients(%x: tensor<4x3xf32>, %w: tensor<5x3xf32>, %t: tensor<4xi32>, %n: tensor<f32>)
    -> (tensor<f32>, tensor<5x3xf32>) {
  %one = arith.constant dense<1.0> : tensor<f32>
  %y = dreamer.linear %x, %w : tensor<4x3xf32>, tensor<5x3xf32>
  %loss, %token, %lse = dreamer.cross_entropy %y, %t, %n : tensor<4x5xf32>, tensor<4xi32>, tensor<f32>
  %dy = dreamer.cross_entropy_grad %y, %t, %n, %lse, %one
      : tensor<4x5xf32>, tensor<4xi32>, tensor<f32>, tensor<4xf32>, tensor<f32>
  %dx = dreamer.linear %dy, %w {transpose} : tensor<4x5xf32>, tensor<5x3xf32>
  %dw = dreamer.linear_weight_grad %dy, %x : tensor<4x5xf32>, tensor<4x3xf32>
  %de = dreamer.embedding_grad %t, %dx {vocabulary = 5} : tensor<4xi32>, tensor<4x3xf32>
  %sum = dreamer.add %dw, %de : tensor<5x3xf32>, tensor<5x3xf32>
  return %loss, %sum : tensor<f32>, tensor<5x3xf32>
}
