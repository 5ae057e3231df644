// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an operation sees while it runs: the values so far, who runs it, and the state of the block.

#ifndef DREAMER_LIB_TILERUN_FRAME_H
#define DREAMER_LIB_TILERUN_FRAME_H

#include "lib/TileRun/Ring.h"
#include "lib/TileRun/Scheduler.h"
#include "mlir/IR/Block.h"
#include "llvm/ADT/DenseMap.h"
#include <map>

namespace dreamer::tilerun {

/// Numbers for what a program does not say by itself (arguments, elements of arrays, blocks), where it runs
/// without data. One thing always has the same number.
class Unknowns {
public:
  virtual ~Unknowns() = default;
  /// The number that a value, with an index where it is an array, has.
  virtual int64_t numberOf(mlir::Value value, llvm::ArrayRef<int64_t> index) = 0;
};

/// One block while it runs.
struct BlockRun {
  /// `unknowns` is given for a run without data: then the order of roles changes nothing.
  BlockRun(int64_t block, int64_t blocks, uint32_t seed, Unknowns *unknowns = nullptr)
      : block(block), blocks(blocks), unknowns(unknowns), scheduler(seed, !unknowns) {}

  int64_t block, blocks;
  bool late = false;   ///< copies and products end as late as allowed
  Unknowns *unknowns;  ///< of a run without data
  int64_t budget = -1; ///< operations that a run without data may still execute
  bool isCut = false;  ///< whether the budget ended the run
  Scheduler scheduler;
  std::map<std::pair<mlir::Operation *, int64_t>, std::unique_ptr<Worker>> workers;
  std::vector<RingPtr> rings;

  struct Barrier {
    int64_t arrived = 0, generation = 0;
  };
  std::map<mlir::Operation *, Barrier> barriers; ///< by role

  bool hasData() const { return !unknowns; }
};

/// The values that one worker sees.
class Frame {
public:
  Frame(BlockRun &run, Worker &worker, const Frame *outer = nullptr)
      : run(run), worker(worker), outer(outer) {}

  const Datum &get(mlir::Value value) const {
    auto found = values.find(value);
    return found != values.end() ? found->second : outer->get(value);
  }
  int64_t index(mlir::Value value) const { return std::get<Scalar>(get(value)).integer; }
  llvm::SmallVector<int64_t> indices(mlir::ValueRange range) const {
    return llvm::map_to_vector(range, [&](mlir::Value value) { return index(value); });
  }
  Scalar scalar(mlir::Value value) const { return std::get<Scalar>(get(value)); }
  const TilePtr &tile(mlir::Value value) const { return std::get<TilePtr>(get(value)); }
  const PlacePtr &place(mlir::Value value) const { return std::get<PlacePtr>(get(value)); }
  const MemoryPtr &array(mlir::Value value) const { return std::get<MemoryPtr>(get(value)); }
  Ring &ring(mlir::Value value) const { return *std::get<RingPtr>(get(value)); }

  void set(mlir::Value value, Datum datum) { values.insert_or_assign(value, std::move(datum)); }
  /// Gives `to` the values of `from`, all of which are read before one is set.
  void assign(mlir::ValueRange to, mlir::ValueRange from);

  /// Runs the operations of `block` up to its terminator.
  llvm::LogicalResult runBlock(mlir::Block &block);

  BlockRun &run;
  Worker &worker;
  int64_t depth = 0; ///< of calls
  /// In a put that ends late: where its copies wait.
  std::vector<std::function<llvm::LogicalResult()>> *lateCopies = nullptr;

private:
  const Frame *outer;
  llvm::DenseMap<mlir::Value, Datum> values;
};

/// What runs operations of one kind.
using Model = llvm::LogicalResult (*)(mlir::Operation *, Frame &);
using Models = llvm::DenseMap<mlir::TypeID, Model>;

/// Makes `function`, a LogicalResult(SomeOp, Frame &), the model of SomeOp.
template <auto function>
struct ModelOf;
template <typename Op, llvm::LogicalResult (*function)(Op, Frame &)>
struct ModelOf<function> {
  static llvm::LogicalResult run(mlir::Operation *op, Frame &frame) {
    return function(llvm::cast<Op>(op), frame);
  }
  static void add(Models &models) { models[mlir::TypeID::get<Op>()] = run; }
};

template <auto... functions>
void addModels(Models &models) {
  (ModelOf<functions>::add(models), ...);
}

/// One function a file of models.
void addControlModels(Models &models);
void addPlaceModels(Models &models);
void addValueModels(Models &models);
void addPipelineModels(Models &models);

/// A factor's elements: of a value, or read from a place. Used by products that end at once and late.
llvm::FailureOr<TilePtr> readFactor(mlir::Operation *op, const Datum &factor);
/// acc + a b, in f32, in the order of k.
TilePtr multiply(const Tile &a, const Tile &b, const Tile &acc);

/// When a worker ends: no product is in flight, no slot is held.
llvm::LogicalResult checkEnd(const Worker &worker);

} // namespace dreamer::tilerun

#endif // DREAMER_LIB_TILERUN_FRAME_H
