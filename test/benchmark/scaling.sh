#!/usr/bin/env bash
# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# How the cost of a training step and of decoding a token grows: dreamer-tiny with one of its sizes changed at a time.
# Prints a table for each size: time, time divided by the size, planned working memory, and the time over the sum of
# the kernels' rooflines, which says whether growth is that of the work.
#
#   ./dev build dreamer-compile dreamer-run
#   test/benchmark/scaling.sh
#
# From the environment: TABLES ("context depth experts batch threads"), SECONDS_EACH (3).

set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

readonly folder=out/scaling model=docs/examples/dreamer-tiny.yaml

[[ -x build/bin/dreamer-run && -x build/bin/dreamer-compile ]] || {
  echo "scaling: error: expected dreamer-run and dreamer-compile in build/bin, found none" >&2
  echo "scaling: hint: ./dev build dreamer-compile dreamer-run" >&2
  exit 1
}

# row SIZE THREADS [options of dreamer-compile...]: compiles, runs, and prints a row of the table.
row() {
  local size=$1 threads=$2
  shift 2
  build/bin/dreamer-compile "$model" -o "$folder/model.dreamer" --quiet --target=cpu:native --entry=train_step \
    --entry=decode "$@"
  build/bin/dreamer-run bench "$folder/model.dreamer" --threads="$threads" --seconds="${SECONDS_EACH:-3}" \
    >"$folder/bench.txt" 2>/dev/null
  local memory
  memory=$(build/bin/dreamer-run info "$folder/model.dreamer" | sed -n 's/^entry train_step: working memory //p')
  awk -v size="$size" -v memory="$memory" '
    function cells(line, of) {
      match(line, / [0-9.]+ ms/); time = substr(line, RSTART + 1, RLENGTH - 4)
      match(line, /ratio [0-9.]+/); ratio = substr(line, RSTART + 6, RLENGTH - 6)
      return sprintf(of " | %.2f", time, time / size, ratio)
    }
    /^train_step [0-9]/ { train = cells($0, "%.0f | %.3f") }
    /^decode [0-9]/ { decode = cells($0, "%.2f | %.4f") }
    END { printf "| %s | %s | %s | %s |\n", size, train, memory, decode }' "$folder/bench.txt"
}

table() { # table NAME
  echo
  echo "| $1 | step, ms | ms / $1 | over roofline | working memory | a token decoded, ms | ms / $1 | over roofline |"
  echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
}

mkdir -p "$folder"
for name in ${TABLES:-context depth experts batch threads}; do
  table "$name"
  case $name in
  context) for size in 128 256 512 1024 2048 4096; do row $size 1 --context=$size; done ;;
  depth) for size in 1 2 4 8 16 32; do row $size 1 --set core.depth=$size; done ;;
  experts) for size in 8 16 32 64 128 256; do row $size 1 --set core.expert_attention.experts=$size; done ;;
  batch) for size in 1 2 4 8 16; do row $size 1 --batch=$size; done ;;
  threads) for size in 1 2; do row $size $size --batch=2; done ;;
  *)
    echo "scaling: error: expected context, depth, experts, batch or threads in TABLES, found $name" >&2
    exit 2
    ;;
  esac
done
