// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/Runtime.h"

#include "lib/Emulator/Machine/Operations/WarpgroupMma.h"
#include "lib/Emulator/Machine/Worker.h"

#include <cmath>
#include <cstring>

using namespace dreamer::emulator;

namespace {

Thread *runningThread() { return currentThread(); }

void operate(Thread *thread, const Operation *operation, uint64_t *slots) {
  operation->execute(*thread, slots);
}

/// Checks an access and gives the host's address for it.
std::byte *accessMemory(Thread *thread, uint64_t address, uint64_t size, uint32_t word,
                        const Site *site) {
  AccessWord what = AccessWord::unpack(word);
  return thread->accessFrom(Space(what.space), address, size, what.kind, *site,
                            size_t(1) << what.alignmentLog2, Proxy::Generic);
}

/// An access to a variable of the thread's own, of `bytes` bytes from `base` on.
std::byte *accessLocal(Thread *thread, std::byte *pointer, uint64_t size, std::byte *base,
                       uint64_t bytes, const Site *site) {
  uint64_t offset = pointer - base;
  if (offset <= bytes && size <= bytes - offset)
    return pointer;
  thread->report(Check::Bounds, *site,
                 "access to " + std::to_string(size) + " bytes at " +
                     std::to_string(int64_t(offset)) + " of a local variable of " +
                     std::to_string(bytes) + " bytes");
  return thread->block->worker.scratch();
}

/// The host's address of a pointer into the shared memory of a block of the cluster.
std::byte *clusterAddress(Thread *thread, uint64_t address) {
  uint64_t rank = address >> sharedRankShift, offset = address & (sharedWindow - 1);
  const auto &blocks = thread->block->cluster.blocks;
  if (rank == 0 || rank > blocks.size())
    return thread->block->memory + offset;
  return blocks[rank - 1]->memory + offset;
}

/// A generic pointer into shared memory, as one into the cluster's.
uint64_t toCluster(Thread *thread, std::byte *pointer) {
  Block *block = thread->block->worker.blockAt(pointer);
  if (!block)
    return uint64_t(pointer);
  return uint64_t(block->rank + 1) << sharedRankShift | (uint64_t(pointer) & (sharedWindow - 1));
}

void beginAtomic(Thread *thread, void *address, uint32_t word) {
  AccessWord what = AccessWord::unpack(word);
  if (thread->block->checking() && what.kind == Access::Atomic)
    thread->block->worker.launch.synchronization.release(*thread, address, Ordering(what.ordering),
                                                         Scope(what.scope));
}

void endAtomic(Thread *thread, void *address, uint32_t word) {
  AccessWord what = AccessWord::unpack(word);
  if (thread->block->checking())
    thread->block->worker.launch.synchronization.acquire(*thread, address, Ordering(what.ordering),
                                                         Scope(what.scope));
  thread->yield(); // whoever spins on it lets others go on
}

void fenceOf(Thread *thread, uint32_t word) {
  fence(*thread, Scope(AccessWord::unpack(word).scope));
}

/// memcpy and memmove of pointers of any space.
void copy(Thread *thread, uint64_t to, uint64_t from, uint64_t bytes, uint32_t toSpace,
          uint32_t fromSpace, const Site *site) {
  // In pieces, so that scratch bytes suffice for what lies outside.
  for (uint64_t done = 0; done < bytes;) {
    uint64_t piece = std::min<uint64_t>(bytes - done, Worker::scratchSize);
    uint64_t findings = thread->block->worker.launch.reports.count();
    std::byte *source = thread->accessFrom(Space(fromSpace), from + done, piece, Access::Read,
                                           *site, 1, Proxy::Generic);
    std::byte *target = thread->accessFrom(Space(toSpace), to + done, piece, Access::Write, *site,
                                           1, Proxy::Generic);
    std::memmove(target, source, piece);
    if (thread->block->checking() && thread->block->worker.launch.reports.count() != findings)
      return; // one report is enough, and the rest may be long
    done += piece;
  }
}

void fill(Thread *thread, uint64_t to, uint32_t value, uint64_t bytes, uint32_t toSpace,
          const Site *site) {
  for (uint64_t done = 0; done < bytes;) {
    uint64_t piece = std::min<uint64_t>(bytes - done, Worker::scratchSize);
    uint64_t findings = thread->block->worker.launch.reports.count();
    std::byte *target = thread->accessFrom(Space(toSpace), to + done, piece, Access::Write, *site,
                                           1, Proxy::Generic);
    std::memset(target, int(value), piece);
    if (thread->block->checking() && thread->block->worker.launch.reports.count() != findings)
      return;
    done += piece;
  }
}

void outOfFuel(Thread *thread) { thread->block->worker.loopWithoutEnd(*thread); }

void useOfAccumulators(Thread *thread, const std::vector<const Operation *> *writers,
                       const Site *site) {
  if (thread->block->checking() && accumulatorsPending(*thread, *writers))
    thread->report(Check::Wgmma, *site,
                   "uses results of a wgmma that has not been waited for (wgmma.wait_group)");
}

void divisionByZero(Thread *thread, const Site *site) {
  if (thread->block->checking())
    thread->report(Check::Arithmetic, *site, "integer division by zero");
}

void trap(Thread *thread, const Site *site) {
  thread->report(Check::Trap, *site, "the kernel gave up, or came where it said it never would");
  thread->block->worker.launch.abandoned = true;
  thread->block->worker.abandon();
}

} // namespace

namespace dreamer::emulator {

std::span<const std::pair<const char *, void *>> runtimeFunctions() {
#define FUNCTION(name)                                                                             \
  {                                                                                                \
    "dreamer.emulator." #name, reinterpret_cast<void *>(&(name))                                   \
  }
  static const std::pair<const char *, void *> functions[] = {
      FUNCTION(runningThread),
      FUNCTION(operate),
      FUNCTION(accessMemory),
      FUNCTION(accessLocal),
      FUNCTION(clusterAddress),
      FUNCTION(toCluster),
      FUNCTION(beginAtomic),
      FUNCTION(endAtomic),
      FUNCTION(fenceOf),
      FUNCTION(copy),
      FUNCTION(fill),
      FUNCTION(outOfFuel),
      FUNCTION(useOfAccumulators),
      FUNCTION(divisionByZero),
      FUNCTION(trap),
  };
#undef FUNCTION
  return functions;
}

} // namespace dreamer::emulator
