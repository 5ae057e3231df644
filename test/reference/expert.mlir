// RUN: dreamer-interpret %s --count-flops | FileCheck %s

// The bias lifts expert 0 over 3; equal ranks go to the lower index.
// CHECK-LABEL: @top_k
// CHECK: result0 i32[2,2] = {{\[}}[0, 3], [1, 2]]
func.func @top_k() -> tensor<2x2xi32> {
  %scores = arith.constant dense<[[1.0, 0.0, 0.0, 2.0], [-4.0, 1.0, 1.0, 1.0]]> : tensor<2x4xf32>
  %bias = arith.constant dense<[1.5, 0.0, 0.0, 0.0]> : tensor<4xf32>
  %r = dreamer.top_k %scores, %bias {k = 2} : tensor<2x4xf32>, tensor<4xf32>
  return %r : tensor<2x2xi32>
}

// sigmoid(4) + 0 is less than sigmoid(0) + 0.5, though 4 is more than 0.5.
// CHECK-LABEL: @top_k_sigmoid
// CHECK: result0 i32[1,1] = {{\[}}[1]]
// CHECK: result1 i32[1,1] = {{\[}}[0]]
func.func @top_k_sigmoid() -> (tensor<1x1xi32>, tensor<1x1xi32>) {
  %scores = arith.constant dense<[[4.0, 0.0]]> : tensor<1x2xf32>
  %bias = arith.constant dense<[0.0, 0.5]> : tensor<2xf32>
  %r = dreamer.top_k %scores, %bias {k = 1, rank = "sigmoid"} : tensor<1x2xf32>, tensor<2xf32>
  %l = dreamer.top_k %scores, %bias {k = 1, rank = "logit"} : tensor<1x2xf32>, tensor<2xf32>
  return %r, %l : tensor<1x1xi32>, tensor<1x1xi32>
}

// CHECK-LABEL: @replay
// CHECK: result0 i32[2,2] = {{\[}}[3, 1], [2, 4]]
func.func @replay() -> tensor<2x2xi32> {
  %given = arith.constant dense<[[3, 1], [-1, -1]]> : tensor<2x2xi32>
  %chosen = arith.constant dense<[[0, 5], [2, 4]]> : tensor<2x2xi32>
  %r = dreamer.replay %given, %chosen : tensor<2x2xi32>, tensor<2x2xi32>
  return %r : tensor<2x2xi32>
}

// sigmoid(0) = 1/2 and sigmoid(ln 3) = 3/4, normalised: 2/5 and 3/5.
// CHECK-LABEL: @gates
// CHECK: result0 f64[1,2] = {{\[}}[0.3999999{{[0-9]+}}, 0.6000000{{[0-9]+}}]]
func.func @gates() -> tensor<1x2xf32> {
  %scores = arith.constant dense<[[1.09861229, 9.0, 0.0]]> : tensor<1x3xf32>
  %ids = arith.constant dense<[[2, 0]]> : tensor<1x2xi32>
  %r = dreamer.gates %scores, %ids : tensor<1x3xf32>, tensor<1x2xi32>
  return %r : tensor<1x2xf32>
}

// At equal scores of 0, d gate_0 / d s_0 = sigmoid' (1 - 1/2) / 1 = 1/8, d s_1 the negative.
// CHECK-LABEL: @gates_grad
// CHECK: result0 f64[1,3] = {{\[}}[0.125, 0, -0.125]]
func.func @gates_grad() -> tensor<1x3xf32> {
  %scores = arith.constant dense<[[0.0, 9.0, 0.0]]> : tensor<1x3xf32>
  %ids = arith.constant dense<[[0, 2]]> : tensor<1x2xi32>
  %dg = arith.constant dense<[[1.0, 0.0]]> : tensor<1x2xf32>
  %r = dreamer.gates_grad %scores, %ids, %dg : tensor<1x3xf32>, tensor<1x2xi32>, tensor<1x2xf32>
  return %r : tensor<1x3xf32>
}

