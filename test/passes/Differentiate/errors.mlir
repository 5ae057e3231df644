// RUN: dreamer-opt %s --split-input-file --verify-diagnostics --dreamer-differentiate

func.func @no_derivative(%x: tensor<2x3x4xf32>, %n: tensor<2xi32>) -> tensor<2x4xf32> {
  // expected-error @below {{'dreamer.last_position' op has no derivative: expected an operation that implements DifferentiableOpInterface between the parameters and the loss}}
  %y = dreamer.last_position %x, %n : tensor<2x3x4xf32>, tensor<2xi32>
  return %y : tensor<2x4xf32>
}

// -----

func.func @no_derivative_in_a_loop(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %y = dreamer.recur bound 2 init(%x) : (tensor<2x4xf32>) -> tensor<2x4xf32> {
  ^bb0(%d: index, %xd: tensor<2x4xf32>):
    %s = dreamer.stack %xd, %xd : tensor<2x4xf32>, tensor<2x4xf32>
    // expected-error @below {{'dreamer.slot' op has no derivative}}
    %next = dreamer.slot %s, %d : tensor<2x2x4xf32>, index
    dreamer.yield carried(%next : tensor<2x4xf32>)
  }
  return %y : tensor<2x4xf32>
}

// -----

func.func @single_losses(%logits: tensor<2x5xf32>, %targets: tensor<2xi32>, %n: tensor<f32>) -> tensor<2xf32> {
  // expected-error @below {{expected the loss to be the mean over targets, found that it depends on the losses of single positions}}
  %loss, %token_loss, %lse = dreamer.cross_entropy %logits, %targets, %n
      : tensor<2x5xf32>, tensor<2xi32>, tensor<f32>
  return %token_loss : tensor<2xf32>
}

// -----

func.func @lse(%q: tensor<1x2x4xf32>) -> tensor<1x1x2xf32> {
  // expected-error @below {{expected the loss to depend on the output only, found that it depends on lse}}
  %y, %lse = dreamer.sequence_attention %q, %q, %q {heads = 1, kv_heads = 1}
      : tensor<1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>
  return %lse : tensor<1x1x2xf32>
}

// -----

// expected-error @below {{expected one block that returns an f32 tensor to differentiate, found '(tensor<2xi32>) -> tensor<2xi32>'}}
func.func @integers(%x: tensor<2xi32>) -> tensor<2xi32> {
  return %x : tensor<2xi32>
}

// -----

func.func @choice(%x: tensor<2x3xf32>, %w: tensor<3x2xf32>) -> tensor<2x3xf32> {
  %bias = arith.constant dense<0.0> : tensor<3xf32>
  %y = dreamer.recur bound 2 init(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32> {
  ^bb0(%d: index, %xd: tensor<2x3xf32>):
    // expected-error @below {{expected an operation that may run again where 'dreamer.recompute' is said, found a choice, which is kept}}
    %i = dreamer.top_k %xd, %bias {k = 2, dreamer.recompute} : tensor<2x3xf32>, tensor<3xf32>
    %g = dreamer.gates %xd, %i : tensor<2x3xf32>, tensor<2x2xi32>
    %next = dreamer.linear %g, %w : tensor<2x2xf32>, tensor<3x2xf32>
    dreamer.yield carried(%next : tensor<2x3xf32>)
  }
  return %y : tensor<2x3xf32>
}

// -----

func.func @not_a_mark(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{expected nothing but the name of 'dreamer.recompute', found 3}}
  %y = dreamer.scale %x {factor = 2.0 : f64, dreamer.recompute = 3} : tensor<4xf32>
  return %y : tensor<4xf32>
}
