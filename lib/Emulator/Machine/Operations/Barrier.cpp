// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Barriers of a block, named 0 to 15, and of a warp. PTX ISA, "bar, barrier" and "bar.warp.sync".

#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Operations/Makers.h"
#include "lib/Emulator/Machine/Worker.h"

#include <algorithm>

namespace dreamer::emulator {

namespace {

constexpr unsigned barrierCount = 16;
constexpr unsigned warpSize = 32;

enum class Reduce : uint8_t { None, And, Or, Popc };

/// One barrier while threads gather at it.
struct Gathering {
  const Operation *operation = nullptr; ///< of who came first
  std::vector<Thread *> waiting;
  std::vector<unsigned> arrivedOfWarp;
  unsigned arrived = 0;  ///< threads; those that are missing in a block's last warp count, too
  unsigned expected = 0; ///< 0: all threads that have not ended
  bool aligned = false;
  unsigned votes = 0; ///< predicates that were true
  Reduce reduce = Reduce::None;
  Clock clock, published;

  /// For those who come next; keeps the room that it has.
  void clear() {
    waiting.clear();
    arrived = votes = 0;
    clock.clear();
    published.clear();
  }
};

class Barriers : public BlockState {
public:
  Gathering gatherings[barrierCount];

  void threadExits(Thread &thread) override {
    // Those that have ended are not waited for (since compute capability 7.0).
    for (Gathering &gathering : gatherings)
      if (gathering.arrived && !gathering.expected && gathering.arrived >= thread.block->live - 1) {
        reportExited(thread, *gathering.operation);
        release(*thread.block, gathering);
      }
  }

  void blockEnds(Block &block) override {
    for (Gathering &gathering : gatherings)
      if (gathering.arrived)
        block.report(Check::Exit, nullptr, gathering.operation->site,
                     "the block ends while " + std::to_string(gathering.arrived) +
                         " threads have arrived at a barrier");
  }

  static void reportExited(Thread &thread, const Operation &operation) {
    thread.report(Check::Divergence, operation,
                  "all threads of the block are expected at the barrier, and some have ended",
                  "ended");
  }

  static void release(Block &block, Gathering &gathering) {
    if (gathering.aligned)
      for (unsigned i = 0; i < block.warps.size(); ++i) {
        unsigned alive = __builtin_popcount(block.warps[i].alive);
        unsigned came = i < gathering.arrivedOfWarp.size() ? gathering.arrivedOfWarp[i] : 0;
        if (came && came < alive)
          block.report(Check::Divergence,
                       gathering.waiting.empty() ? nullptr : gathering.waiting[0],
                       gathering.operation->site,
                       "an aligned barrier is for whole warps; of warp " + std::to_string(i) +
                           " came " + std::to_string(came) + " lanes of " + std::to_string(alive),
                       "aligned");
      }
    unsigned votes = gathering.votes, all = gathering.waiting.size();
    for (Thread *thread : gathering.waiting) {
      switch (gathering.reduce) {
      case Reduce::None:
        break;
      case Reduce::And:
        thread->slots[thread->waiting->inputs] = votes == all;
        break;
      case Reduce::Or:
        thread->slots[thread->waiting->inputs] = votes > 0;
        break;
      case Reduce::Popc:
        thread->slots[thread->waiting->inputs] = votes;
        break;
      }
      if (block.checking())
        thread->acquire(gathering.clock, gathering.published);
      thread->wake();
    }
    gathering.clear();
  }
};

/// bar.sync, bar.arrive, bar.red and their barrier.cta forms.
class BlockBarrier : public Operation {
public:
  bool arrivesOnly = false, aligned = false, hasCount = false;
  Reduce reduce = Reduce::None;
  int countAt = 1, predicateAt = -1; ///< slots

