// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// x plus a parameter, up to three times.

module attributes {dreamer.model = "shift", dreamer.description = "model: shift"} {
  func.func @score(%x: tensor<2x16xf32> {dreamer.name = "x"},
                   %n: tensor<i32> {dreamer.name = "core.depth", dreamer.role = "option"},
                   %b: tensor<2x16xf32> {dreamer.name = "b", dreamer.role = "parameter", dreamer.init = {fill = 0.5 : f64}})
      -> (tensor<2x16xf32> {dreamer.name = "y"}) {
    %y = dreamer.recur depth(%n) bound 3 init(%x) : (tensor<i32>, tensor<2x16xf32>) -> tensor<2x16xf32> {
    ^bb0(%d: index, %xd: tensor<2x16xf32>):
      %s = dreamer.add %xd, %b : tensor<2x16xf32>, tensor<2x16xf32>
      dreamer.yield carried(%s : tensor<2x16xf32>)
    }
    return %y : tensor<2x16xf32>
  }
}
