// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/Rewriter.h"

#include "llvm/ADT/SCCIterator.h"
#include "llvm/Analysis/CallGraph.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

namespace dreamer::emulator {

/// A GPU gives some number for x / 0 and for the least number / -1; x86 faults.
static void guardDivision(Rewriter &rewriter, BinaryOperator &division) {
  Type *type = division.getType();
  IRBuilder<> builder(&division);
  Value *divisor = division.getOperand(1);
  Value *zero = Constant::getNullValue(type), *one = ConstantInt::get(type, 1);
  Value *isZero = builder.CreateICmpEQ(divisor, zero);
  if (rewriter.options.check && !isa<ConstantInt>(divisor)) {
    Value *anyZero = type->isVectorTy() ? builder.CreateOrReduce(isZero) : isZero;
    llvm::Instruction *then = SplitBlockAndInsertIfThen(anyZero, division.getIterator(), false);
    IRBuilder<> inside(then);
    inside.CreateCall(
        rewriter.runtime("divisionByZero", rewriter.voidType, {rewriter.pointer, rewriter.pointer}),
        {rewriter.thread(division.getFunction()), rewriter.address(rewriter.siteOf(division))});
    builder.SetInsertPoint(&division);
  }
  Value *safe = builder.CreateSelect(isZero, one, divisor);
  if (division.getOpcode() == llvm::Instruction::SDiv ||
      division.getOpcode() == llvm::Instruction::SRem) {
    unsigned bits = type->getScalarSizeInBits();
    Value *least = ConstantInt::get(type, APInt::getSignedMinValue(bits));
    Value *minusOne = Constant::getAllOnesValue(type);
    Value *overflows = builder.CreateAnd(builder.CreateICmpEQ(division.getOperand(0), least),
                                         builder.CreateICmpEQ(safe, minusOne));
    safe = builder.CreateSelect(overflows, one, safe);
  }
  division.setOperand(1, safe);
}

/// A place that is never reached traps if it is.
static void trapAt(Rewriter &rewriter, llvm::Instruction &place) {
  IRBuilder<> builder(&place);
  builder.CreateCall(
      rewriter.runtime("trap", rewriter.voidType, {rewriter.pointer, rewriter.pointer}),
      {rewriter.thread(place.getFunction()), rewriter.address(rewriter.siteOf(place))});
}

/// Stacks are of a fixed size, found from the functions' variables: neither may be open.
static void refuseOpenStacks(Rewriter &rewriter) {
  CallGraph graph(rewriter.module);
  for (auto component = scc_begin(&graph); !component.isAtEnd(); ++component)
    if (component.hasCycle())
      for (CallGraphNode *node : *component)
        if (Function *function = node->getFunction(); function && !function->isDeclaration())
          rewriter.unknown.insert("recursion of " + function->getName().str());
  for (Function &function : rewriter.module)
    for (llvm::Instruction &instruction : instructions(function)) {
      if (auto *variable = dyn_cast<AllocaInst>(&instruction);
          variable && !variable->isStaticAlloca())
        rewriter.unknown.insert("a local variable of run-time size in " + function.getName().str());
      if (auto *call = dyn_cast<CallBase>(&instruction);
          call && call->isIndirectCall() && !call->isInlineAsm())
        rewriter.unknown.insert("a call through a pointer in " + function.getName().str());
      if (isa<InvokeInst, CallBrInst, IndirectBrInst, ResumeInst, VAArgInst>(instruction))
        rewriter.unknown.insert(std::string(instruction.getOpcodeName()) + " in " +
                                function.getName().str());
    }
}

/// The bytes of a function's variables and of those that it calls.
static uint64_t stackBytes(Rewriter &rewriter, Function &function, unsigned depth = 0) {
  uint64_t own = 256, called = 0; // registers that are saved, alignment
  for (llvm::Instruction &instruction : instructions(function)) {
    if (auto *variable = dyn_cast<AllocaInst>(&instruction))
      own += rewriter.layout.getTypeAllocSize(variable->getAllocatedType()) *
             (isa<ConstantInt>(variable->getArraySize())
                  ? cast<ConstantInt>(variable->getArraySize())->getZExtValue()
                  : 1);
    if (auto *call = dyn_cast<CallBase>(&instruction); call && depth < 64)
      if (Function *callee = call->getCalledFunction(); callee && !callee->isDeclaration())
        called = std::max(called, stackBytes(rewriter, *callee, depth + 1));
  }
  return own + called;
}

void makeTotal(Rewriter &rewriter) {
  refuseOpenStacks(rewriter);
  if (!rewriter.unknown.empty())
    return;
  for (Function &function : rewriter.module) {
    SmallVector<BinaryOperator *> divisions;
    SmallVector<llvm::Instruction *> ends;
    for (llvm::Instruction &instruction : instructions(function)) {
      auto *binary = dyn_cast<BinaryOperator>(&instruction);
      if (binary && binary->isIntDivRem())
        divisions.push_back(binary);
      if (isa<UnreachableInst>(instruction))
        ends.push_back(&instruction);
      if (auto *call = dyn_cast<CallBase>(&instruction))
        call->removeFnAttr(Attribute::NoReturn); // what follows is reached if it returns after all
    }
    function.removeFnAttr(Attribute::NoReturn);
    for (llvm::Instruction *end : ends)
      trapAt(rewriter, *end);
    for (BinaryOperator *division : divisions)
      guardDivision(rewriter, *division);
  }
  constexpr uint64_t most = 1 << 20;
  for (Kernel &kernel : rewriter.result.kernels) {
    uint64_t bytes = stackBytes(rewriter, *rewriter.module.getFunction(kernel.name));
    if (bytes > most)
      rewriter.unknown.insert("local variables of " + std::to_string(bytes) + " bytes in " +
                              kernel.name);
    kernel.stackBytes = bytes;
  }
}

/// At the end of every loop's round the thread's fuel goes down; at zero the machine is asked.
void limitLoops(Rewriter &rewriter) {
  for (Function &function : rewriter.module) {
    if (function.isDeclaration())
      continue;
    DominatorTree tree(function);
    SmallVector<llvm::Instruction *> backward;
    SmallPtrSet<BasicBlock *, 16> seen;
    for (BasicBlock &block : function)
      for (BasicBlock *next : successors(&block))
        // A jump to a block that dominates it, or, in irreducible control flow, to an earlier one.
        if (tree.dominates(next, &block) ||
            (seen.contains(next) && !tree.dominates(&block, next)) || next == &block)
          backward.push_back(block.getTerminator());
        else
          seen.insert(&block);
    Value *owner = nullptr;
    SmallPtrSet<llvm::Instruction *, 8> done;
    for (llvm::Instruction *jump : backward) {
      if (!done.insert(jump).second)
        continue;
      owner = rewriter.thread(&function);
      IRBuilder<> builder(jump);
      Value *place =
          builder.CreateConstInBoundsGEP1_64(rewriter.i8, owner, offsetof(SpecialRegisters, fuel));
      Value *left = builder.CreateSub(builder.CreateLoad(rewriter.i32, place), builder.getInt32(1));
      builder.CreateStore(left, place);
      llvm::Instruction *then = SplitBlockAndInsertIfThen(
          builder.CreateICmpSLT(left, builder.getInt32(0)), jump->getIterator(), false);
      IRBuilder<> inside(then);
      inside.CreateCall(rewriter.runtime("outOfFuel", rewriter.voidType, {rewriter.pointer}),
                        {owner});
    }
  }
}

} // namespace dreamer::emulator
