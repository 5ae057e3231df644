// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The instructions that compiled kernels leave to the machine, as objects: one for each place in a
// kernel where such an instruction stands.

#ifndef DREAMER_EMULATOR_MACHINE_OPERATION_H
#define DREAMER_EMULATOR_MACHINE_OPERATION_H

#include "lib/Emulator/Machine/Report.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dreamer::emulator {

class Thread;
class Warp;

/// An instruction as it is written, before anything is known of it.
struct Instruction {
  /// An intrinsic of LLVM ("llvm.nvvm." left out), or a line of inline PTX. They name the same
  /// things differently and order their operands differently.
  enum class Form : uint8_t { Intrinsic, Ptx } form = Form::Intrinsic;
  std::string name;                          ///< "mma.m16n8k16.row.col.f32.f32"
  unsigned inputs = 0;                       ///< operands; one slot each
  unsigned outputs = 0;                      ///< results; one slot each, after the operands
  std::vector<std::optional<int64_t>> known; ///< values of operands that are constants

  std::vector<std::string_view> words() const; ///< of the name, split at its dots
  bool has(std::string_view word) const;       ///< whether it is one of the words
  int64_t constant(unsigned operand, int64_t otherwise = 0) const {
    return operand < known.size() ? known[operand].value_or(otherwise) : otherwise;
  }
};

/// One instruction at one place of a kernel. Immutable once made: all threads share it.
class Operation {
public:
  virtual ~Operation() = default;
  /// Runs for one thread. `slots`: operands, then room for results, 8 bytes each; narrower values
  /// lie in the low bytes, the rest of an operand's slot is zero.
  virtual void execute(Thread &thread, uint64_t *slots) const = 0;
  /// Whether it may be a part of a JoinedOperation: it is a WarpOperation of all lanes, and all it
  /// does is to read operands and shared memory and to give results.
  virtual bool joins() const { return false; }

  Site site;           ///< set by whoever reads the kernel
  unsigned inputs = 0; ///< likewise, so that slots[inputs + i] is result i
  unsigned outputs = 0;

  /// Lanes of a warp may come to a common instruction from different places in the kernel (it was
  /// duplicated by the compiler) when these say the same.
  bool agreesWith(const Operation &other) const;
};

/// Makes an operation of an instruction, or gives null when it is none of this maker's.
using OperationMaker = std::unique_ptr<Operation> (*)(const Instruction &);

/// Asks all makers (Operations/Makers.h). Null: no such instruction is known.
std::unique_ptr<Operation> makeOperation(const Instruction &instruction);

/// An instruction that all lanes of a mask execute together.
class WarpOperation : public Operation {
public:
  /// Waits for the lanes of members(); the last one to come executes for all.
  void execute(Thread &thread, uint64_t *slots) const final;
  /// The lanes that take part, by the operands of one of them.
  virtual uint32_t members(const uint64_t * /*slots*/) const { return ~0u; }
  /// `lanes`: bit i is set when lane i takes part; warp.lane(i).slots are its slots.
  virtual void execute(Warp &warp, uint32_t lanes) const = 0;
  /// From now on operand i is slot places[i], and result i is slot places[inputs + i]. False, and
  /// nothing is changed: it only knows operands and results one after the other from slot 0 on.
  virtual bool place(std::span<const uint16_t> /*places*/) { return false; }
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_OPERATION_H
