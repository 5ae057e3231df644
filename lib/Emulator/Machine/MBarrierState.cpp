// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/MBarrierState.h"

#include <algorithm>
#include <cstring>

namespace dreamer::emulator {

std::string nameOfMBarrier(uint32_t offset) {
  return "the mbarrier at shared byte " + std::to_string(offset);
}

//===-- MBarrierBits ----------------------------------------------------------------------------------------------===//

// From the lowest bit: phase 1, expected 20, pending 20, transactions 22 (two's complement).

MBarrierBits MBarrierBits::unpack(uint64_t bits) {
  MBarrierBits result;
  result.phase = bits & 1;
  result.expected = bits >> 1 & most;
  result.pending = bits >> 21 & most;
  result.transactions = int32_t(uint32_t(bits >> 41) << 10) >> 10;
  return result;
}

uint64_t MBarrierBits::pack() const {
  return uint64_t(phase) | uint64_t(expected & most) << 1 | uint64_t(pending & most) << 21 |
         uint64_t(uint32_t(transactions) & 0x3fffff) << 41;
}

MBarrierBits MBarrierBits::load(const std::byte *memory) {
  uint64_t bits;
  std::memcpy(&bits, memory, sizeof(bits));
  return unpack(bits);
}

void MBarrierBits::store(std::byte *memory) const {
  uint64_t bits = pack();
  std::memcpy(memory, &bits, sizeof(bits));
}

//===-- Life of an object -----------------------------------------------------------------------------------------===//

constexpr uint32_t objectBytes = 8;

/// Notes an access of `thread` to the object's bytes.
static void noteAccess(Block &block, uint32_t offset, Access kind, Thread &thread,
                       const Operation &operation) {
  if (!block.checking())
    return;
  Accessor who{thread.now(), thread.clock, &thread.published, Proxy::Generic};
  if (Conflict conflict = block.shadow->access(offset, objectBytes, kind, who);
      conflict.kind != Conflict::None)
    block.report(conflict, &thread, operation.site, kind);
}

void MBarrierState::init(Block &block, uint32_t offset, uint32_t count, Thread &thread,
                         const Operation &operation) {
  if (objects.erase(offset)) {
    thread.report(Check::Operand, operation,
                  nameOfMBarrier(offset) +
                      " is initialised again; hint: mbarrier.inval has to come between",
                  "again");
    if (block.checking())
      block.shadow->setObject(offset, objectBytes, false);
  }
  if (count < 1 || count > uint32_t(MBarrierBits::most)) {
    thread.report(Check::Operand, operation,
                  "expected a count of 1 to 1048575 arrivals, found " + std::to_string(count),
                  "count");
    count = std::clamp<uint32_t>(count, 1, MBarrierBits::most);
  }
  noteAccess(block, offset, Access::Write, thread, operation);
  if (block.checking())
    block.shadow->setObject(offset, objectBytes, true);
  objects[offset].site = operation.site;
  if (block.checking())
    objects[offset].initialised = thread.now();
  MBarrierBits bits;
  bits.expected = bits.pending = count;
  bits.store(block.memory + offset);
}

void MBarrierState::invalidate(Block &block, uint32_t offset, Thread &thread,
                               const Operation &operation) {
  Object *object = use(block, offset, thread, operation);
  if (!object)
    return;
  if (object->started || !object->waiting.empty())
    thread.report(
        Check::InFlight, operation,
        nameOfMBarrier(offset) + " is invalidated while " +
            (object->started ? "copies are under way that name it" : "threads wait for it"),
        "inval");
  if (block.checking())
    block.shadow->setObject(offset, objectBytes, false);
  noteAccess(block, offset, Access::Write, thread, operation);
  for (Thread *waiting : object->waiting)
    waiting->wake();
  objects.erase(offset);
}

MBarrierState::Object *MBarrierState::use(Block &block, uint32_t offset, Thread &thread,
                                          const Operation &operation) {
  auto found = objects.find(offset);
  if (found == objects.end()) {
    thread.report(Check::Uninitialised, operation,
                  nameOfMBarrier(offset) + " is used without mbarrier.init before, or after "
                                           "mbarrier.inval",
                  "object");
    return nullptr;
  }
  noteAccess(block, offset, Access::Atomic, thread, operation);
  // The shadow only knows of the last access, which may have been an ordered one.
  Object &object = found->second;
  if (!object.initialised.never() && object.initialised.agent() != thread.agent() &&
      !thread.clock.covers(object.initialised)) {
    thread.report(Check::Race, operation,
                  nameOfMBarrier(offset) +
                      " is used, and nothing orders that after its mbarrier.init",
                  "init");
    object.initialised = Epoch();
  }
  return &object;
}

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
      object.completed.join(object.arriving);
      object.completedPublished.join(object.arrivingPublished);
      object.arriving = Clock();
      object.arrivingPublished = Clock();
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
  if (block.checking() && arrival.releases) {
    object->arriving.join(thread.clock);
    object->arrivingPublished.join(thread.published);
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

bool MBarrierState::test(Block &block, uint32_t offset, bool phase, bool acquires, Thread &thread,
                         const Operation &operation) {
  Object *object = use(block, offset, thread, operation);
  if (!object)
    return true; // reported; the kernel goes on rather than to wait for ever
  if (MBarrierBits::load(block.memory + offset).phase == phase)
    return false;
  for (const std::shared_ptr<InFlight> &bytes : object->landed)
    bytes->settle();
  object->landed.clear();
  if (block.checking() && acquires)
    thread.acquire(object->completed, object->completedPublished);
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
    object.arriving.join(*arrival.clock);
  if (arrival.published)
    object.arrivingPublished.join(*arrival.published);
  MBarrierBits bits = MBarrierBits::load(block.memory + offset);
  addTransactions(block, offset, bits, -int64_t(arrival.bytes), thread, operation);
  if (arrival.arrivals)
    takePending(block, offset, bits, arrival.arrivals, thread, operation);
  advance(block, offset, object, bits, thread, operation);
}

void MBarrierState::blockEnds(Block &block) {
  for (auto &[offset, object] : objects) {
    MBarrierBits bits = MBarrierBits::load(block.memory + offset);
    std::string pending;
    if (object.started)
      pending = std::to_string(object.started) + " copies under way";
    else if (bits.transactions)
      pending = std::to_string(bits.transactions) + " bytes pending";
    else if (!object.landing.empty() || !object.landed.empty())
      pending = "copies that nobody waited for";
    if (!pending.empty())
      block.report(Check::Exit, nullptr, object.site,
                   "the block ends and " + nameOfMBarrier(offset) + " has " + pending, "mbarrier");
  }
}

} // namespace dreamer::emulator
