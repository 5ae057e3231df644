// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks, loops, conditions, calls, and single elements of arrays.

#include "lib/TileRun/Arithmetic.h"
#include "lib/TileRun/Frame.h"
#include "lib/TileRun/Memory.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::tilerun;

static const Models &allModels() {
  static const Models models = [] {
    Models all;
    addControlModels(all);
    addPlaceModels(all);
    addValueModels(all);
    addPipelineModels(all);
    return all;
  }();
  return models;
}

void Frame::assign(ValueRange to, ValueRange from) {
  SmallVector<Datum> data = llvm::map_to_vector(from, [&](Value value) { return get(value); });
  for (auto [value, datum] : llvm::zip_equal(to, data))
    set(value, std::move(datum));
}

/// A number of at most 64 bits.
static bool isNumber(Type type) {
  return type.isIndex() ||
         (type.isIntOrFloat() && (isa<FloatType>(type) || type.getIntOrFloatBitWidth() <= 64));
}

static LogicalResult runArithmetic(Operation *op, const Arithmetic &arithmetic, Frame &frame) {
  // Arrays and tiles may be chosen between, but not computed with.
  if (auto select = dyn_cast<arith::SelectOp>(op); select && !isNumber(select.getType())) {
    if (!select.getCondition().getType().isInteger(1))
      return op->emitOpError("expected one condition, found ") << select.getCondition().getType();
    bool isTrue = frame.index(select.getCondition());
    frame.set(op->getResult(0), frame.get(isTrue ? select.getTrueValue() : select.getFalseValue()));
    return success();
  }
  for (Type type : llvm::concat<const Type>(SmallVector<Type>(op->getOperandTypes()),
                                            SmallVector<Type>(op->getResultTypes())))
    if (!isNumber(type))
      return op->emitOpError("expected numbers of at most 64 bits outside of tile.map, found ")
             << type;
  SmallVector<Scalar> operands =
      llvm::map_to_vector(op->getOperands(), [&](Value value) { return frame.scalar(value); });
  FailureOr<Scalar> result = arithmetic(op, operands);
  if (failed(result))
    return failure();
  frame.set(op->getResult(0), *result);
  return success();
}

LogicalResult Frame::runBlock(Block &block) {
  for (Operation &op : block) {
    if (op.hasTrait<OpTrait::IsTerminator>())
      continue;
    if (!run.hasData() && run.budget-- == 0) {
      run.isCut = true;
      return failure();
    }
    if (const Arithmetic *arithmetic = findArithmetic(&op)) {
      if (failed(runArithmetic(&op, *arithmetic, *this)))
        return failure();
      continue;
    }
    auto model = allModels().find(op.getName().getTypeID());
    if (model == allModels().end())
      return op.emitError("expected an operation of tile programs (tile, scf, arith, math, "
                          "memref.load, memref.store, memref.dim, func.call), found '")
             << op.getName() << "'";
    if (failed(model->second(&op, *this)))
      return failure();
  }
  return success();
}

static LogicalResult blockId(tile::BlockIdOp op, Frame &frame) {
  frame.set(op.getResult(), Scalar::ofInteger(frame.run.block));
  return success();
}

static LogicalResult blockCount(tile::BlockCountOp op, Frame &frame) {
  frame.set(op.getResult(), Scalar::ofInteger(frame.run.blocks));
  return success();
}

static LogicalResult loop(scf::ForOp op, Frame &frame) {
  int64_t from = frame.index(op.getLowerBound()), to = frame.index(op.getUpperBound());
  int64_t step = frame.index(op.getStep());
  if (step <= 0)
    return op.emitOpError("expected a step above 0, found ") << step;
  frame.assign(op.getRegionIterArgs(), op.getInitArgs());
  for (int64_t i = from; i < to; i += step) {
    frame.set(op.getInductionVar(), Scalar::ofInteger(i));
    if (failed(frame.runBlock(*op.getBody())))
      return failure();
    frame.assign(op.getRegionIterArgs(), op.getYieldedValues());
    if (i > std::numeric_limits<int64_t>::max() - step)
      break;
  }
  frame.assign(op.getResults(), op.getRegionIterArgs());
  return success();
}

