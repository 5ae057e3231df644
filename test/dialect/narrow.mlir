// RUN: dreamer-opt %s | dreamer-opt | FileCheck %s
// RUN: dreamer-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// Types of results follow from operands and from `dreamer.narrow`.

// CHECK-LABEL: func.func @narrow
// CHECK: dreamer.scale %{{.*}} {dreamer.narrow = array<i64: 0>, factor
// CHECK: dreamer.swiglu_grad {{.*}} {dreamer.narrow = array<i64: 1>} : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
// CHECK: return {{.*}} : tensor<4xbf16>, tensor<4xf32>, tensor<4xbf16>
func.func @narrow(%x: tensor<4xf32>) -> (tensor<4xbf16>, tensor<4xf32>, tensor<4xbf16>) {
  %a = dreamer.scale %x {factor = 2.0, dreamer.narrow = array<i64: 0>} : tensor<4xf32>
  %b, %c = dreamer.swiglu_grad %x, %x, %x {dreamer.narrow = array<i64: 1>}
      : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  return %a, %b, %c : tensor<4xbf16>, tensor<4xf32>, tensor<4xbf16>
}

// What rounds is not what it rounds.
// FOLD-LABEL: func.func @rounds
// FOLD: dreamer.add
// FOLD: dreamer.scale
func.func @rounds(%x: tensor<4xf32>) -> (tensor<4xbf16>, tensor<4xbf16>) {
  %zero = dreamer.zero : tensor<4xf32>
  %a = dreamer.add %x, %zero {dreamer.narrow = array<i64: 0>} : tensor<4xf32>, tensor<4xf32>
  %b = dreamer.scale %x {factor = 1.0, dreamer.narrow = array<i64: 0>} : tensor<4xf32>
  return %a, %b : tensor<4xbf16>, tensor<4xbf16>
}
