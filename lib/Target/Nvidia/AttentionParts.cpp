// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The running softmax, and where operands lie.

#include "lib/Target/Nvidia/AttentionParts.h"

#include "lib/Target/Nvidia/Limits.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>
#include <limits>
#include <numbers>

using namespace mlir;
using namespace dreamer;
using namespace dreamer::nvidia;

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

ArrayRef<AttentionTilingSm80> nvidia::attentionTilingsSm80() {
  static const AttentionTilingSm80 tilings[] = {
      {},
      {.queries = 128, .keys = 64, .stages = 2, .warps = 8},
      {.queries = 64, .keys = 32, .stages = 3, .warps = 4},
      {.queries = 16, .keys = 64, .stages = 3, .warps = 1},
  };
  return tilings;
}

ArrayRef<AttentionTilingSm90> nvidia::attentionTilingsSm90() {
  static const AttentionTilingSm90 tilings[] = {
      {},
      {.queries = 192,
       .keys = 128,
       .stages = 2,
       .consumers = 3,
       .producerRegisters = 24,
       .consumerRegisters = 160},
      {.queries = 128, .keys = 64, .stages = 3, .consumers = 2},
      {.queries = 64, .keys = 128, .stages = 2, .consumers = 1},
  };
  return tilings;
}

static Fits fits(Location loc, const AttentionProblem &problem) {
  Fits fit(loc);
  fit.atLeast("batch", problem.batch, 1)
      .atLeast("queries", problem.queries, 1)
      .atLeast("keys", problem.keys, problem.causal ? problem.queries : 1)
      .atLeast("kv heads", problem.kvHeads, 1);
  if (failed(LogicalResult(fit)))
    return fit;
  return fit.multiple("heads", problem.heads, problem.kvHeads)
      .multiple("head size", problem.headSize, 16)
      .atMost("head size", problem.headSize, 256)
      .sixteenBit("queries, keys and values", problem.element);
}

static int64_t sharedBytes(const AttentionProblem &problem, int64_t queries, int64_t keys,
                           int64_t stages) {
  return (queries + 2 * stages * keys) * problem.headSize * 2;
}

LogicalResult AttentionTilingSm80::check(Location loc, const AttentionProblem &problem) const {
  Fits fit = fits(loc, problem);
  fit.atLeast("warps", warps, 1).atMost("warps", warps, 32);
  if (failed(LogicalResult(fit)))
    return failure();
  int64_t threads = 32 * warps;
  return fit.multiple("queries of a block", queries, 16 * warps)
      .multiple("keys of a step", keys, 16)
      .atLeast("stages", stages, 2)
      .atMost("bytes of shared memory", sharedBytes(problem, queries, keys, stages),
              limitsSm80.sharedBytes)
      .registersSm80(threads, queries * (keys + problem.headSize) / threads);
}

LogicalResult AttentionTilingSm90::check(Location loc, const AttentionProblem &problem) const {
  Fits fit = fits(loc, problem);
  fit.atLeast("consumers", consumers, 1).atMost("consumers", consumers, 7);
  if (failed(LogicalResult(fit)))
    return failure();
  return fit.multiple("queries of a block", queries, 64 * consumers)
      .multiple("keys of a step", keys, 16)
      .atMost("keys of a step", keys, 256)
      .atLeast("stages", stages, 1)
      .atMost("bytes of shared memory", sharedBytes(problem, queries, keys, stages),
              limitsSm90.sharedBytes)
      .registersSm90(producerRegisters, consumers, consumerRegisters,
                     queries / consumers * (keys + problem.headSize) / 128);
}

//===----------------------------------------------------------------------===//
// Operands and grid
//===----------------------------------------------------------------------===//

SmallVector<Type> nvidia::attentionArguments(MLIRContext *context,
                                             const AttentionProblem &problem) {
  auto features = [&](int64_t positions, int64_t heads) {
    return MemRefType::get({problem.batch, positions, heads * problem.headSize}, problem.element);
  };
  return {
      features(problem.queries, problem.heads), features(problem.keys, problem.kvHeads),
      features(problem.keys, problem.kvHeads), features(problem.queries, problem.heads),
      MemRefType::get({problem.batch, problem.heads, problem.queries}, Float32Type::get(context))};
}

