// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// mma.sync and wmma.mma as their names tell them, and the operations that execute mma.sync.

#ifndef DREAMER_EMULATOR_MACHINE_OPERATIONS_MMAINSTRUCTION_H
#define DREAMER_EMULATOR_MACHINE_OPERATIONS_MMAINSTRUCTION_H

#include "lib/Emulator/Machine/Formats.h"
#include "lib/Emulator/Machine/Operation.h"

#include <memory>
#include <optional>

namespace dreamer::emulator {

struct MmaShape {
  unsigned m = 0, n = 0, k = 0;
  friend bool operator==(MmaShape, MmaShape) = default;
};

/// "m16n8k16".
std::optional<MmaShape> shapeNamed(std::string_view name);

struct MmaInstruction {
  MmaShape shape;
  Format a{}, b{}, c{}, d{};
  bool aIsColumnMajor = false, bIsColumnMajor = true;
  bool saturate = false;
  enum Bits : uint8_t { NoBits, Xor, And } bits = NoBits; ///< how b1 are combined

  /// m8n8k4 of f16, the first of all tensor cores' instructions: four products at a time.
  bool isQuad() const { return shape == MmaShape{8, 8, 4} && a == Format::F16; }
  /// 32-bit registers (64 bits for f64) of a lane for a matrix with so many elements.
  unsigned registers(unsigned elements, Format format) const {
    unsigned all = elements * (isQuad() ? 4 : 1);
    return format == Format::F64 ? all / 32 : all * bitsOf(format) / (32 * 32);
  }
  unsigned registersOfA() const { return registers(shape.m * shape.k, a); }
  unsigned registersOfB() const { return registers(shape.k * shape.n, b); }
  unsigned registersOfC() const { return registers(shape.m * shape.n, c); }
  unsigned registersOfD() const { return registers(shape.m * shape.n, d); }
};

/// Reads what follows "mma." or "wmma.mma." in a name: shape, layouts, options and types, in any
/// order but for the types: those that PTX writes (D, A, B, C), or those that tell intrinsics apart.
std::optional<MmaInstruction> parseMma(const std::vector<std::string_view> &words);

/// A number for each matrix of a product.
struct OfMatrices {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

/// An mma.sync: all lanes come with A, B, C in registers, and leave with D.
class MmaOperation : public WarpOperation {
public:
  explicit MmaOperation(const MmaInstruction &mma)
      : MmaOperation(mma, {mma.registersOfA(), mma.registersOfB(), mma.registersOfC(),
                           mma.registersOfD()}) {}
  MmaOperation(const MmaInstruction &mma, OfMatrices registers)
      : mma(mma), registers(registers),
        slot{0, registers.a, registers.a + registers.b, registers.a + registers.b + registers.c} {}
  void execute(Warp &warp, uint32_t lanes) const final;
  bool joins() const final { return true; }
  bool place(std::span<const uint16_t> places) final;

protected:
  /// All 32 lanes are there.
  virtual void multiply(Warp &warp) const = 0;

  MmaInstruction mma;
  OfMatrices registers; ///< of a lane
  OfMatrices slot;      ///< of the first register; the others follow
};

std::unique_ptr<Operation> makeFloatMma(const MmaInstruction &mma);
std::unique_ptr<Operation> makeIntegerMma(const MmaInstruction &mma); ///< b1, too
std::unique_ptr<Operation> makeDoubleMma(const MmaInstruction &mma);
std::unique_ptr<Operation> makeQuadMma(const MmaInstruction &mma); ///< m8n8k4 of f16
std::unique_ptr<Operation> makeWmma(const Instruction &instruction);

/// c += products, which fit 32 bits by far: wrapping, or clamped (.satfinite).
void addIntegers(unsigned count, const int32_t *products, bool saturate, int32_t *c);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_OPERATIONS_MMAINSTRUCTION_H
