// RUN: dreamer-opt %s --split-input-file --verify-diagnostics

func.func @bound(%x0: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{expected a bound of at least 1, found 0}}
  %r = dreamer.recur bound 0 init(%x0) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%d: index, %x: tensor<4xf32>):
    dreamer.yield carried(%x : tensor<4xf32>)
  }
  return %r : tensor<4xf32>
}

// -----

func.func @slice(%x0: tensor<4xf32>, %w: tensor<3x4xf32>) -> tensor<4xf32> {
  // expected-error @below {{expected a slice operand with 2 entries (the bound), found 'tensor<3x4xf32>'}}
  %r = dreamer.recur bound 2 init(%x0) slices(%w) : (tensor<4xf32>, tensor<3x4xf32>) -> tensor<4xf32> {
  ^bb0(%d: index, %x: tensor<4xf32>, %s: tensor<4xf32>):
    dreamer.yield carried(%s : tensor<4xf32>)
  }
  return %r : tensor<4xf32>
}

// -----

func.func @arguments(%x0: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{expected region arguments (the depth index, carried values, slices) of types 'index', 'tensor<4xf32>', found 'tensor<4xf32>'}}
  %r = dreamer.recur bound 2 init(%x0) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%x: tensor<4xf32>):
    dreamer.yield carried(%x : tensor<4xf32>)
  }
  return %r : tensor<4xf32>
}

// -----

func.func @carried(%x0: tensor<4xf32>) -> tensor<4xf32> {
  %r = dreamer.recur bound 2 init(%x0) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%d: index, %x: tensor<4xf32>):
    // expected-error @below {{expected carried values of types 'tensor<4xf32>', found }}
    dreamer.yield
  }
  return %r : tensor<4xf32>
}

// -----

func.func @stacked(%x0: tensor<4xf32>) -> (tensor<4xf32>, tensor<2x5xf32>) {
  %r:2 = dreamer.recur bound 2 init(%x0) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<2x5xf32>) {
  ^bb0(%d: index, %x: tensor<4xf32>):
    // expected-error @below {{expected stacked values of types 'tensor<5xf32>', found 'tensor<4xf32>'}}
    dreamer.yield carried(%x : tensor<4xf32>) stacked(%x : tensor<4xf32>)
  }
  return %r#0, %r#1 : tensor<4xf32>, tensor<2x5xf32>
}

// -----

func.func @window_size(%n: tensor<i32>) {
  // expected-error @below {{'dreamer.window_count' expected a positive size, found 0}}
  %count = dreamer.window_count %n {size = 0 : i64} : tensor<i32>
  return
}

// -----

func.func @window_depth(%n: tensor<2xi32>, %w: index) {
  // expected-error @below {{'dreamer.window_steps'}}
  %count = dreamer.window_steps %n, %w {size = 2 : i64} : tensor<2xi32>, index
  return
}
