// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What the steps of rewriting share.

#ifndef DREAMER_EMULATOR_REWRITE_REWRITER_H
#define DREAMER_EMULATOR_REWRITE_REWRITER_H

#include "lib/Emulator/Rewrite/Rewrite.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Instructions.h"

#include <set>

namespace dreamer::emulator {

class Rewriter {
public:
  Rewriter(llvm::Module &module, const RewriteOptions &options);

  llvm::Module &module;
  llvm::LLVMContext &context;
  const llvm::DataLayout &layout;
  const RewriteOptions &options;
  Rewritten result;
  std::set<std::string> unknown; ///< what is refused, by name
  /// The operations of inline PTX that adds to its results: wgmma.mma_async.
  llvm::DenseMap<llvm::CallInst *, const Operation *> accumulating;

  llvm::Type *i1, *i8, *i32, *i64, *voidType;
  llvm::PointerType *pointer; ///< of address space 0

  /// The running thread, as a value in `function`.
  llvm::Value *thread(llvm::Function *function);
  /// The thread's block's shared memory, in the host's memory.
  llvm::Value *sharedMemory(llvm::Function *function);
  /// A field of the thread at a byte offset.
  llvm::Value *threadField(llvm::IRBuilder<> &builder, llvm::Type *type, size_t offset);
  /// Room for operands and results of operations, one for a whole function.
  llvm::Value *slots(llvm::Function *function, unsigned count);

  /// Where an instruction stands, for reports; lives as long as the code.
  const Site *siteOf(const llvm::Instruction &instruction, std::string text = "");
  llvm::Constant *address(const void *object);

  /// A function of the machine that rewritten code calls (Runtime.h).
  llvm::FunctionCallee runtime(llvm::StringRef name, llvm::Type *result,
                               llvm::ArrayRef<llvm::Type *> parameters);

  /// Calls the operation of `instruction` at the builder's place. False: it is unknown (noted).
  /// Gives its results, each of the type asked for.
  bool callOperation(llvm::IRBuilder<> &builder, const Instruction &instruction,
                     llvm::ArrayRef<llvm::Value *> operands,
                     llvm::ArrayRef<llvm::Type *> resultTypes,
                     llvm::SmallVectorImpl<llvm::Value *> &results, const llvm::Instruction &at);
  /// The operation that callOperation() would call; null: there is none.
  std::unique_ptr<Operation>
  operationOf(Instruction instruction, llvm::ArrayRef<llvm::Value *> operands, size_t resultCount);
  /// Calls an operation, whose site is set, in the same way.
  void callOperation(llvm::IRBuilder<> &builder, std::unique_ptr<Operation> operation,
                     llvm::ArrayRef<llvm::Value *> operands,
                     llvm::ArrayRef<llvm::Type *> resultTypes,
                     llvm::SmallVectorImpl<llvm::Value *> &results);

  llvm::Value *toSlot(llvm::IRBuilder<> &builder, llvm::Value *value);
  llvm::Value *fromSlot(llvm::IRBuilder<> &builder, llvm::Value *slot, llvm::Type *type);

private:
  llvm::DenseMap<llvm::Function *, llvm::Instruction *> threads, sharedMemories;
  llvm::DenseMap<llvm::Function *, llvm::AllocaInst *> slotArrays;
};

// The steps, in order, each in a file of its name.

/// Functions of libdevice that the module calls are taken in.
llvm::Error linkLibdevice(llvm::Module &module, llvm::StringRef file);
/// What the kernels are: names, parameters, launch bounds.
void findKernels(Rewriter &rewriter);
/// Variables in shared memory become offsets.
void placeSharedVariables(Rewriter &rewriter);
/// Integer division by zero, unreachable places, recursion and other things that x86 answers with a
/// fault.
void makeTotal(Rewriter &rewriter);
/// Inline PTX becomes LLVM IR and operations.
void rewriteInlinePtx(Rewriter &rewriter);
/// Intrinsics of a warp that follow each other become one operation.
void joinWarpIntrinsics(Rewriter &rewriter);
/// Calls of intrinsics become IR, operations, or functions of the machine.
void rewriteIntrinsics(Rewriter &rewriter);
/// Atomics take part in synchronization, and let others go first.
/// Loads and stores take addresses of the host, and are checked when that is asked for.
void rewriteAccesses(Rewriter &rewriter);
/// Loops use up fuel.
void limitLoops(Rewriter &rewriter);
/// Functions that run one thread of a kernel from an array of arguments.
void addLaunchFunctions(Rewriter &rewriter);

/// The types of what a call gives: the fields of a structure, one, or none.
llvm::SmallVector<llvm::Type *> resultTypesOf(const llvm::CallInst &call);
/// Replaces a call by values, one for each of those types.
void replaceCall(llvm::CallInst &call, llvm::ArrayRef<llvm::Value *> results,
                 llvm::IRBuilder<> &builder);
/// Replaces a call of an arithmetic intrinsic ("fma.rn.f": "llvm.nvvm." left out); false: unknown.
bool rewriteMath(Rewriter &rewriter, llvm::CallInst &call, llvm::StringRef name);
/// Replaces a call of an atomic intrinsic ("atomic.add.gen.i.cta") by an atomic instruction.
bool rewriteAtomicIntrinsic(Rewriter &rewriter, llvm::CallInst &call, llvm::StringRef name);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_REWRITE_REWRITER_H
