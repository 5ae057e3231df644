// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Synchronization.h"
#include "lib/Emulator/Rewrite/Rewriter.h"
#include "lib/Emulator/Rewrite/Runtime.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;

namespace dreamer::emulator {

namespace {

enum : unsigned { sharedSpace = 3, clusterSpace = 7 };

class Accesses {
public:
  Accesses(Rewriter &rewriter, Function &function) : rewriter(rewriter), function(function) {}

  void run() {
    SmallVector<llvm::Instruction *> memory, casts;
    for (llvm::Instruction &instruction : instructions(function)) {
      if (isa<LoadInst, StoreInst, AtomicRMWInst, AtomicCmpXchgInst, FenceInst, MemIntrinsic>(
              instruction)) {
        // What this step and earlier ones made: slots of operations, fields of the thread.
        if (!isOurs(instruction))
          memory.push_back(&instruction);
      }
      if (isa<AddrSpaceCastInst>(instruction))
        casts.push_back(&instruction);
    }
    for (llvm::Instruction *instruction : memory)
      rewrite(*instruction);
    for (llvm::Instruction *cast : casts)
      rewriteCast(*llvm::cast<AddrSpaceCastInst>(cast));
  }

private:
  static bool isOurs(llvm::Instruction &instruction) {
    Value *place = getLoadStorePointerOperand(&instruction);
    if (!place)
      return false;
    Value *object = getUnderlyingObject(place);
    if (object->getName() == "slots" && isa<AllocaInst>(object))
      return true;
    auto *call = dyn_cast<CallInst>(object);
    return call && call->getCalledFunction() &&
           call->getCalledFunction()->getName() == "dreamer.emulator.runningThread";
  }

  /// The host's address for a pointer of any space, without a check.
  Value *hostAddress(IRBuilder<> &builder, Value *pointer) {
    unsigned space = pointer->getType()->getPointerAddressSpace();
    if (space == sharedSpace) {
      Value *offset = builder.CreateAnd(builder.CreatePtrToInt(pointer, rewriter.i64),
                                        builder.getInt64(sharedWindow - 1));
      return builder.CreatePtrAdd(rewriter.sharedMemory(&function), offset);
    }
    if (space == clusterSpace)
      return builder.CreateCall(
          rewriter.runtime("clusterAddress", rewriter.pointer, {rewriter.pointer, rewriter.i64}),
          {rewriter.thread(&function), builder.CreatePtrToInt(pointer, rewriter.i64)});
    return space ? builder.CreateAddrSpaceCast(pointer, rewriter.pointer) : pointer;
  }

  /// What reports call the instruction.
  std::string textOf(llvm::Instruction &instruction, Type *type) {
    std::string text = instruction.getOpcodeName();
    if (type) {
      raw_string_ostream stream(text);
      stream << ' ' << *type;
    }
    return text;
  }

  /// The host's address for an access, after its check if that is asked for.
  Value *accessed(IRBuilder<> &builder, Value *pointer, Type *type, AccessWord word,
                  llvm::Instruction &instruction) {
    if (!rewriter.options.check)
      return hostAddress(builder, pointer);
    uint64_t bytes = rewriter.layout.getTypeStoreSize(type);
    Value *object = getUnderlyingObject(pointer);
    const Site *site = nullptr;
    if (auto *variable = dyn_cast<AllocaInst>(object)) {
      uint64_t size = rewriter.layout.getTypeAllocSize(variable->getAllocatedType());
      if (auto *count = dyn_cast<ConstantInt>(variable->getArraySize()))
        size *= count->getZExtValue();
      APInt offset(64, 0);
      const Value *base = pointer->stripAndAccumulateConstantOffsets(rewriter.layout, offset, true);
      if (base == variable && offset.ule(size) && bytes <= size - offset.getZExtValue())
        return hostAddress(builder, pointer);
      site = rewriter.siteOf(instruction, textOf(instruction, type));
      Value *start = hostAddress(builder, variable);
      return builder.CreateCall(
          rewriter.runtime("accessLocal", rewriter.pointer,
                           {rewriter.pointer, rewriter.pointer, rewriter.i64, rewriter.pointer,
                            rewriter.i64, rewriter.pointer}),
          {rewriter.thread(&function), hostAddress(builder, pointer), builder.getInt64(bytes),
           start, builder.getInt64(size), rewriter.address(site)});
    }
    site = rewriter.siteOf(instruction, textOf(instruction, type));
    word.space = pointer->getType()->getPointerAddressSpace();
    return builder.CreateCall(
        rewriter.runtime(
            "accessMemory", rewriter.pointer,
            {rewriter.pointer, rewriter.i64, rewriter.i64, rewriter.i32, rewriter.pointer}),
        {rewriter.thread(&function), builder.CreatePtrToInt(pointer, rewriter.i64),
         builder.getInt64(bytes), builder.getInt32(word.pack()), rewriter.address(site)});
  }

