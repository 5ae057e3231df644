// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/LowerTileToVector/LowerTileToVector.h"
#include "dialects/Schedule/ScheduleDialect.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "passes/LowerTileToVector/Lowering.h"

using namespace mlir;

namespace dreamer {

#define GEN_PASS_DEF_LOWERTILETOVECTOR
#include "passes/LowerTileToVector/LowerTileToVector.h.inc"

static bool contains(func::FuncOp function, function_ref<bool(Operation *)> wanted) {
  auto visit = [&](Operation *op) {
    return wanted(op) ? WalkResult::interrupt() : WalkResult::advance();
  };
  return function.walk(visit).wasInterrupted();
}

static bool hasTiles(func::FuncOp function) {
  return contains(function, [](Operation *op) { return isa<tile::TileDialect>(op->getDialect()); });
}

/// The kernel's task, or two new arguments where they are asked for.
static lowering::Lowering::Grid gridOf(func::FuncOp function, Block &block) {
  if (function->hasAttr(schedule::attribute::kernel))
    return {block.getArguments().back(), nullptr};
  if (!contains(function,
                [](Operation *op) { return isa<tile::BlockIdOp, tile::BlockCountOp>(op); }))
    return {};
  Type index = IndexType::get(function.getContext());
  Value id = block.addArgument(index, function.getLoc());
  Value count = block.addArgument(index, function.getLoc());
  function.setType(FunctionType::get(function.getContext(), block.getArgumentTypes(),
                                     function.getResultTypes()));
  return {id, count};
}

static LogicalResult lowerFunction(func::FuncOp function, const lowering::Handlers &handlers,
                                   const KernelTarget &target) {
  if (!function.getBody().hasOneBlock())
    return function.emitError("expected a tile program of one block");
  Block &from = function.getBody().front();
  OpBuilder builder(function.getContext());
  SmallVector<Location> locations(from.getNumArguments(), function.getLoc());
  Block *to = builder.createBlock(&function.getBody(), function.getBody().end(),
                                  from.getArgumentTypes(), locations);
  lowering::Lowering lowering(builder, handlers, target, gridOf(function, *to));
  for (auto [old, argument] : llvm::zip(from.getArguments(), to->getArguments()))
    lowering.mapping().map(old, argument);
  if (failed(lowering.lowerBody(from)))
    return failure();
  builder.clone(*from.getTerminator(), lowering.mapping());
  from.erase();
  return success();
}

namespace {
struct LowerTileToVector : impl::LowerTileToVectorBase<LowerTileToVector> {
  using LowerTileToVectorBase::LowerTileToVectorBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    KernelTarget target = targetOf(module);
    int64_t bits = target.vectorBits;
    if (bits != 128 && bits != 256 && bits != 512) {
      module.emitError() << "expected vectors of 128, 256 or 512 bits, found " << bits;
      return signalPassFailure();
    }
    lowering::Handlers handlers = lowering::makeHandlers(&getContext());
    for (auto function : module.getOps<func::FuncOp>())
      if (hasTiles(function) && failed(lowerFunction(function, handlers, target)))
        return signalPassFailure();
  }

private:
  /// What the options say, then what the module says, then vectors of 256 bits.
  KernelTarget targetOf(ModuleOp module) {
    KernelTarget target;
    if (auto given = module->getAttrOfType<DictionaryAttr>(schedule::attribute::target))
      target = KernelTarget::fromAttribute(given).value_or(target);
    if (vectorBits)
      target.vectorBits = vectorBits;
    for (const std::string &feature : features)
      target.features.insert(feature);
    return target;
  }
};
} // namespace

} // namespace dreamer
