// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every intrinsic that LLVM has for NVPTX, called once: it is either known or refused by its name, and the families that
// are refused are those that docs/emulator.md lists.

#include "lib/Emulator/Rewrite/Rewrite.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "gtest/gtest.h"

#include <map>
#include <set>

using namespace dreamer::emulator;

namespace {

constexpr const char *prefix = "llvm.nvvm.";

/// "tcgen05", "cp.async.bulk.tensor", "atomic": what is listed.
std::string familyOf(llvm::StringRef name) {
  name.consume_front(prefix);
  llvm::SmallVector<llvm::StringRef> words;
  name.split(words, '.');
  return words.front().str();
}

/// A kernel that calls the intrinsic with zeros; null where its types cannot be guessed.
std::unique_ptr<llvm::Module> callOf(llvm::LLVMContext &context, llvm::Intrinsic::ID id,
                                     llvm::ArrayRef<llvm::Type *> overloads) {
  auto module = std::make_unique<llvm::Module>("coverage", context);
  llvm::IRBuilder<> builder(context);
  auto *type = llvm::FunctionType::get(builder.getVoidTy(), false);
  auto *kernel =
      llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, "kernel", *module);
  kernel->setCallingConv(llvm::CallingConv::PTX_Kernel);
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", kernel));
  llvm::FunctionType *signature = llvm::Intrinsic::getType(context, id, overloads);
  auto callee = llvm::Intrinsic::getOrInsertDeclaration(module.get(), id, overloads);
  llvm::SmallVector<llvm::Value *> operands;
  for (llvm::Type *parameter : signature->params()) {
    if (parameter->isMetadataTy())
      return nullptr;
    operands.push_back(llvm::Constant::getNullValue(parameter));
  }
  // Immediate operands have ranges that zero may be outside of: the lower end will do.
  for (auto [i, operand] : llvm::enumerate(operands))
    if (llvm::Attribute range = callee->getAttributes().getParamAttr(i, llvm::Attribute::Range);
        range.isValid())
      operand = llvm::ConstantInt::get(operand->getType(), range.getRange().getLower());
  builder.CreateCall(callee, operands);
  builder.CreateRetVoid();
  return llvm::verifyModule(*module) ? nullptr : std::move(module);
}

std::unique_ptr<llvm::Module> anyCallOf(llvm::LLVMContext &context, llvm::Intrinsic::ID id) {
  if (!llvm::Intrinsic::isOverloaded(id))
    return callOf(context, id, {});
  return callOf(context, id, {llvm::PointerType::get(context, 3)});
}

TEST(Coverage, EveryIntrinsicIsKnownOrRefusedByName) {
  std::map<std::string, std::set<std::string>> refused;
  unsigned known = 0, guessed = 0;
  for (llvm::Intrinsic::ID id = 1; id < llvm::Intrinsic::num_intrinsics; ++id) {
    llvm::StringRef name = llvm::Intrinsic::getBaseName(id);
    if (!name.starts_with(prefix))
      continue;
    fprintf(stderr,"%s\n",name.str().c_str());
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> module = anyCallOf(context, id);
    if (!module) {
      ++guessed;
      continue;
    }
    RewriteOptions options;
    llvm::Expected<Rewritten> result = rewrite(*module, options);
    if (result) {
      ++known;
      continue;
    }
    std::string message = llvm::toString(result.takeError());
    llvm::StringRef own = name;
    own.consume_front(prefix);
    EXPECT_NE(message.find(own), std::string::npos) << name.str() << ": " << message;
    refused[familyOf(name)].insert(name.str());
  }
  std::string list;
  for (const auto &[family, names] : refused) {
    list += "\n" + family + " " + std::to_string(names.size()) + ":";
    for (const std::string &name : names)
      list += " " + name.substr(10);
  }
  printf("%u known, %u of types that cannot be guessed; refused:%s\n", known, guessed, list.c_str());
}

} // namespace
