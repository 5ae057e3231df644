// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// An mbarrier that is told when the copies of a thread are done. PTX ISA 8.x,
// "cp.async.mbarrier.arrive".

#include "lib/Emulator/Machine/Operations/MBarrierTracking.h"

#include "lib/Emulator/Machine/AsyncCopies.h"
#include "lib/Emulator/Machine/Operations/NameReader.h"

#include <algorithm>

namespace dreamer::emulator {

std::optional<SharedAddress> objectAt(Thread &thread, uint64_t slot, bool remote,
                                      const Operation &operation) {
  std::optional<SharedAddress> at = thread.sharedAddress(slot, 8, operation, 8);
  if (at && !remote && at->block != thread.block) {
    thread.report(Check::Operand, operation,
                  "expected an mbarrier of the own block, found one of another block", "remote");
    return std::nullopt;
  }
  return at;
}

int32_t checkedBytes(Thread &thread, uint64_t slot, const Operation &operation) {
  int32_t bytes = int32_t(slot);
  if (bytes < 0 || bytes > MBarrierBits::most)
    thread.report(Check::Transactions, operation,
                  "expected 0 to 1048575 bytes, found " + std::to_string(bytes), "operand");
  return std::clamp(bytes, 0, MBarrierBits::most);
}

namespace {

/// The copies of one thread that one object tracks.
class TrackedCopies : public InFlight {
public:
  TrackedCopies(CopiesOfThread &copies, Epoch writer)
      : copies(copies), begin(copies.begin()), end(copies.end()), writer(writer) {}
  void move() { copies.move(begin, end); }
  void settle() override { copies.land(begin, end, writer); }

private:
  CopiesOfThread &copies;
  uint64_t begin, end; ///< their numbers
  Epoch writer;
};

/// The arrival that comes when the copies are done.
class Arrival : public Transfer {
public:
  Arrival(std::shared_ptr<TrackedCopies> copies, uint32_t offset, Thread &thread,
          const Operation &operation)
      : copies(std::move(copies)), offset(offset), thread(thread), operation(operation),
        clock(thread.clock), published(thread.published) {}

  void complete(Block &block) override {
    copies->move();
    EngineArrival arrival;
    arrival.arrivals = 1;
    if (block.checking()) {
      arrival.clock = &clock;
      arrival.published = &published;
      arrival.brought = copies;
    }
    block.state<MBarrierState>().engineArrives(block, offset, arrival, &thread, operation);
  }

private:
  std::shared_ptr<TrackedCopies> copies;
  uint32_t offset;
  Thread &thread;
  const Operation &operation;
  Clock clock, published;
};

class ArriveWhenCopied : public Operation {
public:
  bool increments = true;

  void execute(Thread &thread, uint64_t *slots) const override {
    std::optional<SharedAddress> at = objectAt(thread, slots[0], false, *this);
    if (!at)
      return;
    Block &block = *thread.block;
    MBarrierState &state = block.state<MBarrierState>();
    if (!state.engineStarts(block, at->offset, thread, *this))
      return;
    if (increments)
      state.addPending(block, at->offset, thread, *this);
    auto tracked =
        std::make_shared<TrackedCopies>(block.state<AsyncCopies>().track(thread), momentOf(thread));
    auto arrival = std::make_unique<Arrival>(std::move(tracked), at->offset, thread, *this);
    if (block.checking())
      thread.tick();
    block.start(std::move(arrival));
  }
};

} // namespace

std::unique_ptr<Operation> makeMBarrierTracking(const Instruction &instruction) {
  NameReader name(instruction);
  if (!name.take("cp_async_mbarrier_arrive") || instruction.inputs != 1)
    return nullptr;
  auto arrive = std::make_unique<ArriveWhenCopied>();
  arrive->increments = !name.take("noinc");
  if (!name.take("shared"))
    name.take("shared::cta");
  name.take("b64");
  return name.done() ? std::move(arrive) : nullptr;
}

} // namespace dreamer::emulator
