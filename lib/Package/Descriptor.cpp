// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Package/Descriptor.h"
#include "runtime/core/PackageFormat.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

using namespace llvm;
using namespace dreamer;

namespace {

/// Builds the constants. Structures are those of PackageFormat.h, member by member.
class DescriptorModule {
public:
  DescriptorModule(Module &module)
      : module(module), context(module.getContext()), pointer(PointerType::get(context, 0)) {}

  void build(const PackageContents &contents, StringRef manifest) {
    Constant *header = addHeader(manifest.size(), contents.model.size());
    addSection(DREAMER_PACKAGE_MANIFEST_SECTION, manifest);
    addSection(DREAMER_PACKAGE_MODEL_SECTION, contents.model);
    std::vector<Constant *> variants;
    for (const VariantCode &variant : contents.variants)
      variants.push_back(structure({text(variant.target.name), i64(variant.target.featureBits()),
                                    i32(variant.entries.size()), i32(0), entries(variant)}));
    Constant *descriptor = structure(
        {i32(DREAMER_PACKAGE_ABI_VERSION), i32(variants.size()), array(variants), header});
    // NOLINTBEGIN(clang-analyzer-cplusplus.NewDeleteLeaks): the module owns it
    auto *symbol =
        new GlobalVariable(module, descriptor->getType(), true, GlobalValue::ExternalLinkage,
                           descriptor, DREAMER_PACKAGE_SYMBOL);
    symbol->setVisibility(GlobalValue::DefaultVisibility);
    appendToUsed(module, used);
    // NOLINTEND(clang-analyzer-cplusplus.NewDeleteLeaks)
  }

private:
  Constant *i32(uint32_t value) { return ConstantInt::get(Type::getInt32Ty(context), value); }
  Constant *i64(uint64_t value) { return ConstantInt::get(Type::getInt64Ty(context), value); }
  Constant *structure(ArrayRef<Constant *> members) {
    return ConstantStruct::getAnon(context, members);
  }

  GlobalVariable *global(Constant *value) {
    return new GlobalVariable(module, value->getType(), true, GlobalValue::PrivateLinkage, value);
  }
  Constant *text(StringRef value) { return global(ConstantDataArray::getString(context, value)); }
  Constant *array(ArrayRef<Constant *> values) {
    if (values.empty())
      return ConstantPointerNull::get(pointer);
    return global(
        ConstantArray::get(ArrayType::get(values.front()->getType(), values.size()), values));
  }

  Constant *entries(const VariantCode &variant) {
    auto *type = FunctionType::get(Type::getInt32Ty(context), {pointer, pointer}, false);
    std::vector<Constant *> list;
    for (const std::string &name : variant.entries) {
      auto *function = Function::Create(type, GlobalValue::ExternalLinkage,
                                        entrySymbol(name, variant.target.name), module);
      function->setVisibility(GlobalValue::HiddenVisibility);
      list.push_back(structure({text(name), function}));
    }
    return array(list);
  }

  GlobalVariable *inSection(Constant *value, StringRef section, uint64_t align) {
    GlobalVariable *variable = global(value);
    variable->setSection(section);
    variable->setAlignment(Align(align));
    used.push_back(variable);
    return variable;
  }

  void addSection(StringRef section, StringRef bytes) {
    inSection(ConstantDataArray::getString(context, bytes, /*AddNull=*/false), section, 1);
  }

  Constant *addHeader(uint64_t manifestSize, uint64_t modelSize) {
    StringRef magic(DREAMER_PACKAGE_MAGIC, 8);
    Constant *header =
        structure({ConstantDataArray::getString(context, magic, false),
                   i32(DREAMER_PACKAGE_FORMAT_VERSION), i32(DREAMER_PACKAGE_HEADER_SIZE),
                   i64(manifestSize), i64(modelSize), i64(0), i64(0), i64(0), i64(0)});
    return inSection(header, DREAMER_PACKAGE_HEADER_SECTION, 8);
  }

  Module &module;
  LLVMContext &context;
  PointerType *pointer;
  SmallVector<GlobalValue *> used;
};

} // namespace

Expected<ObjectCode> dreamer::buildDescriptor(const PackageContents &contents, StringRef manifest) {
  std::unique_ptr<TargetMachine> machine = createTargetMachine(KernelTarget{});
  if (!machine)
    return createStringError("expected an LLVM with the X86 backend");
  LLVMContext context;
  Module module("dreamer_package", context);
  module.setTargetTriple(machine->getTargetTriple());
  module.setDataLayout(machine->createDataLayout());
  DescriptorModule(module).build(contents, manifest);
  mlir::FailureOr<ObjectCode> object = emitObject(module, *machine);
  if (mlir::failed(object))
    return createStringError("LLVM cannot write object files for x86-64");
  return std::move(*object);
}
