// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Places become addresses: views, gathered rows, the block's own memory, blocks.

#include "passes/LowerTileToVector/Lowering.h"

using namespace mlir;

namespace dreamer::lowering {

using tile::Form;
using tile::Order;

Vals Place::at(Val row, Val column) const {
  Vals result = offsets;
  size_t last = result.size() - 1;
  if (type.getForm() == Form::pairs) {
    result[last - 2] = result[last - 2] + row / 2;
    result[last - 1] = result[last - 1] + column;
    result[last] = row % 2;
    return result;
  }
  if (type.getOrder() == Order::columns)
    std::swap(row, column);
  result[last - 1] = result[last - 1] + row;
  result[last] = result[last] + column;
  return result;
}

/// A memory that the kernel's code can address.
static LogicalResult expectPlain(Operation *op, Type type) {
  auto memref = cast<MemRefType>(type);
  if (memref.hasStaticShape() && memref.getLayout().isIdentity())
    return success();
  return op->emitOpError("expected a memref of static shape, contiguous, found ") << memref;
}

static LogicalResult expectForm(Operation *op, tile::MemType type) {
  if (type.getForm() == Form::plain || type.getForm() == Form::pairs)
    return success();
  return op->emitOpError("expected a place that is plain or in pairs on this target, found ")
         << type;
}

/// How much of `size` elements from `offset` on is there, of `valid` in the base.
static Val validWithin(Val valid, Val offset, int64_t size) {
  return kernels::max(kernels::min(valid - offset, size), 0);
}

static LogicalResult lowerView(Lowering &lowering, tile::ViewOp op) {
  tile::MemType type = op.getType();
  if (failed(expectForm(op, type)))
    return failure();
  Vals offsets;
  for (Value offset : op.getOffsets())
    offsets.push_back(lowering.scalar(offset));
  Val rows = type.getRows(), columns = type.getColumns();
  if (!op.getValid().empty()) {
    rows = kernels::min(lowering.scalar(op.getValid()[0]), rows);
    columns = kernels::min(lowering.scalar(op.getValid()[1]), columns);
  }
  if (isa<MemRefType>(op.getBase().getType())) {
    if (failed(expectPlain(op, op.getBase().getType())))
      return failure();
    Mem memory(lowering.emit(), lowering.mapping().lookupOrDefault(op.getBase()));
    lowering.set(op, Place{type, memory, offsets, rows, columns, nullptr});
    return success();
  }
  Place base = lowering.place(op.getBase());
  if (base.rows)
    return op.emitOpError("expected no view of gathered rows");
  Val validRows = base.validRows, validColumns = base.validColumns;
  bool turned = type.getOrder() != base.type.getOrder();
  if (turned)
    std::swap(validRows, validColumns);
  bool all = base.hasAllRows() && base.hasAllColumns();
  if (!all) {
    rows = kernels::min(rows, validWithin(validRows, offsets[0], type.getRows()));
    columns = kernels::min(columns, validWithin(validColumns, offsets[1], type.getColumns()));
  }
  Vals start = turned ? base.at(offsets[1], offsets[0]) : base.at(offsets[0], offsets[1]);
  if (type.getForm() == Form::pairs && !start.back().isInteger(0))
    return op.emitOpError("expected a view of pairs to begin at an even row that is constant");
  lowering.set(op, Place{type, base.memory, start, rows, columns, nullptr});
  return success();
}

static LogicalResult lowerRows(Lowering &lowering, tile::RowsOp op) {
  if (failed(expectPlain(op, op.getMatrix().getType())))
    return failure();
  Mem memory(lowering.emit(), lowering.mapping().lookupOrDefault(op.getMatrix()));
  tile::MemType type = op.getType();
  Val columns = type.getColumns();
  if (op.getValid())
    columns = kernels::min(lowering.scalar(op.getValid()), columns);
  lowering.set(op, Place{type,
                         memory,
                         {0, lowering.scalar(op.getColumn())},
                         type.getRows(),
                         columns,
                         std::make_shared<Place>(lowering.place(op.getIds()))});
  return success();
}

static LogicalResult lowerAlloc(Lowering &lowering, tile::AllocOp op) {
  tile::MemType type = op.getType();
  if (failed(expectForm(op, type)))
    return failure();
  SmallVector<int64_t> shape{type.getRows(), type.getColumns()};
  if (type.getOrder() == Order::columns)
    std::swap(shape[0], shape[1]);
  if (type.getForm() == Form::pairs)
    shape = {type.getRows() / 2, type.getColumns(), 2};
  Mem memory = lowering.emit().stack(shape, type.getElementType());
  lowering.set(op, Place{type, memory, Vals(shape.size(), Val(0)), type.getRows(),
                         type.getColumns(), nullptr});
  return success();
}

static LogicalResult lowerBlockId(Lowering &lowering, tile::BlockIdOp op) {
  lowering.mapping().map(op.getResult(), lowering.getGrid().id);
  return success();
}

static LogicalResult lowerBlockCount(Lowering &lowering, tile::BlockCountOp op) {
  Value count = lowering.getGrid().count;
  if (!count)
    return op.emitOpError("expected a kernel that does not ask for the number of tasks");
  lowering.mapping().map(op.getResult(), count);
  return success();
}

/// A block is one thread.
static LogicalResult lowerBarrier(Lowering &, tile::BarrierOp) { return success(); }

void addPlaceHandlers(Handlers &handlers, MLIRContext *context) {
  addHandler<tile::ViewOp, lowerView>(handlers, context);
  addHandler<tile::RowsOp, lowerRows>(handlers, context);
  addHandler<tile::AllocOp, lowerAlloc>(handlers, context);
  addHandler<tile::BlockIdOp, lowerBlockId>(handlers, context);
  addHandler<tile::BlockCountOp, lowerBlockCount>(handlers, context);
  addHandler<tile::BarrierOp, lowerBarrier>(handlers, context);
}

} // namespace dreamer::lowering
