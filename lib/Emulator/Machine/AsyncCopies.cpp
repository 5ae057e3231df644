// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/AsyncCopies.h"

#include "lib/Emulator/Machine/Worker.h"

#include <cstring>
#include <utility>

namespace dreamer::emulator {

//===-- One copy --------------------------------------------------------------------------------------------------===//

static void copyAndFill(std::byte *to, const std::byte *from, uint32_t bytes,
                        uint32_t sourceBytes) {
  if (sourceBytes)
    std::memcpy(to, from, sourceBytes);
  std::memset(to + sourceBytes, 0, bytes - sourceBytes);
}

AsyncCopyInFlight::AsyncCopyInFlight(Thread &thread, uint32_t offset, const std::byte *from,
                                     uint32_t bytes, uint32_t sourceBytes,
                                     const Operation &operation)
    : thread(thread), operation(operation), offset(offset), from(from), bytes(bytes),
      sourceBytes(sourceBytes) {
  Block &block = *thread.block;
  if (!block.checking())
    return;
  Accessor who{thread.now(), thread.clock, &thread.published, Proxy::Generic};
  if (Conflict conflict = block.shadow->access(offset, bytes, Access::AsyncWrite, who);
      conflict.kind != Conflict::None)
    block.report(conflict, &thread, operation.site, Access::Write);
  if (sourceBytes) // null: the access was a fault
    source = block.worker.launch.memory.holding(from, sourceBytes);
  if (source)
    sourceOffset = from - source->base;
}

void AsyncCopyInFlight::move() {
  if (!moved)
    copyAndFill(thread.block->memory + offset, from, bytes, sourceBytes);
  moved = true;
}

void AsyncCopyInFlight::land(Epoch writer) {
  if (landed)
    return;
  landed = true;
  if (source)
    source->endRead(sourceOffset, sourceBytes);
  if (thread.block->checking())
    thread.block->shadow->landed(offset, bytes, writer, Proxy::Generic);
}

Epoch momentOf(const Thread &thread) { return thread.block->checking() ? thread.now() : Epoch(); }

//===-- All of a block --------------------------------------------------------------------------------------------===//

AsyncCopies::OfThread &AsyncCopies::of(Thread &thread) {
  if (threads.empty())
    for (size_t i = 0; i < thread.block->threads.size(); ++i)
      threads.emplace_back(*thread.block);
  return threads[thread.index];
}

void AsyncCopies::add(Thread &thread, uint32_t to, const std::byte *from, uint32_t bytes,
                      uint32_t sourceBytes, const Operation &operation) {
  Block &block = *thread.block;
  bool eager = block.options.completion == Completion::Eager;
  if (eager && !block.checking()) { // nobody could tell when
    copyAndFill(block.memory + to, from, bytes, sourceBytes);
    return;
  }
  auto copy = std::allocate_shared<AsyncCopyInFlight>(
      std::pmr::polymorphic_allocator<AsyncCopyInFlight>(&block.pool), thread, to, from, bytes,
      sourceBytes, operation);
  if (eager)
    copy->move();
  of(thread).open.push_back(std::move(copy));
}

void AsyncCopies::commit(Thread &thread) {
  OfThread &own = of(thread);
  own.committed.push_back(std::exchange(own.open, Group(&thread.block->pool)));
}

void AsyncCopies::wait(Thread &thread, size_t newest) {
  OfThread &own = of(thread);
  for (; own.committed.size() > newest; own.committed.pop_front())
    for (const std::shared_ptr<AsyncCopyInFlight> &copy : own.committed.front()) {
      copy->move();
      copy->land(momentOf(thread));
    }
}

AsyncCopies::Group AsyncCopies::underWay(Thread &thread) {
  OfThread &own = of(thread);
  std::erase_if(own.open, [](auto &copy) { return copy->moved && copy->landed; });
  Group all(own.open, &thread.block->pool);
  for (const Group &group : own.committed)
    for (const std::shared_ptr<AsyncCopyInFlight> &copy : group)
      if (!copy->moved || !copy->landed)
        all.push_back(copy);
  return all;
}

void AsyncCopies::threadExits(Thread &thread) {
  OfThread own = std::exchange(of(thread), OfThread(*thread.block));
  own.committed.push_back(std::move(own.open));
  for (const Group &group : own.committed)
    for (const std::shared_ptr<AsyncCopyInFlight> &copy : group)
      if (!copy->tracked && !(copy->moved && copy->landed)) {
        thread.report(Check::Exit, copy->operation,
                      "the thread ends before its copy has been waited for", "cp.async");
        copy->move();
        copy->land(momentOf(thread));
      }
}

} // namespace dreamer::emulator
