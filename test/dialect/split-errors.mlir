// RUN: dreamer-opt %s --split-input-file --verify-diagnostics

func.func @axis(%x: tensor<5x6xf32>) {
  // expected-error @below {{'dreamer.split' expected an axis from 0 to 1, found 2}}
  %s = dreamer.split %x {axis = 2, parts = 2} : tensor<5x6xf32>
  return
}

// -----

func.func @parts(%x: tensor<5x6xf32>) {
  // expected-error @below {{expected the number of parts to divide the dimension}}
  %s = dreamer.split %x {axis = 1, parts = 4} : tensor<5x6xf32>
  return
}

// -----

func.func @merged_axis(%x: tensor<5x6xf32>) {
  // expected-error @below {{'dreamer.merge' expected an axis from 0 to 0, found 1}}
  %s = dreamer.merge %x {axis = 1} : tensor<5x6xf32>
  return
}
