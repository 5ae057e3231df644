// RUN: dreamer-interpret %s --count-flops | FileCheck %s

// Token 1 appears twice: its row sums both cotangents.
// CHECK-LABEL: @embedding_grad
// CHECK: result0 f64[3,1] = {{\[}}[0], [12], [6]]
func.func @embedding_grad() -> tensor<3x1xf32> {
  %tokens = arith.constant dense<[1, 2, 1]> : tensor<3xi32>
  %dr = arith.constant dense<[[2.0], [3.0], [4.0]]> : tensor<3x1xf32>
  %r = dreamer.embedding_grad %tokens, %dr {vocabulary = 3, scale = 2.0 : f64} : tensor<3xi32>, tensor<3x1xf32>
  return %r : tensor<3x1xf32>
}

// x / rms = (0.2, 1.4). A cotangent along x leaves nothing but the weight's gradient.
// CHECK-LABEL: @rms_norm_grad
// CHECK: result0 f64[1,2] = {{\[}}[{{-?[0-9.]+(e-1[0-9])?}}, {{-?[0-9.]+(e-1[0-9])?}}]]
// CHECK: result1 f64[2] = [0.2, 9.8]
func.func @rms_norm_grad() -> (tensor<1x2xf32>, tensor<2xf32>) {
  %x = arith.constant dense<[[1.0, 7.0]]> : tensor<1x2xf32>
  %w = arith.constant dense<1.0> : tensor<2xf32>
  %dr = arith.constant dense<[[1.0, 7.0]]> : tensor<1x2xf32>
  %dx, %dw = dreamer.rms_norm_grad %x, %w, %dr {eps = 0.0 : f64} : tensor<1x2xf32>, tensor<2xf32>, tensor<1x2xf32>
  return %dx, %dw : tensor<1x2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @linear_weight_grad
// CHECK: result0 f64[1,2] = {{\[}}[7, 10]]
// CHECK: @linear_weight_grad flops 8
func.func @linear_weight_grad() -> tensor<1x2xf32> {
  %dr = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %x = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %r = dreamer.linear_weight_grad %dr, %x : tensor<2x1xf32>, tensor<2x2xf32>
  return %r : tensor<1x2xf32>
}

// What is summed is added to the sums given.
// CHECK-LABEL: @into
// CHECK: result0 f64[1,2] = {{\[}}[107, 210]]
// CHECK: result1 f64[2] = [1.2, 10.8]
// CHECK: result2 f64[3,1] = {{\[}}[1], [7], [4]]
func.func @into() -> (tensor<1x2xf32>, tensor<2xf32>, tensor<3x1xf32>) {
  %dr = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %x = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %sum = arith.constant dense<[[100.0, 200.0]]> : tensor<1x2xf32>
  %r = dreamer.linear_weight_grad %dr, %x into(%sum)
      : tensor<2x1xf32>, tensor<2x2xf32>, tensor<1x2xf32>
  %y = arith.constant dense<[[1.0, 7.0]]> : tensor<1x2xf32>
  %ones = arith.constant dense<1.0> : tensor<2xf32>
  %dx, %dw = dreamer.rms_norm_grad %y, %ones, %y into(%ones) {eps = 0.0 : f64}
      : tensor<1x2xf32>, tensor<2xf32>, tensor<1x2xf32>, tensor<2xf32>
  %tokens = arith.constant dense<[1, 2, 1]> : tensor<3xi32>
  %dy = arith.constant dense<[[2.0], [3.0], [4.0]]> : tensor<3x1xf32>
  %one = arith.constant dense<1.0> : tensor<3x1xf32>
  %t = dreamer.embedding_grad %tokens, %dy into(%one) {vocabulary = 3}
      : tensor<3xi32>, tensor<3x1xf32>, tensor<3x1xf32>
  return %r, %dw, %t : tensor<1x2xf32>, tensor<2xf32>, tensor<3x1xf32>
}

// silu'(0) = 1/2
// CHECK-LABEL: @swiglu_grad
// CHECK: result0 f64[1] = [3]
// CHECK: result1 f64[1] = [0]
func.func @swiglu_grad() -> (tensor<1xf32>, tensor<1xf32>) {
  %a = arith.constant dense<0.0> : tensor<1xf32>
  %b = arith.constant dense<3.0> : tensor<1xf32>
  %dr = arith.constant dense<2.0> : tensor<1xf32>
  %da, %db = dreamer.swiglu_grad %a, %b, %dr : tensor<1xf32>, tensor<1xf32>, tensor<1xf32>
  return %da, %db : tensor<1xf32>, tensor<1xf32>
}

// Probabilities (1/2, 1/2), mean over two targets; the ignored row gets nothing.
// CHECK-LABEL: @cross_entropy_grad
// CHECK: result0 f64[2,2] = {{\[}}[0.25{{[0-9]*}}, -0.25{{[0-9]*}}], [0, 0]]
func.func @cross_entropy_grad() -> tensor<2x2xf32> {
  %logits = dreamer.zero : tensor<2x2xf32>
  %targets = arith.constant dense<[1, -1]> : tensor<2xi32>
  %count = arith.constant dense<2.0> : tensor<f32>
  %lse = arith.constant dense<0.693147180> : tensor<2xf32>
  %dl = arith.constant dense<1.0> : tensor<f32>
  %r = dreamer.cross_entropy_grad %logits, %targets, %count, %lse, %dl
      : tensor<2x2xf32>, tensor<2xi32>, tensor<f32>, tensor<2xf32>, tensor<f32>
  return %r : tensor<2x2xf32>
}

// Even logits: half of the loss's cotangent, minus all of it for the target, times the other factor; the
// second row is ignored.
// CHECK-LABEL: @linear_cross_entropy_grad
// CHECK: result0 f64[] = 0.69314718
// CHECK: result1 f64[2,1] = {{\[}}[-2], [0]]
// CHECK: result2 f64[2,1] = {{\[}}[10], [8]]
func.func @linear_cross_entropy_grad() -> (tensor<f32>, tensor<2x1xf32>, tensor<2x1xf32>) {
  %x = arith.constant dense<[[0.0], [3.0]]> : tensor<2x1xf32>
  %w = arith.constant dense<[[5.0], [1.0]]> : tensor<2x1xf32>
  %targets = arith.constant dense<[0, -1]> : tensor<2xi32>
  %count = arith.constant dense<1.0> : tensor<f32>
  %dl = arith.constant dense<1.0> : tensor<f32>
  %sum = arith.constant dense<[[10.0], [8.0]]> : tensor<2x1xf32>
  %g:5 = dreamer.linear_cross_entropy_grad %x, %w, %targets, %count, %dl into(%sum)
      : tensor<2x1xf32>, tensor<2x1xf32>, tensor<2xi32>, tensor<f32>, tensor<f32>, tensor<2x1xf32>
  return %g#0, %g#3, %g#4 : tensor<f32>, tensor<2x1xf32>, tensor<2x1xf32>
}
