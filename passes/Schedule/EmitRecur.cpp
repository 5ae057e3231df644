// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loop over depth as a loop of the host.

#include "dialects/Schedule/ScheduleDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Schedule/Emitter.h"

using namespace mlir;
using namespace dreamer;

/// How many steps are run; a run-time depth is checked first.
Value Emitter::emitStepCount(RecurOp recur) {
  if (!recur.getDepth())
    return constant(recur.getBound());
  Location loc = recur.getLoc();
  Value given = memref::LoadOp::create(host, loc, buffer(recur.getDepth()), ValueRange());
  Value steps = arith::IndexCastOp::create(host, loc, host.getIndexType(), given);
  // Numbers below 1 are large once 1 is taken and signs are ignored.
  Value last = arith::SubIOp::create(host, loc, steps, constant(1));
  Value valid =
      arith::CmpIOp::create(host, loc, arith::CmpIPredicate::ult, last, constant(recur.getBound()));
  std::string name = "depth";
  if (auto argument = dyn_cast<BlockArgument>(recur.getDepth()))
    if (auto given = source.getArgAttrOfType<StringAttr>(argument.getArgNumber(), attribute::name))
      name = given.str();
  schedule::RequireOp::create(
      host, loc, valid,
      errors.codeOf(name + ": expected a depth in [1, " + std::to_string(recur.getBound()) + "]"));
  return steps;
}

void Emitter::emitInits(RecurOp recur) {
  for (auto [init, carried] : llvm::zip(recur.getInitsMutable(), recur.getCarriedArguments())) {
    if (!isMadeInPlace(init))
      copyIfElsewhere(init.get(), carried);
    else if (init.get().getDefiningOp<ZeroOp>())
      fill(buffer(carried), 0);
  }
}

/// Stacked values go to their slots, yielded values to where the next step looks for them.
void Emitter::emitEndOfStep(RecurOp recur) {
  YieldOp yield = recur.getYield();
  for (auto [value, stacked] : llvm::zip(yield.getStacked(), recur.getStackedResults())) {
    Place slot = placement.placeOf(stacked);
    slot.terms.insert(slot.terms.begin(), {recur.getIndex(), bytesOf(value.getType())});
    if (Place from = placement.placeOf(value); from != slot)
      copy(viewAt(from, value.getType()), viewAt(slot, value.getType()));
  }

  struct Move {
    Value value, carried;
    Place from, to;
  };
  SmallVector<Move> moves;
  for (auto [value, carried] : llvm::zip(yield.getCarried(), recur.getCarriedArguments())) {
    Move move{value, carried, placement.placeOf(value), placement.placeOf(carried)};
    if (move.from != move.to)
      moves.push_back(move);
  }
  // Values that are exchanged go through memory of their own.
  auto isOverwritten = [&](const Move &move) {
    return llvm::any_of(moves,
                        [&](const Move &other) { return other.to.memory == move.from.memory; });
  };
  if (llvm::none_of(moves, isOverwritten)) {
    for (const Move &move : moves)
      copy(viewAt(move.from, move.value.getType()), viewAt(move.to, move.value.getType()));
    return;
  }
  SmallVector<Value> held;
  for (const Move &move : moves)
    copy(viewAt(move.from, move.value.getType()),
         held.emplace_back(scratch(cast<MemRefType>(buffer(move.carried).getType()))));
  for (auto [value, move] : llvm::zip(held, moves))
    copy(value, viewAt(move.to, move.value.getType()));
}

/// Entries of steps that are not run: 0, or -1 for integers.
void Emitter::emitUnusedEntries(RecurOp recur, Value steps) {
  if (!recur.getDepth() || recur.getStackedResults().empty())
    return;
  Location loc = recur.getLoc();
  auto loop = scf::ForOp::create(host, loc, steps, constant(recur.getBound()), constant(1));
  OpBuilder::InsertionGuard guard(host);
  host.setInsertionPointToStart(loop.getBody());
  indices.map(recur.getIndex(), loop.getInductionVar());
  for (auto [value, stacked] :
       llvm::zip(recur.getYield().getStacked(), recur.getStackedResults())) {
    Place slot = placement.placeOf(stacked);
    slot.terms.insert(slot.terms.begin(), {recur.getIndex(), bytesOf(value.getType())});
    bool integers = cast<RankedTensorType>(value.getType()).getElementType().isInteger();
    fill(viewAt(slot, value.getType()), integers ? -1 : 0);
  }
}

LogicalResult Emitter::emitRecur(RecurOp recur) {
  Location loc = recur.getLoc();
  Value steps = emitStepCount(recur);
  emitInits(recur);
  auto loop = scf::ForOp::create(host, loc, constant(0), steps, constant(1));
  {
    OpBuilder::InsertionGuard guard(host);
    host.setInsertionPointToStart(loop.getBody());
    Value index = loop.getInductionVar();
    if (recur.getReverse()) {
      Value last = arith::SubIOp::create(host, loc, steps, constant(1));
      index = arith::SubIOp::create(host, loc, last, index);
    }
    indices.map(recur.getIndex(), index);
    openLoop(recur, loop);
    if (failed(emitBlock(recur.getBody().front())))
      return failure();
    closeLoop();
  }
  current = recur;
  emitUnusedEntries(recur, steps);
  return success();
}