AttentionParts::AttentionParts(TileBuilder &t, const AttentionProblem &problem, int64_t queries,
                               int64_t keys, tile::RegType scores, tile::RegType output)
    : scores(scores), output(output), t(t), problem(problem), queries(queries), keys(keys) {
  int64_t line = problem.headSize * 2;
  queryPlace = t.shared(queries, problem.headSize, problem.element, tile::Order::rows, line);
  keyPlace = t.shared(problem.headSize, keys, problem.element, tile::Order::columns, line);
  valuePlace = t.shared(keys, problem.headSize, problem.element, tile::Order::rows, line);
}

void AttentionParts::forWork(llvm::function_ref<void(const Work &, Value, Value)> body) {
  int64_t tiles = llvm::divideCeil(problem.queries, queries);
  Value zero = t.index(0), one = t.index(1), length = t.index(keys);
  Value all = t.index(problem.batch * problem.heads * tiles);
  t.loop(t.blockId(), all, t.blockCount(), ValueRange{zero, zero},
         [&](Value i, ValueRange carried) {
           Work work;
           Value sequence = t.divide(i, t.index(tiles)); // one head of one of the batch
           work.row = t.multiply(t.remainder(i, t.index(tiles)), t.index(queries));
           work.batch = t.divide(sequence, t.index(problem.heads));
           work.head = t.remainder(sequence, t.index(problem.heads));
           work.kvHead = t.divide(work.head, t.index(problem.heads / problem.kvHeads));
           if (problem.causal) {
             Value seen = t.add(work.row, t.index(shift())); // keys before the first query's own
             Value end = t.min(t.add(seen, t.index(queries)), t.index(problem.keys));
             work.steps = t.ceilDivide(end, length);
             work.wholeSteps = t.divide(t.add(seen, one), length);
           } else {
             work.steps = t.index(llvm::divideCeil(problem.keys, keys));
             work.wholeSteps = t.index(problem.keys / keys);
           }
           body(work, carried[0], carried[1]);
           return Values{t.add(carried[0], work.steps), t.add(carried[1], one)};
         });
}

Value AttentionParts::queryWindow(const Work &work) {
  Value feature = t.multiply(work.head, t.index(problem.headSize));
  return t.window(t.argument(0), work.batch,
                  t.global(queries, problem.headSize, problem.element, tile::Order::rows),
                  {work.row, problem.queries, queries},
                  {feature, problem.headSize, problem.headSize});
}

void AttentionParts::putKeysAndValues(Value ring, Value use, const Work &work, Value step) {
  t.put(ring, use, [&](ValueRange slots) {
    Value feature = t.multiply(work.kvHead, t.index(problem.headSize));
    Span positions = {t.multiply(step, t.index(keys)), problem.keys, keys};
    Span features = {feature, problem.headSize, problem.headSize};
    Value k = t.window(t.argument(1), work.batch,
                       t.global(problem.headSize, keys, problem.element, tile::Order::columns),
                       features, positions);
    Value v = t.window(t.argument(2), work.batch,
                       t.global(keys, problem.headSize, problem.element, tile::Order::rows),
                       positions, features);
    t.copy(k, slots[0]);
    t.copy(v, slots[1]);
  });
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

Softmax AttentionParts::forSteps(const Work &work,
                                 llvm::function_ref<Softmax(Value, const Softmax &, bool)> step) {
  tile::RegType column = scores.getSliceType();
  Softmax state = {t.fill(t.real(0), output),
                   t.fill(t.real(-std::numeric_limits<double>::infinity()), column),
                   t.fill(t.real(0), column)};
  auto run = [&](Value from, Value to, bool isMasked) {
    Values next = t.loop(from, to, t.index(1), state.values(), [&](Value i, ValueRange carried) {
      return step(i, Softmax::of(carried), isMasked).values();
    });
    state = Softmax::of(next);
  };
  if (!hasMask()) {
    run(t.index(0), work.steps, false);
    return state;
  }
  run(t.index(0), work.wholeSteps, false);
  run(work.wholeSteps, work.steps, true);
  return state;
}

Value AttentionParts::scaleAndMask(Value tile, Value row, Value step, bool isMasked) {
  double factor = problem.scale ? problem.scale : 1 / std::sqrt(double(problem.headSize));
  Value scale = t.real(factor * std::numbers::log2e);
  Location loc = t.getLoc();
  if (!isMasked)
    return t.map(tile, scale, scores, [&](OpBuilder &b, ValueRange x) {
      return arith::MulFOp::create(b, loc, x[0], x[1]).getResult();
    });
  // Causal: query row + r sees keys up to row + r + shift. That no key is beyond the last follows.
  Value key = t.multiply(step, t.index(keys));
  Value bound = problem.causal ? t.add(row, t.index(shift())) : t.index(problem.keys - 1);
  Value lowest = t.real(-std::numeric_limits<double>::infinity());
  return t.map(tile, {key, bound, scale, lowest}, scores, [&](OpBuilder &b, ValueRange x) {
    Value c = tile::CoordinateOp::create(b, loc, b.getIndexType(), 1);
    Value k = arith::AddIOp::create(b, loc, x[1], c);
    Value last = x[2];
    if (problem.causal) {
      Value r = tile::CoordinateOp::create(b, loc, b.getIndexType(), 0);
      last = arith::AddIOp::create(b, loc, x[2], r);
    }
    Value isSeen = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, k, last);
    Value scaled = arith::MulFOp::create(b, loc, x[0], x[3]);
    return arith::SelectOp::create(b, loc, isSeen, scaled, x[4]).getResult();
  });
}

