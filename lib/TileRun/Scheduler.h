// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Roles of a block run at the same time, one instruction of one of them after the other: each is a thread, and
// only the one that has the baton runs. Where it waits it hands the baton to another one that can go on, which a
// seed chooses; so a run can be repeated, and varied.

#ifndef DREAMER_LIB_TILERUN_SCHEDULER_H
#define DREAMER_LIB_TILERUN_SCHEDULER_H

#include "mlir/IR/Operation.h"
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>

namespace dreamer::tilerun {

/// Why somebody waits, and until when.
struct Wait {
  mlir::Operation *op;
  std::function<bool()> ready;
  std::function<std::string()> what; ///< "role 'producer' 0 waits for ..."
  mlir::Operation *ring = nullptr;   ///< which one is meant, where there are several
};

class Scheduler {
public:
  /// `preempts` says whether a task that need not wait may still lose the baton where it could.
  Scheduler(uint32_t seed, bool preempts) : random(seed), preempts(preempts) {}

  /// Runs tasks until all have ended. Fails if one does.
  llvm::LogicalResult run(llvm::ArrayRef<std::function<llvm::LogicalResult()>> tasks);

  /// Goes on when `wait.ready()`; lets others run before. Fails, after an error that says who
  /// waits for what, where nobody can go on; and silently, after another task has failed.
  llvm::LogicalResult wait(Wait wait);

  /// Whether tasks are running.
  bool isRunning() const { return !tasks.empty(); }

private:
  struct Task {
    std::thread thread;
    std::condition_variable woken;
    std::optional<Wait> wait;
    bool ended = false;
  };

  /// Gives the baton to a task that can go on; to the one who called `run` when all have ended.
  void handOver();
  void reportDeadlock(llvm::ArrayRef<Wait> waits);

  static constexpr unsigned caller = ~0u;
  std::mt19937 random;
  bool preempts;
  std::mutex mutex;
  std::condition_variable allEnded;
  std::vector<std::unique_ptr<Task>> tasks;
  unsigned holder = caller; ///< of the baton
  bool stopped = false;     ///< a task has failed: all others are to end
};

} // namespace dreamer::tilerun

#endif // DREAMER_LIB_TILERUN_SCHEDULER_H
