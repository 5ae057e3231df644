// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Where a program uses what wgmma has computed. To the program the results are values; in the
// hardware they are registers that are written until wgmma.wait_group.

#ifndef DREAMER_EMULATOR_REWRITE_ACCUMULATORUSES_H
#define DREAMER_EMULATOR_REWRITE_ACCUMULATORUSES_H

#include "lib/Emulator/Rewrite/Rewriter.h"

#include "llvm/ADT/MapVector.h"

namespace dreamer::emulator {

class AccumulatorUses {
public:
  explicit AccumulatorUses(Rewriter &rewriter) : rewriter(rewriter) {}
  /// Notes the uses of the results of `call` if it is a wgmma; another wgmma that adds to them is
  /// none, and neither is what only passes them on.
  void find(llvm::CallInst &call);
  /// When all are rewritten: tells each use which operations it is about.
  void name();

private:
  Rewriter &rewriter;
  struct Use {
    std::vector<const Operation *> *writers;
    llvm::SmallVector<llvm::CallInst *> calls;
  };
  llvm::MapVector<llvm::Instruction *, Use> uses;
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_REWRITE_ACCUMULATORUSES_H
