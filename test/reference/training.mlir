// RUN: dreamer-interpret %s | FileCheck %s

// CHECK-LABEL: @count_targets
// CHECK: result0 f64[] = 2
func.func @count_targets() -> tensor<f32> {
  %targets = arith.constant dense<[0, -1, 3]> : tensor<3xi32>
  %r = dreamer.count_targets %targets : tensor<3xi32>
  return %r : tensor<f32>
}

// Two even choices of four: ln 4 each; z_loss adds the mean of lse^2 = (ln 4)^2.
// CHECK-LABEL: @cross_entropy
// CHECK: result0 f64[] = 3.30810642
// CHECK: result1 f64[2] = [1.38629436, 0]
// CHECK: result2 f64[2] = [1.38629436, 1.38629436]
func.func @cross_entropy() -> (tensor<f32>, tensor<2xf32>, tensor<2xf32>) {
  %logits = dreamer.zero : tensor<2x4xf32>
  %targets = arith.constant dense<[2, -1]> : tensor<2xi32>
  %count = dreamer.count_targets %targets : tensor<2xi32>
  %loss, %nll, %lse = dreamer.cross_entropy %logits, %targets, %count {z_loss = 1.0 : f64}
      : tensor<2x4xf32>, tensor<2xi32>, tensor<f32>
  return %loss, %nll, %lse : tensor<f32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @no_targets
// CHECK: result0 f64[] = 0
// CHECK: result1 f64[1,2] = {{\[}}[0, 0]]
func.func @no_targets() -> (tensor<f32>, tensor<1x2xf32>) {
  %logits = dreamer.zero : tensor<1x2xf32>
  %targets = arith.constant dense<-1> : tensor<1xi32>
  %count = dreamer.count_targets %targets : tensor<1xi32>
  %loss, %nll, %lse = dreamer.cross_entropy %logits, %targets, %count
      : tensor<1x2xf32>, tensor<1xi32>, tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %dl = dreamer.cross_entropy_grad %logits, %targets, %count, %lse, %one
      : tensor<1x2xf32>, tensor<1xi32>, tensor<f32>, tensor<1xf32>, tensor<f32>
  return %loss, %dl : tensor<f32>, tensor<1x2xf32>
}

// Logits 2 and 0 for target 0, ln(1 + e^-2); the second row is ignored.
// CHECK-LABEL: @linear_cross_entropy
// CHECK: result0 f64[] = 0.12692801
// CHECK: result1 f64[2] = [0.12692801{{[0-9]*}}, 0]
// CHECK: result2 f64[2] = [2.1269280{{[0-9]*}}, 0.69314718{{[0-9]*}}]
func.func @linear_cross_entropy() -> (tensor<f32>, tensor<2xf32>, tensor<2xf32>) {
  %x = arith.constant dense<[[2.0], [0.0]]> : tensor<2x1xf32>
  %w = arith.constant dense<[[1.0], [0.0]]> : tensor<2x1xf32>
  %targets = arith.constant dense<[0, -1]> : tensor<2xi32>
  %count = dreamer.count_targets %targets : tensor<2xi32>
  %loss, %nll, %lse = dreamer.linear_cross_entropy %x, %w, %targets, %count
      : tensor<2x1xf32>, tensor<2x1xf32>, tensor<2xi32>, tensor<f32>
  return %loss, %nll, %lse : tensor<f32>, tensor<2xf32>, tensor<2xf32>
}

// CHECK-LABEL: @global_norm
// CHECK: result0 f64[] = 13
// CHECK: result1 i32[] = 0
func.func @global_norm() -> (tensor<f32>, tensor<i32>) {
  %a = arith.constant dense<[3.0, 4.0]> : tensor<2xf32>
  %b = arith.constant dense<[[12.0]]> : tensor<1x1xf32>
  %r = dreamer.global_norm %a, %b : tensor<2xf32>, tensor<1x1xf32>
  %n = dreamer.not_finite %r : tensor<f32>
  return %r, %n : tensor<f32>, tensor<i32>
}

// First step from zero moments: mhat = g, vhat = g^2, so p moves by rate (sign g + decay p).
// The norm, 2 but for rounding, is clipped to 1: m = 0.5 g / 2, v = 0.75 (g / 2)^2.
// CHECK-LABEL: @adamw
// CHECK: result0 f64[2] = [3.35, 2.425]
// CHECK: result1 f64[2] = [0.49999998{{[0-9]}}, -0.49999998{{[0-9]}}]
// CHECK: result2 f64[2] = [0.74999996{{[0-9]}}, 0.74999996{{[0-9]}}]
func.func @adamw() -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %p = arith.constant dense<[4.0, 2.0]> : tensor<2xf32>
  %g = arith.constant dense<[2.0, -2.0]> : tensor<2xf32>
  %m = dreamer.zero : tensor<2xf32>
  %norm = arith.constant dense<1.999999> : tensor<f32>
  %rate = arith.constant dense<0.5> : tensor<f32>
  %step = arith.constant dense<1> : tensor<i32>
  %new:3 = dreamer.adamw %p, %g, %m, %m, %norm, %rate, %step
      {beta1 = 0.5 : f64, beta2 = 0.25 : f64, eps = 0.0 : f64, decay = 0.075 : f64, clip = 1.0 : f64}
      : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<f32>, tensor<f32>, tensor<i32>
  return %new#0, %new#1, %new#2 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// A norm that is not finite changes nothing.
// CHECK-LABEL: @skipped
// CHECK: result0 f64[1] = [4]
// CHECK: result1 f64[1] = [0.5]
// CHECK: result2 f64[1] = [0.25]
// CHECK: result3 f64[2] = [1, 2]
// CHECK: result4 i32[] = 1
func.func @skipped() -> (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<2xf32>, tensor<i32>) {
  %p = arith.constant dense<4.0> : tensor<1xf32>
  %g = arith.constant dense<0x7F800000> : tensor<1xf32>
  %m = arith.constant dense<0.5> : tensor<1xf32>
  %v = arith.constant dense<0.25> : tensor<1xf32>
  %norm = dreamer.global_norm %g : tensor<1xf32>
  %skipped = dreamer.not_finite %norm : tensor<f32>
  %rate = arith.constant dense<0.5> : tensor<f32>
  %step = arith.constant dense<1> : tensor<i32>
  %new:3 = dreamer.adamw %p, %g, %m, %v, %norm, %rate, %step
      {beta1 = 0.5 : f64, beta2 = 0.25 : f64, eps = 0.0 : f64, decay = 0.5 : f64, clip = 1.0 : f64}
      : tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<f32>, tensor<f32>, tensor<i32>
  %bias = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %load = arith.constant dense<[[3, 1]]> : tensor<1x2xi32>
  %b = dreamer.balance_bias %bias, %load, %norm {rate = 0.5 : f64} : tensor<2xf32>, tensor<1x2xi32>, tensor<f32>
  return %new#0, %new#1, %new#2, %b, %skipped
      : tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<2xf32>, tensor<i32>
}

// Depth 1 was not executed.
// CHECK-LABEL: @expert_load
// CHECK: result0 i32[2,3] = {{\[}}[1, 2, 1], [0, 0, 0]]
func.func @expert_load() -> tensor<2x3xi32> {
  %ids = arith.constant dense<[[[0, 1], [1, 2]], [[-1, -1], [-1, -1]]]> : tensor<2x2x2xi32>
  %r = dreamer.expert_load %ids {experts = 3} : tensor<2x2x2xi32>
  return %r : tensor<2x3xi32>
}

// Loads 3, 2, 1 of 6 in all, a fair share being 2: down, as it is, up.
// CHECK-LABEL: @balance_bias
// CHECK: result0 f64[3] = [0.75, 1, 1.25]
func.func @balance_bias() -> tensor<3xf32> {
  %bias = arith.constant dense<1.0> : tensor<3xf32>
  %load = arith.constant dense<[[2, 1, 0], [1, 1, 1]]> : tensor<2x3xi32>
  %norm = arith.constant dense<1.0> : tensor<f32>
  %r = dreamer.balance_bias %bias, %load, %norm {rate = 0.25 : f64} : tensor<3xf32>, tensor<2x3xi32>, tensor<f32>
  return %r : tensor<3xf32>
}
