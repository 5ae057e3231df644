// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/Rewriter.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace dreamer::emulator {

std::string launchName(StringRef kernel) { return (kernel + "$thread").str(); }

Rewriter::Rewriter(Module &module, const RewriteOptions &options)
    : module(module), context(module.getContext()), layout(module.getDataLayout()),
      options(options), i1(Type::getInt1Ty(context)), i8(Type::getInt8Ty(context)),
      i32(Type::getInt32Ty(context)), i64(Type::getInt64Ty(context)),
      voidType(Type::getVoidTy(context)), pointer(PointerType::get(context, 0)) {
  result.instructions = std::make_unique<Instructions>();
}

FunctionCallee Rewriter::runtime(StringRef name, Type *resultType, ArrayRef<Type *> parameters) {
  FunctionCallee callee = module.getOrInsertFunction(
      ("dreamer.emulator." + name).str(), FunctionType::get(resultType, parameters, false));
  auto *function = cast<Function>(callee.getCallee());
  function->addFnAttr(Attribute::NoUnwind);
  return callee;
}

Value *Rewriter::thread(Function *function) {
  llvm::Instruction *&value = threads[function];
  if (!value) {
    FunctionCallee callee = runtime("runningThread", pointer, {});
    auto *declaration = cast<Function>(callee.getCallee());
    declaration->setDoesNotAccessMemory(); // it is the same for all of a function's life
    declaration->setWillReturn();
    IRBuilder<> builder(&*function->getEntryBlock().getFirstNonPHIOrDbgOrAlloca());
    builder.SetCurrentDebugLocation(DebugLoc());
    value = builder.CreateCall(callee, {}, "thread");
  }
  return value;
}

Value *Rewriter::threadField(IRBuilder<> &builder, Type *type, size_t offset) {
  Value *owner = thread(builder.GetInsertBlock()->getParent());
  return builder.CreateLoad(type, builder.CreateConstInBoundsGEP1_64(i8, owner, offset));
}

Value *Rewriter::sharedMemory(Function *function) {
  llvm::Instruction *&value = sharedMemories[function];
  if (!value) {
    auto *owner = cast<llvm::Instruction>(thread(function));
    IRBuilder<> builder(owner->getNextNode());
    builder.SetCurrentDebugLocation(DebugLoc());
    auto *load = cast<LoadInst>(threadField(builder, pointer, offsetof(SpecialRegisters, shared)));
    load->setMetadata(LLVMContext::MD_invariant_load, MDNode::get(context, {}));
    load->setName("shared");
    value = load;
  }
  return value;
}

Value *Rewriter::slots(Function *function, unsigned count) {
  AllocaInst *&array = slotArrays[function];
  if (!array) {
    IRBuilder<> builder(&*function->getEntryBlock().begin());
    builder.SetCurrentDebugLocation(DebugLoc());
    array = builder.CreateAlloca(ArrayType::get(i64, count), nullptr, "slots");
    array->setAlignment(Align(32));
  } else if (cast<ArrayType>(array->getAllocatedType())->getNumElements() < count) {
    array->setAllocatedType(ArrayType::get(i64, count));
  }
  return array;
}

Constant *Rewriter::address(const void *object) {
  return ConstantExpr::getIntToPtr(ConstantInt::get(i64, reinterpret_cast<uintptr_t>(object)),
                                   pointer);
}

/// "file:line:column" of where an instruction comes from, the innermost place of inlined ones.
static std::string locationOf(const llvm::Instruction &instruction) {
  const DebugLoc &where = instruction.getDebugLoc();
  if (!where)
    return "";
  std::string text;
  if (auto *scope = dyn_cast_or_null<DIScope>(where.getScope()))
    text = scope->getFilename().str();
  return text + ":" + std::to_string(where.getLine()) + ":" + std::to_string(where.getCol());
}

const Site *Rewriter::siteOf(const llvm::Instruction &instruction, std::string text) {
  if (text.empty())
    text = instruction.getOpcodeName();
  result.instructions->sites.push_back(
      {instruction.getFunction()->getName().str(), std::move(text), locationOf(instruction)});
  return &result.instructions->sites.back();
}

Value *Rewriter::toSlot(IRBuilder<> &builder, Value *value) {
  Type *type = value->getType();
  if (type->isPointerTy())
    return builder.CreatePtrToInt(value, i64);
  if (!type->isIntegerTy())
    value = builder.CreateBitCast(value, IntegerType::get(context, layout.getTypeSizeInBits(type)));
  return builder.CreateZExtOrTrunc(value, i64);
}

