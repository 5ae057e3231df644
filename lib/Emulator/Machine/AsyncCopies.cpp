// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/AsyncCopies.h"

#include "lib/Emulator/Machine/Worker.h"

#include <cstring>

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
  if (Conflict conflict = block.shadow->access(offset, bytes, Access::Write, who);
      conflict.kind != Conflict::None)
    block.report(conflict, &thread, operation.site, Access::Write);
  block.shadow->beginWrite(offset, bytes);
  GlobalMemory &memory = block.worker.launch.memory;
  if (sourceBytes && memory.holds(from, sourceBytes)) { // else the access was a fault
    source = memory.find(from);
    sourceOffset = from - source->base;
    source->beginRead(sourceOffset, sourceBytes);
  }
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
    threads.resize(thread.block->threads.size());
  return threads[thread.index];
}

void AsyncCopies::add(Thread &thread, SharedAddress to, const std::byte *from, uint32_t bytes,
                      uint32_t sourceBytes, const Operation &operation) {
  Block &block = *thread.block;
  if (to.block != &block) {
    thread.report(Check::Operand, operation,
                  "cp.async writes shared memory of its own block, found another block's", "block");
    return;
  }
  bool eager = block.options.completion == Completion::Eager;
  if (eager && !block.checking()) { // nobody could tell when
    copyAndFill(block.memory + to.offset, from, bytes, sourceBytes);
    return;
  }
  auto copy =
      std::make_shared<AsyncCopyInFlight>(thread, to.offset, from, bytes, sourceBytes, operation);
  if (eager)
    copy->move();
  of(thread).open.push_back(std::move(copy));
}

void AsyncCopies::commit(Thread &thread) {
  OfThread &own = of(thread);
  own.committed.push_back(std::move(own.open));
  own.open.clear();
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
  Group all = own.open;
  for (const Group &group : own.committed)
    for (const std::shared_ptr<AsyncCopyInFlight> &copy : group)
      if (!copy->moved || !copy->landed)
        all.push_back(copy);
  return all;
}

void AsyncCopies::threadExits(Thread &thread) {
  OfThread own = std::move(of(thread));
  own.committed.push_back(std::move(own.open));
  of(thread) = OfThread();
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
