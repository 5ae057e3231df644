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
  // One pointer of any address space can be guessed; others cannot.
  using Descriptor = llvm::Intrinsic::IITDescriptor;
  llvm::SmallVector<Descriptor> entries;
  llvm::Intrinsic::getIntrinsicInfoTableEntries(id, entries);
  unsigned open = 0, pointers = 0;
  for (const Descriptor &entry : entries)
    if (entry.Kind == Descriptor::Argument && entry.getArgumentKind() != Descriptor::AK_MatchType) {
      ++open;
      pointers += entry.getArgumentKind() == Descriptor::AK_AnyPointer;
    }
  if (open != 1 || pointers != 1)
    return nullptr;
  return callOf(context, id, {llvm::PointerType::get(context, 3)});
}

TEST(Coverage, EveryIntrinsicIsKnownOrRefusedByName) {
  std::map<std::string, std::set<std::string>> refused;
  unsigned known = 0, guessed = 0;
  for (llvm::Intrinsic::ID id = 1; id < llvm::Intrinsic::num_intrinsics; ++id) {
    llvm::StringRef name = llvm::Intrinsic::getBaseName(id);
    if (!name.starts_with(prefix))
      continue;
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
  // Textures and surfaces; sm_100 and later (tcgen05, narrow floats, st.bulk, ...); what LLVM itself
  // keeps for architectures before sm_70 (shuffles and votes without a mask).
  const std::set<std::string> expected = {"bf16x2",   "clusterlaunchcontrol",
                                          "compiler", "cp",
                                          "e2m1x2",   "e2m3x2",
                                          "e3m2x2",   "f32x4",
                                          "ff",       "ff2bf16x2",
                                          "ff2f16x2", "istypep",
                                          "ldmatrix", "mma",
                                          "pm",       "read",
                                          "shfl",     "st",
                                          "stmatrix", "suld",
                                          "suq",      "sust",
                                          "tcgen05",  "tensormap",
                                          "tex",      "texsurf",
                                          "tld4",     "txq",
                                          "ue8m0x2",  "vote",
                                          "wmma"};
  std::set<std::string> families;
  for (const auto &[family, names] : refused) {
    families.insert(family);
    for (const std::string &name : names) {
      llvm::StringRef text = name;
      // Of families that are known otherwise, only these.
      if (family == "cp")
        EXPECT_TRUE(text.contains("im2col") || text.contains("gather4") ||
                    text.contains("scatter4") || text.contains("cg1") || text.contains("cg2"))
            << name;
      if (family == "mma")
        EXPECT_TRUE(text.contains(".sp") || text.contains("block.scale") || text.contains("f8f6f4"))
            << name;
      if (family == "ldmatrix")
        EXPECT_TRUE(text.contains("m16n16") || text.contains("m8n16")) << name;
      if (family == "wmma")
        EXPECT_TRUE(text.contains("satfinite") || text.contains(".rz") || text.contains(".rm") ||
                    text.contains(".rp"))
            << name;
      if (family == "read")
        EXPECT_TRUE(text.contains("sreg.pm")) << name;
    }
  }
  EXPECT_EQ(families, expected);
  EXPECT_GT(known, 1200u);
  EXPECT_LT(guessed, 40u);
}

} // namespace
