// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// How fences and atomics order threads (PTX ISA, "Memory Consistency Model"): what a thread did
// before a release is ordered before what another does after the acquire that saw it.

#ifndef DREAMER_EMULATOR_MACHINE_SYNCHRONIZATION_H
#define DREAMER_EMULATOR_MACHINE_SYNCHRONIZATION_H

#include "lib/Emulator/Machine/Clock.h"

#include <array>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace dreamer::emulator {

class Thread;

/// Whom a fence or an atomic is for.
enum class Scope : uint8_t { Block, Cluster, Device, System };

enum class Ordering : uint8_t { Relaxed, Acquire, Release, AcquireRelease };

/// What has been released at each address of an atomic, for all workers of a launch.
class Synchronization {
public:
  /// Before an atomic that may write takes place.
  void release(Thread &thread, const void *address, Ordering ordering, Scope scope);
  /// After an atomic that reads took place.
  void acquire(Thread &thread, const void *address, Ordering ordering, Scope scope);

private:
  struct Variable {
    Clock widely, published; ///< for everybody
    Clock inBlock;           ///< for the threads of `block`
    uint32_t block = ~0u;
  };
  struct Part {
    std::mutex mutex;
    std::unordered_map<const void *, Variable> variables;
  };
  static constexpr size_t partCount = 64;
  Part &partOf(const void *address) {
    return parts[(reinterpret_cast<uintptr_t>(address) >> 3) % partCount];
  }
  std::array<Part, partCount> parts;
};

/// Whether threads of other blocks are among those it is for.
inline bool isWide(Scope scope) { return scope != Scope::Block; }

/// What an operation of this kind makes ready for threads of the own block, or of others: all that
/// the thread has done, or, where it releases nothing, what a fence before it made ready.
const Clock &releasedInBlock(const Thread &thread, bool releases);
const Clock &releasedWidely(const Thread &thread, bool releases, Scope scope);

/// A memory fence of acquire-release or stronger semantics.
void fence(Thread &thread, Scope scope);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_SYNCHRONIZATION_H
