// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What attention of both generations shares: the grid, places of operands, and what happens to scores between the two
// products.

#ifndef DREAMER_LIB_TARGET_NVIDIA_ATTENTIONPARTS_H
#define DREAMER_LIB_TARGET_NVIDIA_ATTENTIONPARTS_H

#include "lib/Target/Nvidia/Attention.h"
#include "lib/Target/Nvidia/TileBuilder.h"

namespace dreamer::nvidia {

/// q, k, v, out, lse.
llvm::SmallVector<Type> attentionArguments(mlir::MLIRContext *context,
                                           const AttentionProblem &problem);

/// A block of queries of one head, and the keys that it has to see.
struct Work {
  Value batch, head, kvHead;
  Value row;        ///< the first query
  Value steps;      ///< blocks of keys
  Value wholeSteps; ///< those of them, the first ones, that need no mask
};

/// The running softmax of some queries (Milakov and Gimelshein 2018), in units of log 2.
struct Softmax {
  Value output, max, sum;

  Values values() const { return {output, max, sum}; }
  static Softmax of(ValueRange values) { return {values[0], values[1], values[2]}; }
};

class AttentionParts {
public:
  /// `queries` and `keys` are of a block and a step, `scores` and `output` of what one worker holds.
  AttentionParts(TileBuilder &t, const AttentionProblem &problem, int64_t queries, int64_t keys,
                 tile::RegType scores, tile::RegType output);

  /// Calls `body(work, first, number)` for all of this block's work: its number, and the first use of the ring
  /// of keys and values that belongs to it.
  void forWork(llvm::function_ref<void(const Work &, Value, Value)> body);

  /// Shared places, and windows of the arrays that fill them.
  tile::MemType queryPlace, keyPlace, valuePlace;
  Value queryWindow(const Work &work);
  void putKeysAndValues(Value ring, Value use, const Work &work, Value step);

  /// All steps: those without a mask first. `step(number, softmax, isMasked)` gives the next state.
  Softmax forSteps(const Work &work,
                   llvm::function_ref<Softmax(Value, const Softmax &, bool)> step);

  /// From scores of the queries from `row` on with the keys of `step` to the new state, with `product` for
  /// probabilities (16 bits, in the layout of left factors) times values plus the output so far.
  Softmax advance(const Softmax &state, Value scores, Value row, Value step, bool isMasked,
                  tile::Layout factor, llvm::function_ref<Value(Value, Value)> product);

  /// Writes the output and the logarithm of the sum of exponentials of the queries from `row` on.
  void finish(const Softmax &state, const Work &work, Value row);

  tile::RegType scores, output;

private:
  Value scaleAndMask(Value scores, Value row, Value step, bool isMasked);
  Value exponential(ValueRange tiles);
  int64_t shift() const { return problem.keys - problem.queries; }
  bool hasMask() const { return problem.causal || problem.keys % keys != 0; }

  TileBuilder &t;
  const AttentionProblem &problem;
  int64_t queries, keys;
};

} // namespace dreamer::nvidia

#endif // DREAMER_LIB_TARGET_NVIDIA_ATTENTIONPARTS_H
