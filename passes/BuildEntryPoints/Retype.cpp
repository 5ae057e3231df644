// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cloning of operations for operands of other types.

#include "passes/BuildEntryPoints/Retype.h"
#include "passes/Support/Recur.h"

using namespace mlir;
using namespace dreamer;

SmallVector<Value> Retype::lookup(ValueRange values) {
  return llvm::map_to_vector(values, [&](Value value) { return mapping.lookup(value); });
}

LogicalResult Retype::cloneBody(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(clone(op)))
      return failure();
  return success();
}

LogicalResult Retype::clone(Operation &op) {
  if (auto recur = dyn_cast<RecurOp>(op))
    return cloneRecur(recur);
  Operation *cloned = builder.clone(op, mapping);
  if (cloned->getOperandTypes() == op.getOperandTypes())
    return success();

  if (op.hasTrait<OpTrait::SameOperandsAndResultShape>()) {
    auto shape = cast<ShapedType>(cloned->getOperand(0).getType()).getShape();
    for (Value result : cloned->getResults())
      result.setType(cast<ShapedType>(result.getType()).clone(shape));
    return success();
  }
  auto infers = dyn_cast<InferTypeOpInterface>(cloned);
  if (!infers)
    return op.emitOpError("expected an operation whose result types follow from its operands, so "
                          "that it can be cloned for other operand types");
  SmallVector<Type> types;
  if (failed(infers.inferReturnTypes(op.getContext(), op.getLoc(), cloned->getOperands(),
                                     cloned->getAttrDictionary(), cloned->getPropertiesStorage(),
                                     cloned->getRegions(), types)))
    return failure();
  for (auto [result, type] : llvm::zip_equal(cloned->getResults(), types))
    result.setType(type);
  return success();
}

LogicalResult Retype::cloneRecur(RecurOp recur) {
  Location loc = recur.getLoc();
  SmallVector<Value> inits = lookup(recur.getInits()), slices = lookup(recur.getSlices());
  SmallVector<Value *> beside = carriedBeside(recur);
  for (Value *value : beside)
    inits.push_back(*value);

  Region region;
  Block &body = region.emplaceBlock();
  mapping.map(recur.getIndex(), body.addArgument(builder.getIndexType(), loc));
  for (Value init : inits)
    body.addArgument(init.getType(), loc);
  for (auto [argument, slice] : llvm::zip_equal(recur.getSliceArguments(), slices))
    mapping.map(argument, body.addArgument(entryType(slice.getType()), loc));
  for (auto [i, argument] : llvm::enumerate(recur.getCarriedArguments()))
    mapping.map(argument, body.getArgument(1 + i));
  for (auto [i, value] : llvm::enumerate(beside))
    *value = body.getArgument(1 + recur.getInits().size() + i);

  YieldOp yield = recur.getYield();
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(&body);
    if (failed(cloneBody(recur.getBody().front())))
      return failure();
    SmallVector<Value> carried = lookup(yield.getCarried());
    for (Value *value : beside)
      carried.push_back(*value);
    YieldOp::create(builder, yield.getLoc(), carried, lookup(yield.getStacked()));
  }
  Value depth = recur.getDepth() ? mapping.lookup(recur.getDepth()) : Value();
  RecurOp cloned = createRecur(builder, loc, depth, inits, slices, recur.getBound(),
                               recur.getReverse(), std::move(region));
  cloned->setDiscardableAttrs(recur->getDiscardableAttrDictionary());

  unsigned own = recur.getInits().size();
  mapping.map(recur.getCarriedResults(), cloned.getCarriedResults().take_front(own));
  mapping.map(recur.getStackedResults(), cloned.getStackedResults());
  for (auto [value, result] : llvm::zip_equal(beside, cloned.getCarriedResults().drop_front(own)))
    *value = result;
  return success();
}
