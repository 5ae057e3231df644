// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Running a kernel over a grid.

#ifndef DREAMER_EMULATOR_MACHINE_LAUNCH_H
#define DREAMER_EMULATOR_MACHINE_LAUNCH_H

#include "lib/Emulator/Machine/Report.h"
#include "lib/Emulator/Machine/SpecialRegisters.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dreamer::emulator {

class GlobalMemory;

/// When asynchronous work is done: at once, or as late as the kernel's waits allow.
enum class Completion : uint8_t { Eager, Lazy };

struct LaunchOptions {
  bool check = true; ///< only for code that was compiled with checks
  /// Checks what PTX's memory model asks for where practice leaves it out: fences after the inits of
  /// mbarriers that copies use, scopes of operations on mbarriers.
  bool strict = false;
  Completion completion = Completion::Eager;
  uint64_t seed = 0; ///< 0: warps in order; others: a random order of everything that may vary
  unsigned workers = 1;
  /// Blocks that a worker runs side by side from the start; more join when all of them spin.
  unsigned residentBlocks = 1;
  size_t stackBytes = 64 << 10;
  /// Backward jumps of one thread without any operation, and yields of all without progress, after
  /// which the launch is given up.
  uint64_t patience = uint64_t(1) << 26;
};

/// A variable in shared memory, for its bounds.
struct SharedVariable {
  std::string name;
  uint32_t offset = 0, bytes = 0;
};

/// A kernel that is ready to run.
struct Kernel {
  std::string name;
  /// Runs one thread; `arguments` point to the values, in the order of parameterBytes.
  void (*entry)(void *const *arguments) = nullptr;
  std::vector<uint32_t> parameterBytes;
  /// Shared memory that its variables take, and where the dynamic part begins (alignment of the
  /// kernel's declaration).
  uint32_t staticSharedBytes = 0, dynamicSharedOffset = 0;
  std::vector<SharedVariable> sharedVariables;
  uint32_t stackBytes = 0;          ///< that a thread needs for its variables
  Dim3 requiredBlock{}, maxBlock{}; ///< threads; 0: not said
  Dim3 requiredCluster{};           ///< blocks; 0: not said
  bool compiledWithChecks = false;
};

struct Grid {
  Dim3 blocks{1, 1, 1}, threads{1, 1, 1}, cluster{1, 1, 1};
  uint32_t dynamicSharedBytes = 0;
};

struct LaunchCounts {
  uint64_t switches = 0;
  uint64_t looksAtClock = 0;
};

/// Runs `kernel` to its end. Faults go to `reports`; a launch that no device could take is
/// reported, too, and does not run.
LaunchCounts launch(const Kernel &kernel, const Grid &grid, void *const *arguments,
                    GlobalMemory &memory, const LaunchOptions &options, Reports &reports);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_LAUNCH_H