/// 2 to the difference of two tiles.
Value AttentionParts::exponential(ValueRange tiles) {
  return t.map(tiles, {}, cast<tile::RegType>(tiles[0].getType()), [&](OpBuilder &b, ValueRange x) {
    Value difference = arith::SubFOp::create(b, t.getLoc(), x[0], x[1]);
    return math::Exp2Op::create(b, t.getLoc(), difference).getResult();
  });
}

Softmax AttentionParts::advance(const Softmax &state, Value raw, Value row, Value step,
                                bool isMasked, tile::Layout factor,
                                llvm::function_ref<Value(Value, Value)> product) {
  Location loc = t.getLoc();
  tile::RegType column = scores.getSliceType();
  Value scaled = scaleAndMask(raw, row, step, isMasked);
  Value blockMax = t.reduce(tile::Combine::max, scaled);
  Value max = t.map({state.max, blockMax}, {}, column, [&](OpBuilder &b, ValueRange x) {
    return arith::MaximumFOp::create(b, loc, x[0], x[1]).getResult();
  });
  Value rescale = exponential({state.max, max});
  Value p = exponential({scaled, t.broadcast(max, scores)});
  Value blockSum = t.reduce(tile::Combine::add, p);
  Value sum = t.map({state.sum, rescale, blockSum}, {}, column, [&](OpBuilder &b, ValueRange x) {
    return math::FmaOp::create(b, loc, x[0], x[1], x[2]).getResult();
  });
  tile::RegType narrow = scores.withElement(problem.element);
  Value rounded = t.map(p, {}, narrow, [&](OpBuilder &b, ValueRange x) {
    return arith::TruncFOp::create(b, loc, problem.element, x[0]).getResult();
  });
  Value left = t.convert(rounded, t.reg(narrow.getRows(), narrow.getColumns(), problem.element,
                                        factor, narrow.getWarps()));
  Value rescaled = t.map({state.output, t.broadcast(rescale, output)}, {}, output,
                         [&](OpBuilder &b, ValueRange x) {
                           return arith::MulFOp::create(b, loc, x[0], x[1]).getResult();
                         });
  return {product(left, rescaled), max, sum};
}

void AttentionParts::finish(const Softmax &state, const Work &work, Value row) {
  Location loc = t.getLoc();
  Span rows = {row, problem.queries, queries};
  Value mean =
      t.map({state.output, t.broadcast(state.sum, output)}, {}, output.withElement(problem.element),
            [&](OpBuilder &b, ValueRange x) {
              Value quotient = arith::DivFOp::create(b, loc, x[0], x[1]);
              return arith::TruncFOp::create(b, loc, problem.element, quotient).getResult();
            });
  Value feature = t.multiply(work.head, t.index(problem.headSize));
  t.store(mean,
          t.window(t.argument(3), work.batch,
                   t.global(output.getRows(), problem.headSize, problem.element, tile::Order::rows),
                   rows, {feature, problem.headSize, problem.headSize}));
  Value ln2 = t.real(std::numbers::ln2);
  Value logs =
      t.map({state.max, state.sum}, ln2, scores.getSliceType(), [&](OpBuilder &b, ValueRange x) {
        Value log = math::Log2Op::create(b, loc, x[1]);
        Value total = arith::AddFOp::create(b, loc, x[0], log);
        return arith::MulFOp::create(b, loc, total, x[2]).getResult();
      });
  t.store(logs, t.window(t.argument(4), work.batch,
                         t.global(output.getRows(), 1, t.f32(), tile::Order::columns), rows,
                         {work.head, 1, 1}));
}
