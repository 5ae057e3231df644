// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/dreamer-compile/Progress.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace dreamer;
using llvm::formatv;

using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point time) {
  return std::chrono::duration<double>(Clock::now() - time).count();
}

Progress::Progress(CompilerOptions &options, bool wanted)
    : options(options), enabled(wanted && options.to >= Phase::Kernels),
      onTerminal(llvm::errs().is_displayed()), start(Clock::now()) {
  if (enabled)
    options.progress = [this](llvm::StringRef phase) { enter(phase); };
}

Progress::~Progress() {
  options.progress = nullptr;
  if (enabled && onTerminal && !current.empty())
    llvm::errs() << "\r\033[K"; // an error ended the phase
}

void Progress::enter(llvm::StringRef phase) {
  if (!current.empty() && !onTerminal)
    llvm::errs() << formatv("dreamer-compile: {0} phase done in {1:f2} s\n", current,
                            secondsSince(phaseStart));
  current = phase.str();
  phaseStart = Clock::now();
  if (current.empty() || !onTerminal)
    return;
  int number = int(phaseNamed(phase).value_or(options.to)) - int(options.from);
  llvm::errs() << formatv("\r\033[K[{0}/{1}] {2} ...", number, int(options.to) - int(options.from),
                          phase);
}

void Progress::finish(llvm::StringRef output) {
  if (!enabled)
    return;
  if (onTerminal)
    llvm::errs() << "\r\033[K";
  if (output == "-" || options.to != Phase::Package)
    return;
  uint64_t bytes = 0;
  if (llvm::sys::fs::file_size(output, bytes))
    bytes = 0;
  llvm::errs() << formatv("dreamer-compile: wrote {0} ({1} KiB) in {2:f1} s\n", output,
                          (bytes + 1023) / 1024, secondsSince(start));
}
