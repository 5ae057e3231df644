// RUN: dreamer-interpret %s | FileCheck %s
// RUN: dreamer-interpret %s --entry=cast --round-bf16 | FileCheck %s --check-prefix=BF16

// CHECK-LABEL: @zero
// CHECK: result0 f64[2] = [0, 0]
func.func @zero() -> tensor<2xf32> {
  %r = dreamer.zero : tensor<2xf32>
  return %r : tensor<2xf32>
}

// CHECK-LABEL: @positions
// CHECK: result0 i32[2,3] = {{\[}}[0, 1, 2], [0, 1, 2]]
func.func @positions() -> tensor<2x3xi32> {
  %tokens = arith.constant dense<7> : tensor<2x3xi32>
  %r = dreamer.positions %tokens : tensor<2x3xi32>
  return %r : tensor<2x3xi32>
}

// CHECK-LABEL: @embedding
// CHECK: result0 f64[2,2] = {{\[}}[6, 8], [2, 4]]
func.func @embedding() -> tensor<2x2xf32> {
  %tokens = arith.constant dense<[1, 0]> : tensor<2xi32>
  %table = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %r = dreamer.embedding %tokens, %table {scale = 2.0 : f64} : tensor<2xi32>, tensor<2x2xf32>
  return %r : tensor<2x2xf32>
}

// Two runs of two features, each divided by its root mean square (5, then 10).
// CHECK-LABEL: @rms_norm
// CHECK: result0 f64[1,4] = {{\[}}[0.2, 2.8, -0.2, 2.8]]
func.func @rms_norm() -> tensor<1x4xf32> {
  %x = arith.constant dense<[[1.0, 7.0, -2.0, 14.0]]> : tensor<1x4xf32>
  %w = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %r = dreamer.rms_norm %x, %w {eps = 0.0 : f64} : tensor<1x4xf32>, tensor<2xf32>
  return %r : tensor<1x4xf32>
}

// mean(0^2) + eps = 4: nothing is divided by zero.
// CHECK-LABEL: @rms_norm_eps
// CHECK: result0 f64[1,2] = {{\[}}[0, 0]]
func.func @rms_norm_eps() -> tensor<1x2xf32> {
  %x = dreamer.zero : tensor<1x2xf32>
  %w = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %r = dreamer.rms_norm %x, %w {eps = 4.0 : f64} : tensor<1x2xf32>, tensor<2xf32>
  return %r : tensor<1x2xf32>
}

// CHECK-LABEL: @linear
// CHECK: result0 f64[1,3] = {{\[}}[1, 2, 3]]
func.func @linear() -> tensor<1x3xf32> {
  %x = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  %w = arith.constant dense<[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]> : tensor<3x2xf32>
  %r = dreamer.linear %x, %w : tensor<1x2xf32>, tensor<3x2xf32>
  return %r : tensor<1x3xf32>
}

// CHECK-LABEL: @linear_transposed
// CHECK: result0 f64[1,2] = {{\[}}[4, 5]]
func.func @linear_transposed() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %w = arith.constant dense<[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]> : tensor<3x2xf32>
  %r = dreamer.linear %x, %w {transpose} : tensor<1x3xf32>, tensor<3x2xf32>
  return %r : tensor<1x2xf32>
}

// The pairs (1, 0) and (1, 0) turn by 1 and by 100^(-1/2) = 0.1: cosines, then sines.
// CHECK-LABEL: @rotary_by_depth
// CHECK: result0 f64[1,4] = {{\[}}[0.540302306, 0.995004165, 0.841470985, 0.0998334166]]
// CHECK: result1 f64[1,4] = {{\[}}[1, 1, 0, 0]]
func.func @rotary_by_depth() -> (tensor<1x4xf32>, tensor<1x4xf32>) {
  %x = arith.constant dense<[[1.0, 1.0, 0.0, 0.0]]> : tensor<1x4xf32>
  %d = arith.constant 1 : index
  %r = dreamer.rotary %x, %d {head_dim = 4, theta = 100.0 : f64} : tensor<1x4xf32>, index
  %0 = dreamer.zero : tensor<1x4xf32>
  %i = dreamer.rotary %r, %d {head_dim = 4, theta = 100.0 : f64, inverse} : tensor<1x4xf32>, index
  return %r, %i : tensor<1x4xf32>, tensor<1x4xf32>
}

// Two heads; position 0 turns nothing, position 1 turns both heads by 1.
// CHECK-LABEL: @rotary_by_position
// CHECK: result0 f64[2,4] = {{\[}}[1, 0, 0, 1], [0.540302306, 0.841470985, -0.841470985, 0.540302306]]
func.func @rotary_by_position() -> tensor<2x4xf32> {
  %x = arith.constant dense<[[1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0]]> : tensor<2x4xf32>
  %p = arith.constant dense<[0, 1]> : tensor<2xi32>
  %r = dreamer.rotary %x, %p {head_dim = 2, theta = 10000.0 : f64} : tensor<2x4xf32>, tensor<2xi32>
  return %r : tensor<2x4xf32>
}

// silu(0) = 0, silu(1) = 1 / (1 + 1/e)
// CHECK-LABEL: @swiglu
// CHECK: result0 f64[2] = [0, 1.46211716]
func.func @swiglu() -> tensor<2xf32> {
  %a = arith.constant dense<[0.0, 1.0]> : tensor<2xf32>
  %b = arith.constant dense<[5.0, 2.0]> : tensor<2xf32>
  %r = dreamer.swiglu %a, %b : tensor<2xf32>, tensor<2xf32>
  return %r : tensor<2xf32>
}

// CHECK-LABEL: @add_and_scale
// CHECK: result0 f64[2] = [2.5, 3.5]
func.func @add_and_scale() -> tensor<2xf32> {
  %a = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = arith.constant dense<[4.0, 5.0]> : tensor<2xf32>
  %sum = dreamer.add %a, %b : tensor<2xf32>, tensor<2xf32>
  %r = dreamer.scale %sum {factor = 0.5 : f64} : tensor<2xf32>
  return %r : tensor<2xf32>
}

// 1 + 2^-8 and 1 + 3 * 2^-8 lie between two bf16 values: ties go to the even one.
// CHECK-LABEL: @cast
// CHECK: result0 f64[3] = [1.00390625, 1.01171875, 2]
// BF16: result0 f64[3] = [1, 1.015625, 2]
func.func @cast() -> tensor<3xbf16> {
  %x = arith.constant dense<[1.00390625, 1.01171875, 2.0]> : tensor<3xf32>
  %r = dreamer.cast %x : tensor<3xf32> -> tensor<3xbf16>
  return %r : tensor<3xbf16>
}

// CHECK-LABEL: @last_position
// CHECK: result0 f64[2,1] = {{\[}}[1], [4]]
func.func @last_position() -> tensor<2x1xf32> {
  %x = arith.constant dense<[[[1.0], [2.0]], [[3.0], [4.0]]]> : tensor<2x2x1xf32>
  %lengths = arith.constant dense<[1, 2]> : tensor<2xi32>
  %r = dreamer.last_position %x, %lengths : tensor<2x2x1xf32>, tensor<2xi32>
  return %r : tensor<2x1xf32>
}
