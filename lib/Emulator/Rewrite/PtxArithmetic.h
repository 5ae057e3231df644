// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Arithmetic of inline PTX, as far as it is of integers and LLVM IR's own; what is not is an operation of
// the machine.

#ifndef DREAMER_EMULATOR_REWRITE_PTXARITHMETIC_H
#define DREAMER_EMULATOR_REWRITE_PTXARITHMETIC_H

#include "llvm/IR/IRBuilder.h"

#include <optional>

namespace dreamer::emulator::ptx {

/// Bits that a type's name ends with: 16 for "u16"; 32 where it has none.
unsigned bitsOf(llvm::StringRef type);

/// mov, cvt, setp, selp, add, sub, mul.lo, and, or, xor, shl, shr, not. PTX ISA 8.x, "Integer
/// Arithmetic Instructions", "Logic and Shift Instructions", "Comparison and Selection Instructions".
struct ArithmeticForm {
  enum Kind : uint8_t { Move, Convert, Compare, Select, Combine, ShiftLeft, ShiftRight, Not };
  Kind kind = Move;
  unsigned bits = 64;       ///< of the operands
  unsigned resultBits = 64; ///< of Convert
  bool isSigned = false;
  llvm::CmpInst::Predicate predicate = llvm::CmpInst::BAD_ICMP_PREDICATE;
  llvm::Instruction::BinaryOps operation = llvm::Instruction::Add;
};

/// Nothing: `opcode` with so many operands is none of them, or of a form that is not known.
std::optional<ArithmeticForm> arithmeticForm(llvm::StringRef opcode, size_t operands);

/// Emits it. `slots`: the sources, 64 bits each. Gives an integer.
llvm::Value *emit(llvm::IRBuilder<> &builder, const ArithmeticForm &form,
                  llvm::ArrayRef<llvm::Value *> slots);

} // namespace dreamer::emulator::ptx

#endif // DREAMER_EMULATOR_REWRITE_PTXARITHMETIC_H
