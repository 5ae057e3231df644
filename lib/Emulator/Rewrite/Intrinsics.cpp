// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/Rewriter.h"

#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;

namespace dreamer::emulator {

SmallVector<Type *> resultTypesOf(const CallInst &call) {
  if (auto *structure = dyn_cast<StructType>(call.getType()))
    return SmallVector<Type *>(structure->elements());
  if (call.getType()->isVoidTy())
    return {};
  return {call.getType()};
}

void replaceCall(CallInst &call, ArrayRef<Value *> results, IRBuilder<> &builder) {
  if (auto *structure = dyn_cast<StructType>(call.getType())) {
    Value *all = PoisonValue::get(structure);
    for (auto [i, result] : enumerate(results))
      all = builder.CreateInsertValue(all, result, i);
    call.replaceAllUsesWith(all);
  } else if (!call.getType()->isVoidTy()) {
    call.replaceAllUsesWith(results.front());
  }
  call.eraseFromParent();
}

static bool rewriteSpecialRegister(Rewriter &rewriter, CallInst &call, StringRef name) {
  IRBuilder<> builder(&call);
  Value *value = nullptr;
  if (std::optional<size_t> offset = offsetOfSpecialRegister(name)) {
    value = rewriter.threadField(builder, rewriter.i32, *offset);
  } else if (name.starts_with("envreg")) { // set by the driver, which there is none of
    value = builder.getInt32(0);
  } else if (name.ends_with(".w")) { // a fourth axis, of which there is one
    value = builder.getInt32(name.starts_with("n") || name.contains(".n"));
  } else if (name == "warpsize") {
    value = builder.getInt32(32);
  } else if (name.consume_front("lanemask.") || name.consume_front("lanemask_")) {
    Value *lane = rewriter.threadField(builder, rewriter.i32, offsetof(SpecialRegisters, laneid));
    Value *own = builder.CreateShl(builder.getInt32(1), lane);
    Value *below = builder.CreateSub(own, builder.getInt32(1));
    value = StringSwitch<Value *>(name)
                .Case("eq", own)
                .Case("lt", below)
                .Case("le", builder.CreateOr(below, own))
                .Case("gt", builder.CreateNot(builder.CreateOr(below, own)))
                .Case("ge", builder.CreateNot(below))
                .Default(nullptr);
  }
  if (!value)
    return false;
  replaceCall(call, value, builder);
  return true;
}

/// Questions about the code, which is not a GPU's.
static bool rewriteQuestion(CallInst &call, StringRef name) {
  Type *type = call.getType();
  if (name == "reflect" || call.getCalledFunction()->getName() == "__nvvm_reflect") {
    call.replaceAllUsesWith(
        ConstantInt::get(type, 0)); // plain arithmetic: neither ftz nor an architecture
    call.eraseFromParent();
    return true;
  }
  if (name == "is_explicit_cluster") {
    call.replaceAllUsesWith(ConstantInt::getTrue(type));
    call.eraseFromParent();
    return true;
  }
  return false;
}

static void rewriteCall(Rewriter &rewriter, CallInst &call) {
  Function *callee = call.getCalledFunction();
  if (!callee || !callee->isDeclaration())
    return;
  StringRef name = callee->getName();
  if (name.starts_with("dreamer.emulator."))
    return;
  if (name == "__nvvm_reflect") {
    rewriteQuestion(call, "reflect");
    return;
  }
  if (name == "llvm.trap" || name == "llvm.debugtrap" || name == "llvm.ubsantrap") {
    IRBuilder<> builder(&call);
    builder.CreateCall(
        rewriter.runtime("trap", rewriter.voidType, {rewriter.pointer, rewriter.pointer}),
        {rewriter.thread(call.getFunction()), rewriter.address(rewriter.siteOf(call, "trap"))});
    call.eraseFromParent();
    return;
  }
  if (!name.consume_front("llvm.nvvm.")) {
    if (!callee->isIntrinsic())
      rewriter.unknown.insert("the function " + name.str());
    return; // other intrinsics are LLVM's own, for every target
  }
  StringRef sreg = name;
  if (sreg.consume_front("read.ptx.sreg.") && rewriteSpecialRegister(rewriter, call, sreg))
    return;
  if (rewriteQuestion(call, name) || rewriteAtomicIntrinsic(rewriter, call, name) ||
      rewriteMath(rewriter, call, name))
    return;
  SmallVector<Type *> types = resultTypesOf(call);
  IRBuilder<> builder(&call);
  SmallVector<Value *> operands(call.args()), results;
  Instruction instruction;
  instruction.name = name;
  if (rewriter.callOperation(builder, instruction, operands, types, results, call))
    replaceCall(call, results, builder);
}

void rewriteIntrinsics(Rewriter &rewriter) {
  for (Function &function : rewriter.module) {
    SmallVector<CallInst *> calls;
    for (llvm::Instruction &instruction : instructions(function))
      if (auto *call = dyn_cast<CallInst>(&instruction); call && !call->isInlineAsm())
        calls.push_back(call);
    for (CallInst *call : calls)
      rewriteCall(rewriter, *call);
  }
}

bool rewriteAtomicIntrinsic(Rewriter &, CallInst &call, StringRef name) {
  // atomic.KIND.gen.TYPE.SCOPE
  SmallVector<StringRef> words;
  name.split(words, '.');
  if (words.size() < 5 || words[0] != "atomic" || words[2] != "gen")
    return false;
  bool isFloat = words[3] == "f";
  IRBuilder<> builder(&call);
  StringRef scope = words[4] == "cta" ? "block" : words[4] == "sys" ? "" : "device";
  SyncScope::ID id = call.getContext().getOrInsertSyncScopeID(scope);
  Value *result = nullptr;
  if (words[1] == "cas") {
    auto *exchange = builder.CreateAtomicCmpXchg(
        call.getArgOperand(0), call.getArgOperand(1), call.getArgOperand(2), MaybeAlign(),
        AtomicOrdering::Monotonic, AtomicOrdering::Monotonic, id);
    result = builder.CreateExtractValue(exchange, 0);
  } else {
    auto kind = StringSwitch<AtomicRMWInst::BinOp>(words[1])
                    .Case("add", isFloat ? AtomicRMWInst::FAdd : AtomicRMWInst::Add)
                    .Case("exch", AtomicRMWInst::Xchg)
                    .Case("max", AtomicRMWInst::Max)
                    .Case("min", AtomicRMWInst::Min)
                    .Case("inc", AtomicRMWInst::UIncWrap)
                    .Case("dec", AtomicRMWInst::UDecWrap)
                    .Case("and", AtomicRMWInst::And)
                    .Case("or", AtomicRMWInst::Or)
                    .Case("xor", AtomicRMWInst::Xor)
                    .Default(AtomicRMWInst::BAD_BINOP);
    if (kind == AtomicRMWInst::BAD_BINOP)
      return false;
    result = builder.CreateAtomicRMW(kind, call.getArgOperand(0), call.getArgOperand(1),
                                     MaybeAlign(), AtomicOrdering::Monotonic, id);
  }
  call.replaceAllUsesWith(result);
  call.eraseFromParent();
  return true;
}

} // namespace dreamer::emulator
