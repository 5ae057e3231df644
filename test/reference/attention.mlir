// RUN: dreamer-interpret %s --count-flops | FileCheck %s

// Queries of 0 weigh every key alike: position 1 averages the values 2 and 4.
// FLOPs: two contractions of one feature for 1 + 2 pairs.
// CHECK-LABEL: @causal
// CHECK: result0 f64[1,2,1] = {{\[\[}}[2], [3]]]
// CHECK: result1 f64[1,1,2] = {{\[\[}}[0, 0.693147181]]]
// CHECK: @causal flops 12
func.func @causal() -> (tensor<1x2x1xf32>, tensor<1x1x2xf32>) {
  %q = dreamer.zero : tensor<1x2x1xf32>
  %k = arith.constant dense<[[[1.0], [5.0]]]> : tensor<1x2x1xf32>
  %v = arith.constant dense<[[[2.0], [4.0]]]> : tensor<1x2x1xf32>
  %r, %lse = dreamer.sequence_attention %q, %k, %v {heads = 1, kv_heads = 1}
      : tensor<1x2x1xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>
  return %r, %lse : tensor<1x2x1xf32>, tensor<1x1x2xf32>
}

// Logits 2 ln(3) / sqrt(4) and 0 weigh as 3 : 1. Heads 0 and 1 read key head 0, heads 2
// and 3 key head 1.
// CHECK-LABEL: @grouped
// CHECK: result0 f64[1,2,16] =
// CHECK-SAME: [0.75{{[0-9]*}}, 0, 0, 0, 0.75{{[0-9]*}}, 0, 0, 0, 0, 0.75{{[0-9]*}}, 0, 0, 0, 0.75{{[0-9]*}}, 0, 0]]]
// CHECK: @grouped flops 192
func.func @grouped() -> tensor<1x2x16xf32> {
  %q = arith.constant dense<[[[2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0],
                              [2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0]]]> : tensor<1x2x16xf32>
  %k = arith.constant dense<[[[1.09861229, 0.0, 0.0, 0.0, 1.09861229, 0.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]> : tensor<1x2x8xf32>
  %v = arith.constant dense<[[[1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
                              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]]> : tensor<1x2x8xf32>
  %r, %lse = dreamer.sequence_attention %q, %k, %v {heads = 4, kv_heads = 2}
      : tensor<1x2x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
  return %r : tensor<1x2x16xf32>
}

// With one head of one feature, p = 1/2 at position 1: dv = (1 + 1/2, 1/2),
// dq = p (1 - p) (v1 - v0) (k1 - k0), dk = 0 as q is 0.
// CHECK-LABEL: @causal_grad
// CHECK: result0 f64[1,2,1] = {{\[\[}}[0], [2.0000000{{[0-9]+}}]]]
// CHECK: result1 f64[1,2,1] = {{\[\[}}[0], [0]]]
// CHECK: result2 f64[1,2,1] = {{\[\[}}[1.5], [0.4999999{{[0-9]+}}]]]
// CHECK: @causal_grad flops 30
func.func @causal_grad() -> (tensor<1x2x1xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>) {
  %q = dreamer.zero : tensor<1x2x1xf32>
  %k = arith.constant dense<[[[1.0], [5.0]]]> : tensor<1x2x1xf32>
  %v = arith.constant dense<[[[2.0], [4.0]]]> : tensor<1x2x1xf32>
  %r = arith.constant dense<[[[2.0], [3.0]]]> : tensor<1x2x1xf32>
  %lse = arith.constant dense<[[[0.0, 0.693147181]]]> : tensor<1x1x2xf32>
  %dr = arith.constant dense<1.0> : tensor<1x2x1xf32>
  %dq, %dk, %dv = dreamer.sequence_attention_grad %q, %k, %v, %r, %lse, %dr {heads = 1, kv_heads = 1}
      : tensor<1x2x1xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>, tensor<1x1x2xf32>, tensor<1x2x1xf32>
  return %dq, %dk, %dv : tensor<1x2x1xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>
}

// Two valid slots of three: the third may hold anything.
// CHECK-LABEL: @depth
// CHECK: result0 f64[1,1] = {{\[}}[2]]
// CHECK: @depth flops 8
func.func @depth() -> tensor<1x1xf32> {
  %q = dreamer.zero : tensor<1x1xf32>
  %k = arith.constant dense<[[[1.0]], [[5.0]], [[0x7FC00000]]]> : tensor<3x1x1xf32>
  %v = arith.constant dense<[[[1.0]], [[3.0]], [[0x7FC00000]]]> : tensor<3x1x1xf32>
  %n = arith.constant 2 : index
  %r = dreamer.depth_attention %q, %k, %v, %n {heads = 1, kv_heads = 1}
      : tensor<1x1xf32>, tensor<3x1x1xf32>, tensor<3x1x1xf32>, index
  return %r : tensor<1x1xf32>
}

// CHECK-LABEL: @no_depth
// CHECK: result0 f64[1,1] = {{\[}}[0]]
// CHECK: @no_depth flops 0
func.func @no_depth() -> tensor<1x1xf32> {
  %q = dreamer.zero : tensor<1x1xf32>
  %h = dreamer.history %q {slots = 3, features = 1} : tensor<1x1xf32>
  %n = arith.constant 0 : index
  %r = dreamer.depth_attention %q, %h, %h, %n {heads = 1, kv_heads = 1}
      : tensor<1x1xf32>, tensor<3x1x1xf32>, tensor<3x1x1xf32>, index
  return %r : tensor<1x1xf32>
}

// CHECK-LABEL: @depth_grad
// CHECK: result0 f64[1,1] = {{\[}}[2]]
// CHECK: result1 f64[3,1,1] = {{\[\[}}[0]], {{\[}}[0]], {{\[}}[0]]]
// CHECK: result2 f64[3,1,1] = {{\[\[}}[0.5]], {{\[}}[0.5]], {{\[}}[0]]]
// CHECK: @depth_grad flops 20
func.func @depth_grad() -> (tensor<1x1xf32>, tensor<3x1x1xf32>, tensor<3x1x1xf32>) {
  %q = dreamer.zero : tensor<1x1xf32>
  %k = arith.constant dense<[[[1.0]], [[5.0]], [[9.0]]]> : tensor<3x1x1xf32>
  %v = arith.constant dense<[[[1.0]], [[3.0]], [[9.0]]]> : tensor<3x1x1xf32>
  %n = arith.constant 2 : index
  %dr = arith.constant dense<1.0> : tensor<1x1xf32>
  %dq, %dk, %dv = dreamer.depth_attention_grad %q, %k, %v, %n, %dr {heads = 1, kv_heads = 1}
      : tensor<1x1xf32>, tensor<3x1x1xf32>, tensor<3x1x1xf32>, index, tensor<1x1xf32>
  return %dq, %dk, %dv : tensor<1x1xf32>, tensor<3x1x1xf32>, tensor<3x1x1xf32>
}

// Slot 1 of a cache of two sequences and two positions; sequence 0 is at position 1,
// sequence 1 at position 0.
// CHECK-LABEL: @decode
// CHECK: result0 f64[2,2,2,1] = {{\[\[\[}}[0], [0]], {{\[}}[0], [0]]], {{\[\[}}[0], [6]], {{\[}}[8], [0]]]]
// CHECK: result1 f64[2,1] = {{\[}}[3], [8]]
// CHECK: @decode flops 12
func.func @decode() -> (tensor<2x2x2x1xf32>, tensor<2x1xf32>) {
  %cache = dreamer.zero : tensor<2x2x2x1xf32>
  %value = arith.constant dense<[[6.0], [8.0]]> : tensor<2x1xf32>
  %position = arith.constant dense<[1, 0]> : tensor<2xi32>
  %slot = arith.constant 1 : index
  %new = dreamer.cache_append %cache, %value, %position, %slot
      : tensor<2x2x2x1xf32>, tensor<2x1xf32>, tensor<2xi32>, index
  %q = dreamer.zero : tensor<2x1xf32>
  %r = dreamer.decode_attention %q, %new, %new, %position, %slot {heads = 1, kv_heads = 1}
      : tensor<2x1xf32>, tensor<2x2x2x1xf32>, tensor<2x2x2x1xf32>, tensor<2xi32>, index
  return %new, %r : tensor<2x2x2x1xf32>, tensor<2x1xf32>
}
