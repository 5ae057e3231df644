// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What is known of every byte of a piece of memory: who wrote it last, who has read it since,
// and what is in flight.

#ifndef DREAMER_EMULATOR_MACHINE_SHADOW_H
#define DREAMER_EMULATOR_MACHINE_SHADOW_H

#include "lib/Emulator/Machine/Clock.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace dreamer::emulator {

/// How memory is reached: by loads and stores, or by the engines of bulk copies and wgmma.
enum class Proxy : uint8_t { Generic, Async };

/// AtomicRead: an atomic or volatile load; Atomic: any other atomic, or a volatile store. AsyncRead
/// and AsyncWrite: of asynchronous work, which is under way from then on.
enum class Access : uint8_t { Read, Write, AtomicRead, Atomic, AsyncRead, AsyncWrite };

/// Sets of readers that nothing orders, each stored once and named by a number; 0 is the empty one.
/// A set keeps at most `most` readers, the newest, so races with older ones may be missed.
class ReaderSets {
public:
  explicit ReaderSets(size_t most) : most(most) { clear(); }
  /// The set without what `clock` covers, and with `reader`, whose clock it is.
  uint32_t with(uint32_t set, Epoch reader, const Clock &clock);
  std::span<const Epoch> of(uint32_t set) const { return sets[set]; }
  size_t size() const { return sets.size(); }
  void clear();

private:
  size_t most;
  std::vector<std::vector<Epoch>> sets;
  std::unordered_map<uint64_t, uint32_t> known; ///< (set, reader) to set, see with()
};

/// The first thing wrong with an access.
struct Conflict {
  enum Kind : uint8_t {
    None,
    RaceWithWrite,
    RaceWithRead,
    Uninitialised,
    RedZone,      ///< between variables
    BeingWritten, ///< by an asynchronous copy
    BeingRead,    ///< by an asynchronous copy or wgmma, and this is a write
    NotFenced,    ///< written through the other proxy, no fence since
    IsMBarrier,   ///< of an mbarrier object, which only mbarrier instructions may touch
  } kind = None;
  size_t byte = 0; ///< offset of the first byte concerned
  Epoch other;     ///< whom it conflicts with, for races
};

/// Who accesses, and what that agent has seen.
struct Accessor {
  Epoch now;
  const Clock &seen;
  /// What the agent knows to be published to the asynchronous proxy; null: nothing.
  const Clock *published = nullptr;
  Proxy proxy = Proxy::Generic;
};

/// Knowledge is kept for 16 bytes at a time while it is the same for all of them, else for words of
/// them, and for bytes of those: kernels that move tiles touch memory in pieces of 16 bytes.
class Shadow {
public:
  Shadow(size_t bytes, size_t readersKept, bool initialised);

  size_t bytes() const { return size; }
  /// Checks an access to [offset, offset + count), which lies inside, and notes it. An AsyncRead is
  /// under way until endRead(), and several may be; an AsyncWrite until landed().
  Conflict access(size_t offset, size_t count, Access kind, const Accessor &who);
  /// Forgets all: the bytes are of unknown value again, or of known value.
  void reset(bool initialised);
  /// What was known of an order is over: whatever comes is ordered after all that was.
  void forgetEpochs();
  void initialise(size_t offset, size_t count);
  void setRedZone(size_t offset, size_t count);
  void clearRedZone(size_t offset, size_t count);
  /// The bytes are those of an mbarrier object, or no more: only Atomic accesses are right.
  void setObject(size_t offset, size_t count, bool object);

  /// An asynchronous write has ended: the bytes belong to `writer`.
  void landed(size_t offset, size_t count, Epoch writer, Proxy proxy);
  void endRead(size_t offset, size_t count);

private:
  enum Flag : uint8_t {
    Initialised = 1,
    Writing = 2,
    Red = 4,
    ByAsync = 8,
    ByAtomic = 16,
    Object = 32
  };
  /// What is known of some bytes. Readers are those since the last write that nothing orders: four
  /// here, as a warpgroup has warps, others in a set.
  struct Cell {
    uint64_t writer = 0; ///< a packed epoch, as the readers
    uint64_t readers[4] = {};
    uint32_t more = 0;  ///< number of a reader set
    uint32_t parts = 0; ///< where four cells for the quarters lie; 0: one for all
    uint8_t flags = 0;
    uint8_t reading = 0; ///< asynchronous reads under way
    friend bool operator==(const Cell &, const Cell &) = default;
  };
  static constexpr size_t cellBytes = 16;

  /// Calls function(cell, begin) for cells that together cover the bytes.
  template <typename Function>
  void each(size_t offset, size_t count, Function function);
  template <typename Function>
  void visit(uint32_t cell, bool isPart, size_t base, size_t bytes, size_t begin, size_t end,
             Function &function);
  /// A quick look that suffices for most reads; false: check() tells.
  static bool surelyFine(const Cell &cell, Access kind, const Accessor &who);
  Conflict check(const Cell &cell, size_t byte, Access kind, const Accessor &who) const;
  static void begin(Cell &cell, Access kind);
  void note(Cell &cell, Access kind, const Accessor &who);

  size_t size;
  ReaderSets sets;
  std::vector<Cell> cells;      ///< of 16 bytes each
  std::vector<Cell> parts;      ///< in fours
  std::vector<uint32_t> unused; ///< fours that are free
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_SHADOW_H
