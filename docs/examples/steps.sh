# shellcheck shell=bash
# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What demo.sh and text.sh share: numbered steps, and results that are made again only when what they depend on changed.

trap 'printf "\ninterrupted; run it again to go on\n" >&2; exit 130' INT

# begin TOOLS OUT SEED, the arguments of a script: checks how many there are, and goes to the folder OUT.
begin() {
  (($# == 3)) || {
    echo "usage: ${0##*/} TOOLS OUT SEED" >&2
    exit 2
  }
  mkdir -p "$2"
  cd "$2" || exit
}

# title N TEXT
title() { printf '\n[%s] %s\n' "$1" "$2"; }

# Shows a command as a user would type it, then runs it.
show() {
  local words=("${1##*/}" "${@:2}")
  printf '  $ %s\n' "${words[*]}"
  "$@"
}

# key COMMAND... -- INPUTS...: a digest of the command's words and of the inputs' contents.
key() {
  while [[ $1 != -- ]]; do
    printf '%s\n' "$1"
    shift
  done | sha256sum
  while [[ $1 != -- ]]; do shift; done
  sha256sum "${@:2}"
}

# make RESULT INPUTS... -- COMMAND...: runs the command unless RESULT was made by it from the same inputs. When it was
# stopped halfway before, `resume` (an array of words, empty by default) is added to the command if RESULT is there.
make() {
  local result=$1 inputs=() wanted
  shift
  while [[ $1 != -- ]]; do
    inputs+=("$1")
    shift
  done
  shift
  wanted=$(key "$@" -- "${inputs[@]}" | sha256sum)
  if [[ -f $result && -f $result.done && $(<"$result.done") == "$wanted" ]]; then
    printf '  %s is there already\n' "$result"
    return
  fi
  local more=()
  if [[ -f $result && -f $result.begun && $(<"$result.begun") == "$wanted" ]]; then more=("${resume[@]}"); fi
  ((${#more[@]})) || rm -f "$result"
  rm -f "$result.done"
  printf '%s\n' "$wanted" >"$result.begun"
  show "$@" "${more[@]}"
  [[ -f $result ]] || {
    printf 'error: expected %s to write %s, and it did not\n' "${1##*/}" "$result" >&2
    exit 1
  }
  mv "$result.begun" "$result.done"
}
resume=()
