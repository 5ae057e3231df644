// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/DeferGradients/DeferGradients.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/DeferGradients/Windows.h"
#include "passes/Support/Plan.h"
#include "passes/Support/Recur.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

namespace dreamer {
#define GEN_PASS_DEF_DEFERGRADIENTS
#include "passes/DeferGradients/DeferGradients.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;
using llvm::formatv;

namespace {

/// Rows of a step from which on deferring gains nothing, and what a window should have.
struct Rows {
  int64_t enough, wanted;
};

/// docs/performance.md has the figures.
Rows rowsFor(int64_t sumBytes, bool narrow) {
  constexpr int64_t mostCached = 16 << 20;
  if (sumBytes <= mostCached) // what is done once for each block of the result is to be little
    return {64, 256};
  // A row is 2 FLOPs for each sum, which is read and written, 4 bytes each. Let that take an eighth of the
  // time, at what a processor computes while it moves a byte, in round numbers.
  int64_t flopsPerByte = narrow ? 8 : 4, rows = 8 * flopsPerByte * (4 + 4) / 2;
  return {rows, rows};
}

/// An operation of a loop's step that adds to carried values.
struct Candidate {
  DeferrableOpInterface op = nullptr;
  SmallVector<unsigned> carried = {}; ///< the loop's carried values that are its sums
  int64_t rows = 0;                   ///< of one step
  int64_t sumBytes = 0;               ///< of the gradients
  int64_t rowBytes = 0;               ///< of what one step has to leave behind
  int64_t window = 1;                 ///< steps that are summed over at once; 1: not deferred
  std::string reason = {};
};

/// Whether entries of a stack serve as `value` in each step: the loop's slice, or null.
Value sliceOf(RecurOp loop, Value value) {
  for (auto [argument, stack] : llvm::zip_equal(loop.getSliceArguments(), loop.getSlices()))
    if (argument == value)
      return stack;
  return {};
}

/// The operation as a candidate, if all its sums are values that the loop carries for it alone.
std::optional<Candidate> candidateOf(RecurOp loop, DeferrableOpInterface op) {
  auto sums = cast<AccumulatingOpInterface>(op.getOperation());
  Candidate candidate{op};
  OperandRange operands = sums.getSumOperands();
  if (operands.empty())
    return std::nullopt;
  for (auto [sum, result] : llvm::zip_equal(operands, sums.getSummedResults())) {
    auto argument = dyn_cast<BlockArgument>(sum);
    auto carriedArguments = loop.getCarriedArguments();
    if (!argument || !llvm::is_contained(carriedArguments, argument))
      return std::nullopt;
    unsigned i = argument.getArgNumber() - carriedArguments.front().getArgNumber();
    if (!sum.hasOneUse() || !result.hasOneUse() || loop.getYield().getCarried()[i] != result)
      return std::nullopt;
    candidate.carried.push_back(i);
    candidate.sumBytes += bytesOf(sum);
  }
  candidate.rows = std::max<int64_t>(op.getSummedRows(), 1);
  llvm::SmallSetVector<Value, 4> kept;
  for (OpOperand *operand : op.getRowOperands())
    if (!sliceOf(loop, operand->get()))
      kept.insert(operand->get());
  for (Value value : kept)
    candidate.rowBytes += bytesOf(value);
  return candidate;
}

/// Chooses a window, and says why. Whether it pays is a matter of a step, not of how many steps there
/// are, so that a model compiled for fewer depths decides alike.
void decide(Candidate &candidate, int64_t steps, Defer which, int64_t most, bool narrow) {
  auto refuse = [&](std::string reason) {
    candidate.window = 1;
    candidate.reason = std::move(reason);
  };
  for (OpOperand *operand : candidate.op.getRowOperands())
    if (operand->get().getParentBlock() != candidate.op->getBlock())
      return refuse("its rows come from outside of the loop");
  if (which == Defer::All) {
    candidate.window = divisorUpTo(steps, most);
    candidate.reason = "asked for";
    return;
  }
  Rows rows = rowsFor(candidate.sumBytes, narrow);
  if (candidate.rows >= rows.enough)
    return refuse(formatv("{0} rows of a step are enough for a product", candidate.rows));
  int64_t wanted = std::min<int64_t>(llvm::divideCeil(rows.wanted, candidate.rows), most);
  candidate.window = divisorUpTo(steps, std::min(divisorFrom(steps, wanted), most));
  // What a step reads and writes, now and then.
  int64_t saved = 2 * candidate.sumBytes * (wanted - 1) / wanted, moved = 2 * candidate.rowBytes;
  std::string traffic =
      formatv("a step moves {0} KiB of sums less, {1} KiB of rows more", saved >> 10, moved >> 10);
  if (saved <= moved)
    return refuse(traffic);
  if (candidate.window == 1)
    return refuse("no window of more than one step");
  candidate.reason = formatv("{0} rows instead of {1}; {2}", candidate.rows * candidate.window,
                             candidate.rows, traffic);
}

struct DeferGradientsPass : dreamer::impl::DeferGradientsBase<DeferGradientsPass> {
  using DeferGradientsBase::DeferGradientsBase;

