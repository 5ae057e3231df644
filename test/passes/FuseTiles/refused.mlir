// RUN: dreamer-opt %s --dreamer-fuse-tiles --remarks-filter=fuse --remark-format=emitRemark --verify-diagnostics --split-input-file | FileCheck %s

// A sum with what is computed later stays.
// CHECK-LABEL: @late
// CHECK-NOT: dreamer.fused
func.func @late(%x: tensor<2x3xf32>, %w: tensor<4x3xf32>, %r: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %y = dreamer.linear %x, %w : tensor<2x3xf32>, tensor<4x3xf32>
  %t = dreamer.scale %r {factor = 2.0 : f64} : tensor<2x4xf32>
  // expected-remark @below {{[Missed] FuseTiles | Category:fuse | Function=late | Reason="another operand is not known yet where the product is"}}
  %s = dreamer.add %y, %t : tensor<2x4xf32>, tensor<2x4xf32>
  return %s : tensor<2x4xf32>
}

// -----

// The norm of a whole state makes tiles whole rows: of two rows there are too few.
// CHECK-LABEL: @few
// CHECK-NOT: dreamer.fused
func.func @few(%x: tensor<2x3xf32>, %w: tensor<4x3xf32>, %n: tensor<4xf32>) -> tensor<2x4xf32> {
  %y = dreamer.linear %x, %w : tensor<2x3xf32>, tensor<4x3xf32>
  // expected-remark @below {{Reason="tiles of 4 columns would be 1, fewer than 4"}}
  %u = dreamer.rms_norm %y, %n {eps = 1.0e-6 : f64} : tensor<2x4xf32>, tensor<4xf32>
  return %u : tensor<2x4xf32>
}

// -----

// CHECK-LABEL: @many
// CHECK: dreamer.fused
func.func @many(%x: tensor<400x3xf32>, %w: tensor<4x3xf32>, %n: tensor<4xf32>) -> tensor<400x4xf32> {
  // expected-remark @below {{[Passed] FuseTiles | Category:fuse | Function=many | Reason="1 products, and 1 operations that follow them, in one launch"}}
  %y = dreamer.linear %x, %w : tensor<400x3xf32>, tensor<4x3xf32>
  %u = dreamer.rms_norm %y, %n {eps = 1.0e-6 : f64} : tensor<400x4xf32>, tensor<4xf32>
  return %u : tensor<400x4xf32>
}

// -----

// Another product of the same operand whose weight comes too late is on its own.
// CHECK-LABEL: @apart
// CHECK-NOT: dreamer.fused
func.func @apart(%x: tensor<2x3xf32>, %w: tensor<3x3xf32>) -> tensor<2x3xf32> {
  %y = dreamer.linear %x, %w : tensor<2x3xf32>, tensor<3x3xf32>
  %v = dreamer.scale %w {factor = 2.0 : f64} : tensor<3x3xf32>
  %z = dreamer.linear %x, %v : tensor<2x3xf32>, tensor<3x3xf32>
  %u = dreamer.linear %y, %z : tensor<2x3xf32>, tensor<2x3xf32>
  %t = dreamer.linear %u, %y {transpose} : tensor<2x2xf32>, tensor<2x3xf32>
  return %t : tensor<2x3xf32>
}
