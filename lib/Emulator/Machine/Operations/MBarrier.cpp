// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What threads do with mbarrier objects. PTX ISA 8.x, "mbarrier.*".

#include "lib/Emulator/Machine/MBarrierState.h"
#include "lib/Emulator/Machine/Operations/MBarrierTracking.h"
#include "lib/Emulator/Machine/Operations/Makers.h"
#include "lib/Emulator/Machine/Operations/NameReader.h"
#include "lib/Emulator/Machine/Worker.h"

namespace dreamer::emulator {

namespace {

/// An operation on the object that slot 0 points to.
class MBarrierOperation : public Operation {
public:
  bool remote = false; ///< it may lie in another block of the cluster

  void execute(Thread &thread, uint64_t *slots) const final {
    std::optional<SharedAddress> at = objectAt(thread, slots[0], remote, *this);
    if (at)
      run(thread, at->block->state<MBarrierState>(), *at->block, at->offset, slots);
    else if (outputs)
      slots[inputs] = 1; // reported; waiting loops end
  }
  virtual void run(Thread &thread, MBarrierState &state, Block &block, uint32_t offset,
                   uint64_t *slots) const = 0;
};

class Init : public MBarrierOperation {
  void run(Thread &thread, MBarrierState &state, Block &block, uint32_t offset,
           uint64_t *slots) const override {
    state.init(block, offset, uint32_t(slots[1]), thread, *this);
  }
};

class Invalidate : public MBarrierOperation {
  void run(Thread &thread, MBarrierState &state, Block &block, uint32_t offset,
           uint64_t *) const override {
    state.invalidate(block, offset, thread, *this);
  }
};

class Arrive : public MBarrierOperation {
public:
  MBarrierArrival arrival;
  bool expects = false; ///< slot 1 has bytes, not arrivals

  void run(Thread &thread, MBarrierState &state, Block &block, uint32_t offset,
           uint64_t *slots) const override {
    MBarrierArrival given = arrival;
    if (expects)
      given.expect = checkedBytes(thread, slots[1], *this);
    else if (inputs > 1)
      given.count = uint32_t(slots[1]);
    uint64_t before = state.arrive(block, offset, given, thread, *this);
    if (outputs)
      slots[inputs] = before;
  }
};

class CountBytes : public MBarrierOperation {
public:
  bool complete = false;
  void run(Thread &thread, MBarrierState &state, Block &block, uint32_t offset,
           uint64_t *slots) const override {
    int64_t bytes = checkedBytes(thread, slots[1], *this);
    state.expect(block, offset, complete ? -bytes : bytes, thread, *this);
  }
};

/// test_wait and try_wait.
class Wait : public MBarrierOperation {
public:
  bool suspends = false, parity = false, acquires = true;
  Scope scope = Scope::Block;

  void run(Thread &thread, MBarrierState &state, Block &block, uint32_t offset,
           uint64_t *slots) const override {
    // A state's phase is its lowest bit.
    if (parity && uint32_t(slots[1]) > 1)
      thread.report(Check::Operand, *this,
                    "expected a parity of 0 or 1, found " + std::to_string(uint32_t(slots[1])),
                    "parity");
    MBarrierWait wait{bool(slots[1] & 1), acquires, scope};
    bool done = state.test(block, offset, wait, thread, *this);
    if (!done && suspends && !timeIsUp(block)) {
      state.await(block, offset, wait.phase, thread, *this);
      done = state.test(block, offset, wait, thread, *this);
    }
    if (outputs)
      slots[inputs] = done;
    if (!done)
      thread.yield();
  }

private:
  /// try_wait may give up before the phase is over, after a time that the system chooses: with a
  /// seed it sometimes does.
  static bool timeIsUp(Block &block) {
    return block.options.seed && block.worker.random() % 4 == 0;
  }
};

class PendingCount : public Operation {
public:
  void execute(Thread &, uint64_t *slots) const override {
    slots[inputs] = MBarrierBits::unpack(slots[0]).pending;
  }
};

/// What follows the verb in a name, in any order that occurs.
struct Qualifiers {
  bool noComplete = false, expectBytes = false, parity = false, timed = false, relaxed = false;
  bool remote = false;
  Scope scope = Scope::Block; ///< the default

