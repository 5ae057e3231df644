// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Happens-before, by vector clocks (Mattern 1989): who has seen what of whom.

#ifndef DREAMER_EMULATOR_MACHINE_CLOCK_H
#define DREAMER_EMULATOR_MACHINE_CLOCK_H

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace dreamer::emulator {

/// Who accesses memory: a thread, or an engine that copies for a block. `index` counts within the
/// block: threads first, then the engine.
struct Agent {
  uint32_t block = 0; ///< linear in the grid
  uint32_t index = 0;
  friend bool operator==(const Agent &, const Agent &) = default;
};

/// A moment of an agent. Packed, so that memory's shadow can hold it in 8 bytes; 0 is "never".
class Epoch {
public:
  Epoch() = default;
  Epoch(Agent agent, uint32_t time)
      : bits(uint64_t(agent.block) << 36 | uint64_t(agent.index & 0xfff) << 24 |
             (time & 0xffffff)) {}
  /// Limits of the packing: blocks of a grid, moments of an agent. A block has 1025 agents at most.
  static constexpr uint64_t maxBlocks = 1u << 28, maxTime = 1u << 24;

  Agent agent() const { return {uint32_t(bits >> 36), uint32_t(bits >> 24 & 0xfff)}; }
  uint32_t time() const { return bits & 0xffffff; }
  bool never() const { return bits == 0; }
  friend bool operator==(Epoch, Epoch) = default;
  uint64_t packed() const { return bits; }
  static Epoch unpack(uint64_t bits) {
    Epoch epoch;
    epoch.bits = bits;
    return epoch;
  }

private:
  uint64_t bits = 0;
};

/// The latest moment of each agent that the owner has seen. Dense for the agents of one block,
/// sparse over other blocks, of which most threads never see anything.
class Clock {
public:
  Clock() = default;
  Clock(uint32_t block, size_t agents) : home(block), own(agents, 0) {}

  bool covers(Epoch epoch) const {
    Agent agent = epoch.agent();
    if (agent.block == home)
      return agent.index < own.size() && own[agent.index] >= epoch.time();
    return coversElsewhere(agent, epoch.time());
  }
  uint32_t of(uint32_t index) const { return own[index]; }
  void advance(uint32_t index) { ++own[index]; }
  void set(uint32_t index, uint32_t time) { own[index] = time; }

  /// Afterwards this clock covers what either covered.
  void join(const Clock &other);
  bool empty() const { return own.empty(); }
  void clear() {
    own.clear();
    others.clear();
  }

private:
  bool coversElsewhere(Agent agent, uint32_t time) const;

  uint32_t home = 0;
  std::vector<uint32_t> own;
  std::map<uint32_t, std::shared_ptr<const std::vector<uint32_t>>> others;
};

/// What a release hands on: what is seen, and what of it the engines may use.
struct Knowledge {
  Clock seen, published;
  void join(const Clock &otherSeen, const Clock &otherPublished) {
    seen.join(otherSeen);
    published.join(otherPublished);
  }
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_CLOCK_H
