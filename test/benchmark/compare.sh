#!/usr/bin/env bash
# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Our packages beside PyTorch, in turn, on this machine: training steps and decoding of dreamer-small and its layered
# twin. Prints medians, ratios and peak memory; every sample stays in out/compare/samples.jsonl, PyTorch's profiles
# beside it.
#
#   python3 -m venv VENV && VENV/bin/pip install torch numpy pyyaml
#   ./dev build dreamer-compile dreamer-run
#   PYTHON=VENV/bin/python test/benchmark/compare.sh
#
# From the environment: PYTHON, ROUNDS (3), THREADS ("1 2"), DTYPES ("f32 bf16"), MODELS ("dreamer-small
# layered-small"), ENTRIES ("train_step decode"), MODES ("ours eager compile"), BUDGET (our --memory-budget).

set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

readonly python=${PYTHON:-python3}
readonly rounds=${ROUNDS:-3}
readonly folder=out/compare
readonly samples=$folder/samples.jsonl

"$python" -c 'import torch, numpy, yaml' 2>/dev/null || {
  echo "compare: error: expected Python with torch, numpy and pyyaml, found none in $python" >&2
  echo "compare: hint: python3 -m venv VENV && VENV/bin/pip install torch numpy pyyaml; PYTHON=VENV/bin/python $0" >&2
  exit 1
}
[[ -x build/bin/dreamer-run && -x build/bin/dreamer-compile ]] || {
  echo "compare: error: expected dreamer-run and dreamer-compile in build/bin, found none" >&2
  echo "compare: hint: ./dev build dreamer-compile dreamer-run" >&2
  exit 1
}

measure() { "$python" test/benchmark/peers/pytorch_measure.py "$@"; }

mkdir -p "$folder"
: >"$samples"
for model in ${MODELS:-dreamer-small layered-small}; do
  description=docs/examples/$model.yaml
  for dtype in ${DTYPES:-f32 bf16}; do
    echo "== $model, $dtype: the same loss, gradient norm, step and decoded tokens"
    measure check "$description" --dtype="$dtype"
    for entry in ${ENTRIES:-train_step decode}; do
      repeat=3
      [[ $entry == decode ]] && repeat=50
      for threads in ${THREADS:-1 2}; do
        for ((round = 1; round <= rounds; ++round)); do
          for mode in ${MODES:-ours eager compile}; do
            echo "== $model, $dtype, $entry, $threads threads: round $round of $rounds, $mode"
            options=()
            [[ $mode == eager ]] || options+=("--$mode")
            [[ -z ${BUDGET:-} ]] || options+=("--budget=$BUDGET")
            if [[ $mode != ours && $round == 1 && $threads == 1 ]]; then
              options+=("--profile=$folder/profile-$model-$entry-$dtype-$mode.txt")
            fi
            measure time "$description" --entry="$entry" --dtype="$dtype" --threads="$threads" --repeat="$repeat" \
              "${options[@]}" >>"$samples"
          done
        done
      done
    done
  done
done
measure table "$samples"