  void runOnOperation() override {
    if (window < 0) {
      getOperation().emitError() << "expected a window of 1 or more steps, or 0 for all; found "
                                 << window.getValue();
      return signalPassFailure();
    }
    if (which == Defer::None)
      return;
    SmallVector<RecurOp> loops;
    getOperation().walk([&](RecurOp loop) {
      if (loop.getReverse())
        loops.push_back(loop);
    });
    for (RecurOp loop : loops)
      deferIn(loop);
  }

private:
  void deferIn(RecurOp loop);
  void defer(RecurOp loop, ArrayRef<Candidate> candidates);
};

void DeferGradientsPass::deferIn(RecurOp loop) {
  int64_t steps = loop.getBound(), size = 1,
          most = window ? window.getValue() : std::numeric_limits<int64_t>::max();
  SmallVector<Candidate> chosen;
  for (auto op : loop.getBody().getOps<DeferrableOpInterface>()) {
    std::optional<Candidate> candidate = candidateOf(loop, op);
    if (!candidate)
      continue;
    decide(*candidate, steps, which, most, narrow);
    PlanLine line{op, "gradient", candidate->window > 1 ? "deferred" : "every step"};
    line.bytes = candidate->window > 1 ? candidate->window * candidate->rowBytes : 0;
    line.sumBytes = candidate->sumBytes;
    line.steps = steps;
    line.window = candidate->window;
    line.rows = candidate->rows;
    line.reason = candidate->reason;
    addToPlan(getOperation(), line);
    if (candidate->window == 1)
      continue;
    size = std::max(size, candidate->window);
    chosen.push_back(*candidate);
  }
  if (chosen.empty())
    return;
  if (size < steps) {
    loop = cutIntoWindows(loop, size);
    ++windows;
  }
  defer(loop, chosen);
  deferred += chosen.size();
}

/// Moves the candidates behind the loop.
void DeferGradientsPass::defer(RecurOp loop, ArrayRef<Candidate> candidates) {
  SmallVector<Value> stacked(loop.getYield().getStacked());
  size_t before = stacked.size();
  for (const Candidate &candidate : candidates)
    for (OpOperand *operand : DeferrableOpInterface(candidate.op).getRowOperands())
      if (!sliceOf(loop, operand->get()) && !llvm::is_contained(stacked, operand->get()))
        stacked.push_back(operand->get());
  RecurOp whole = addStackedResults(loop, ArrayRef<Value>(stacked).drop_front(before));
  loop.erase();

  auto stackOf = [&](Value value) -> Value {
    if (Value stack = sliceOf(whole, value))
      return stack;
    return whole.getStackedResults()[llvm::find(stacked, value) - stacked.begin()];
  };
  OpBuilder builder(whole->getContext());
  builder.setInsertionPointAfter(whole);
  for (Candidate candidate : candidates) {
    auto sums = cast<AccumulatingOpInterface>(builder.clone(*candidate.op));
    for (OpOperand *operand : cast<DeferrableOpInterface>(sums.getOperation()).getRowOperands())
      operand->set(stackOf(operand->get()));
    SmallVector<Value> inits;
    for (unsigned i : candidate.carried)
      inits.push_back(whole.getInits()[i]);
    // A sum that starts with nothing is no sum.
    if (llvm::all_of(inits, [](Value init) { return init.getDefiningOp<ZeroOp>() != nullptr; }))
      inits.clear();
    sums.getSumOperands().assign(inits);
    for (auto [i, result] : llvm::zip_equal(candidate.carried, sums.getSummedResults())) {
      whole.getCarriedResults()[i].replaceAllUsesWith(result);
      whole.getYield().getCarriedMutable().slice(i, 1).assign(whole.getCarriedArguments()[i]);
    }
    candidate.op.erase();
  }
}

} // namespace
