// RUN: dreamer-interpret %s --verify-diagnostics --entry=token,target,depth,no_depth,expert,length,position,count,step,missing

func.func @token() -> tensor<2x2x1xf32> {
  %tokens = arith.constant dense<[[0, 1], [2, 1]]> : tensor<2x2xi32>
  %table = dreamer.zero : tensor<2x1xf32>
  // expected-error@+1 {{expected token in [0, 1], found 2 at [1,0]}}
  %r = dreamer.embedding %tokens, %table : tensor<2x2xi32>, tensor<2x1xf32>
  return %r : tensor<2x2x1xf32>
}

func.func @target() -> tensor<f32> {
  %logits = dreamer.zero : tensor<1x4xf32>
  %targets = arith.constant dense<-2> : tensor<1xi32>
  %count = dreamer.count_targets %targets : tensor<1xi32>
  // expected-error@+1 {{expected target in [-1, 3], found -2 at [0]}}
  %loss, %nll, %lse = dreamer.cross_entropy %logits, %targets, %count
      : tensor<1x4xf32>, tensor<1xi32>, tensor<f32>
  return %loss : tensor<f32>
}

func.func @depth() -> tensor<1xf32> {
  %n = arith.constant dense<4> : tensor<i32>
  %x0 = dreamer.zero : tensor<1xf32>
  // expected-error@+1 {{expected depth in [1, 3], found 4}}
  %r = dreamer.recur depth(%n) bound 3 init(%x0) : (tensor<i32>, tensor<1xf32>) -> tensor<1xf32> {
  ^bb0(%d: index, %x: tensor<1xf32>):
    dreamer.yield carried(%x : tensor<1xf32>)
  }
  return %r : tensor<1xf32>
}

func.func @no_depth() -> tensor<1xf32> {
  %n = arith.constant dense<0> : tensor<i32>
  %x0 = dreamer.zero : tensor<1xf32>
  // expected-error@+1 {{expected depth in [1, 3], found 0}}
  %r = dreamer.recur depth(%n) bound 3 init(%x0) : (tensor<i32>, tensor<1xf32>) -> tensor<1xf32> {
  ^bb0(%d: index, %x: tensor<1xf32>):
    dreamer.yield carried(%x : tensor<1xf32>)
  }
  return %r : tensor<1xf32>
}

func.func @expert() -> tensor<1x2xf32> {
  %scores = dreamer.zero : tensor<1x3xf32>
  %ids = arith.constant dense<[[2, 3]]> : tensor<1x2xi32>
  // expected-error@+1 {{expected expert id in [0, 2], found 3 at [0,1]}}
  %r = dreamer.gates %scores, %ids : tensor<1x3xf32>, tensor<1x2xi32>
  return %r : tensor<1x2xf32>
}

func.func @length() -> tensor<1x1xf32> {
  %x = dreamer.zero : tensor<1x2x1xf32>
  %lengths = arith.constant dense<0> : tensor<1xi32>
  // expected-error@+1 {{expected length in [1, 2], found 0 at [0]}}
  %r = dreamer.last_position %x, %lengths : tensor<1x2x1xf32>, tensor<1xi32>
  return %r : tensor<1x1xf32>
}

func.func @position() -> tensor<1x1x2x1xf32> {
  %cache = dreamer.zero : tensor<1x1x2x1xf32>
  %value = dreamer.zero : tensor<1x1xf32>
  %position = arith.constant dense<2> : tensor<1xi32>
  %slot = arith.constant 0 : index
  // expected-error@+1 {{expected position in [0, 1], found 2 at [0]}}
  %r = dreamer.cache_append %cache, %value, %position, %slot
      : tensor<1x1x2x1xf32>, tensor<1x1xf32>, tensor<1xi32>, index
  return %r : tensor<1x1x2x1xf32>
}

func.func @count() -> tensor<1x1xf32> {
  %q = dreamer.zero : tensor<1x1xf32>
  %h = dreamer.zero : tensor<3x1x1xf32>
  %n = arith.constant 4 : index
  // expected-error@+1 {{expected count of history slots in [0, 3], found 4}}
  %r = dreamer.depth_attention %q, %h, %h, %n {heads = 1, kv_heads = 1}
      : tensor<1x1xf32>, tensor<3x1x1xf32>, tensor<3x1x1xf32>, index
  return %r : tensor<1x1xf32>
}

func.func @step() -> tensor<1xf32> {
  %p = dreamer.zero : tensor<1xf32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %step = arith.constant dense<0> : tensor<i32>
  // expected-error@+1 {{expected a step of at least 1, found 0}}
  %new:3 = dreamer.adamw %p, %p, %p, %p, %one, %one, %step
      {beta1 = 0.5 : f64, beta2 = 0.25 : f64, eps = 0.0 : f64, decay = 0.5 : f64, clip = 1.0 : f64}
      : tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<f32>, tensor<f32>, tensor<i32>
  return %new#0 : tensor<1xf32>
}

// expected-error@+1 {{'missing': expected input 'tokens' i32[2,3], found none of that name}}
func.func @missing(%tokens: tensor<2x3xi32> {dreamer.name = "tokens", dreamer.role = "input"}) -> tensor<2x3xi32> {
  return %tokens : tensor<2x3xi32>
}