// Expert j: silu(1 u) (j + 1) u with u = 1; silu(1) = 0.731058579.
// Experts 2 and 0 with gates 1/4 and 3/4: (3/4 + 3/4) silu(1). FLOPs: of the chosen two only.
// CHECK-LABEL: @mix_experts
// CHECK: result0 f64[1,1] = {{\[}}[1.09658787]]
// CHECK: @mix_experts flops 12
func.func @mix_experts() -> tensor<1x1xf32> {
  %u = arith.constant dense<1.0> : tensor<1x1xf32>
  %ids = arith.constant dense<[[2, 0]]> : tensor<1x2xi32>
  %gates = arith.constant dense<[[0.25, 0.75]]> : tensor<1x2xf32>
  %w1 = arith.constant dense<1.0> : tensor<3x1x1xf32>
  %w3 = arith.constant dense<[[[1.0]], [[2.0]], [[3.0]]]> : tensor<3x1x1xf32>
  %w2 = arith.constant dense<1.0> : tensor<3x1x1xf32>
  %a, %b = dreamer.expert_linear(%w1, %w3), %u, %ids
      : tensor<3x1x1xf32>, tensor<3x1x1xf32>, tensor<1x1xf32>, tensor<1x2xi32>
  %r = dreamer.mix_experts %a, %b, %ids, %gates, %w2
      : tensor<1x2x1xf32>, tensor<1x2x1xf32>, tensor<1x2xi32>, tensor<1x2xf32>, tensor<3x1x1xf32>
  return %r : tensor<1x1xf32>
}

// W1 u = 0: silu(0) = 0, silu'(0) = 1/2, so only w1 and u see a slope, and the gate none.
// CHECK-LABEL: @mix_experts_grad
// CHECK: result0 f64[1,1] = {{\[}}[0]]
// CHECK: result1 f64[1,1] = {{\[}}[0]]
// CHECK: result2 f64[1,1,1] = {{\[\[}}[3]]]
// CHECK: result3 f64[1,1,1] = {{\[\[}}[0]]]
// CHECK: result4 f64[1,1,1] = {{\[\[}}[0]]]
// CHECK: result5 f64[2,1,1] = {{\[\[}}[0]], {{\[}}[6]]]
// CHECK: @mix_experts_grad flops 12
func.func @mix_experts_grad() -> (tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>, tensor<2x1x1xf32>) {
  %u = arith.constant dense<2.0> : tensor<1x1xf32>
  %ids = arith.constant dense<[[1]]> : tensor<1x1xi32>
  %gates = arith.constant dense<[[1.0]]> : tensor<1x1xf32>
  %w1 = dreamer.zero : tensor<2x1x1xf32>
  %w3 = arith.constant dense<3.0> : tensor<2x1x1xf32>
  %w2 = arith.constant dense<1.0> : tensor<2x1x1xf32>
  %dr = arith.constant dense<1.0> : tensor<1x1xf32>
  %a, %b = dreamer.expert_linear(%w1, %w3), %u, %ids
      : tensor<2x1x1xf32>, tensor<2x1x1xf32>, tensor<1x1xf32>, tensor<1x1xi32>
  %da, %db, %dg, %gated = dreamer.mix_experts_grad %a, %b, %ids, %gates, %w2, %dr
      : tensor<1x1x1xf32>, tensor<1x1x1xf32>, tensor<1x1xi32>, tensor<1x1xf32>, tensor<2x1x1xf32>, tensor<1x1xf32>
  %du = dreamer.expert_linear_grad(%w1, %w3), (%da, %db), %ids
      : tensor<2x1x1xf32>, tensor<2x1x1xf32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>, tensor<1x1xi32>
  %dw1 = dreamer.expert_weight_grad(%da), %u, %ids {experts = 2} : tensor<1x1x1xf32>, tensor<1x1xf32>, tensor<1x1xi32>
  return %du, %dg, %da, %db, %gated, %dw1
      : tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>, tensor<1x1x1xf32>, tensor<2x1x1xf32>
}

// Rows add up by expert, a choice that is none adds nothing, and sums are continued.
// CHECK-LABEL: @expert_weight_grad
// CHECK: result0 f64[2,1,2] = {{\[\[\[}}11, 12]], {{\[\[}}50, 70]]]
func.func @expert_weight_grad() -> tensor<2x1x2xf32> {
  %left = arith.constant dense<[[[10.0], [20.0]], [[30.0], [40.0]]]> : tensor<2x2x1xf32>
  %right = arith.constant dense<[[1.0, 2.0], [1.0, 1.0]]> : tensor<2x2xf32>
  %ids = arith.constant dense<[[-1, 1], [1, -1]]> : tensor<2x2xi32>
  %sum = arith.constant dense<[[[11.0, 12.0]], [[0.0, 0.0]]]> : tensor<2x1x2xf32>
  %r = dreamer.expert_weight_grad(%left), %right, %ids into(%sum) {experts = 2}
      : tensor<2x2x1xf32>, tensor<2x2xf32>, tensor<2x2xi32>, tensor<2x1x2xf32>
  return %r : tensor<2x1x2xf32>
}
