// RUN: dreamer-opt %s --split-input-file --verify-diagnostics

// Each shape rule says what it expected and what it found.

func.func @features(%x: tensor<2x5xf32>, %w: tensor<3x4xf32>) {
  // expected-error @below {{'dreamer.linear' expected features of x = 4, found 5}}
  %0 = dreamer.linear %x, %w : tensor<2x5xf32>, tensor<3x4xf32>
  return
}

// -----

func.func @dynamic(%x: tensor<?x4xf32>, %w: tensor<3x4xf32>) {
  // expected-error @below {{'dreamer.linear' expected a tensor of static shape (or an index) as operand 0, found tensor<?x4xf32>}}
  %0 = dreamer.linear %x, %w : tensor<?x4xf32>, tensor<3x4xf32>
  return
}

// -----

func.func @norm(%x: tensor<2x6xf32>, %w: tensor<4xf32>) {
  // expected-error @below {{'dreamer.rms_norm' expected the weight's size to divide the features, found 4 and 6}}
  %0 = dreamer.rms_norm %x, %w {eps = 1.0e-6 : f64} : tensor<2x6xf32>, tensor<4xf32>
  return
}

// -----

func.func @missing(%x: tensor<2x4xf32>, %w: tensor<4xf32>) {
  // expected-error @below {{'dreamer.rms_norm' expected the attribute 'eps', found none}}
  %0 = dreamer.rms_norm %x, %w : tensor<2x4xf32>, tensor<4xf32>
  return
}

// -----

func.func @odd(%x: tensor<2x6xf32>, %p: index) {
  // expected-error @below {{'dreamer.rotary' expected an even head_dim to rotate, found 3}}
  %0 = dreamer.rotary %x, %p {head_dim = 3, theta = 100.0 : f64} : tensor<2x6xf32>, index
  return
}

// -----

func.func @groups(%q: tensor<1x2x12xf32>, %k: tensor<1x2x8xf32>) {
  // expected-error @below {{'dreamer.sequence_attention' expected kv_heads to divide heads, found 2 and 3}}
  %0:2 = dreamer.sequence_attention %q, %k, %k {heads = 3, kv_heads = 2}
      : tensor<1x2x12xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
  return
}

// -----

func.func @history(%q: tensor<2x8xf32>, %h: tensor<5x3x8xf32>, %n: index) {
  // expected-error @below {{'dreamer.depth_attention' expected keys of shape 5x2x8, found tensor<5x3x8xf32>}}
  %0 = dreamer.depth_attention %q, %h, %h, %n {heads = 2, kv_heads = 2}
      : tensor<2x8xf32>, tensor<5x3x8xf32>, tensor<5x3x8xf32>, index
  return
}

// -----

func.func @choice(%s: tensor<2x4xf32>, %b: tensor<4xf32>) {
  // expected-error @below {{'dreamer.top_k' expected k in 1 to the number of experts, 4, found 5}}
  %0 = dreamer.top_k %s, %b {k = 5} : tensor<2x4xf32>, tensor<4xf32>
  return
}

// -----

func.func @experts(%a: tensor<2x1x6xf32>, %ids: tensor<2x1xi32>, %g: tensor<2x1xf32>, %w: tensor<3x6x4xf32>) {
  // expected-error @below {{'dreamer.mix_experts' expected a of shape 2x1x4, found tensor<2x1x6xf32>}}
  %0 = dreamer.mix_experts %a, %a, %ids, %g, %w
      : tensor<2x1x6xf32>, tensor<2x1x6xf32>, tensor<2x1xi32>, tensor<2x1xf32>, tensor<3x6x4xf32>
  return
}

// -----

func.func @expert_weights(%u: tensor<2x4xf32>, %ids: tensor<2x1xi32>, %w: tensor<3x6x4xf32>, %v: tensor<3x5x4xf32>) {
  // expected-error @below {{'dreamer.expert_linear' expected another weight of shape 3x6x4, found tensor<3x5x4xf32>}}
  %0:2 = dreamer.expert_linear(%w, %v), %u, %ids
      : tensor<3x6x4xf32>, tensor<3x5x4xf32>, tensor<2x4xf32>, tensor<2x1xi32>
  return
}

// -----

func.func @no_expert_weights(%u: tensor<2x4xf32>, %ids: tensor<2x1xi32>) {
  // expected-error @below {{'dreamer.expert_linear' expected at least one weight, found none}}
  dreamer.expert_linear(), %u, %ids : tensor<2x4xf32>, tensor<2x1xi32>
  return
}

// -----

