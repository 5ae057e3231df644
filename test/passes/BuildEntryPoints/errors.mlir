// RUN: dreamer-opt %s --split-input-file --verify-diagnostics --dreamer-build-entry-points
// RUN: not dreamer-opt %S/Inputs/model.mlir --dreamer-build-entry-points=entries=score,trian 2>&1 | FileCheck %s

// CHECK: error: expected an entry point (score, gradients, train_step, prefill, decode), found 'trian'

// expected-error @below {{expected a function @forward of one block (a module of the model phase), found none}}
module {}

// -----

// expected-error @below {{expected argument 0 to be a tensor with 'dreamer.name' and 'dreamer.role', found 'tensor<1x2xi32>' with no name}}
func.func @forward(%tokens: tensor<1x2xi32>) { return }

// -----

// expected-error @below {{expected parameters, balance biases, options and an input 'tokens' [B, T], found the input 'words' of type 'tensor<1x2xi32>'}}
func.func @forward(%tokens: tensor<1x2xi32> {dreamer.name = "words", dreamer.role = "input"}) { return }

// -----

// expected-error @below {{expected an argument 'tokens' and a result 'logits', found no 'logits'}}
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
