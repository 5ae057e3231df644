// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations that are computed together.

#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;
using namespace dreamer;

OperandRange FusedOp::getGiven() {
  return cast<GiveOp>(getBody().front().getTerminator()).getValues();
}

Value FusedOp::getInput(Value argument) {
  auto known = dyn_cast<BlockArgument>(argument);
  return known && known.getOwner() == &getBody().front() ? getInputs()[known.getArgNumber()]
                                                         : Value();
}

/// The chain that `op` follows, by its tile operands; none if they are of several or of none.
static TileChain *chainOf(TileLocalOpInterface op, MutableArrayRef<TileChain> chains) {
  TileChain *found = nullptr;
  for (OpOperand *operand : op.getTileOperands()) {
    Operation *definition = operand->get().getDefiningOp();
    if (!definition)
      continue;
    for (TileChain &chain : chains)
      if (chain.product == definition || llvm::is_contained(chain.followers, definition)) {
        if (found && found != &chain)
          return nullptr;
        found = &chain;
      }
  }
  return found;
}

SmallVector<TileChain> FusedOp::getChains() {
  SmallVector<TileChain> chains;
  for (Operation &op : getBody().front().without_terminator()) {
    if (isa<LinearOp>(op))
      chains.push_back({&op, {}});
    else if (auto local = dyn_cast<TileLocalOpInterface>(op))
      if (TileChain *chain = chainOf(local, chains))
        chain->followers.push_back(&op);
  }
  return chains;
}

LogicalResult FusedOp::verifyRegions() {
  Block &body = getBody().front();
  auto give = dyn_cast<GiveOp>(body.getTerminator());
  if (!give)
    return emitOpError("expected a region that ends in 'dreamer.give'");
  if (body.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("expected the region's arguments to be of the inputs' types ")
           << getInputs().getTypes() << ", found " << body.getArgumentTypes();
  if (give.getValues().getTypes() != getResultTypes())
    return give.emitOpError("expected values of the results' types ")
           << getResultTypes() << ", found " << give.getValues().getTypes();
  SmallVector<TileChain> chains;
  for (Operation &op : body.without_terminator()) {
    auto local = dyn_cast<TileLocalOpInterface>(op);
    if (isa<LinearOp>(op)) {
      if (!llvm::all_of(op.getOperands(), llvm::IsaPred<BlockArgument>))
        return op.emitOpError("expected a product of the region's arguments in 'dreamer.fused'");
      chains.push_back({&op, {}});
    } else if (TileChain *chain = local ? chainOf(local, chains) : nullptr) {
      chain->followers.push_back(&op);
    } else {
      return op.emitOpError(
          "expected a product, or an operation that follows from the tiles of one "
          "product, in 'dreamer.fused'");
    }
  }
  llvm::SmallDenseSet<Value> given;
  for (Value value : give.getValues())
    if (isa<BlockArgument>(value) || !given.insert(value).second)
      return give.emitOpError("expected different values that the region computes, found ")
             << (isa<BlockArgument>(value) ? "an argument" : "one twice");
  return success();
}

Cost FusedOp::getCost(llvm::function_ref<int64_t(Value)> index) {
  Cost cost = Cost::ofMemoryTraffic(*this, index);
  auto inside = [&](Value value) {
    Value input = getInput(value);
    return input ? index(input) : 0;
  };
  for (Operation &op : getBody().front().without_terminator())
    if (auto counted = dyn_cast<CostOpInterface>(op))
      cost.flops += counted.getCost(inside).flops;
  return cost;
}