Value *Rewriter::fromSlot(IRBuilder<> &builder, Value *slot, Type *type) {
  if (type->isPointerTy())
    return builder.CreateIntToPtr(slot, type);
  Value *value =
      builder.CreateZExtOrTrunc(slot, IntegerType::get(context, layout.getTypeSizeInBits(type)));
  return type->isIntegerTy() ? value : builder.CreateBitCast(value, type);
}

std::unique_ptr<Operation> Rewriter::operationOf(dreamer::emulator::Instruction instruction,
                                                 ArrayRef<Value *> operands, size_t resultCount) {
  instruction.inputs = operands.size();
  instruction.outputs = resultCount;
  for (Value *operand : operands) {
    auto *constant = dyn_cast<ConstantInt>(operand);
    instruction.known.push_back(constant && constant->getBitWidth() <= 64
                                    ? std::optional(constant->getSExtValue())
                                    : std::nullopt);
  }
  return makeOperation(instruction);
}

bool Rewriter::callOperation(IRBuilder<> &builder,
                             const dreamer::emulator::Instruction &instruction,
                             ArrayRef<Value *> operands, ArrayRef<Type *> resultTypes,
                             SmallVectorImpl<Value *> &results, const llvm::Instruction &at) {
  for (Value *operand : operands)
    if (!operand->getType()->isPointerTy() && layout.getTypeSizeInBits(operand->getType()) > 64) {
      unknown.insert(instruction.name + " with an operand of more than 64 bits");
      return false;
    }
  std::unique_ptr<Operation> made = operationOf(instruction, operands, resultTypes.size());
  if (!made) {
    unknown.insert(instruction.name);
    return false;
  }
  made->site = *siteOf(at, instruction.name);
  callOperation(builder, std::move(made), operands, resultTypes, results);
  return true;
}

void Rewriter::callOperation(IRBuilder<> &builder, std::unique_ptr<Operation> operation,
                             ArrayRef<Value *> operands, ArrayRef<Type *> resultTypes,
                             SmallVectorImpl<Value *> &results) {
  auto &operations = result.instructions->operations;
  operations.push_back(std::move(operation));
  Function *function = builder.GetInsertBlock()->getParent();
  Value *array = slots(function, operands.size() + resultTypes.size() + 1);
  for (auto [i, operand] : enumerate(operands))
    builder.CreateStore(toSlot(builder, operand),
                        builder.CreateConstInBoundsGEP1_64(i64, array, i));
  FunctionCallee operate = runtime("operate", voidType, {pointer, pointer, pointer});
  auto *call =
      builder.CreateCall(operate, {thread(function), address(operations.back().get()), array});
  call->addFnAttr(Attribute::Convergent);
  for (auto [i, type] : enumerate(resultTypes)) {
    Value *slot = builder.CreateConstInBoundsGEP1_64(i64, array, operands.size() + i);
    results.push_back(fromSlot(builder, builder.CreateLoad(i64, slot), type));
  }
}

Expected<Rewritten> rewrite(Module &module, const RewriteOptions &options) {
  if (verifyModule(module, nullptr))
    return createStringError("expected a valid module, found one that LLVM's verifier refuses");
  if (Error error = linkLibdevice(module, options.libdevice))
    return std::move(error);
  Rewriter rewriter(module, options);
  findKernels(rewriter);
  if (rewriter.result.kernels.empty())
    return createStringError(
        "expected a function with the calling convention ptx_kernel, found none");
  makeTotal(rewriter);
  rewriteInlinePtx(rewriter);
  joinWarpIntrinsics(rewriter);
  rewriteIntrinsics(rewriter);
  if (!rewriter.unknown.empty()) {
    std::string list;
    for (const std::string &name : rewriter.unknown)
      list += (list.empty() ? "" : ", ") + name;
    return createStringError("unknown to the emulator: " + list);
  }
  placeSharedVariables(rewriter);
  rewriteAccesses(rewriter);
  limitLoops(rewriter);
  addLaunchFunctions(rewriter);
  std::string problem;
  raw_string_ostream stream(problem);
  if (verifyModule(module, &stream))
    return createStringError("the emulator made an invalid module of this: " + problem);
  return std::move(rewriter.result);
}

} // namespace dreamer::emulator
