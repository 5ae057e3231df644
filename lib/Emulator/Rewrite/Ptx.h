// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Reads the text of inline PTX: statements with guards, labels, registers and operands.

#ifndef DREAMER_EMULATOR_REWRITE_PTX_H
#define DREAMER_EMULATOR_REWRITE_PTX_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dreamer::emulator::ptx {

struct Operand {
  enum Kind : uint8_t {
    Argument,  ///< $N of the inline assembly
    Register,  ///< declared by .reg
    Special,   ///< %tid.x
    Immediate, ///< an integer, or the bits of 0fXXXXXXXX and 0dXXXXXXXXXXXXXXXX
    Nothing,   ///< _
    Label,     ///< of a branch
  } kind = Nothing;
  unsigned argument = 0;
  std::string name;
  int64_t value = 0;
  int64_t offset = 0;         ///< [register + offset]
  bool isAddress = false;     ///< it stood in brackets
  bool isPredicateOf = false; ///< the p of d|p
};

struct Statement {
  std::vector<std::string> labels; ///< before it
  std::string guard;               ///< "@p": the register or $N; empty: always
  bool guardIsNegated = false;
  std::string opcode; ///< "mbarrier.init.shared.b64"; empty at the end
  /// Lists and brackets are flattened: [a, {x, y}] is a, x, y.
  std::vector<Operand> operands;
  unsigned firstGroup = 0; ///< operands of the first one as written: 4 for {a,b,c,d}
  std::string text;        ///< as written, for reports
};

struct Program {
  std::vector<Statement> statements;            ///< the last one is empty: labels may stand there
  std::map<std::string, std::string> registers; ///< by name: "pred", "b32", ...
};

/// Opcodes without a destination; all others write their first operand.
bool hasNoDestination(llvm::StringRef opcode);

/// Fails with the piece of text that cannot be read.
llvm::Expected<Program> parse(llvm::StringRef text);

} // namespace dreamer::emulator::ptx

#endif // DREAMER_EMULATOR_REWRITE_PTX_H
