// RUN: dreamer-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @folds
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>)
// CHECK-NEXT: return %[[X]]
func.func @folds(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = dreamer.zero : tensor<4xf32>
  %a = dreamer.add %x, %zero : tensor<4xf32>, tensor<4xf32>
  %b = dreamer.add %zero, %a : tensor<4xf32>, tensor<4xf32>
  %c = dreamer.scale %b {factor = 1.0 : f64} : tensor<4xf32>
  %d = dreamer.cast %c : tensor<4xf32> -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// What nobody reads leaves the loop: the stacked result, the slice, the value that only feeds
// itself. What no step changes is the value outside.

// CHECK-LABEL: func.func @unused
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>, %[[C:.*]]: tensor<4xf32>, %{{.*}}: tensor<3x4xf32>)
// CHECK: dreamer.recur bound 3 init(%[[X]]) : (tensor<4xf32>) -> tensor<4xf32>
// CHECK: ^bb0(%{{.*}}: index, %[[S:.*]]: tensor<4xf32>):
// CHECK: %[[Y:.*]] = dreamer.add %[[S]], %[[C]]
// CHECK: dreamer.yield carried(%[[Y]] : tensor<4xf32>)
func.func @unused(%x0: tensor<4xf32>, %c0: tensor<4xf32>, %ws: tensor<3x4xf32>) -> tensor<4xf32> {
  %r:4 = dreamer.recur bound 3 init(%x0, %c0, %x0) slices(%ws)
      : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3x4xf32>)
      -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3x4xf32>) {
  ^bb0(%d: index, %x: tensor<4xf32>, %c: tensor<4xf32>, %own: tensor<4xf32>, %w: tensor<4xf32>):
    %y = dreamer.add %x, %c : tensor<4xf32>, tensor<4xf32>
    dreamer.yield carried(%y, %c, %own : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
        stacked(%y : tensor<4xf32>)
  }
  return %r#0 : tensor<4xf32>
}
