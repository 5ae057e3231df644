// RUN: dreamer-interpret %s | FileCheck %s
// RUN: dreamer-interpret %s --round-bf16 | FileCheck %s --check-prefix=BF16

// A result of bf16 is what a cast makes of it: rounded once, at the end, where the options ask for rounding.

// CHECK-LABEL: @scale
// CHECK: result0 f64[3] = [1.01171875, 1.00390625, 3.01171875]
// BF16-LABEL: @scale
// BF16: result0 f64[3] = [1.015625, 1, 3.015625]
func.func @scale() -> tensor<3xbf16> {
  %x = arith.constant dense<[2.0234375, 2.0078125, 6.0234375]> : tensor<3xf32>
  %r = dreamer.scale %x {factor = 0.5 : f64, dreamer.narrow = array<i64: 0>} : tensor<3xf32>
  return %r : tensor<3xbf16>
}

// 256 + 1 + 1 in bf16 would be 256.
// BF16-LABEL: @sum
// BF16: result0 f64[1,1] = {{\[}}[258]]
func.func @sum() -> tensor<1x1xbf16> {
  %x = arith.constant dense<[[256.0, 1.0, 1.0]]> : tensor<1x3xf32>
  %w = arith.constant dense<1.0> : tensor<1x3xf32>
  %r = dreamer.linear %x, %w {dreamer.narrow = array<i64: 0>} : tensor<1x3xf32>, tensor<1x3xf32>
  return %r : tensor<1x1xbf16>
}

// Only what is bf16 is rounded, and nothing is computed from it.
// BF16-LABEL: @some
// BF16: result0 f64[1] = [1.01171875]
// BF16: result1 f64[1] = [1.015625]
func.func @some() -> (tensor<1xf32>, tensor<1xbf16>) {
  %a = arith.constant dense<0.0> : tensor<1xf32>
  %b = arith.constant dense<1.0> : tensor<1xf32>
  %d = arith.constant dense<2.0234375> : tensor<1xf32>
  %e = arith.constant dense<1.01171875> : tensor<1xf32>
  %da, %db = dreamer.swiglu_grad %a, %b, %d {dreamer.narrow = array<i64: 1>}
      : tensor<1xf32>, tensor<1xf32>, tensor<1xf32>
  %r = dreamer.scale %e {factor = 1.0 : f64, dreamer.narrow = array<i64: 0>} : tensor<1xf32>
  return %da, %r : tensor<1xf32>, tensor<1xbf16>
}