  void execute(Thread &thread, uint64_t *slots) const override {
    Block &block = *thread.block;
    uint64_t name = uint32_t(slots[0]);
    if (name >= barrierCount) {
      thread.report(Check::Operand, *this,
                    "expected a barrier from 0 to 15, found " + std::to_string(name));
      return;
    }
    unsigned expected = hasCount ? uint32_t(slots[countAt]) : 0;
    if (hasCount && (expected == 0 || expected % warpSize || expected > 1024)) {
      thread.report(Check::Operand, *this,
                    "expected a number of threads that is a multiple of 32, found " +
                        std::to_string(expected));
      return;
    }
    Gathering &gathering = block.state<Barriers>().gatherings[name];
    if (gathering.arrived == 0) {
      gathering.operation = this;
      gathering.expected = expected;
      gathering.aligned = aligned;
      gathering.reduce = reduce;
      gathering.arrivedOfWarp.assign(block.warps.size(), 0);
    } else if (gathering.expected != expected) {
      thread.report(Check::Divergence, *this,
                    "barrier " + std::to_string(name) + " gathers " +
                        (gathering.expected ? std::to_string(gathering.expected) + " threads"
                                            : std::string("all threads")) +
                        ", and this one expects " +
                        (expected ? std::to_string(expected) : std::string("all")) +
                        "; the others are at " + toString(gathering.operation->site));
    }
    if (arrivesOnly)
      gathering.aligned = false; // whole warps are not seen together
    if (predicateAt >= 0)
      gathering.votes += slots[predicateAt] & 1;
    if (block.checking()) {
      gathering.clock.join(thread.clock);
      gathering.published.join(thread.published);
      thread.tick();
    }
    ++gathering.arrived;
    unsigned came = ++gathering.arrivedOfWarp[thread.warp->index];
    unsigned alive = __builtin_popcount(thread.warp->alive);
    if (expected && came == alive) // lanes that a warp lacks count with it
      gathering.arrived += warpSize - alive;
    bool complete = expected ? gathering.arrived >= expected : gathering.arrived >= block.live;
    if (!arrivesOnly) {
      thread.slots = slots;
      thread.waiting = this;
      gathering.waiting.push_back(&thread);
    }
    if (!complete) {
      if (!arrivesOnly)
        thread.wait(*this, std::to_string(name));
      return;
    }
    if (expected && gathering.arrived > expected)
      thread.report(Check::Divergence, *this,
                    "more threads than the " + std::to_string(expected) +
                        " that the barrier expects");
    if (!expected && block.live < block.threads.size())
      Barriers::reportExited(thread, *this);
    Barriers::release(block, gathering);
  }
};

class WarpBarrier : public WarpOperation {
public:
  uint32_t members(const uint64_t *slots) const override { return slots[0]; }
  void execute(Warp &warp, uint32_t lanes) const override {
    if (!warp.block->checking())
      return;
    Clock clock, published;
    for (uint32_t rest = lanes; rest; rest &= rest - 1) {
      Thread &thread = warp.lane(__builtin_ctz(rest));
      clock.join(thread.clock);
      published.join(thread.published);
    }
    for (uint32_t rest = lanes; rest; rest &= rest - 1)
      warp.lane(__builtin_ctz(rest)).acquire(clock, published);
  }
};

} // namespace

std::unique_ptr<Operation> makeBarrier(const Instruction &instruction) {
  std::string_view name = instruction.name;
  std::vector<std::string_view> words = instruction.words();
  if (name == "bar.warp.sync")
    return std::make_unique<WarpBarrier>();
  // Spellings: barrier0; barrier.cta.sync.aligned.all; in PTX bar.sync, barrier.sync, bar.red.popc.u32.
  bool block = words[0] == "barrier0" || words[0] == "bar" || words[0] == "barrier";
  if (!block || instruction.has("cluster") || instruction.has("warp"))
    return nullptr;
  auto barrier = std::make_unique<BlockBarrier>();
  bool ptx = instruction.form == Instruction::Form::Ptx;
  barrier->aligned = instruction.has("aligned") || words[0] != "barrier";
  barrier->arrivesOnly = instruction.has("arrive");
  if (instruction.has("red")) {
    barrier->reduce = instruction.has("and")  ? Reduce::And
                      : instruction.has("or") ? Reduce::Or
                                              : Reduce::Popc;
    barrier->predicateAt = instruction.inputs - 1;
  } else if (!barrier->arrivesOnly && !instruction.has("sync") && words[0] != "barrier0") {
    return nullptr;
  }
  unsigned operands = instruction.inputs - (barrier->predicateAt >= 0);
  if (words[0] == "barrier0") // without operands: the barrier is 0
    return nullptr; // LLVM replaces it by barrier.cta.sync.aligned.all when it reads a module
  barrier->hasCount = ptx ? operands > 1 : instruction.has("count");
  if (operands != (barrier->hasCount ? 2u : 1u))
    return nullptr;
  return barrier;
}

} // namespace dreamer::emulator
