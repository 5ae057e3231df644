// RUN: dreamer-opt %s --split-input-file --verify-diagnostics

func.func @kind(%x: tensor<4xf32>) {
  // expected-error @below {{'dreamer.scale' expected 'array<i64: ...>' as 'dreamer.narrow', found true}}
  %0 = dreamer.scale %x {factor = 2.0, dreamer.narrow = true} : tensor<4xf32>
  return
}

// -----

func.func @range(%x: tensor<4xf32>) {
  // expected-error @below {{'dreamer.scale' expected different results of f32 in 'dreamer.narrow', found 1}}
  %0 = dreamer.scale %x {factor = 2.0, dreamer.narrow = array<i64: 1>} : tensor<4xf32>
  return
}

// -----

func.func @twice(%x: tensor<4xf32>) {
  // expected-error @below {{'dreamer.scale' expected different results of f32 in 'dreamer.narrow', found 0}}
  %0 = dreamer.scale %x {factor = 2.0, dreamer.narrow = array<i64: 0, 0>} : tensor<4xf32>
  return
}

// -----

func.func @type(%x: tensor<4xf32>) {
  // expected-error @below {{failed to infer returned types}}
  // expected-error @below {{inferred type(s) 'tensor<4xbf16>' are incompatible with return type(s) of operation 'tensor<4xf32>'}}
  %0 = "dreamer.scale"(%x) {factor = 2.0, dreamer.narrow = array<i64: 0>} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @result(%x: tensor<2x4xf32>, %w: tensor<4xf32>) {
  // expected-error @below {{'dreamer.rms_norm_grad' op result #1 must be statically shaped tensor of 32-bit float values, but got 'tensor<4xbf16>'}}
  %0, %1 = dreamer.rms_norm_grad %x, %w, %x {eps = 0.1, dreamer.narrow = array<i64: 1>}
      : tensor<2x4xf32>, tensor<4xf32>, tensor<2x4xf32>
  return
}

// -----

func.func @sum(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>) {
  // expected-error @below {{'dreamer.linear' op expected a sum of its result's type 'tensor<2x4xbf16>', found 'tensor<2x4xf32>'}}
  %0 = dreamer.linear %x, %w into(%x) {dreamer.narrow = array<i64: 0>}
      : tensor<2x4xf32>, tensor<4x4xf32>, tensor<2x4xf32>
  return
}

// -----

func.func @operation(%x: tensor<2x4xf32>) {
  // expected-error @below {{expected 'dreamer.narrow' on an operation that can write bf16, found it on 'dreamer.linear_weight_grad'}}
  %0 = dreamer.linear_weight_grad %x, %x {dreamer.narrow = array<i64: 0>}
      : tensor<2x4xf32>, tensor<2x4xf32>
  return
}

// -----

func.func @reader(%x: tensor<2x4xf32>, %w: tensor<4xf32>) {
  %0 = dreamer.scale %x {factor = 2.0, dreamer.narrow = array<i64: 0>} : tensor<2x4xf32>
  // expected-error @below {{'dreamer.rms_norm' op operand #0 must be statically shaped tensor of 32-bit float values, but got 'tensor<2x4xbf16>'}}
  %1 = dreamer.rms_norm %0, %w {eps = 0.1} : tensor<2x4xbf16>, tensor<4xf32>
  return
}
