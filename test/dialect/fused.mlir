// RUN: dreamer-opt %s | dreamer-opt | FileCheck %s

// CHECK-LABEL: @fused
// CHECK: %{{.*}}:2 = dreamer.fused(%{{.*}}, %{{.*}}, %{{.*}}) : (tensor<2x8xf32>, tensor<8x8xf32>, tensor<4xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
// CHECK: dreamer.give %{{.*}}, %{{.*}} : tensor<2x8xf32>, tensor<2x8xf32>
func.func @fused(%x: tensor<2x8xf32>, %w: tensor<8x8xf32>, %n: tensor<4xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %r:2 = dreamer.fused(%x, %w, %n) : (tensor<2x8xf32>, tensor<8x8xf32>, tensor<4xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  ^bb0(%xa: tensor<2x8xf32>, %wa: tensor<8x8xf32>, %na: tensor<4xf32>):
    %a = dreamer.linear %xa, %wa : tensor<2x8xf32>, tensor<8x8xf32>
    %b = dreamer.rms_norm %a, %na {eps = 1.0e-6 : f64} : tensor<2x8xf32>, tensor<4xf32>
    dreamer.give %a, %b : tensor<2x8xf32>, tensor<2x8xf32>
  }
  return %r#0, %r#1 : tensor<2x8xf32>, tensor<2x8xf32>
}
