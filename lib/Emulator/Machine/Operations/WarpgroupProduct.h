// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What wgmma.mma_async computes, once its operands are gathered.

#ifndef DREAMER_EMULATOR_MACHINE_OPERATIONS_WARPGROUPPRODUCT_H
#define DREAMER_EMULATOR_MACHINE_OPERATIONS_WARPGROUPPRODUCT_H

#include "lib/Emulator/Machine/Formats.h"
#include "lib/Emulator/Machine/Operation.h"

#include <optional>

namespace dreamer::emulator {

/// A wgmma.mma_async as its name and its number of operands tell it: m64, n, k.
struct WarpgroupMmaForm {
  static constexpr unsigned m = 64;

  unsigned n, k;
  Format a, b, d;
  bool aInRegisters, saturate;

  /// Nothing when there is no such instruction.
  static std::optional<WarpgroupMmaForm> of(const Instruction &instruction);

  // Operands: the accumulators, A's descriptor or four registers, B's descriptor, scale-d, and as far
  // as the type has them imm-scale-a, imm-scale-b, imm-trans-a (of a descriptor), imm-trans-b.

  bool hasScales() const { return !isInteger(a); }
  bool hasMajors() const { return bitsOf(a) == 16; }
  /// 32-bit registers of a lane.
  unsigned accumulators() const { return d == Format::F16 ? n / 4 : n / 2; }
  unsigned descriptorB() const { return accumulators() + (aInRegisters ? 4 : 1); }
  unsigned operands() const {
    return descriptorB() + 2 + (hasScales() ? 2 : 0) + (hasMajors() ? (aInRegisters ? 1 : 2) : 0);
  }
  /// Of all 128 threads.
  size_t sumWords() const { return size_t(4 * 32) * accumulators(); }

private:
  bool exists() const;
};

/// Matrices while they are multiplied.
class WarpgroupProduct {
public:
  static constexpr unsigned wordsOfRow = 8; ///< of A and B: all shapes are 32 bytes deep

  /// Fibers' stacks are too small for it, and nobody else runs on this thread of the host meanwhile.
  static WarpgroupProduct &ofThisThread();

  alignas(32) uint32_t words[256 * wordsOfRow];         ///< A, then B, as memory has them
  alignas(32) uint32_t sums[WarpgroupMmaForm::m * 256]; ///< C, then D, as registers have them

  // Take `words`; MN-major ones have k as their rows.
  void decodeA(const WarpgroupMmaForm &form, bool isMnMajor);
  void decodeB(const WarpgroupMmaForm &form, bool isMnMajor);
  /// sums = A B + sums, or without them; `negate`: -A B.
  void compute(const WarpgroupMmaForm &form, bool keep, bool negate);

private:
  void countBits(const WarpgroupMmaForm &form);

  alignas(32) uint32_t a[WarpgroupMmaForm::m * 32]; ///< decoded, and so on
  alignas(32) uint32_t b[32 * 256], turned[32 * 256];
  alignas(32) uint32_t c[WarpgroupMmaForm::m * 256];
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_OPERATIONS_WARPGROUPPRODUCT_H