func.func @expert_inputs(%u: tensor<2x5xf32>, %ids: tensor<2x1xi32>, %w: tensor<3x6x4xf32>) {
  // expected-error @below {{'dreamer.expert_linear' expected input features of a weight = 5, found 4}}
  %0 = dreamer.expert_linear(%w), %u, %ids : tensor<3x6x4xf32>, tensor<2x5xf32>, tensor<2x1xi32>
  return
}

// -----

func.func @expert_cotangents(%d: tensor<2x1x6xf32>, %ids: tensor<2x1xi32>, %w: tensor<3x6x4xf32>) {
  // expected-error @below {{'dreamer.expert_linear_grad' expected 2 cotangents, one of each weight's product, found 1}}
  %0 = dreamer.expert_linear_grad(%w, %w), (%d), %ids
      : tensor<3x6x4xf32>, tensor<3x6x4xf32>, tensor<2x1x6xf32>, tensor<2x1xi32>
  return
}

// -----

// expected-error @below {{expected a role (parameter, balance, moment1, moment2, cache, input, option) for 'dreamer.role', found "weight"}}
func.func @role(%x: tensor<4xf32> {dreamer.role = "weight"}) {
  return
}

// -----

func.func @sum_of_another_shape(%dy: tensor<2x3xf32>, %x: tensor<2x4xf32>, %sum: tensor<4x3xf32>) {
  // expected-error @below {{expected a sum of its result's type 'tensor<3x4xf32>', found 'tensor<4x3xf32>'}}
  %0 = dreamer.linear_weight_grad %dy, %x into(%sum)
      : tensor<2x3xf32>, tensor<2x4xf32>, tensor<4x3xf32>
  return
}

// -----

func.func @too_few_sums(%q: tensor<2x4xf32>, %h: tensor<3x2x4xf32>, %n: index) {
  // expected-error @below {{expected no sums or 2, found 1}}
  %0:3 = dreamer.depth_attention_grad %q, %h, %h, %n, %q into(%h) {heads = 1, kv_heads = 1}
      : tensor<2x4xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>, index, tensor<2x4xf32>, tensor<3x2x4xf32>
  return
}

// -----

func.func @loss_features(%x: tensor<2x5xf32>, %w: tensor<3x4xf32>, %t: tensor<2xi32>, %n: tensor<f32>) {
  // expected-error @below {{'dreamer.linear_cross_entropy' expected features of the weight = 5, found 4}}
  %0:3 = dreamer.linear_cross_entropy %x, %w, %t, %n
      : tensor<2x5xf32>, tensor<3x4xf32>, tensor<2xi32>, tensor<f32>
  return
}

// -----

func.func @loss_targets(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>, %t: tensor<3xi32>, %n: tensor<f32>) {
  // expected-error @below {{'dreamer.linear_cross_entropy_grad' expected targets of shape 2, found tensor<3xi32>}}
  %0:5 = dreamer.linear_cross_entropy_grad %x, %w, %t, %n, %n
      : tensor<2x4xf32>, tensor<3x4xf32>, tensor<3xi32>, tensor<f32>, tensor<f32>
  return
}

// -----

func.func @sum(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>) {
  // expected-error @below {{'dreamer.linear' op expected a sum of its result's type 'tensor<2x3xf32>', found 'tensor<2x4xf32>'}}
  %0 = dreamer.linear %x, %w into(%x) : tensor<2x4xf32>, tensor<3x4xf32>, tensor<2x4xf32>
  return
}

// -----

func.func @expert_weight_grad(%left: tensor<3x2x4xf32>, %right: tensor<2x5xf32>, %ids: tensor<3x2xi32>) {
  // expected-error @below {{'dreamer.expert_weight_grad' expected the right factor of shape 3x5, found tensor<2x5xf32>}}
  %0 = dreamer.expert_weight_grad(%left), %right, %ids {experts = 4}
      : tensor<3x2x4xf32>, tensor<2x5xf32>, tensor<3x2xi32>
  return
}

// -----

func.func @expert_weight_grad_experts(%left: tensor<3x2x4xf32>, %ids: tensor<3x2xi32>) {
  // expected-error @below {{'dreamer.expert_weight_grad' expected a positive number of experts, found 0}}
  %0 = dreamer.expert_weight_grad(%left), %left, %ids {experts = 0}
      : tensor<3x2x4xf32>, tensor<3x2x4xf32>, tensor<3x2xi32>
  return
}

// -----

func.func @cache(%c: tensor<2x1x4x8xbf16>, %v: tensor<1x8xf32>, %p: tensor<1xi32>, %i: index) {
  // expected-error @below {{'dreamer.cache_append' expected the value of bf16, found f32}}
  %0 = dreamer.cache_append %c, %v, %p, %i
      : tensor<2x1x4x8xbf16>, tensor<1x8xf32>, tensor<1xi32>, index
  return
}
