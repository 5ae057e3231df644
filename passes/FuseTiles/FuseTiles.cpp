// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/FuseTiles/FuseTiles.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "lib/Kernels/KernelParameters.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Support/Remarks.h"
#include <numeric>

namespace dreamer {
#define GEN_PASS_DEF_FUSETILES
#include "passes/FuseTiles/FuseTiles.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;

namespace {

/// A product and what follows it.
struct Chain {
  LinearOp product;
  SmallVector<Operation *> followers;
  int64_t run = 1; ///< tiles are whole runs of so many columns

  bool contains(Operation *op) const {
    return op && (op == product || llvm::is_contained(followers, op));
  }
};

/// Chains of products of one operand.
struct Group {
  SmallVector<Chain> chains;

  Operation *first() const { return chains.front().product; }
};

/// Whether `value` is known before `op`, in the same block or around it.
bool isKnownBefore(Value value, Operation *op) {
  Operation *definition = value.getDefiningOp();
  return !definition || definition->getBlock() != op->getBlock() || definition->isBeforeInBlock(op);
}

/// How many tiles a product has that a task can have, if each is whole runs of columns. A task has at least
/// some rows, so that the weight is not read too often.
int64_t tilesOf(LinearOp product, int64_t run) {
  constexpr int64_t rowsOfTile = 24;
  auto type = product.getResult().getType();
  int64_t columns = type.getDimSize(type.getRank() - 1), rows = type.getNumElements() / columns;
  return ((rows + rowsOfTile - 1) / rowsOfTile) * std::max<int64_t>(1, columns / run);
}

struct FuseTilesPass : dreamer::impl::FuseTilesBase<FuseTilesPass> {
  using FuseTilesBase::FuseTilesBase;

  void runOnOperation() override {
    if (when == When::Never)
      return;
    SmallVector<Block *> blocks;
    getOperation().walk([&](Block *block) {
      if (!isa_and_nonnull<ModuleOp, FusedOp>(block->getParentOp()))
        blocks.push_back(block);
    });
    for (Block *block : blocks)
      for (Group &group : groupsOf(*block))
        if (group.chains.size() > 1 || !group.chains.front().followers.empty())
          fuse(group);
  }

private:
  SmallVector<Group> groupsOf(Block &block) {
    SmallVector<Group> groups;
    SmallPtrSet<Operation *, 16> taken;
    for (LinearOp product : block.getOps<LinearOp>()) {
      if (when == When::Auto && product->hasAttr(tunedAttribute)) {
        remarkRefused(product, "FuseTiles") << remark::reason("it was tuned alone");
        continue;
      }
      Group *group = groupFor(product, groups);
      Operation *place = group ? group->first() : product.getOperation();
      Chain chain = chainFrom(product, place, taken);
      if (!group)
        group = &groups.emplace_back();
      group->chains.push_back(std::move(chain));
    }
    return groups;
  }

  /// The group of products of the same operand that this one can join.
  Group *groupFor(LinearOp product, SmallVector<Group> &groups) {
    for (Group &group : groups)
      if (cast<LinearOp>(group.first()).getX() == product.getX() &&
          llvm::all_of(product->getOperands(),
                       [&](Value operand) { return isKnownBefore(operand, group.first()); }))
        return &group;
    return nullptr;
  }

  /// What follows `product` and can be computed at `place`.
  Chain chainFrom(LinearOp product, Operation *place, SmallPtrSet<Operation *, 16> &taken) {
    Chain chain{product, {}};
    taken.insert(product);
    for (Operation *op = product->getNextNode(); op; op = op->getNextNode()) {
      auto local = dyn_cast<TileLocalOpInterface>(op);
      bool follows = local && llvm::any_of(local.getTileOperands(), [&](OpOperand *operand) {
                       return chain.contains(operand->get().getDefiningOp());
                     });
      if (!follows || taken.contains(op))
        continue;
      std::string problem = whyNot(chain, local, place);
      if (!problem.empty()) {
        remarkRefused(op, "FuseTiles") << remark::reason("{0}", problem);
        continue;
      }
      chain.run = std::lcm(chain.run, local.getTileRun());
      chain.followers.push_back(op);
      taken.insert(op);
    }
    return chain;
  }

  std::string whyNot(const Chain &chain, TileLocalOpInterface op, Operation *place) {
    SmallVector<OpOperand *> tiles = op.getTileOperands();
    for (OpOperand &operand : op->getOpOperands()) {
      bool ofChain = chain.contains(operand.get().getDefiningOp());
      if (ofChain && !llvm::is_contained(tiles, &operand))
        return "it needs the whole of what it follows";
      if (!ofChain && !isKnownBefore(operand.get(), place))
        return "another operand is not known yet where the product is";
    }
    int64_t run = std::lcm(chain.run, op.getTileRun()), count = tilesOf(chain.product, run);
    if (when == When::Auto && op.getTileRun() > 1 && count < fewestTiles)
      return llvm::formatv("tiles of {0} columns would be {1}, fewer than {2}", run, count,
                           int64_t(fewestTiles));
    return "";
  }

  void fuse(Group &group);
};

/// The values of `ops` that others read.
SmallVector<Value> readOutside(ArrayRef<Operation *> ops) {
  SmallVector<Value> values;
  for (Operation *op : ops)
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(),
                       [&](Operation *user) { return !llvm::is_contained(ops, user); }))
        values.push_back(result);
  return values;
}

void FuseTilesPass::fuse(Group &group) {
  SmallVector<Operation *> ops;
  for (Chain &chain : group.chains) {
    ops.push_back(chain.product);
    llvm::append_range(ops, chain.followers);
  }
  SmallVector<Value> given = readOutside(ops);
  llvm::SetVector<Value> inputs;
  for (Operation *op : ops)
    for (Value operand : op->getOperands())
      if (!llvm::is_contained(ops, operand.getDefiningOp()))
        inputs.insert(operand);

  OpBuilder builder(group.first());
  Location loc = group.first()->getLoc();
  auto op = FusedOp::create(builder, loc, ValueRange(given).getTypes(), inputs.getArrayRef());
  Block &body = op.getBody().emplaceBlock();
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, body.addArgument(input.getType(), loc));
  builder.setInsertionPointToEnd(&body);
  for (Operation *inner : ops)
    builder.clone(*inner, mapping);
  SmallVector<Value> values =
      llvm::map_to_vector(given, [&](Value value) { return mapping.lookup(value); });
  GiveOp::create(builder, loc, values);
  for (auto [value, result] : llvm::zip_equal(given, op.getResults()))
    value.replaceUsesWithIf(
        result, [&](OpOperand &use) { return !llvm::is_contained(ops, use.getOwner()); });
  for (Operation *inner : llvm::reverse(ops))
    inner->erase();
  fused += ops.size();
  remarkMade(op, "FuseTiles") << remark::reason(
      "{0} products, and {1} operations that follow them, in one launch", group.chains.size(),
      ops.size() - group.chains.size());
}

} // namespace
