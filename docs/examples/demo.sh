#!/usr/bin/env bash
# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The demo, step by step: demo.sh TOOLS OUT SEED, where TOOLS holds dreamer-compile and dreamer-run and OUT is where the
# results go. SEED chooses the initial weights and the order of the problems, which are the same for all seeds. `./dev demo`
# builds the tools and runs this.

set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=docs/examples/steps.sh
source "$here/steps.sh"
begin "$@"
readonly tools=$1 seed=$3
readonly steps=${DREAMER_DEMO_STEPS:-5200}

title 1/6 "Problems: one to four additions modulo 10"
make problems.jsonl "$tools/dreamer-run" -- \
  "$tools/dreamer-run" problems --kind=sum --count=100000 --seed=1 --out=problems.jsonl
printf '  for example: %s\n' "$(head -n 1 problems.jsonl)"

title 2/6 "Compiling $here/demo.yaml"
cp "$here/demo.yaml" demo.yaml
make demo.dreamer demo.yaml "$tools/dreamer-compile" -- \
  "$tools/dreamer-compile" demo.yaml -o demo.dreamer --target=cpu --batch=32 \
  --entry=score,train_step,prefill,decode

title 3/6 "Training; problems held out by a hash of their prompt are never trained on"
resume=(--resume=weights.safetensors)
make weights.safetensors demo.dreamer problems.jsonl -- \
  "$tools/dreamer-run" train demo.dreamer --data=problems.jsonl --steps="$steps" --seed="$seed" \
  --out=weights.safetensors --log=run.jsonl
resume=()

title 4/6 "The loss curve"
make loss.svg run.jsonl -- "$tools/dreamer-run" plot run.jsonl --out=loss.svg
printf '  a picture: %s\n' "$PWD/loss.svg"

title 5/6 "Right answers on held-out problems, by steps and by depth executed, beside chance"
show "$tools/dreamer-run" score demo.dreamer --weights=weights.safetensors --data=problems.jsonl --by-depth
echo "  (Adding up a chain takes one pass over it, so depth 1 can learn it too: this shows that training works, not what"
echo "  depth is good for.)"

title 6/6 "A few problems that were not in the file"
make fresh.jsonl "$tools/dreamer-run" -- \
  "$tools/dreamer-run" problems --kind=sum --count=50 --seed=1001 --min-steps=2 --out=fresh.jsonl
prompts=()
answers=()
while read -r prompt answer && ((${#prompts[@]} < 6)); do
  grep -qF "\"$prompt\"" problems.jsonl && continue
  prompts+=("--prompt=$prompt")
  answers+=("$answer")
done < <(sed -nE 's/.*"prompt": *"([^"]*)", *"answer": *"([^"]*)".*/\1 \2/p' fresh.jsonl)
((${#prompts[@]})) || {
  echo "error: expected problems in fresh.jsonl that problems.jsonl does not hold, found none" >&2
  exit 1
}
"$tools/dreamer-run" generate demo.dreamer --weights=weights.safetensors --max-tokens=4 "${prompts[@]}" >answers.txt
printf '  %-32s %s\n' "problem, and what it answers" "right"
paste answers.txt <(printf '%s\n' "${answers[@]}") | while IFS=$'\t' read -r said right; do
  printf '  %-32s %s\n' "$said" "$right"
done

printf '\nAll of it is in %s. Ask it more:\n' "$PWD"
printf '  %s generate %s --weights=%s --prompt="2+2="\n' \
  "$tools/dreamer-run" "$PWD/demo.dreamer" "$PWD/weights.safetensors"
