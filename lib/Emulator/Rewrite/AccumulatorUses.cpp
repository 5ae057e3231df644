// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/AccumulatorUses.h"

#include "llvm/IR/InlineAsm.h"

using namespace llvm;

namespace dreamer::emulator {

static bool isWarpgroupMma(const Value *value) {
  auto *call = dyn_cast<CallInst>(value);
  auto *assembly = call ? dyn_cast<InlineAsm>(call->getCalledOperand()) : nullptr;
  return assembly && assembly->getAsmString().contains("wgmma.mma_async");
}

void AccumulatorUses::find(CallInst &call) {
  if (!isWarpgroupMma(&call))
    return;
  SmallVector<llvm::Instruction *> rest = {&call};
  SmallPtrSet<llvm::Instruction *, 32> seen;
  while (!rest.empty()) {
    llvm::Instruction *value = rest.pop_back_val();
    for (User *user : value->users()) {
      auto *instruction = cast<llvm::Instruction>(user);
      if (isWarpgroupMma(instruction) || !seen.insert(instruction).second)
        continue;
      if (isa<ExtractValueInst, InsertValueInst, PHINode>(instruction)) {
        rest.push_back(instruction);
        continue;
      }
      Use &use = uses[instruction];
      if (use.calls.empty()) {
        auto &writers = rewriter.result.instructions->writers;
        use.writers = &writers.emplace_back();
        IRBuilder<> builder(instruction);
        builder.CreateCall(rewriter.runtime("useOfAccumulators", rewriter.voidType,
                                            {rewriter.pointer, rewriter.pointer, rewriter.pointer}),
                           {rewriter.thread(instruction->getFunction()),
                            rewriter.address(use.writers),
                            rewriter.address(rewriter.siteOf(*instruction))});
      }
      use.calls.push_back(&call);
    }
  }
}

void AccumulatorUses::name() {
  for (auto &[instruction, use] : uses)
    for (CallInst *call : use.calls)
      if (const Operation *operation = rewriter.accumulating.lookup(call))
        use.writers->push_back(operation);
}

} // namespace dreamer::emulator
