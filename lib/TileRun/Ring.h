// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A ring while it runs: which slot holds which use, who has filled, got and released it. Rules of the
// protocol are checked here, the same in runs with and without data.

#ifndef DREAMER_LIB_TILERUN_RING_H
#define DREAMER_LIB_TILERUN_RING_H

#include "lib/TileRun/Values.h"
#include "llvm/ADT/MapVector.h"
#include <deque>
#include <functional>

namespace dreamer::tilerun {

/// Who executes: the function, or one of a role.
struct Worker {
  std::string name = "the function"; ///< or "role 'consumer' 1"
  tile::RoleOp role = nullptr;
  std::deque<ProductPtr> flying;    ///< products in flight, the oldest first
  llvm::SmallVector<LeasePtr> held; ///< slots that it got and did not release
};

class Ring {
public:
  /// `hasData`: whether slots have memory.
  Ring(tile::RingOp op, bool hasData);

  tile::RingType getType() const { return type; }
  mlir::Operation *getOp() { return op; }

  /// One writer's part of a use. Between the two functions it waits until `isFree` and copies.
  llvm::LogicalResult beginPut(mlir::Operation *op, Worker &worker, int64_t use);
  bool isFree(int64_t use) const;
  /// The first writer of a use finds the slot's places undefined.
  llvm::LogicalResult fillSlot(mlir::Operation *op, int64_t use);
  void endPut(mlir::Operation *op, int64_t use);

  /// Copies of the slot that end when a reader waits for them.
  std::vector<std::function<llvm::LogicalResult()>> &lateCopies(int64_t use) {
    return slot(use).lateCopies;
  }

  llvm::LogicalResult beginGet(mlir::Operation *op, Worker &worker, int64_t use);
  /// Whether a reader need not wait: the slot is full, or all readers but this one have had it.
  bool isFullOrPast(int64_t use) const;
  /// Ends copies that are still under way, and lends the slot to `worker`.
  llvm::FailureOr<LeasePtr> lend(mlir::Operation *op, Worker &worker, int64_t use);

  llvm::LogicalResult release(mlir::Operation *op, Worker &worker, int64_t use);

  /// Place `i` of the slot of `use`.
  PlacePtr place(int64_t use, unsigned i, LeasePtr lease) const;

  /// When the block has ended: everything that was put was read by all readers, and there were as
  /// many writers and readers as the type says.
  llvm::LogicalResult checkEnd() const;

  /// "use 5 of the ring (slot 1, phase 1)"
  std::string describe(int64_t use) const;
  /// What is known of the slot of a use, for those who wait for it.
  std::string describeState(int64_t use) const;

private:
  struct Slot {
    int64_t generation = 0; ///< how often it has been filled and freed
    int64_t arrived = 0;    ///< writers of this generation
    int64_t released = 0;   ///< readers of it
    mlir::Operation *put = nullptr;
    std::vector<std::function<llvm::LogicalResult()>> lateCopies;
    llvm::SmallVector<MemoryPtr> memories;
  };

  Slot &slot(int64_t use) { return slots[use % type.getStages()]; }
  const Slot &slot(int64_t use) const { return slots[use % type.getStages()]; }
  int64_t generationOf(int64_t use) const { return use / type.getStages(); }
  /// Each writer and each reader takes uses 0, 1, 2, ...
  llvm::LogicalResult expectNext(mlir::Operation *op, llvm::StringRef verb, Worker &worker,
                                 llvm::MapVector<Worker *, int64_t> &next, int64_t use);

  tile::RingOp op;
  tile::RingType type;
  std::vector<Slot> slots;
  llvm::SmallVector<std::shared_ptr<const std::vector<int64_t>>> addresses; ///< of each place
  llvm::MapVector<Worker *, int64_t> nextPut, nextGet;
  llvm::SmallVector<std::string> writers, readers; ///< names
};

} // namespace dreamer::tilerun

#endif // DREAMER_LIB_TILERUN_RING_H
