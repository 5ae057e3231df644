// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// How arrivals, bytes and waits go through the phases of an mbarrier.

#include "lib/Emulator/Machine/MBarrierState.h"

#include <algorithm>

namespace dreamer::emulator {

//===-- Counts ----------------------------------------------------------------------------------------------------===//

void MBarrierState::addTransactions(Block &block, uint32_t offset, MBarrierBits &bits,
                                    int64_t bytes, Thread *thread, const Operation &operation) {
  int64_t sum = bits.transactions + bytes;
  if (std::abs(sum) > MBarrierBits::most) {
    block.report(Check::Transactions, thread, operation.site,
                 nameOfMBarrier(offset) + " has " + std::to_string(bits.transactions) +
                     " bytes pending and gets " + std::to_string(bytes) +
                     " more: the count ends at 1048575",
                 "range");
    sum = std::clamp<int64_t>(sum, -MBarrierBits::most, MBarrierBits::most);
  }
  bits.transactions = sum;
}

void MBarrierState::takePending(Block &block, uint32_t offset, MBarrierBits &bits, uint32_t count,
                                Thread *thread, const Operation &operation) {
  if (count > bits.pending)
    block.report(Check::Transactions, thread, operation.site,
                 nameOfMBarrier(offset) + " gets " + std::to_string(count) +
                     " arrivals and expects only " + std::to_string(bits.pending) +
                     " more in this phase (of " + std::to_string(bits.expected) + ")",
                 "arrivals");
  bits.pending -= std::min(count, bits.pending);
}

void MBarrierState::advance(Block &block, uint32_t offset, Object &object, MBarrierBits bits,
                            Thread *thread, const Operation &operation) {
  if (bits.pending == 0 && bits.transactions < 0) {
    block.report(Check::Transactions, thread, operation.site,
                 "a phase of " + nameOfMBarrier(offset) + " ends with " +
                     std::to_string(-int64_t(bits.transactions)) +
                     " bytes more than expected; hint: expect_tx is too small or comes too late",
                 "underflow");
    bits.transactions = 0;
  }
  if (bits.pending == 0 && bits.transactions == 0) {
    bits.phase = !bits.phase;
    bits.pending = bits.expected;
    if (block.checking()) {
      object.completed.join(object.arriving.seen, object.arriving.published);
      object.completedElsewhere.join(object.arrivingElsewhere.seen,
                                     object.arrivingElsewhere.published);
      object.arriving = object.arrivingElsewhere = Knowledge();
    }
    std::move(object.landing.begin(), object.landing.end(), std::back_inserter(object.landed));
    object.landing.clear();
    std::vector<Thread *> waiting = std::move(object.waiting);
    object.waiting.clear();
    for (Thread *waiter : waiting)
      waiter->wake();
  }
  bits.store(block.memory + offset);
}

//===-- What threads do -------------------------------------------------------------------------------------------===//

/// The scope that an operation on an object of `block` has in effect. Practice leaves it at the
/// block where threads of a cluster meet, so that only strict checks take it at its word.
static Scope effectiveScope(const Block &block, Scope scope) {
  return block.options.strict ? scope : Scope::Cluster;
}

uint64_t MBarrierState::arrive(Block &block, uint32_t offset, const MBarrierArrival &arrival,
                               Thread &thread, const Operation &operation) {
  Object *object = use(block, offset, thread, operation);
  if (!object)
    return 0;
  MBarrierBits bits = MBarrierBits::load(block.memory + offset);
  uint64_t before = bits.pack();
  if (arrival.count < 1 || arrival.count > uint32_t(MBarrierBits::most))
    thread.report(Check::Operand, operation,
                  "expected 1 to 1048575 arrivals, found " + std::to_string(arrival.count),
                  "count");
  addTransactions(block, offset, bits, arrival.expect, &thread, operation);
  if (arrival.drop)
    bits.expected -= std::min(arrival.count, bits.expected);
  takePending(block, offset, bits, arrival.count, &thread, operation);
  if (arrival.noComplete && bits.pending == 0 && bits.transactions <= 0)
    thread.report(Check::Transactions, operation,
                  "an arrival with noComplete ends a phase of " + nameOfMBarrier(offset),
                  "noComplete");
  if (block.checking()) {
    if (thread.block == &block)
      object->arriving.join(releasedInBlock(thread, arrival.releases), thread.published);
    else
      object->arrivingElsewhere.join(
          releasedWidely(thread, arrival.releases, effectiveScope(block, arrival.scope)),
          thread.published);
    thread.tick();
  }
  advance(block, offset, *object, bits, &thread, operation);
  return before;
}

void MBarrierState::expect(Block &block, uint32_t offset, int64_t bytes, Thread &thread,
                           const Operation &operation) {
  Object *object = use(block, offset, thread, operation);
  if (!object)
    return;
  MBarrierBits bits = MBarrierBits::load(block.memory + offset);
  addTransactions(block, offset, bits, bytes, &thread, operation);
  advance(block, offset, *object, bits, &thread, operation);
}

void MBarrierState::addPending(Block &block, uint32_t offset, Thread &thread,
                               const Operation &operation) {
  if (!use(block, offset, thread, operation))
    return;
  MBarrierBits bits = MBarrierBits::load(block.memory + offset);
  if (bits.pending == uint32_t(MBarrierBits::most))
    thread.report(Check::Transactions, operation,
                  nameOfMBarrier(offset) + " has 1048575 pending arrivals and gets one more",
                  "pending");
  else
    ++bits.pending;
  bits.store(block.memory + offset);
}

bool MBarrierState::test(Block &block, uint32_t offset, const MBarrierWait &wait, Thread &thread,
                         const Operation &operation) {
  Object *object = use(block, offset, thread, operation);
  if (!object)
    return true; // reported; the kernel goes on rather than to wait for ever
  if (MBarrierBits::load(block.memory + offset).phase == wait.phase)
    return false;
  for (const std::shared_ptr<InFlight> &bytes : object->landed)
    bytes->settle();
  object->landed.clear();
  if (!block.checking())
    return true;
  auto see = [&](const Knowledge &released) {
    if (wait.acquires)
      thread.acquire(released.seen, released.published);
    else
      thread.toAcquire.join(released.seen); // by a fence
  };
  see(object->completed);
  // A wait sees nothing of threads that its own scope leaves out, whatever theirs.
  if (!object->completedElsewhere.seen.empty() && isWide(effectiveScope(block, wait.scope)))
    see(object->completedElsewhere);
  return true;
}

void MBarrierState::await(Block &block, uint32_t offset, bool phase, Thread &thread,
                          const Operation &operation) {
  while (true) {
    auto found = objects.find(offset);
    if (found == objects.end() || MBarrierBits::load(block.memory + offset).phase != phase)
      return;
    found->second.waiting.push_back(&thread);
    thread.wait(operation, nameOfMBarrier(offset) + ", phase " + (phase ? "1" : "0"));
  }
}

//===-- What engines bring ----------------------------------------------------------------------------------------===//

bool MBarrierState::engineStarts(Block &block, uint32_t offset, Thread &thread,
                                 const Operation &operation) {
  Object *object = use(block, offset, thread, operation);
  if (object)
    ++object->started;
  return object;
}

void MBarrierState::engineArrives(Block &block, uint32_t offset, const EngineArrival &arrival,
                                  Thread *thread, const Operation &operation) {
  auto found = objects.find(offset);
  if (found == objects.end())
    return; // invalidated since, which is reported
  Object &object = found->second;
  if (object.started)
    --object.started;
  if (arrival.brought)
    object.landing.push_back(arrival.brought);
  if (arrival.clock)
    object.arriving.seen.join(*arrival.clock);
  if (arrival.published)
    object.arriving.published.join(*arrival.published);
  MBarrierBits bits = MBarrierBits::load(block.memory + offset);
  addTransactions(block, offset, bits, -int64_t(arrival.bytes), thread, operation);
  if (arrival.arrivals)
    takePending(block, offset, bits, arrival.arrivals, thread, operation);
  advance(block, offset, object, bits, thread, operation);
}

} // namespace dreamer::emulator
