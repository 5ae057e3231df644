// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The mbarrier objects of a block: PTX ISA 8.x, "Parallel Synchronization and Communication
// Instructions: mbarrier".

#ifndef DREAMER_EMULATOR_MACHINE_MBARRIERSTATE_H
#define DREAMER_EMULATOR_MACHINE_MBARRIERSTATE_H

#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Synchronization.h"

#include <map>
#include <memory>
#include <vector>

namespace dreamer::emulator {

/// What an mbarrier object holds in its 64 bits of shared memory. PTX leaves the layout open; this
/// one is the machine's own. The same bits are the state that arrivals return.
struct MBarrierBits {
  static constexpr int32_t most = (1 << 20) - 1; ///< of every count

  bool phase = false;
  uint32_t expected = 0, pending = 0; ///< arrivals
  int32_t transactions = 0;           ///< bytes expected and not yet there

  static MBarrierBits unpack(uint64_t bits);
  uint64_t pack() const;
  static MBarrierBits load(const std::byte *memory);
  void store(std::byte *memory) const;
};

/// Bytes of asynchronous copies, in place or not, that nobody may touch before somebody has waited
/// for them.
class InFlight {
public:
  virtual ~InFlight() = default;
  /// Somebody has waited: the bytes are as any others.
  virtual void settle() = 0;
};

/// What a thread's arrival does.
struct MBarrierArrival {
  uint32_t count = 1;
  int32_t expect = 0;      ///< bytes, before it arrives
  bool drop = false;       ///< it arrives no more in later phases
  bool noComplete = false; ///< it promises not to end the phase
  bool releases = true;    ///< not relaxed
  Scope scope = Scope::Block;
};

/// How a thread waits.
struct MBarrierWait {
  bool phase = false;   ///< the one that has to be over
  bool acquires = true; ///< not relaxed: the thread then sees what arrivals have released
  Scope scope = Scope::Block;
};

/// An arrival or bytes that an engine brings, with what a wait then has seen.
struct EngineArrival {
  uint32_t arrivals = 0;
  uint32_t bytes = 0;
  const Clock *clock = nullptr; ///< null without checks
  const Clock *published = nullptr;
  std::shared_ptr<InFlight> brought; ///< null without checks
};

class MBarrierState : public BlockState {
public:
  /// All take the object at `offset` in the shared memory of `block`, to which this state belongs.
  void init(Block &block, uint32_t offset, uint32_t count, Thread &, const Operation &);
  void invalidate(Block &block, uint32_t offset, Thread &, const Operation &);
  /// Returns the state before the arrival.
  uint64_t arrive(Block &block, uint32_t offset, const MBarrierArrival &, Thread &,
                  const Operation &);
  /// Changes the count of bytes: positive ones are expected, negative ones are there.
  void expect(Block &block, uint32_t offset, int64_t bytes, Thread &, const Operation &);
  /// Pending arrivals grow by one: cp.async.mbarrier.arrive without noinc.
  void addPending(Block &block, uint32_t offset, Thread &, const Operation &);
  /// True when the phase is over.
  bool test(Block &block, uint32_t offset, const MBarrierWait &, Thread &, const Operation &);
  /// Suspends the thread until the phase is over. False when there is no such object.
  void await(Block &block, uint32_t offset, bool phase, Thread &, const Operation &);

  /// An engine will bring something for the object at `offset`. False: there is none (reported).
  bool engineStarts(Block &block, uint32_t offset, Thread &, const Operation &);
  void engineArrives(Block &block, uint32_t offset, const EngineArrival &, Thread *,
                     const Operation &);

  /// What `thread` initialised is known to those who see this moment of it: fence.mbarrier_init.
  void fenceInits(const Thread &thread);
  /// Where that is strict: a bulk copy that `thread` issues may use the object only if a fence
  /// comes between its init and the copy.
  void checkFenced(Block &block, uint32_t offset, Thread &, const Operation &);

  void blockEnds(Block &block) override;

private:
  struct Object {
    Site site;            ///< where it was initialised
    Epoch initialised;    ///< and when, where that is checked
    Epoch fenced;         ///< when a fence.mbarrier_init followed
    unsigned started = 0; ///< copies on their way
    /// What the arrivals of this phase released, and those of the phases before; by engines and the
    /// block's own threads, and by threads of other blocks.
    Knowledge arriving, completed, arrivingElsewhere, completedElsewhere;
    std::vector<std::shared_ptr<InFlight>> landing, landed; ///< likewise, until somebody waits
    std::vector<Thread *> waiting;
  };

  /// The object, for an operation of `thread` on it; null (and reported) when there is none.
  Object *use(Block &block, uint32_t offset, Thread &thread, const Operation &operation);
  /// Changes the count of bytes, within its limits.
  void addTransactions(Block &block, uint32_t offset, MBarrierBits &bits, int64_t bytes,
                       Thread *thread, const Operation &operation);
  void takePending(Block &block, uint32_t offset, MBarrierBits &bits, uint32_t count,
                   Thread *thread, const Operation &operation);
  /// Ends the phase if nothing is missing, and stores the bits.
  void advance(Block &block, uint32_t offset, Object &object, MBarrierBits bits, Thread *thread,
               const Operation &operation);

  std::map<uint32_t, Object> objects; ///< by offset
};

/// "the mbarrier at shared byte 16".
std::string nameOfMBarrier(uint32_t offset);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_MBARRIERSTATE_H
