// RUN: dreamer-opt %s --split-input-file | dreamer-opt --split-input-file | FileCheck %s

// A loop with a carried state, a slice and a stacked result prints back as it was read.

// CHECK-LABEL: func.func @scan
// CHECK: %[[R:.*]]:2 = dreamer.recur depth(%{{.*}}) bound 3 init(%{{[^)]*}}) slices(%{{[^)]*}})
// CHECK-SAME: (tensor<i32>, tensor<4xf32>, tensor<3x4xf32>) -> (tensor<4xf32>, tensor<3x4xf32>)
// CHECK: ^bb0(%{{.*}}: index, %[[X:.*]]: tensor<4xf32>, %[[W:.*]]: tensor<4xf32>):
// CHECK: %[[Y:.*]] = dreamer.add %[[X]], %[[W]]
// CHECK: dreamer.yield carried(%[[Y]] : tensor<4xf32>) stacked(%[[Y]] : tensor<4xf32>)
func.func @scan(%n: tensor<i32>, %x0: tensor<4xf32>, %ws: tensor<3x4xf32>)
    -> (tensor<4xf32>, tensor<3x4xf32>) {
  %r:2 = dreamer.recur depth(%n) bound 3 init(%x0) slices(%ws)
      : (tensor<i32>, tensor<4xf32>, tensor<3x4xf32>) -> (tensor<4xf32>, tensor<3x4xf32>) {
  ^bb0(%d: index, %x: tensor<4xf32>, %w: tensor<4xf32>):
    %y = dreamer.add %x, %w : tensor<4xf32>, tensor<4xf32>
    dreamer.yield carried(%y : tensor<4xf32>) stacked(%y : tensor<4xf32>)
  }
  return %r#0, %r#1 : tensor<4xf32>, tensor<3x4xf32>
}

// -----

// CHECK-LABEL: func.func @reverse
// CHECK: dreamer.recur reverse bound 2 init(%{{.*}})
func.func @reverse(%x0: tensor<4xf32>) -> tensor<4xf32> {
  %r = dreamer.recur reverse bound 2 init(%x0) : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%d: index, %x: tensor<4xf32>):
    %y = dreamer.scale %x {factor = 2.0 : f64} : tensor<4xf32>
    dreamer.yield carried(%y : tensor<4xf32>)
  }
  return %r : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @windows
// CHECK: dreamer.window_count %{{.*}} {size = 4 : i64} : tensor<i32>
// CHECK: dreamer.window_steps %{{.*}}, %{{.*}} {size = 4 : i64} : tensor<i32>, index
func.func @windows(%n: tensor<i32>, %w: index) -> (tensor<i32>, tensor<i32>) {
  %count = dreamer.window_count %n {size = 4 : i64} : tensor<i32>
  %steps = dreamer.window_steps %n, %w {size = 4 : i64} : tensor<i32>, index
  return %count, %steps : tensor<i32>, tensor<i32>
}