  Scope scopeOf(SyncScope::ID id) {
    SmallVector<StringRef> names;
    rewriter.context.getSyncScopeNames(names);
    StringRef name = id < names.size() ? names[id] : "";
    if (name == "block" || name == "singlethread")
      return Scope::Block;
    if (name == "cluster")
      return Scope::Cluster;
    return name == "device" ? Scope::Device : Scope::System;
  }

  static Ordering orderingOf(AtomicOrdering ordering) {
    switch (ordering) {
    case AtomicOrdering::Acquire:
      return Ordering::Acquire;
    case AtomicOrdering::Release:
      return Ordering::Release;
    case AtomicOrdering::AcquireRelease:
    case AtomicOrdering::SequentiallyConsistent:
      return Ordering::AcquireRelease;
    default:
      return Ordering::Relaxed;
    }
  }

  /// What the hardware asks for: accesses are split where the module promises less.
  uint8_t log2Of(Align promised, Type *type) {
    uint64_t bytes = rewriter.layout.getTypeStoreSize(type);
    Align natural(std::min<uint64_t>(PowerOf2Ceil(bytes), 16));
    return Log2(std::min(promised, natural));
  }

  /// Puts the machine's part before and after an atomic at the host's address `place`.
  void synchronize(llvm::Instruction &atomic, Value *place, AccessWord word) {
    IRBuilder<> before(&atomic);
    Value *bits = before.getInt32(word.pack());
    if (rewriter.options.check)
      before.CreateCall(rewriter.runtime("beginAtomic", rewriter.voidType,
                                         {rewriter.pointer, rewriter.pointer, rewriter.i32}),
                        {rewriter.thread(&function), place, bits});
    IRBuilder<> after(atomic.getNextNode());
    after.CreateCall(rewriter.runtime("endAtomic", rewriter.voidType,
                                      {rewriter.pointer, rewriter.pointer, rewriter.i32}),
                     {rewriter.thread(&function), place, bits});
  }

  void rewrite(llvm::Instruction &instruction) {
    IRBuilder<> builder(&instruction);
    if (auto *load = dyn_cast<LoadInst>(&instruction)) {
      bool strong = load->isAtomic() || load->isVolatile();
      AccessWord word{
          strong ? Access::AtomicRead : Access::Read, uint8_t(orderingOf(load->getOrdering())),
          uint8_t(scopeOf(load->getSyncScopeID())), 0, log2Of(load->getAlign(), load->getType())};
      Value *place = accessed(builder, load->getPointerOperand(), load->getType(), word, *load);
      load->setOperand(LoadInst::getPointerOperandIndex(), place);
      if (strong)
        synchronize(*load, place, word);
      load->setAlignment(Align(1)); // GPUs fault on what is not aligned; the check says so first
      if (load->isAtomic())
        load->setAlignment(Align(rewriter.layout.getTypeStoreSize(load->getType())));
    } else if (auto *store = dyn_cast<StoreInst>(&instruction)) {
      Type *type = store->getValueOperand()->getType();
      bool strong = store->isAtomic() || store->isVolatile();
      AccessWord word{
          strong ? Access::Atomic : Access::Write, uint8_t(orderingOf(store->getOrdering())),
          uint8_t(scopeOf(store->getSyncScopeID())), 0, log2Of(store->getAlign(), type)};
      Value *place = accessed(builder, store->getPointerOperand(), type, word, *store);
      store->setOperand(StoreInst::getPointerOperandIndex(), place);
      if (strong)
        synchronize(*store, place, word);
      store->setAlignment(store->isAtomic() ? Align(rewriter.layout.getTypeStoreSize(type))
                                            : Align(1));
    } else if (auto *update = dyn_cast<AtomicRMWInst>(&instruction)) {
      AccessWord word{Access::Atomic, uint8_t(orderingOf(update->getOrdering())),
                      uint8_t(scopeOf(update->getSyncScopeID())), 0,
                      log2Of(update->getAlign(), update->getType())};
      Value *place =
          accessed(builder, update->getPointerOperand(), update->getType(), word, *update);
      update->setOperand(AtomicRMWInst::getPointerOperandIndex(), place);
      update->setSyncScopeID(SyncScope::System);
      synchronize(*update, place, word);
    } else if (auto *exchange = dyn_cast<AtomicCmpXchgInst>(&instruction)) {
      AccessWord word{Access::Atomic, uint8_t(orderingOf(exchange->getSuccessOrdering())),
                      uint8_t(scopeOf(exchange->getSyncScopeID())), 0,
                      log2Of(exchange->getAlign(), exchange->getNewValOperand()->getType())};
      Value *place = accessed(builder, exchange->getPointerOperand(),
                              exchange->getNewValOperand()->getType(), word, *exchange);
      exchange->setOperand(AtomicCmpXchgInst::getPointerOperandIndex(), place);
      exchange->setSyncScopeID(SyncScope::System);
      synchronize(*exchange, place, word);
    } else if (auto *fence = dyn_cast<FenceInst>(&instruction)) {
      AccessWord word{Access::Read, 0, uint8_t(scopeOf(fence->getSyncScopeID())), 0, 0};
      builder.CreateCall(
          rewriter.runtime("fenceOf", rewriter.voidType, {rewriter.pointer, rewriter.i32}),
          {rewriter.thread(&function), builder.getInt32(word.pack())});
      fence->setSyncScopeID(SyncScope::System);
    } else {
      rewriteMemoryIntrinsic(builder, cast<MemIntrinsic>(instruction));
    }
  }

