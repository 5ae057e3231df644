// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The walk over a function: handlers for tiles, loops and conditions that carry tiles.

#include "passes/LowerTileToVector/Lowering.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace dreamer::lowering {

static bool isTile(Type type) { return isa<tile::RegType>(type); }

Handlers makeHandlers(MLIRContext *context) {
  Handlers handlers;
  addMemoryHandlers(handlers, context);
  addPlaceHandlers(handlers, context);
  addProductHandlers(handlers, context);
  addValueHandlers(handlers, context);
  return handlers;
}

Val Lowering::scalar(Value value) {
  IntegerAttr constant;
  if (value.getType().isIndex() && matchPattern(value, m_Constant(&constant)))
    return Val(constant.getInt());
  return {emit(), values.lookupOrDefault(value)};
}

FailureOr<Tile> Lowering::vectorsOf(Operation *op, tile::RegType type) {
  if (type.getLayout() != tile::Layout::vectors)
    return op->emitError() << "expected a tile in the layout vectors on this target, found "
                           << type;
  if (type.getSlice())
    return Tile{1, 1, Vals(type.getRows())};
  int64_t width = std::min<int64_t>(target.lanes(), llvm::PowerOf2Ceil(type.getColumns()));
  if (type.getColumns() % width)
    width /= 2;
  if (type.getColumns() % width)
    return op->emitError() << "expected columns in a multiple of " << width
                           << ", half the lanes of a vector, found " << type;
  int64_t perRow = type.getColumns() / width;
  return Tile{perRow, width, Vals(type.getRows() * perRow)};
}

FailureOr<Tile> Lowering::shapeOf(Operation *op, tile::RegType type) {
  return isAmx(type) ? amxShapeOf(target, op, type) : vectorsOf(op, type);
}

Type Lowering::partType(const Tile &shape, tile::RegType type) {
  if (isAmx(type))
    return amxPartType(type.getContext());
  if (type.getSlice())
    return type.getElementType();
  return VectorType::get(shape.width, type.getElementType());
}

LogicalResult Lowering::appendTypes(Operation &op, TypeRange types, SmallVectorImpl<Type> &parts) {
  for (Type type : types) {
    auto reg = dyn_cast<tile::RegType>(type);
    if (!reg) {
      parts.push_back(type);
      continue;
    }
    FailureOr<Tile> shape = shapeOf(&op, reg);
    if (failed(shape))
      return failure();
    parts.append(shape->parts.size(), partType(*shape, reg));
  }
  return success();
}

void Lowering::appendParts(ValueRange from, SmallVectorImpl<Value> &parts) {
  for (Value value : from) {
    if (!isTile(value.getType())) {
      parts.push_back(values.lookupOrDefault(value));
      continue;
    }
    for (Val part : tile(value).parts)
      parts.push_back(part.get());
  }
}

LogicalResult Lowering::bindParts(Operation &op, ValueRange to, ValueRange parts) {
  for (Value value : to) {
    auto reg = dyn_cast<tile::RegType>(value.getType());
    if (!reg) {
      values.map(value, parts.front());
      parts = parts.drop_front();
      continue;
    }
    FailureOr<Tile> shape = shapeOf(&op, reg);
    if (failed(shape))
      return failure();
    for (Val &part : shape->parts) {
      part = {emit(), parts.front()};
      parts = parts.drop_front();
    }
    set(value, *shape);
  }
  return success();
}

LogicalResult Lowering::lowerControlFlow(Operation &op) {
  for (Value value : llvm::concat<Value>(SmallVector<Value>(op.getOperands()),
                                         SmallVector<Value>(op.getResults())))
    if (isa<tile::MemType>(value.getType()) ||
        (isTile(value.getType()) && !isa<scf::ForOp, scf::IfOp, scf::IndexSwitchOp>(op)))
      return op.emitError()
             << "expected tiles in registers to be carried by scf.for or given by scf.if, "
                "found '"
             << op.getName() << "'";
  OperationState state(op.getLoc(), op.getName());
  SmallVector<Value> operands;
  SmallVector<Type> results;
  appendParts(op.getOperands(), operands);
  if (failed(appendTypes(op, op.getResultTypes(), results)))
    return failure();
  state.addOperands(operands);
  state.addTypes(results);
  state.addAttributes(op.getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = op.getPropertiesAsAttribute();
  for (unsigned i = 0; i < op.getNumRegions(); ++i)
    state.addRegion();
  Operation *copy = builder.create(state);
  for (auto [from, to] : llvm::zip(op.getRegions(), copy->getRegions())) {
    if (from.empty())
      continue;
    if (!from.hasOneBlock())
      return op.emitError() << "expected regions of one block, found '" << op.getName() << "'";
    OpBuilder::InsertionGuard guard(builder);
    SmallVector<Type> types;
    if (failed(appendTypes(op, from.getArgumentTypes(), types)))
      return failure();
    Block *block =
        builder.createBlock(&to, {}, types, SmallVector<Location>(types.size(), op.getLoc()));
    if (failed(bindParts(op, from.getArguments(), block->getArguments())) ||
        failed(lowerBody(from.front())))
      return failure();
    Operation *end = from.front().getTerminator();
    SmallVector<Value> yielded;
    appendParts(end->getOperands(), yielded);
    OperationState terminator(end->getLoc(), end->getName(), yielded, {}, end->getAttrs());
    builder.create(terminator);
  }
  emitter.emplace(builder, op.getLoc(), target.vectorBits);
  return bindParts(op, op.getResults(), copy->getResults());
}

LogicalResult Lowering::lower(Operation &op) {
  emitter.emplace(builder, op.getLoc(), target.vectorBits);
  if (auto handler = handlers.find(op.getName()); handler != handlers.end())
    return handler->second(*this, &op);
  if (isa<tile::TileDialect>(op.getDialect()))
    return op.emitOpError(
        "expected an operation that a processor has, found one of another target");
  auto isOfTiles = [](Type type) { return isa<tile::TileDialect>(type.getDialect()); };
  if (op.getNumRegions() || llvm::any_of(op.getOperandTypes(), isOfTiles) ||
      llvm::any_of(op.getResultTypes(), isOfTiles))
    return lowerControlFlow(op);
  builder.clone(op, values);
  return success();
}

LogicalResult Lowering::lowerBody(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(lower(op)))
      return failure();
  return success();
}

} // namespace dreamer::lowering