  static std::optional<Qualifiers> read(NameReader &name) {
    Qualifiers found;
    while (!name.done()) {
      if (name.take("noComplete"))
        found.noComplete = true;
      else if (name.take("expect_tx"))
        found.expectBytes = true;
      else if (name.take("parity"))
        found.parity = true;
      else if (name.take("tl"))
        found.timed = true;
      else if (name.take("relaxed"))
        found.relaxed = true;
      else if (name.take("space_cluster") || name.take("shared::cluster"))
        found.remote = true;
      else if (name.take("scope_cluster") || name.take("cluster"))
        found.scope = Scope::Cluster;
      else if (!name.take("release") && !name.take("acquire") && !name.take("scope_cta") &&
               !name.take("cta") && !name.take("space_cta") && !name.take("shared") &&
               !name.take("shared::cta") && !name.take("b64"))
        return std::nullopt;
    }
    return found;
  }
};

std::unique_ptr<Operation> makeArrive(const Qualifiers &read, bool drop, unsigned inputs) {
  auto arrive = std::make_unique<Arrive>();
  arrive->remote = read.remote;
  arrive->expects = read.expectBytes;
  arrive->arrival.drop = drop;
  arrive->arrival.noComplete = read.noComplete;
  arrive->arrival.releases = !read.relaxed;
  arrive->arrival.scope = read.scope;
  bool needsSecond = read.expectBytes || read.noComplete;
  if (read.parity || read.timed || inputs < 1u + needsSecond || inputs > 2)
    return nullptr;
  return arrive;
}

std::unique_ptr<Operation> makeWait(const Qualifiers &read, bool suspends, unsigned inputs) {
  auto wait = std::make_unique<Wait>();
  wait->suspends = suspends;
  wait->parity = read.parity;
  wait->acquires = !read.relaxed;
  wait->scope = read.scope;
  if (read.noComplete || read.expectBytes || read.remote || inputs < 2 || inputs > 2u + suspends)
    return nullptr;
  return wait;
}

} // namespace

std::unique_ptr<Operation> makeMBarrier(const Instruction &instruction) {
  if (std::unique_ptr<Operation> tracking = makeMBarrierTracking(instruction))
    return tracking;
  NameReader name(instruction);
  if (!name.take("mbarrier"))
    return nullptr;
  enum { IsInit, IsInval, IsDrop, IsArrive, IsExpect, IsComplete, IsTest, IsTry, IsPending, None };
  constexpr std::string_view verbs[] = {"init",      "inval",     "arrive_drop",
                                        "arrive",    "expect_tx", "complete_tx",
                                        "test_wait", "try_wait",  "pending_count"};
  unsigned verb = 0;
  while (verb < None && !name.take(verbs[verb]))
    ++verb;
  std::optional<Qualifiers> read = Qualifiers::read(name);
  if (!read)
    return nullptr;
  unsigned inputs = instruction.inputs;
  switch (verb) {
  case IsInit:
    return inputs == 2 ? std::make_unique<Init>() : nullptr;
  case IsInval:
    return inputs == 1 ? std::make_unique<Invalidate>() : nullptr;
  case IsDrop:
  case IsArrive:
    return makeArrive(*read, verb == IsDrop, inputs);
  case IsExpect:
  case IsComplete: {
    auto count = std::make_unique<CountBytes>();
    count->remote = read->remote;
    count->complete = verb == IsComplete;
    return inputs == 2 ? std::move(count) : nullptr;
  }
  case IsTest:
  case IsTry:
    return makeWait(*read, verb == IsTry, inputs);
  case IsPending:
    return inputs == 1 && instruction.outputs == 1 ? std::make_unique<PendingCount>() : nullptr;
  default:
    return nullptr;
  }
}

} // namespace dreamer::emulator
