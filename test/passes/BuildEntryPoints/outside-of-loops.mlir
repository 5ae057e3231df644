// RUN: dreamer-opt %s --dreamer-build-entry-points=entries=prefill,decode | FileCheck %s
// RUN: dreamer-opt %s "--dreamer-build-entry-points=entries=prefill,decode narrow-caches" | FileCheck %s --check-prefix=NARROW

// NARROW-LABEL: func.func @prefill
// NARROW: dreamer.stack %{{.*}} : tensor<1x2x4xbf16>
// NARROW-LABEL: func.func @decode
// NARROW: dreamer.cache_append {{.*}} : tensor<1x1x2x4xbf16>

// Attention outside of loops has caches of one slot; unnamed layers are numbered.
// CHECK-LABEL: func.func @prefill
// CHECK: %[[K:.*]] = dreamer.stack %{{.*}} : tensor<1x2x4xf32>
// CHECK-LABEL: func.func @decode
// CHECK-SAME: tensor<1x1x2x4xf32> {dreamer.name = "layer.cache.k", dreamer.role = "cache"}
// CHECK-SAME: tensor<1x1x2x4xf32> {dreamer.name = "layer.1.cache.k", dreamer.role = "cache"}
// CHECK: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK: dreamer.cache_append {{.*}}, %[[ZERO]] : tensor<1x1x2x4xf32>
func.func @forward(%tokens: tensor<1x2xi32> {dreamer.name = "tokens", dreamer.role = "input"},
                   %e: tensor<5x4xf32> {dreamer.name = "e", dreamer.role = "parameter"})
    -> (tensor<1x2x5xf32> {dreamer.name = "logits"}) {
  %x = dreamer.embedding %tokens, %e : tensor<1x2xi32>, tensor<5x4xf32>
  %y, %0 = dreamer.sequence_attention %x, %x, %x {heads = 1, kv_heads = 1}
      : tensor<1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>
  %z, %1 = dreamer.sequence_attention %y, %y, %y {heads = 1, kv_heads = 1}
      : tensor<1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>
  %logits = dreamer.linear %z, %e : tensor<1x2x4xf32>, tensor<5x4xf32>
  return %logits : tensor<1x2x5xf32>
}
