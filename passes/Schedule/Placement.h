// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which memory each value of an entry lies in.

#ifndef DREAMER_PASSES_SCHEDULE_PLACEMENT_H
#define DREAMER_PASSES_SCHEDULE_PLACEMENT_H

#include "passes/Schedule/KeptLayout.h"
#include "passes/Schedule/Signature.h"
#include "passes/Schedule/Timeline.h"

namespace dreamer {

/// Where a value lies: bytes in a memory, moved by run-time indices.
struct Place {
  unsigned memory = 0;
  int64_t offset = 0;
  llvm::SmallVector<std::pair<mlir::Value, int64_t>, 2> terms; ///< index * bytes

  bool operator==(const Place &) const = default;
};

/// Memory that one or several values share at different times: a place in a buffer of the entry, or
/// a buffer of the arena.
struct Memory {
  int64_t bytes;
  std::optional<ExternalPlace> external; ///< absent: in the arena
  llvm::SmallVector<Interval> live;      ///< of an arena buffer
  std::string label;
};

/// Decides which values share memory; see the description of the pass.
class Placement {
public:
  /// Kept values get their places in `layout`.
  Placement(mlir::func::FuncOp function, const Signature &signature, KeptLayout &layout);

  const Timeline &getTimeline() const { return timeline; }
  llvm::ArrayRef<Memory> getMemories() const { return memories; }

  /// Where `value` lies. Not for zeros and histories that only loops begin with.
  Place placeOf(mlir::Value value) const;

  /// Whether `value` lies in the memory of another value and nothing has to be done for it.
  bool isView(mlir::Value value) const { return views.contains(value); }

  /// Whether `value` is made into memory that the session keeps.
  bool isKept(mlir::Value value) const { return kept.contains(value); }

private:
  /// Values that share one memory.
  struct Group {
    llvm::SmallVector<unsigned> members; ///< nodes
    std::optional<ExternalPlace> external;
    std::optional<View> inside; ///< entry `index` of a stacked value
    bool keep = false;          ///< nothing else may be written here (an argument of the caller)
    unsigned memory = 0;
  };
  struct Node {
    mlir::Value value;
    Interval life;
    unsigned group;
  };

  void collect(KeptLayout &layout);
  void addNode(mlir::Value value);
  void keepIfPossible(mlir::Value value, KeptLayout &layout);
  void joinUpdates();
  void joinCarried();
  void placeOutputs();
  void placeUnstackedOutput(mlir::func::ReturnOp ret, unsigned result);
  void joinShared();
  void placeStacked();
  void assignMemories();

  bool isRoot(mlir::Value value) const { return nodeOf.contains(value); }
  Group &groupOf(mlir::Value value) { return groups[nodes[nodeOf.lookup(value)].group]; }
  bool mayTouch(mlir::Value before, mlir::Value after) const;
  bool interfere(const Node &a, const Node &b) const;
  /// Makes `a` and `b` share memory if they (and what they share memory with) are never needed at the
  /// same time.
  bool join(mlir::Value a, mlir::Value b, bool force = false);

  mlir::func::FuncOp function;
  const Signature &signature;
  Timeline timeline;
  llvm::DenseSet<mlir::Value> kept;
  llvm::DenseMap<mlir::Value, View> views;
  llvm::DenseMap<mlir::Value, unsigned> nodeOf;
  llvm::SmallVector<Node> nodes;
  llvm::SmallVector<Group> groups;
  llvm::SmallVector<Memory> memories;
};

} // namespace dreamer

#endif // DREAMER_PASSES_SCHEDULE_PLACEMENT_H
