// RUN: dreamer-opt %s --dreamer-accumulate-gradients --remarks-filter=fuse --remark-format=emitRemark --verify-diagnostics -o %t

func.func @made(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>) -> tensor<2x4xf32> {
  // The second takes the addition, so the first has nothing to say.
  %a = dreamer.linear %x, %w : tensor<2x4xf32>, tensor<4x4xf32>
  // expected-remark @below {{[Passed] AccumulateGradients | Category:fuse | Function=made | Reason="1 of its results are added to what is given"}}
  %b = dreamer.linear %x, %w {transpose} : tensor<2x4xf32>, tensor<4x4xf32>
  %sum = dreamer.add %a, %b : tensor<2x4xf32>, tensor<2x4xf32>
  return %sum : tensor<2x4xf32>
}

func.func @late(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  // expected-remark @below {{Reason="the sum is not known yet where the operation is"}}
  %g = dreamer.linear_weight_grad %x, %x : tensor<2x4xf32>, tensor<2x4xf32>
  %later = dreamer.scale %w {factor = 2.0 : f64} : tensor<4x4xf32>
  %sum = dreamer.add %later, %g : tensor<4x4xf32>, tensor<4x4xf32>
  return %sum : tensor<4x4xf32>
}

func.func @shared(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  // expected-remark @below {{[Missed] AccumulateGradients | Category:fuse | Function=shared | Reason="the sum is also needed as it was"}}
  %g = dreamer.linear_weight_grad %x, %x : tensor<2x4xf32>, tensor<2x4xf32>
  %sum = dreamer.add %w, %g : tensor<4x4xf32>, tensor<4x4xf32>
  return %sum, %w : tensor<4x4xf32>, tensor<4x4xf32>
}

func.func @outside(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>) -> tensor<3x4x4xf32> {
  %r = dreamer.recur bound 3 : () -> tensor<3x4x4xf32> {
  ^bb0(%d: index):
    // expected-remark @below {{Reason="the sum is not of the same step, so it would have to be copied"}}
    %g = dreamer.linear_weight_grad %x, %x : tensor<2x4xf32>, tensor<2x4xf32>
    %sum = dreamer.add %w, %g : tensor<4x4xf32>, tensor<4x4xf32>
    dreamer.yield stacked(%sum : tensor<4x4xf32>)
  }
  return %r : tensor<3x4x4xf32>
}

func.func @partly(%q: tensor<2x4xf32>, %k: tensor<3x2x4xf32>, %n: index)
    -> (tensor<3x2x4xf32>, tensor<3x2x4xf32>) {
  // expected-remark @below {{Reason="another of its results is not added to anything"}}
  %d:3 = dreamer.depth_attention_grad %q, %k, %k, %n, %q {heads = 1, kv_heads = 1}
      : tensor<2x4xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>, index, tensor<2x4xf32>
  %z = dreamer.scale %k {factor = 2.0 : f64} : tensor<3x2x4xf32>
  %dk = dreamer.add %z, %d#1 : tensor<3x2x4xf32>, tensor<3x2x4xf32>
  return %dk, %d#2 : tensor<3x2x4xf32>, tensor<3x2x4xf32>
}
