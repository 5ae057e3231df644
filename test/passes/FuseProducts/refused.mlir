// RUN: dreamer-opt %s --dreamer-fuse-products=when=always --remarks-filter=fuse --remark-format=emitRemark --verify-diagnostics --split-input-file | FileCheck %s
// RUN: not dreamer-opt %s --dreamer-fuse-products=when=perhaps 2>&1 | FileCheck %s --check-prefix=WHEN

// WHEN: perhaps

// Every refusal has its reason, and changes nothing.

// CHECK-LABEL: @asked_for
// CHECK-NOT: linear_cross_entropy
func.func @asked_for(%x: tensor<4x3xf32>, %w: tensor<5x3xf32>, %t: tensor<4xi32>, %n: tensor<f32>)
    -> (tensor<f32>, tensor<4x5xf32>) {
  %y = dreamer.linear %x, %w : tensor<4x3xf32>, tensor<5x3xf32>
  // expected-remark @below {{[Missed] FuseProducts | Category:fuse | Function=asked_for | Reason="the product is also read by 'func.return'"}}
  %loss:3 = dreamer.cross_entropy %y, %t, %n : tensor<4x5xf32>, tensor<4xi32>, tensor<f32>
  return %loss#0, %y : tensor<f32>, tensor<4x5xf32>
}

// -----

// CHECK-LABEL: @transposed
// CHECK-NOT: linear_cross_entropy
func.func @transposed(%x: tensor<4x3xf32>, %w: tensor<3x5xf32>, %t: tensor<4xi32>, %n: tensor<f32>) -> tensor<f32> {
  %y = dreamer.linear %x, %w {transpose} : tensor<4x3xf32>, tensor<3x5xf32>
  // expected-remark @below {{Reason="the product is not of the form x W^T"}}
  %loss:3 = dreamer.cross_entropy %y, %t, %n : tensor<4x5xf32>, tensor<4xi32>, tensor<f32>
  return %loss#0 : tensor<f32>
}

// -----

// An adjoint for other targets is another reader.
// CHECK-LABEL: @other_adjoint
// CHECK-NOT: linear_cross_entropy
func.func @other_adjoint(%x: tensor<4x3xf32>, %w: tensor<5x3xf32>, %t: tensor<4xi32>, %u: tensor<4xi32>, %n: tensor<f32>)
    -> (tensor<f32>, tensor<4x5xf32>) {
  %y = dreamer.linear %x, %w : tensor<4x3xf32>, tensor<5x3xf32>
  // expected-remark @below {{Reason="the product is also read by 'dreamer.cross_entropy_grad'"}}
  %loss:3 = dreamer.cross_entropy %y, %t, %n : tensor<4x5xf32>, tensor<4xi32>, tensor<f32>
  %dy = dreamer.cross_entropy_grad %y, %u, %n, %loss#2, %n
      : tensor<4x5xf32>, tensor<4xi32>, tensor<f32>, tensor<4xf32>, tensor<f32>
  return %loss#0, %dy : tensor<f32>, tensor<4x5xf32>
}

// -----

// CHECK-LABEL: @cotangent_asked_for
// CHECK-NOT: linear_cross_entropy
func.func @cotangent_asked_for(%x: tensor<4x3xf32>, %w: tensor<5x3xf32>, %t: tensor<4xi32>, %n: tensor<f32>)
    -> (tensor<f32>, tensor<4x5xf32>) {
  %y = dreamer.linear %x, %w : tensor<4x3xf32>, tensor<5x3xf32>
  // expected-remark @below {{Reason="the product's cotangent is also read by 'func.return'"}}
  %loss:3 = dreamer.cross_entropy %y, %t, %n : tensor<4x5xf32>, tensor<4xi32>, tensor<f32>
  %dy = dreamer.cross_entropy_grad %y, %t, %n, %loss#2, %n
      : tensor<4x5xf32>, tensor<4xi32>, tensor<f32>, tensor<4xf32>, tensor<f32>
  return %loss#0, %dy : tensor<f32>, tensor<4x5xf32>
}

// -----

// CHECK-LABEL: @one_factor
// CHECK-NOT: linear_cross_entropy
func.func @one_factor(%x: tensor<4x3xf32>, %w: tensor<5x3xf32>, %t: tensor<4xi32>, %n: tensor<f32>)
    -> (tensor<f32>, tensor<5x3xf32>) {
  %y = dreamer.linear %x, %w : tensor<4x3xf32>, tensor<5x3xf32>
  // expected-remark @below {{Reason="the cotangent of one factor only is asked for"}}
  %loss:3 = dreamer.cross_entropy %y, %t, %n : tensor<4x5xf32>, tensor<4xi32>, tensor<f32>
  %dy = dreamer.cross_entropy_grad %y, %t, %n, %loss#2, %n
      : tensor<4x5xf32>, tensor<4xi32>, tensor<f32>, tensor<4xf32>, tensor<f32>
  %dw = dreamer.linear_weight_grad %dy, %x : tensor<4x5xf32>, tensor<4x3xf32>
  return %loss#0, %dw : tensor<f32>, tensor<5x3xf32>
}

// -----

// A loss whose cotangent follows from the loss.
// CHECK-LABEL: @late
// CHECK-NOT: linear_cross_entropy
func.func @late(%x: tensor<4x3xf32>, %w: tensor<5x3xf32>, %t: tensor<4xi32>, %n: tensor<f32>)
    -> (tensor<4x3xf32>, tensor<5x3xf32>) {
  %y = dreamer.linear %x, %w : tensor<4x3xf32>, tensor<5x3xf32>
  // expected-remark @below {{Reason="the cotangent of the loss is not known where the loss is"}}
  %loss:3 = dreamer.cross_entropy %y, %t, %n : tensor<4x5xf32>, tensor<4xi32>, tensor<f32>
  %dl = dreamer.scale %loss#0 {factor = 2.0 : f64} : tensor<f32>
  %dy = dreamer.cross_entropy_grad %y, %t, %n, %loss#2, %dl
      : tensor<4x5xf32>, tensor<4xi32>, tensor<f32>, tensor<4xf32>, tensor<f32>
  %dx = dreamer.linear %dy, %w {transpose} : tensor<4x5xf32>, tensor<5x3xf32>
  %dw = dreamer.linear_weight_grad %dy, %x : tensor<4x5xf32>, tensor<4x3xf32>
  return %dx, %dw : tensor<4x3xf32>, tensor<5x3xf32>
}

// -----

// CHECK-LABEL: @made
// CHECK: linear_cross_entropy
func.func @made(%x: tensor<64x3xf32>, %w: tensor<32x3xf32>, %t: tensor<64xi32>, %n: tensor<f32>) -> tensor<f32> {
  %y = dreamer.linear %x, %w : tensor<64x3xf32>, tensor<32x3xf32>
  // expected-remark @below {{[Passed] FuseProducts | Category:fuse | Function=made | Reason="8 KiB are made and reduced some rows at a time"}}
  %loss:3 = dreamer.cross_entropy %y, %t, %n : tensor<64x32xf32>, tensor<64xi32>, tensor<f32>
  return %loss#0 : tensor<f32>
}
