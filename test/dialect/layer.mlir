// RUN: dreamer-opt %s | dreamer-opt | FileCheck %s

// The operations of a layer print back as they were read; results follow from operands.

// CHECK-LABEL: func.func @layer
func.func @layer(%tokens: tensor<2x3xi32>, %table: tensor<7x8xf32>, %norm: tensor<8xf32>,
                 %head: tensor<4xf32>, %wq: tensor<8x8xf32>, %wk: tensor<4x8xf32>,
                 %history: tensor<5x2x3x4xf32>, %d: index, %bias: tensor<8xf32>,
                 %w1: tensor<8x6x8xf32>, %w2: tensor<8x8x6xf32>) -> tensor<2x3x8xf32> {
  // CHECK: dreamer.positions %{{.*}} : tensor<2x3xi32>
  %p = dreamer.positions %tokens : tensor<2x3xi32>
  // CHECK: dreamer.embedding %{{.*}}, %{{.*}} {scale = 2.000000e+00 : f64} : tensor<2x3xi32>, tensor<7x8xf32>
  %x = dreamer.embedding %tokens, %table {scale = 2.0 : f64} : tensor<2x3xi32>, tensor<7x8xf32>
  // CHECK: dreamer.rms_norm %{{.*}}, %{{.*}} {eps = {{.*}} : f64} : tensor<2x3x8xf32>, tensor<8xf32>
  %u = dreamer.rms_norm %x, %norm {eps = 1.0e-6 : f64} : tensor<2x3x8xf32>, tensor<8xf32>
  // CHECK: dreamer.linear %{{.*}}, %{{.*}} : tensor<2x3x8xf32>, tensor<8x8xf32>
  %q0 = dreamer.linear %u, %wq : tensor<2x3x8xf32>, tensor<8x8xf32>
  // CHECK: dreamer.rms_norm %{{.*}}, %{{.*}} : tensor<2x3x8xf32>, tensor<4xf32>
  %q1 = dreamer.rms_norm %q0, %head {eps = 1.0e-6 : f64} : tensor<2x3x8xf32>, tensor<4xf32>
  // CHECK: dreamer.rotary %{{.*}}, %{{.*}} {head_dim = 4 : i64, theta = 1.000000e+04 : f64} : tensor<2x3x8xf32>, tensor<2x3xi32>
  %q = dreamer.rotary %q1, %p {head_dim = 4, theta = 10000.0 : f64} : tensor<2x3x8xf32>, tensor<2x3xi32>
  %k = dreamer.linear %u, %wk : tensor<2x3x8xf32>, tensor<4x8xf32>
  // CHECK: dreamer.sequence_attention %{{.*}}, %{{.*}}, %{{.*}} {heads = 2 : i64, kv_heads = 1 : i64}
  %sa, %lse = dreamer.sequence_attention %q, %k, %k {heads = 2, kv_heads = 1}
      : tensor<2x3x8xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>
  // CHECK: dreamer.append %{{.*}}, %{{.*}}, %{{.*}} : tensor<5x2x3x4xf32>, tensor<2x3x4xf32>, index
  %h = dreamer.append %history, %k, %d : tensor<5x2x3x4xf32>, tensor<2x3x4xf32>, index
  // CHECK: dreamer.depth_attention
  %da = dreamer.depth_attention %q, %h, %h, %d {heads = 2, kv_heads = 1}
      : tensor<2x3x8xf32>, tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>, index
  %a = dreamer.add %sa, %da : tensor<2x3x8xf32>, tensor<2x3x8xf32>
  // CHECK: %[[IDS:.*]] = dreamer.top_k %{{.*}}, %{{.*}} {k = 2 : i64} : tensor<2x3x8xf32>, tensor<8xf32>
  %ids = dreamer.top_k %a, %bias {k = 2} : tensor<2x3x8xf32>, tensor<8xf32>
  // CHECK: dreamer.gates %{{.*}}, %[[IDS]] : tensor<2x3x8xf32>, tensor<2x3x2xi32>
  %gates = dreamer.gates %a, %ids : tensor<2x3x8xf32>, tensor<2x3x2xi32>
  // CHECK: %[[A:.*]]:2 = dreamer.expert_linear(%{{.*}}, %{{.*}}), %{{.*}}, %[[IDS]]
  %hidden:2 = dreamer.expert_linear(%w1, %w1), %u, %ids
      : tensor<8x6x8xf32>, tensor<8x6x8xf32>, tensor<2x3x8xf32>, tensor<2x3x2xi32>
  // CHECK: dreamer.mix_experts %[[A]]#0, %[[A]]#1, %[[IDS]]
  %y = dreamer.mix_experts %hidden#0, %hidden#1, %ids, %gates, %w2
      : tensor<2x3x2x6xf32>, tensor<2x3x2x6xf32>, tensor<2x3x2xi32>, tensor<2x3x2xf32>, tensor<8x8x6xf32>
  return %y : tensor<2x3x8xf32>
}

// CHECK-LABEL: func.func @losses
func.func @losses(%x: tensor<2x3x8xf32>, %w: tensor<7x8xf32>, %y: tensor<2x3x7xf32>, %t: tensor<2x3xi32>,
                  %n: tensor<f32>) -> (tensor<f32>, tensor<7x8xf32>, tensor<2x3x7xf32>) {
  // CHECK: dreamer.linear_cross_entropy %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {full_precision, z_loss = 1.000000e-01 : f64} : tensor<2x3x8xf32>, tensor<7x8xf32>, tensor<2x3xi32>, tensor<f32>
  %loss, %token, %lse = dreamer.linear_cross_entropy %x, %w, %t, %n {full_precision, z_loss = 0.1 : f64}
      : tensor<2x3x8xf32>, tensor<7x8xf32>, tensor<2x3xi32>, tensor<f32>
  // CHECK: dreamer.linear_cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<2x3x8xf32>, tensor<7x8xf32>, tensor<2x3xi32>, tensor<f32>, tensor<f32>
  %g:5 = dreamer.linear_cross_entropy_grad %x, %w, %t, %n, %loss
      : tensor<2x3x8xf32>, tensor<7x8xf32>, tensor<2x3xi32>, tensor<f32>, tensor<f32>
  // CHECK: dreamer.linear_cross_entropy_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} into(%{{.*}}) :
  %h:5 = dreamer.linear_cross_entropy_grad %x, %w, %t, %n, %loss into(%g#4)
      : tensor<2x3x8xf32>, tensor<7x8xf32>, tensor<2x3xi32>, tensor<f32>, tensor<f32>, tensor<7x8xf32>
  // CHECK: dreamer.linear %{{.*}}, %{{.*}} into(%{{.*}}) : tensor<2x3x8xf32>, tensor<7x8xf32>, tensor<2x3x7xf32>
  %z = dreamer.linear %h#3, %w into(%y) : tensor<2x3x8xf32>, tensor<7x8xf32>, tensor<2x3x7xf32>
  return %h#0, %h#4, %z : tensor<f32>, tensor<7x8xf32>, tensor<2x3x7xf32>
}