  void rewriteMemoryIntrinsic(IRBuilder<> &builder, MemIntrinsic &intrinsic) {
    Value *owner = rewriter.thread(&function);
    const Site *site = rewriter.siteOf(intrinsic, isa<MemSetInst>(intrinsic) ? "memset" : "memcpy");
    Value *to = builder.CreatePtrToInt(intrinsic.getRawDest(), rewriter.i64);
    Value *bytes = builder.CreateZExtOrTrunc(intrinsic.getLength(), rewriter.i64);
    Value *toSpace = builder.getInt32(intrinsic.getDestAddressSpace());
    if (auto *set = dyn_cast<MemSetInst>(&intrinsic)) {
      builder.CreateCall(rewriter.runtime("fill", rewriter.voidType,
                                          {rewriter.pointer, rewriter.i64, rewriter.i32,
                                           rewriter.i64, rewriter.i32, rewriter.pointer}),
                         {owner, to, builder.CreateZExt(set->getValue(), rewriter.i32), bytes,
                          toSpace, rewriter.address(site)});
    } else {
      auto &transfer = cast<MemTransferInst>(intrinsic);
      builder.CreateCall(
          rewriter.runtime("copy", rewriter.voidType,
                           {rewriter.pointer, rewriter.i64, rewriter.i64, rewriter.i64,
                            rewriter.i32, rewriter.i32, rewriter.pointer}),
          {owner, to, builder.CreatePtrToInt(transfer.getRawSource(), rewriter.i64), bytes, toSpace,
           builder.getInt32(transfer.getSourceAddressSpace()), rewriter.address(site)});
    }
    intrinsic.eraseFromParent();
  }

  void rewriteCast(AddrSpaceCastInst &cast) {
    IRBuilder<> builder(&cast);
    Value *from = cast.getPointerOperand(), *to = nullptr;
    unsigned fromSpace = cast.getSrcAddressSpace(), toSpace = cast.getDestAddressSpace();
    bool fromShared = fromSpace == sharedSpace || fromSpace == clusterSpace;
    bool toShared = toSpace == sharedSpace || toSpace == clusterSpace;
    if (fromShared == toShared && !(fromShared && fromSpace != toSpace))
      return;                     // spaces of the host's addresses
    if (fromShared && toShared) { // rank 0 means the own block in both
      to = builder.CreateIntToPtr(builder.CreatePtrToInt(from, rewriter.i64), cast.getType());
    } else if (fromShared) {
      to = hostAddress(builder, from);
      if (toSpace)
        to = builder.CreateAddrSpaceCast(to, cast.getType());
    } else if (toSpace == sharedSpace) {
      Value *address = builder.CreatePtrToInt(from, rewriter.i64);
      to = builder.CreateIntToPtr(builder.CreateAnd(address, builder.getInt64(sharedWindow - 1)),
                                  cast.getType());
    } else {
      Value *address = builder.CreateCall(
          rewriter.runtime("toCluster", rewriter.i64, {rewriter.pointer, rewriter.pointer}),
          {rewriter.thread(&function),
           fromSpace ? builder.CreateAddrSpaceCast(from, rewriter.pointer) : from});
      to = builder.CreateIntToPtr(address, cast.getType());
    }
    cast.replaceAllUsesWith(to);
    cast.eraseFromParent();
  }

  Rewriter &rewriter;
  Function &function;
};

} // namespace

void rewriteAccesses(Rewriter &rewriter) {
  for (Function &function : rewriter.module)
    if (!function.isDeclaration())
      Accesses(rewriter, function).run();
}

} // namespace dreamer::emulator
