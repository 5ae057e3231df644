// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the core operations of the Tile dialect refuse; products are in TileMma.cpp, rings and
// roles in TilePipelineOps.cpp.

#include "dialects/Tile/TileDialect.h"

using namespace mlir;

namespace dreamer::tile {

static LogicalResult expectSameTile(Operation *op, Type a, Type b) {
  auto shape = [](Type type) {
    auto mem = dyn_cast<MemType>(type);
    return mem ? mem.getShape() : cast<RegType>(type).getShape();
  };
  auto element = [](Type type) {
    auto mem = dyn_cast<MemType>(type);
    return mem ? mem.getElementType() : cast<RegType>(type).getElementType();
  };
  if (shape(a) == shape(b) && element(a) == element(b))
    return success();
  return op->emitOpError("expected tiles of one shape and element type, found ")
         << a << " and " << b;
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

LogicalResult ViewOp::verify() {
  MemType result = getType();
  auto array = dyn_cast<MemRefType>(getBase().getType());
  if (!getValid().empty() && getValid().size() != 2)
    return emitOpError("expected 'valid' rows and columns, found ")
           << getValid().size() << " numbers";
  int64_t rank = array ? array.getRank() : 2;
  if (static_cast<int64_t>(getOffsets().size()) != rank)
    return emitOpError("expected ")
           << rank << " offsets, one for each dimension of the base, found " << getOffsets().size();
  if (!array) {
    auto place = cast<MemType>(getBase().getType());
    if (place.getElementType() != result.getElementType() ||
        place.getSpace() != result.getSpace() || place.getForm() != result.getForm())
      return emitOpError("expected the element type, space and form of the base, ")
             << place << ", found " << result;
    // A transposed view exchanges the dimensions, and with them which is contiguous.
    int64_t rows = place.getRows(), columns = place.getColumns();
    if (place.getOrder() != result.getOrder())
      std::swap(rows, columns);
    if (result.getRows() > rows || result.getColumns() > columns)
      return emitOpError("expected a tile within ")
             << rows << "x" << columns << ", found " << result.getRows() << "x"
             << result.getColumns();
    return success();
  }
  int64_t inner = result.getForm() == Form::pairs ? 3 : 2;
  if (array.getElementType() != result.getElementType())
    return emitOpError("expected elements of ")
           << array.getElementType() << ", as the base has, found " << result.getElementType();
  if (rank < inner)
    return emitOpError("expected a base of at least ") << inner << " dimensions, found " << rank;
  if (inner == 3 && array.getDimSize(rank - 1) != 2)
    return emitOpError("expected a last dimension of 2 for pairs, found ")
           << array.getDimSize(rank - 1);
  int64_t offset;
  SmallVector<int64_t> strides;
  if (failed(array.getStridesAndOffset(strides, offset)) || strides.back() != 1)
    return emitOpError("expected a base whose last dimension is contiguous, found ") << array;
  if (result.getSpace() != Space::global)
    return emitOpError("expected a place in global memory, as arrays are, found ") << result;
  return success();
}

LogicalResult RowsOp::verify() {
  auto matrix = cast<MemRefType>(getMatrix().getType());
  MemType ids = getIds().getType(), result = getType();
  if (matrix.getRank() != 2 || matrix.getElementType() != result.getElementType())
    return emitOpError("expected a matrix of ") << result.getElementType() << ", found " << matrix;
  if (!ids.getElementType().isInteger(32) || ids.getColumns() != 1 ||
      ids.getRows() != result.getRows())
    return emitOpError("expected ids ") << result.getRows() << "x1xi32, found " << ids;
  if (result.getSpace() != Space::global || result.getOrder() != Order::rows ||
      result.getForm() != Form::plain)
    return emitOpError("expected a plain place in global memory in the order rows, found ")
           << result;
  return success();
}

LogicalResult AllocOp::verify() {
  if (getType().getSpace() == Space::shared)
    return success();
  return emitOpError("expected a place in shared memory, found ") << getType();
}

LogicalResult LoadOp::verify() {
  if (failed(expectSameTile(*this, getSource().getType(), getType())))
    return failure();
  MemType source = getSource().getType();
  Layout layout = getType().getLayout();
  bool isFactor = layout == Layout::mma_a || layout == Layout::mma_b || layout == Layout::wgmma_a;
  if (isFactor && source.getSpace() != Space::shared)
    return emitOpError("expected a shared place to load ")
           << stringifyLayout(layout) << " from (ldmatrix), found " << source;
  return success();
}

LogicalResult StoreOp::verify() {
  return expectSameTile(*this, getValue().getType(), getTarget().getType());
}

LogicalResult CopyOp::verify() {
  return expectSameTile(*this, getSource().getType(), getTarget().getType());
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

LogicalResult FillOp::verify() {
  if (getValue().getType() == getType().getElementType())
    return success();
  return emitOpError("expected a tile of ") << getValue().getType() << ", found " << getType();
}

LogicalResult MapOp::verify() {
  if (getNumResults() == 0)
    return emitOpError("expected at least one result, found none");
  RegType first = cast<RegType>(getResult(0).getType());
  for (Type type : llvm::concat<const Type>(SmallVector<Type>(getInputs().getTypes()),
                                            SmallVector<Type>(getResultTypes())))
    if (cast<RegType>(type).withElement(first.getElementType()) != first)
      return emitOpError("expected tiles of one shape and layout, found ")
             << first << " and " << type;
  return success();
}

LogicalResult MapOp::verifyRegions() {
  SmallVector<Type> expected;
  for (Value input : getInputs())
    expected.push_back(cast<RegType>(input.getType()).getElementType());
  llvm::append_range(expected, getScalars().getTypes());
  Block &block = getBody().front();
  if (block.getArgumentTypes() != TypeRange(expected))
    return emitOpError("expected a region with arguments ")
           << expected << ", found " << block.getArgumentTypes();
  for (Operation &op : block.without_terminator())
    if (!isMemoryEffectFree(&op) || op.getNumRegions())
      return emitOpError("expected only arithmetic in the region, found '") << op.getName() << "'";
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield)
    return emitOpError("expected a region that ends with tile.yield");
  SmallVector<Type> elements;
  for (Value result : getResults())
    elements.push_back(cast<RegType>(result.getType()).getElementType());
  if (yield.getValues().getTypes() != TypeRange(elements))
    return emitOpError("expected the region to yield ")
           << elements << ", found " << yield.getValues().getTypes();
  return success();
}

/// A column that belongs to the rows of `tile`.
static LogicalResult expectSlice(Operation *op, RegType column, RegType tile) {
  if (!tile.getSlice() && column == tile.getSliceType())
    return success();
  return op->emitOpError("expected the column ")
         << tile.getSliceType() << " of " << tile << ", found " << column;
}

LogicalResult ReduceOp::verify() { return expectSlice(*this, getType(), getSource().getType()); }

LogicalResult BroadcastOp::verify() { return expectSlice(*this, getSource().getType(), getType()); }

LogicalResult ConvertLayoutOp::verify() {
  if (failed(expectSameTile(*this, getSource().getType(), getType())))
    return failure();
  RegType from = getSource().getType(), to = getType();
  bool plain = !from.getSlice() && !to.getSlice();
  bool becomesFactor = from.getWarps() == to.getWarps() &&
                       ((from.getLayout() == Layout::mma_c && to.getLayout() == Layout::mma_a) ||
                        (from.getLayout() == Layout::wgmma_c && to.getLayout() == Layout::wgmma_a));
  auto isNvidia = [](RegType tile) {
    return tile.getLayout() != Layout::vectors && tile.getLayout() != Layout::amx_c;
  };
  bool throughMemory =
      (from.getLayout() == Layout::blocked) != (to.getLayout() == Layout::blocked) &&
      isNvidia(from) && isNvidia(to);
  if (plain && (becomesFactor || throughMemory))
    return success();
  return emitOpError("no target converts ") << from << " to " << to;
}

} // namespace dreamer::tile

#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.cpp.inc"
