// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/AsyncCopies.h"

#include "lib/Emulator/Machine/Worker.h"

#include <algorithm>
#include <cstring>

namespace dreamer::emulator {

//===-- One copy --------------------------------------------------------------------------------------------------===//

static void copyAndFill(std::byte *to, const std::byte *from, uint32_t bytes,
                        uint32_t sourceBytes) {
  constexpr uint32_t most = 16;
  if (sourceBytes == most) { // what kernels copy
    std::memcpy(to, from, most);
    return;
  }
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

//===-- Those of a thread -----------------------------------------------------------------------------------------===//

void CopiesOfThread::move(uint64_t from, uint64_t to) {
  for (uint64_t number = std::max(from, first); number < to; ++number)
    (*this)[number].move();
}

void CopiesOfThread::land(uint64_t from, uint64_t to, Epoch writer) {
  for (uint64_t number = std::max(from, first); number < to; ++number)
    (*this)[number].land(writer);
  for (; !copies.empty() && copies.front().landed; copies.pop_front())
    ++first;
}

//===-- All of a block --------------------------------------------------------------------------------------------===//

CopiesOfThread &AsyncCopies::of(Thread &thread) {
  if (threads.empty())
    threads.resize(thread.block->threads.size());
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
  AsyncCopyInFlight &copy = of(thread).add(thread, to, from, bytes, sourceBytes, operation);
  if (eager)
    copy.move();
}

void AsyncCopies::commit(Thread &thread) {
  CopiesOfThread &own = of(thread);
  if (own.begin() != own.end() || !own.groups.empty()) // else it would be done already
    own.groups.push_back(own.end());
}

void AsyncCopies::wait(Thread &thread, size_t newest) {
  CopiesOfThread &own = of(thread);
  for (; own.groups.size() > newest; own.groups.pop_front()) {
    own.move(own.begin(), own.groups.front());
    own.land(own.begin(), own.groups.front(), momentOf(thread));
  }
}

CopiesOfThread &AsyncCopies::track(Thread &thread) {
  CopiesOfThread &own = of(thread);
  for (uint64_t number = own.begin(); number < own.end(); ++number)
    own[number].tracked = true;
  return own;
}

void AsyncCopies::threadExits(Thread &thread) {
  CopiesOfThread &own = of(thread);
  for (uint64_t number = own.begin(); number < own.end(); ++number)
    if (AsyncCopyInFlight &copy = own[number]; !copy.tracked && !copy.landed) {
      thread.report(Check::Exit, copy.operation,
                    "the thread ends before its copy has been waited for", "cp.async");
      copy.move();
      copy.land(momentOf(thread));
    }
}

} // namespace dreamer::emulator
