// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The index arithmetic beside the Dreamer operations (depths of groups, counts of slots),
// and constants.

#include "lib/Reference/Models.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;

static LogicalResult constant(arith::ConstantOp op, Frame &frame) {
  if (auto scalar = dyn_cast<IntegerAttr>(op.getValue()); scalar && op.getType().isIndex()) {
    frame.set(op.getResult(), scalar.getInt());
    return success();
  }
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!dense || !(isa<FloatType>(dense.getElementType()) || dense.getElementType().isInteger(32)))
    return op.emitOpError() << "expected an index or a tensor of floats or i32, found "
                            << op.getType();
  Tensor value = filled(op.getType(), 0, 0);
  if (auto *floats = std::get_if<Floats>(&value))
    for (auto [i, element] : llvm::enumerate(dense.getValues<APFloat>()))
      floats->data()[i] = element.convertToDouble();
  else
    for (auto [i, element] : llvm::enumerate(dense.getValues<APInt>()))
      std::get<Ints>(value).data()[i] = element.getSExtValue();
  frame.set(op.getResult(), std::move(value));
  return success();
}

/// A binary operation on `index`.
template <typename Op, typename Function>
static LogicalResult onIndex(Op op, Frame &frame, Function function) {
  if (!op.getType().isIndex())
    return op.emitOpError() << "expected index operands, found " << op.getType();
  frame.set(op.getResult(), int64_t(function(frame.index(op.getLhs()), frame.index(op.getRhs()))));
  return success();
}

static LogicalResult addi(arith::AddIOp op, Frame &frame) {
  return onIndex(op, frame, [](int64_t a, int64_t b) { return a + b; });
}
static LogicalResult subi(arith::SubIOp op, Frame &frame) {
  return onIndex(op, frame, [](int64_t a, int64_t b) { return a - b; });
}
static LogicalResult muli(arith::MulIOp op, Frame &frame) {
  return onIndex(op, frame, [](int64_t a, int64_t b) { return a * b; });
}
static LogicalResult minsi(arith::MinSIOp op, Frame &frame) {
  return onIndex(op, frame, [](int64_t a, int64_t b) { return std::min(a, b); });
}
static LogicalResult maxsi(arith::MaxSIOp op, Frame &frame) {
  return onIndex(op, frame, [](int64_t a, int64_t b) { return std::max(a, b); });
}

void reference::attachArithModels(MLIRContext &context) {
  attach<constant, addi, subi, muli, minsi, maxsi>(context);
}
