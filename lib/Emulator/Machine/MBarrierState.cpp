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

/// Notes an access of `thread`, which has seen `seen`, to the object's bytes.
static void noteAccess(Block &block, uint32_t offset, Access kind, Thread &thread,
                       const Clock &seen, const Operation &operation) {
  if (!block.checking())
    return;
  Accessor who{thread.now(), seen, &thread.published, Proxy::Generic};
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
  noteAccess(block, offset, Access::Write, thread, thread.clock, operation);
  Object &object = objects[offset];
  object.site = operation.site;
  if (block.checking()) {
    block.shadow->setObject(offset, objectBytes, true);
    object.initialised = thread.now();
  }
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
  noteAccess(block, offset, Access::Write, thread, thread.clock, operation);
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
  Object &object = found->second;
  bool known = object.initialised.never() || object.initialised.agent() == thread.agent() ||
               thread.clock.covers(object.initialised);
  if (!known && thread.knownInits.covers(object.initialised)) {
    known = true;
    Clock seen = thread.clock;
    seen.join(thread.knownInits);
    noteAccess(block, offset, Access::Atomic, thread, seen, operation);
  } else {
    noteAccess(block, offset, Access::Atomic, thread, thread.clock, operation);
  }
  // The shadow only knows of the last access, which may have been an ordered one.
  if (!known) {
    thread.report(Check::Race, operation,
                  nameOfMBarrier(offset) +
                      " is used, and nothing orders that after its mbarrier.init",
                  "init");
    object.initialised = Epoch();
  }
  return &object;
}

//===-- Inits and fences ------------------------------------------------------------------------------------------===//

void MBarrierState::fenceInits(const Thread &thread) {
  for (auto &[offset, object] : objects)
    if (object.fenced.never() && object.initialised.agent() == thread.agent())
      object.fenced = thread.now();
}

void MBarrierState::checkFenced(Block &block, uint32_t offset, Thread &thread,
                                const Operation &operation) {
  auto found = objects.find(offset);
  if (!block.options.strict || !block.checking() || found == objects.end())
    return;
  const Object &object = found->second;
  bool byInit = !object.fenced.never() &&
                (thread.clock.covers(object.fenced) || thread.knownInits.covers(object.fenced));
  if (byInit || thread.published.covers(object.initialised))
    return;
  thread.report(Check::ProxyFence, operation,
                "a bulk copy uses " + nameOfMBarrier(offset) +
                    ", and no fence comes between that and its mbarrier.init; hint: "
                    "fence.mbarrier_init.release.cluster by the thread that initialised it",
                "init");
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
