// RUN: dreamer-opt %s --split-input-file --verify-diagnostics --dreamer-build-entry-points
// RUN: not dreamer-opt %S/Inputs/model.mlir --dreamer-build-entry-points=entries=score,trian 2>&1 | FileCheck %s

// CHECK: error: expected an entry point (score, gradients, train_step, prefill, decode), found 'trian'

// expected-error @below {{expected a function @forward of one block (a module of the model phase), found none}}
module {}

// -----

// expected-error @below {{expected argument 0 to be a tensor with 'dreamer.name' and 'dreamer.role', found 'tensor<1x2xi32>' with no name}}
func.func @forward(%tokens: tensor<1x2xi32>) { return }

// -----

// expected-error @below {{expected f32 parameters, f32 balance biases [N], options and an input 'tokens' i32 [B, T], found the input 'words' of type 'tensor<1x2xi32>'}}
func.func @forward(%tokens: tensor<1x2xi32> {dreamer.name = "words", dreamer.role = "input"}) { return }

// -----

// expected-error @below {{expected a result 'logits', found none}}
func.func @forward(%tokens: tensor<1x2xi32> {dreamer.name = "tokens", dreamer.role = "input"}) { return }

// -----

// expected-error @below {{expected a number 'z_loss' in the module attribute 'dreamer.training', found none}}
module {
  func.func @forward(%tokens: tensor<1x2xi32> {dreamer.name = "tokens", dreamer.role = "input"},
                     %e: tensor<5x4xf32> {dreamer.name = "e", dreamer.role = "parameter"})
      -> (tensor<1x2x4xf32> {dreamer.name = "logits"}) {
    %x = dreamer.embedding %tokens, %e : tensor<1x2xi32>, tensor<5x4xf32>
    return %x : tensor<1x2x4xf32>
  }
}

// -----

module attributes {dreamer.training = {z_loss = 0.0, eps = 1.0e-8, weight_decay = 0.1, clip_norm = 1.0, betas = [0.9, 0.95]}} {
  // expected-error @below {{expected a result 'core.expert_ids' for the balance bias 'core.expert_attention.bias', found none}}
  func.func @forward(%tokens: tensor<1x2xi32> {dreamer.name = "tokens", dreamer.role = "input"},
                     %e: tensor<5x4xf32> {dreamer.name = "e", dreamer.role = "parameter"},
                     %b: tensor<3xf32> {dreamer.name = "core.expert_attention.bias", dreamer.role = "balance"})
      -> (tensor<1x2x4xf32> {dreamer.name = "logits"}) {
    %x = dreamer.embedding %tokens, %e : tensor<1x2xi32>, tensor<5x4xf32>
    return %x : tensor<1x2x4xf32>
  }
}

// -----

// expected-error @below {{expected an argument 'tokens', found none}}
func.func @forward(%e: tensor<5x4xf32> {dreamer.name = "e", dreamer.role = "parameter"}) { return }

// -----

// expected-error @below {{found the parameter 'e' of type 'tensor<5x4xbf16>'}}
func.func @forward(%e: tensor<5x4xbf16> {dreamer.name = "e", dreamer.role = "parameter"}) { return }

// -----

// expected-error @below {{expected a name of its own for each argument, found 'e' twice}}
func.func @forward(%e: tensor<5x4xf32> {dreamer.name = "e", dreamer.role = "parameter"},
                   %f: tensor<5x4xf32> {dreamer.name = "e", dreamer.role = "parameter"}) { return }

// -----

// expected-error @below {{expected results 'logits' f32 [1, 2, V] and named expert ids i32 [S, 1, 2, k], found 'logits' of type 'tensor<1x2xi32>'}}
func.func @forward(%tokens: tensor<1x2xi32> {dreamer.name = "tokens", dreamer.role = "input"})
    -> (tensor<1x2xi32> {dreamer.name = "logits"}) {
  return %tokens : tensor<1x2xi32>
}

// -----

module attributes {dreamer.training = {z_loss = 0.0, eps = 1.0e-8, weight_decay = 0.1, clip_norm = 1.0, betas = [0.9, 0.95]}} {
  // expected-error @below {{expected a parameter to train, found none}}
  func.func @forward(%tokens: tensor<1x2xi32> {dreamer.name = "tokens", dreamer.role = "input"})
      -> (tensor<1x2x4xf32> {dreamer.name = "logits"}) {
    %x = arith.constant dense<0.0> : tensor<1x2x4xf32>
    return %x : tensor<1x2x4xf32>
  }
}
