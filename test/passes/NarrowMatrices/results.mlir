// RUN: dreamer-opt %s --dreamer-narrow-matrices | FileCheck %s

// Who is read by nothing but products writes bf16; a chain of operations stays f32 up to its end.
// CHECK-LABEL: @chain
// CHECK: %[[N:.*]] = dreamer.rms_norm %{{[^ ]*}}, %{{[^ ]*}} {eps
// CHECK: %[[R:.*]] = dreamer.rotary %[[N]], %{{[^ ]*}} {dreamer.narrow = array<i64: 0>, head_dim = 4 : i64, theta = {{.*}}} : tensor<2x4xf32>, index
// CHECK-NOT: dreamer.cast
// CHECK: %[[A:.*]] = dreamer.linear %[[R]], %{{[^ ]*}} {dreamer.narrow = array<i64: 0>} : tensor<2x4xbf16>, tensor<4x4xbf16>
// CHECK: dreamer.linear %[[A]], %{{[^ ]*}} : tensor<2x4xbf16>, tensor<4x4xbf16>
// CHECK: dreamer.linear %[[R]], %{{[^ ]*}} {transpose} : tensor<2x4xbf16>, tensor<4x4xbf16>
func.func @chain(%x: tensor<2x4xf32>, %n: tensor<4xf32>, %w: tensor<4x4xf32>, %d: index)
    -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %y = dreamer.rms_norm %x, %n {eps = 0.1} : tensor<2x4xf32>, tensor<4xf32>
  %r = dreamer.rotary %y, %d {head_dim = 4, theta = 1.0e2} : tensor<2x4xf32>, index
  %a = dreamer.linear %r, %w : tensor<2x4xf32>, tensor<4x4xf32>
  %b = dreamer.linear %a, %w : tensor<2x4xf32>, tensor<4x4xf32>
  %c = dreamer.linear %r, %w {transpose} : tensor<2x4xf32>, tensor<4x4xf32>
  return %b, %c : tensor<2x4xf32>, tensor<2x4xf32>
}

// Who is read as f32 too keeps f32 and its cast.
// CHECK-LABEL: @both
// CHECK: %[[Y:.*]] = dreamer.rms_norm %{{[^ ]*}}, %{{[^ ]*}} {eps
// CHECK: dreamer.cast %[[Y]] : tensor<2x4xf32> -> tensor<2x4xbf16>
// CHECK: dreamer.linear {{.*}} {full_precision} : tensor<2x4xf32>, tensor<4x4xf32>
func.func @both(%x: tensor<2x4xf32>, %n: tensor<4xf32>, %w: tensor<4x4xf32>)
    -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %y = dreamer.rms_norm %x, %n {eps = 0.1} : tensor<2x4xf32>, tensor<4xf32>
  %a = dreamer.linear %y, %w : tensor<2x4xf32>, tensor<4x4xf32>
  %b = dreamer.linear %y, %w {full_precision} : tensor<2x4xf32>, tensor<4x4xf32>
  return %a, %b : tensor<2x4xf32>, tensor<2x4xf32>
}

// A sum stays f32, and so does a result that must.
// CHECK-LABEL: @sums
// CHECK: %[[A:.*]] = dreamer.linear %{{.*}} into(%{{.*}}) : tensor<2x4xbf16>, tensor<4x4xbf16>, tensor<2x4xf32>
// CHECK: dreamer.cast %[[A]]
// CHECK: %[[G:.*]] = dreamer.linear_weight_grad
// CHECK: dreamer.cast %[[G]]
// CHECK: dreamer.add {{.*}} {dreamer.narrow = array<i64: 0>} : tensor<2x4xf32>, tensor<2x4xf32>
func.func @sums(%x: tensor<2x4xf32>, %s: tensor<2x4xf32>, %w: tensor<4x4xf32>)
    -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %a = dreamer.linear %x, %w into(%s) : tensor<2x4xf32>, tensor<4x4xf32>, tensor<2x4xf32>
  %g = dreamer.linear_weight_grad %x, %x : tensor<2x4xf32>, tensor<2x4xf32>
  %b = dreamer.linear %a, %g : tensor<2x4xf32>, tensor<4x4xf32>
  %t = dreamer.add %b, %s : tensor<2x4xf32>, tensor<2x4xf32>
  %c = dreamer.linear %t, %w : tensor<2x4xf32>, tensor<4x4xf32>
  return %c, %b : tensor<2x4xf32>, tensor<2x4xf32>
}

// Of several results, those that can and only feed casts.
// CHECK-LABEL: @some
// CHECK: %[[DQ:[^,]*]], %[[DK:[^,]*]], %[[DV:[^ ]*]] = dreamer.sequence_attention_grad {{.*}} {dreamer.narrow = array<i64: 0, 2>, heads
// CHECK: dreamer.linear %[[DQ]], %{{.*}} : tensor<1x3x4xbf16>, tensor<4x4xbf16>
// CHECK: dreamer.linear %[[DV]], %{{.*}} : tensor<1x3x4xbf16>, tensor<4x4xbf16>
// CHECK: return %{{.*}}, %{{.*}}, %[[DK]] :
func.func @some(%q: tensor<1x3x4xf32>, %lse: tensor<1x1x3xf32>, %w: tensor<4x4xf32>)
    -> (tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>) {
  %dq, %dk, %dv = dreamer.sequence_attention_grad %q, %q, %q, %q, %lse, %q {heads = 1, kv_heads = 1}
      : tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x1x3xf32>, tensor<1x3x4xf32>
  %a = dreamer.linear %dq, %w : tensor<1x3x4xf32>, tensor<4x4xf32>
  %b = dreamer.linear %dv, %w : tensor<1x3x4xf32>, tensor<4x4xf32>
  return %a, %b, %dk : tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>
}
