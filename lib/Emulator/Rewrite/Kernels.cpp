// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/Rewriter.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/SourceMgr.h"

using namespace llvm;

namespace dreamer::emulator {

/// Functions that only libdevice has begin like this.
static constexpr StringRef libdevicePrefix = "__nv_";

Error linkLibdevice(Module &module, StringRef file) {
  bool needed = any_of(module, [](Function &function) {
    return function.isDeclaration() && function.getName().starts_with(libdevicePrefix);
  });
  if (!needed)
    return Error::success();
  if (file.empty())
    return createStringError(
        "the module calls functions of libdevice (CUDA Toolkit), which was not found");
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> library = parseIRFile(file, diagnostic, module.getContext());
  if (!library)
    return createStringError("cannot read libdevice: " + file + ": " + diagnostic.getMessage());
  library->setTargetTriple(module.getTargetTriple());
  library->setDataLayout(module.getDataLayout());
  if (Linker::linkModules(module, std::move(library), Linker::LinkOnlyNeeded))
    return createStringError("cannot link libdevice: " + file);
  for (Function &function : module)
    if (!function.isDeclaration() && function.getName().starts_with(libdevicePrefix))
      function.setLinkage(GlobalValue::InternalLinkage);
  return Error::success();
}

/// "128,1,1" of an attribute.
static Dim3 dimsOf(const Function &function, StringRef attribute) {
  Dim3 dims{};
  StringRef text = function.getFnAttribute(attribute).getValueAsString();
  if (text.empty())
    return dims;
  dims = {1, 1, 1};
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (unsigned i = 0; i < parts.size() && i < 3; ++i)
    if (parts[i].trim().getAsInteger(10, dims[i]))
      dims[i] = 0;
  return dims;
}

void findKernels(Rewriter &rewriter) {
  // Older modules say it by metadata: !{ptr @f, !"kernel", i32 1}.
  if (NamedMDNode *annotations = rewriter.module.getNamedMetadata("nvvm.annotations"))
    for (MDNode *node : annotations->operands()) {
      auto *function = node->getNumOperands()
                           ? mdconst::dyn_extract_or_null<Function>(node->getOperand(0))
                           : nullptr;
      for (unsigned i = 1; function && i + 1 < node->getNumOperands(); i += 2)
        if (auto *key = dyn_cast<MDString>(node->getOperand(i));
            key && key->getString() == "kernel")
          function->setCallingConv(CallingConv::PTX_Kernel);
    }
  for (Function &function : rewriter.module) {
    if (function.isDeclaration() || function.getCallingConv() != CallingConv::PTX_Kernel)
      continue;
    Kernel kernel;
    kernel.name = function.getName();
    kernel.requiredBlock = dimsOf(function, "nvvm.reqntid");
    kernel.maxBlock = dimsOf(function, "nvvm.maxntid");
    kernel.requiredCluster = dimsOf(function, "nvvm.cluster_dim");
    kernel.compiledWithChecks = rewriter.options.check;
    for (Argument &argument : function.args()) {
      Type *type = argument.hasByValAttr() ? argument.getParamByValType() : argument.getType();
      kernel.parameterBytes.push_back(rewriter.layout.getTypeAllocSize(type));
    }
    rewriter.result.kernels.push_back(std::move(kernel));
  }
}

void addLaunchFunctions(Rewriter &rewriter) {
  for (Kernel &kernel : rewriter.result.kernels) {
    Function *function = rewriter.module.getFunction(kernel.name);
    auto *launch =
        Function::Create(FunctionType::get(rewriter.voidType, {rewriter.pointer}, false),
                         GlobalValue::ExternalLinkage, launchName(kernel.name), rewriter.module);
    IRBuilder<> builder(BasicBlock::Create(rewriter.context, "", launch));
    SmallVector<Value *> arguments;
    for (Argument &argument : function->args()) {
      Value *place = builder.CreateLoad(
          rewriter.pointer,
          builder.CreateConstGEP1_64(rewriter.pointer, launch->getArg(0), argument.getArgNo()));
      if (argument.hasByValAttr())
        arguments.push_back(argument.getType() == rewriter.pointer
                                ? place
                                : builder.CreateAddrSpaceCast(place, argument.getType()));
      else
        arguments.push_back(builder.CreateLoad(argument.getType(), place));
    }
    // The argument is the launch's own memory, not a copy of each call's.
    for (Argument &argument : function->args())
      if (argument.hasByValAttr())
        argument.removeAttr(Attribute::ByVal);
    CallInst *call = builder.CreateCall(function, arguments);
    call->setCallingConv(function->getCallingConv());
    builder.CreateRetVoid();
  }
  for (Function &function : rewriter.module) {
    function.setCallingConv(CallingConv::C);
    for (StringRef attribute : {"target-cpu", "target-features", "nvvm.reqntid", "nvvm.maxntid"})
      function.removeFnAttr(attribute);
    if (!function.isDeclaration() && !function.getName().ends_with("$thread"))
      function.setLinkage(GlobalValue::InternalLinkage);
    for (User *user : function.users())
      if (auto *call = dyn_cast<CallInst>(user))
        call->setCallingConv(CallingConv::C);
  }
}

} // namespace dreamer::emulator
