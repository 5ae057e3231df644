// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Schedule/ScheduleDialect.h"
#include "lib/Kernels/KernelTarget.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/IR/SymbolTable.h"
#include "passes/LowerToLLVM/LowerToLLVM.h"
#include "llvm/ADT/DenseMap.h"

#include <algorithm>

namespace dreamer {
#define GEN_PASS_DEF_SHAREKERNELSPASS
#include "passes/LowerToLLVM/LowerToLLVM.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;

/// Everything that the code of a kernel depends on but its name; equal for kernels that are the same.
static llvm::hash_code hashOf(func::FuncOp kernel) {
  llvm::hash_code hash = hash_value(Type(kernel.getFunctionType()));
  kernel.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    hash = llvm::hash_combine(
        hash, OperationEquivalence::computeHash(op, OperationEquivalence::ignoreHashValue,
                                                OperationEquivalence::ignoreHashValue,
                                                OperationEquivalence::IgnoreLocations));
  });
  return hash;
}

static bool areSame(func::FuncOp one, func::FuncOp other) {
  return one.getFunctionType() == other.getFunctionType() &&
         one->getAttr(schedule::attribute::kernel) == other->getAttr(schedule::attribute::kernel) &&
         OperationEquivalence::isRegionEquivalentTo(&one.getBody(), &other.getBody(),
                                                    OperationEquivalence::IgnoreLocations);
}

/// Whether machines for `user` run the code of `owner`, with vectors as wide as their own.
static bool serves(const KernelTarget &owner, const KernelTarget &user) {
  return owner.vectorBits == user.vectorBits && owner.emulated == user.emulated &&
         std::includes(user.features.begin(), user.features.end(), owner.features.begin(),
                       owner.features.end());
}

namespace {

/// A kernel that has code, and the variant that it is of.
struct Owner {
  func::FuncOp kernel;
  const KernelTarget *target;
};

class ShareKernels : public dreamer::impl::ShareKernelsPassBase<ShareKernels> {
public:
  void runOnOperation() override {
    std::vector<std::pair<ModuleOp, KernelTarget>> variants;
    for (auto variant : getOperation().getOps<ModuleOp>())
      if (auto given = variant->getAttrOfType<DictionaryAttr>(schedule::attribute::target))
        if (auto target = KernelTarget::fromAttribute(given))
          variants.emplace_back(variant, *target);
    for (auto &[variant, target] : variants)
      for (auto kernel : variant.getOps<func::FuncOp>())
        if (isKernel(kernel)) {
          SmallVector<Owner> &alike = owners[hashOf(kernel)];
          if (!share(kernel, target, alike))
            alike.push_back({kernel, &target});
        }
  }

private:
  static bool isKernel(func::FuncOp function) {
    auto uses = SymbolTable::getSymbolUses(&function.getBody());
    return function->hasAttr(schedule::attribute::kernel) && !function.isExternal() && uses &&
           uses->empty(); // equal names of other functions would say little
  }

  /// Leaves a declaration of the kernel where one of those `alike`, whose hash is the same, has its code;
  /// false: none has.
  bool share(func::FuncOp kernel, const KernelTarget &target, ArrayRef<Owner> alike) {
    for (const Owner &owner : alike) {
      if (!serves(*owner.target, target) || !areSame(owner.kernel, kernel))
        continue;
      StringRef attribute = schedule::attribute::shared;
      func::FuncOp definition = owner.kernel;
      if (!definition->hasAttr(attribute))
        definition->setAttr(attribute,
                            StringAttr::get(&getContext(), definition.getName() + "." +
                                                               llvm::Twine(owner.target->name)));
      kernel->setAttr(attribute, definition->getAttr(attribute));
      kernel.getBody().dropAllReferences();
      kernel.getBody().getBlocks().clear();
      return true;
    }
    return false;
  }

  llvm::DenseMap<size_t, SmallVector<Owner>> owners; ///< by hash
};

} // namespace
