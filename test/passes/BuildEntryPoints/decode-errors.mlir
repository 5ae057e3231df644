// RUN: dreamer-opt %s --split-input-file --verify-diagnostics --dreamer-build-entry-points=entries=decode

func.func @forward(%tokens: tensor<1x2xi32> {dreamer.name = "tokens", dreamer.role = "input"},
                   %e: tensor<2x4xf32> {dreamer.name = "e", dreamer.role = "parameter"})
    -> (tensor<1x2x4xf32> {dreamer.name = "logits"}) {
  %x = dreamer.embedding %tokens, %e : tensor<1x2xi32>, tensor<2x4xf32>
  // expected-error @below {{expected an operation whose result types follow from its operands, so that it can be cloned for other operand types}}
  %y = tensor.cast %x : tensor<1x2x4xf32> to tensor<1x2x4xf32>
  return %y : tensor<1x2x4xf32>
}

// -----

// expected-error @below {{expected the option 'o' to be a scalar or [S, 1, 2, ...] as the tokens are, found 'tensor<1x2xi32>'}}
func.func @forward(%tokens: tensor<1x2xi32> {dreamer.name = "tokens", dreamer.role = "input"},
                   %e: tensor<2x4xf32> {dreamer.name = "e", dreamer.role = "parameter"},
                   %o: tensor<1x2xi32> {dreamer.name = "o", dreamer.role = "option", dreamer.default = -1 : i32})
    -> (tensor<1x2x4xf32> {dreamer.name = "logits"}) {
  %x = dreamer.embedding %tokens, %e : tensor<1x2xi32>, tensor<2x4xf32>
  return %x : tensor<1x2x4xf32>
}

// -----

func.func @forward(%tokens: tensor<1x2xi32> {dreamer.name = "tokens", dreamer.role = "input"},
                   %e: tensor<5x4xf32> {dreamer.name = "e", dreamer.role = "parameter"})
    -> (tensor<1x2x4xf32> {dreamer.name = "logits"}) {
  %x = dreamer.embedding %tokens, %e : tensor<1x2xi32>, tensor<5x4xf32>
  // expected-error @below {{expected no use of result 1, which decoding does not compute, found one}}
  %y, %lse = dreamer.sequence_attention %x, %x, %x {heads = 1, kv_heads = 1}
      : tensor<1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>
  %s = dreamer.scale %lse {factor = 2.0} : tensor<1x1x2xf32>
  return %y : tensor<1x2x4xf32>
}
