#!/usr/bin/env bash
# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The second example, step by step: text.sh TOOLS OUT SEED trains on a real English text, the King James Bible (Debian
# package bible-kjv), and tells the bits a byte on its last part, which is never trained on. An order-2 model of
# characters reaches about 2.65 bits a byte on that part. `./dev text` builds the tools and runs this.

set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=docs/examples/steps.sh
source "$here/steps.sh"
begin "$@"
readonly tools=$1 seed=$3
readonly steps=${DREAMER_TEXT_STEPS:-1200}

title 1/5 "The text: the King James Bible, from Debian's bible-kjv"
if [[ ! -s kjv.txt ]]; then
  # Verse numbers and indentation go, headings and lines stay.
  bible -l78 gen1:1-rev22:21 </dev/null | sed -E 's/^ +([0-9]+ )?//' >kjv.tmp
  mv kjv.tmp kjv.txt
fi
printf '  %s bytes in %s\n' "$(wc -c <kjv.txt)" "$PWD/kjv.txt"

title 2/5 "Compiling $here/text.yaml"
cp "$here/text.yaml" text.yaml
make text.dreamer text.yaml "$tools/dreamer-compile" -- \
  "$tools/dreamer-compile" text.yaml -o text.dreamer --target=cpu --batch=8 \
  --entry=score,train_step,prefill,decode

title 3/5 "Training"
resume=(--resume=weights.safetensors)
make weights.safetensors text.dreamer kjv.txt -- \
  "$tools/dreamer-run" train text.dreamer --data=kjv.txt --steps="$steps" --seed="$seed" \
  --out=weights.safetensors --log=run.jsonl
resume=()
make loss.svg run.jsonl -- "$tools/dreamer-run" plot run.jsonl --out=loss.svg
printf '  a picture: %s\n' "$PWD/loss.svg"

title 4/5 "Bits a byte on the held-out tail of the text"
show "$tools/dreamer-run" score text.dreamer --weights=weights.safetensors --data=kjv.txt

title 5/5 "It goes on by itself"
show "$tools/dreamer-run" generate text.dreamer --weights=weights.safetensors --temperature=0.7 --seed="$seed" \
  --prompt="And God said" --max-tokens=200
