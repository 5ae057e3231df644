// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What compiled kernels read of the thread that runs them, without asking the machine.

#ifndef DREAMER_EMULATOR_MACHINE_SPECIALREGISTERS_H
#define DREAMER_EMULATOR_MACHINE_SPECIALREGISTERS_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dreamer::emulator {

using Dim3 = std::array<uint32_t, 3>;
/// "4x2x1"
std::string toString(const Dim3 &dims);

/// PTX ISA 8.x, "Special Registers". A thread of the machine begins with these.
struct SpecialRegisters {
  Dim3 tid{}, ntid{}, ctaid{}, nctaid{};
  uint32_t nwarpid = 0;
  uint32_t clusterCtaRank = 0, clusterCtaCount = 1; ///< of the block in its cluster
  Dim3 clusterCtaid{}, clusterNctaid{1, 1, 1};      ///< of the block in its cluster; its shape
  Dim3 clusterid{}, nclusterid{1, 1, 1};            ///< of the cluster in the grid
  uint32_t smid = 0, nsmid = 1, gridid = 0;
  uint32_t dynamicSharedBytes = 0, totalSharedBytes = 0;
  // From here on, with what Thread begins with, one line of a cache: a change of threads needs it.
  uint32_t laneid = 0, warpid = 0;
  /// How many more backward jumps until the machine is asked (runaway loops).
  int32_t fuel = 0;
  /// This block's shared memory in the host's memory, aligned to `sharedWindow`.
  std::byte *shared = nullptr;
};

/// Shared memory of a block has an address space of this size: a pointer into shared memory is an
/// offset below it, with the block's rank in the cluster plus one above it (0: the own block).
constexpr uint64_t sharedWindow = 256 << 10;
/// Where the rank begins in such a pointer.
constexpr unsigned sharedRankShift = 24;

/// The offset in SpecialRegisters of the 32-bit register that "llvm.nvvm.read.ptx.sreg." or "%"
/// puts before `name` ("tid.x", "cluster.ctarank"); nothing for others.
std::optional<size_t> offsetOfSpecialRegister(std::string_view name);

/// Registers that count, which the machine makes up: "clock", "clock64", "globaltimer".
bool isCounter(std::string_view name);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_SPECIALREGISTERS_H
