# shellcheck shell=bash
# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Exercises docs/examples/steps.sh, named by the first argument, in the current folder.

set -euo pipefail
# shellcheck source=docs/examples/steps.sh
source "$1"
maker() {
  cp input result
  printf '%s\n' "made${1:+ $1}"
}
show() { "$@"; } # without the line that shows the command

echo first && echo 1 >input && rm -f result
make result input -- maker
echo again
make result input -- maker
echo changed && echo 2 >input
make result input -- maker
echo stopped && mv result.done result.begun
resume=(--resume)
make result input -- maker
echo "stopped and changed" && echo 3 >input && mv result.done result.begun
make result input -- maker
echo failing
make other input -- maker
echo "not reached"
