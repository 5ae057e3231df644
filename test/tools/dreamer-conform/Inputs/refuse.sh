#!/bin/sh
# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# A ptxas that takes nothing and says what it was given.

for last; do :; done
grep movmatrix.sync "$last"
exit 1
