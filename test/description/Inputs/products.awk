# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The products of a program, as products.txt writes them: kind, rows, columns, depth.

# The sizes of "tensor<2x3x4xf32>" in `sizes`; how many there are.
function shape(type, sizes) {
  gsub(/tensor<|xf32>?|[ ,]/, "", type)
  return split(type, sizes, "x")
}

/dreamer\.linear(_weight_grad)? / {
  types = $0
  sub(/.* : /, "", types)
  split(types, operand, "> *, *")
  rank = shape(operand[1] ">", a)
  shape(operand[2], b)
  rows = 1
  for (i = 1; i < rank; ++i) rows *= a[i]
  if (/dreamer\.linear_weight_grad/) {
    rankB = shape(operand[2], b)
    print "weight", a[rank], b[rankB], rows
  } else if (/transpose/)
    print "input", rows, b[2], a[rank]
  else
    print "forward", rows, b[1], a[rank]
}
