#!/usr/bin/env bash
# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# How much a decoded token reads from memory, counted: decoding runs in valgrind's simulation of a last-level cache
# (16 ways, lines of 64 bytes) of several sizes. Prints a table: the reads that missed it, in MiB for each token, beside
# the size of all parameters.
#
#   apt-get install valgrind
#   ./dev build dreamer-compile dreamer-run
#   test/benchmark/count_reads.sh
#
# From the environment: MODELS ("dreamer-tiny layered-tiny"), SIZES of the cache in MiB ("1 2 4 8 16 32"),
# DTYPE of products (f32).

set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

readonly folder=out/count-reads few=4 many=12

command -v valgrind >/dev/null || {
  echo "count_reads: error: expected valgrind, found none" >&2
  echo "count_reads: hint: apt-get install valgrind" >&2
  exit 1
}
[[ -x build/bin/dreamer-run && -x build/bin/dreamer-compile ]] || {
  echo "count_reads: error: expected dreamer-run and dreamer-compile in build/bin, found none" >&2
  echo "count_reads: hint: ./dev build dreamer-compile dreamer-run" >&2
  exit 1
}

# misses MODEL MIB TOKENS: reads that missed a cache of so many MiB, in a run that generates so many tokens.
misses() {
  valgrind --tool=cachegrind --cache-sim=yes --LL=$(($2 * 1048576)),16,64 --cachegrind-out-file=/dev/null \
    build/bin/dreamer-run generate "$folder/$1.dreamer" --weights="$folder/$1.safetensors" --prompt=Once \
    --max-tokens="$3" --threads=1 --temperature=1 --seed=1 2>&1 >/dev/null |
    sed -n 's/.*LLd misses: .*( *\([0-9,]*\) rd .*/\1/p' | tr -d ,
}

mkdir -p "$folder"
echo "| model | parameters MiB | cache MiB | read from memory for each token, MiB |"
echo "| --- | --- | --- | --- |"
for model in ${MODELS:-dreamer-tiny layered-tiny}; do
  build/bin/dreamer-compile "docs/examples/$model.yaml" -o "$folder/$model.dreamer" --quiet --batch=1 --context=24 \
    --dtype="${DTYPE:-f32}" \
    --entry=prefill --entry=decode --target=cpu:x86-64-v3
  build/bin/dreamer-run init "$folder/$model.dreamer" --seed=1 --out="$folder/$model.safetensors" >/dev/null
  bytes=$(stat -c %s "$folder/$model.safetensors")
  for size in ${SIZES:-1 2 4 8 16 32}; do
    # What comes before the first token, prefill and loading, is the same in both runs.
    first=$(misses "$model" "$size" $few)
    second=$(misses "$model" "$size" $many)
    awk -v model="$model" -v bytes="$bytes" -v size="$size" -v lines=$((second - first)) -v tokens=$((many - few)) \
      'BEGIN { printf "| %s | %.1f | %d | %.2f |\n", model, bytes / 1048576, size, lines * 64 / tokens / 1048576 }'
  done
done