static LogicalResult condition(scf::IfOp op, Frame &frame) {
  Block *block = frame.index(op.getCondition()) ? op.thenBlock() : op.elseBlock();
  if (!block)
    return success();
  if (failed(frame.runBlock(*block)))
    return failure();
  frame.assign(op.getResults(), block->getTerminator()->getOperands());
  return success();
}

static LogicalResult call(func::CallOp op, Frame &frame) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, op.getCalleeAttr());
  if (!callee || !callee.getBody().hasOneBlock())
    return op.emitOpError("expected a function with a body of one block, found '")
           << op.getCallee() << "'";
  Block &body = callee.getBody().front();
  constexpr int64_t mostCalls = 100;
  Frame inner(frame.run, frame.worker);
  inner.depth = frame.depth + 1;
  if (inner.depth > mostCalls)
    return op.emitOpError("expected calls at most ") << mostCalls << " deep, found deeper ones";
  for (auto [argument, operand] : llvm::zip_equal(body.getArguments(), op.getOperands()))
    inner.set(argument, frame.get(operand));
  if (failed(inner.runBlock(body)))
    return failure();
  for (auto [result, value] : llvm::zip_equal(op.getResults(), body.getTerminator()->getOperands()))
    frame.set(result, inner.get(value));
  return success();
}

/// The address of an element of an array; fails where there is none.
static FailureOr<int64_t> findElement(Operation *op, const Memory &array, ArrayRef<int64_t> index) {
  if (std::optional<int64_t> address = addressIn(array, index))
    return *address;
  return op->emitOpError("expected an index within ")
         << ArrayRef<int64_t>(array.shape) << ", found " << index;
}

static LogicalResult loadElement(memref::LoadOp op, Frame &frame) {
  SmallVector<int64_t> index = frame.indices(op.getIndices());
  if (!frame.run.hasData()) {
    int64_t number = frame.run.unknowns->numberOf(op.getMemRef(), index);
    frame.set(op.getResult(),
              isa<FloatType>(op.getType()) ? Scalar::ofReal(number) : Scalar::ofInteger(number));
    return success();
  }
  const Memory &array = *frame.array(op.getMemRef());
  FailureOr<int64_t> address = findElement(op, array, index);
  if (failed(address))
    return failure();
  if (!array.defined[*address])
    return op.emitOpError("expected an element that was written, found one that was not at ")
           << index;
  frame.set(op.getResult(), array.elements[*address]);
  return success();
}

static LogicalResult storeElement(memref::StoreOp op, Frame &frame) {
  if (!frame.run.hasData())
    return success();
  Memory &array = *frame.array(op.getMemRef());
  FailureOr<int64_t> address = findElement(op, array, frame.indices(op.getIndices()));
  if (failed(address))
    return failure();
  array.elements[*address] = frame.scalar(op.getValue());
  array.defined[*address] = true;
  return success();
}

static LogicalResult dimension(memref::DimOp op, Frame &frame) {
  auto type = cast<MemRefType>(op.getSource().getType());
  int64_t i = frame.index(op.getIndex());
  if (i < 0 || i >= type.getRank())
    return op.emitOpError("expected a dimension of ") << type << ", found " << i;
  int64_t size = type.getDimSize(i);
  if (frame.run.hasData())
    size = frame.array(op.getSource())->shape[i];
  else if (type.isDynamicDim(i))
    size = frame.run.unknowns->numberOf(op.getSource(), {-1, i});
  frame.set(op.getResult(), Scalar::ofInteger(size));
  return success();
}

void tilerun::addControlModels(Models &models) {
  addModels<blockId, blockCount, loop, condition, call, loadElement, storeElement, dimension>(
      models);
}
