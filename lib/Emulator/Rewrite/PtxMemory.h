// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Loads, stores and atomics of inline PTX, which are LLVM IR's own.

#ifndef DREAMER_EMULATOR_REWRITE_PTXMEMORY_H
#define DREAMER_EMULATOR_REWRITE_PTXMEMORY_H

#include "llvm/IR/IRBuilder.h"

#include <optional>

namespace dreamer::emulator::ptx {

/// An ld, st, atom or red as its opcode says. PTX ISA 8.x, "ld", "st", "atom", "red".
struct MemoryForm {
  enum Kind : uint8_t { Load, Store, Update, Exchange } kind = Load;
  enum Class : uint8_t { Bits, Signed, Half, BFloat, Float } of = Bits;
  unsigned bits = 0;  ///< of an element
  unsigned lanes = 1; ///< in an element: 2 for f16x2
  unsigned count = 1; ///< elements of a vector, an operand each
  unsigned space = 0; ///< LLVM's number
  bool isVolatile = false;
  bool gives = false; ///< has a destination
  llvm::AtomicOrdering ordering = llvm::AtomicOrdering::NotAtomic;
  std::string scope; ///< LLVM's name
  llvm::AtomicRMWInst::BinOp operation = llvm::AtomicRMWInst::BAD_BINOP;

  /// Operands after the address.
  unsigned values() const {
    return kind == Load ? 0 : kind == Store ? count : kind == Update ? 1 : 2;
  }
};

/// Nothing: `opcode` is none of them, or of a form that is not known.
std::optional<MemoryForm> memoryForm(llvm::StringRef opcode);

/// Emits it. `slots`: the address, then the values, 64 bits each. Gives what it reads, likewise.
llvm::SmallVector<llvm::Value *> emit(llvm::IRBuilder<> &builder, const MemoryForm &form,
                                      llvm::ArrayRef<llvm::Value *> slots);

} // namespace dreamer::emulator::ptx

#endif // DREAMER_EMULATOR_REWRITE_PTXMEMORY_H
