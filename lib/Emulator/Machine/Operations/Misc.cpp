// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What is left: hints, counters, ends. PTX ISA, "Miscellaneous Instructions" and others.

#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Operations/Makers.h"
#include "lib/Emulator/Machine/Worker.h"

namespace dreamer::emulator {

namespace {

/// Hints that change nothing here: prefetches, cache priorities, dependent launches.
class Hint : public Operation {
public:
  void execute(Thread &, uint64_t *) const override {}
};

/// setmaxnreg: the machine has registers enough, so only the operand is looked at.
class MaxRegisters : public WarpOperation {
public:
  void execute(Warp &warp, uint32_t lanes) const override {
    Thread &thread = warp.lane(__builtin_ctz(lanes));
    uint32_t count = thread.slots[0];
    if (count < 24 || count > 256 || count % 8)
      thread.report(
          Check::Operand, *this,
          "expected a number of registers from 24 to 256 that is a multiple of 8, found " +
              std::to_string(count));
  }
};

class Sleep : public Operation {
public:
  void execute(Thread &thread, uint64_t *) const override { thread.yield(); }
};

/// clock, clock64, globaltimer: they only promise to grow, and do so by one a look.
class Counter : public Operation {
public:
  void execute(Thread &thread, uint64_t *slots) const override {
    slots[inputs] = ++thread.block->worker.counts.looksAtClock;
  }
};

class Exit : public Operation {
public:
  void execute(Thread &thread, uint64_t *) const override {
    thread.block->worker.exitThread(thread);
  }
};

class Trap : public Operation {
public:
  void execute(Thread &thread, uint64_t *) const override {
    thread.report(Check::Trap, *this, "the kernel gave up");
    thread.block->worker.launch.abandoned = true;
    thread.block->worker.abandon();
  }
};

} // namespace

std::unique_ptr<Operation> makeMisc(const Instruction &instruction) {
  std::string_view name = instruction.name;
  for (std::string_view hint : {"prefetch", "applypriority", "discard", "griddepcontrol"})
    if (name.starts_with(hint) && name != "prefetch.tensormap")
      return std::make_unique<Hint>();
  if (name.starts_with("setmaxnreg."))
    return std::make_unique<MaxRegisters>();
  if (name == "nanosleep" || name == "nanosleep.u32")
    return std::make_unique<Sleep>();
  if (name.starts_with("read.ptx.sreg.") && isCounter(name.substr(14)))
    return std::make_unique<Counter>();
  if (name == "exit")
    return std::make_unique<Exit>();
  if (name == "trap" || name == "brkpt")
    return std::make_unique<Trap>();
  return nullptr;
}

} // namespace dreamer::emulator
