// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All state but `holder` belongs to whoever has the baton; the mutex guards the baton alone.

#include "lib/TileRun/Scheduler.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::tilerun;

LogicalResult Scheduler::run(ArrayRef<std::function<LogicalResult()>> functions) {
  stopped = false;
  for (size_t i = 0; i < functions.size(); ++i)
    tasks.push_back(std::make_unique<Task>());
  std::unique_lock lock(mutex);
  for (unsigned i = 0; i < functions.size(); ++i)
    tasks[i]->thread = std::thread([this, i, &functions] {
      std::unique_lock lock(mutex);
      tasks[i]->woken.wait(lock, [&] { return holder == i; });
      lock.unlock();
      if (!stopped && failed(functions[i]()))
        stopped = true;
      tasks[i]->ended = true;
      lock.lock();
      handOver();
    });
  handOver();
  allEnded.wait(lock, [&] { return holder == caller; });
  lock.unlock();
  for (std::unique_ptr<Task> &task : tasks)
    task->thread.join();
  tasks.clear();
  return failure(stopped);
}

LogicalResult Scheduler::wait(Wait wait) {
  if (tasks.empty()) {
    if (wait.ready())
      return success();
    reportDeadlock(wait);
    return failure();
  }
  if (!preempts && !stopped && wait.ready())
    return success();
  unsigned self = holder;
  Task &task = *tasks[self];
  task.wait = std::move(wait);
  std::unique_lock lock(mutex);
  handOver();
  task.woken.wait(lock, [&] { return holder == self; });
  task.wait.reset();
  return failure(stopped);
}

void Scheduler::handOver() {
  auto choose = [&](auto canGoOn) -> bool {
    SmallVector<unsigned> candidates;
    for (unsigned i = 0; i < tasks.size(); ++i)
      if (!tasks[i]->ended && canGoOn(*tasks[i]))
        candidates.push_back(i);
    if (candidates.empty())
      return false;
    holder = candidates[random() % candidates.size()];
    tasks[holder]->woken.notify_one();
    return true;
  };
  if (choose([&](Task &task) { return stopped || !task.wait || task.wait->ready(); }))
    return;
  SmallVector<Wait> waits;
  for (std::unique_ptr<Task> &task : tasks)
    if (!task->ended)
      waits.push_back(*task->wait);
  if (waits.empty()) {
    holder = caller;
    allEnded.notify_one();
    return;
  }
  reportDeadlock(waits);
  stopped = true;
  choose([](Task &) { return true; });
}

void Scheduler::reportDeadlock(ArrayRef<Wait> waits) {
  InFlightDiagnostic error = waits.front().op->emitOpError("deadlock: ") << waits.front().what();
  auto sayRing = [&](const Wait &wait) {
    if (wait.ring)
      error.attachNote(wait.ring->getLoc())
          << "the ring of the line before is " << wait.ring->getResult(0).getType();
  };
  sayRing(waits.front());
  for (const Wait &wait : waits.drop_front()) {
    error.attachNote(wait.op->getLoc()) << "and " << wait.what();
    sayRing(wait);
  }
}
