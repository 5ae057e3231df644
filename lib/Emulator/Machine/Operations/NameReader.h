// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Reading the names of instructions from left to right.

#ifndef DREAMER_EMULATOR_MACHINE_OPERATIONS_NAMEREADER_H
#define DREAMER_EMULATOR_MACHINE_OPERATIONS_NAMEREADER_H

#include "lib/Emulator/Machine/Operation.h"

#include <string_view>

namespace dreamer::emulator {

/// What is left of an instruction's name. Intrinsics have dots where PTX has underscores, so an
/// underscore in a phrase matches either.
class NameReader {
public:
  explicit NameReader(const Instruction &instruction) : rest(instruction.name) {}

  /// Drops `phrase` from the front, if it stands there and ends where a word ends.
  bool take(std::string_view phrase) {
    size_t size = phrase.size();
    if (rest.size() < size || (rest.size() > size && rest[size] != '.'))
      return false;
    for (size_t i = 0; i < size; ++i)
      if (rest[i] != phrase[i] && !(phrase[i] == '_' && rest[i] == '.'))
        return false;
    rest.remove_prefix(rest.size() > size ? size + 1 : size);
    return true;
  }
  bool done() const { return rest.empty(); }

private:
  std::string_view rest;
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_OPERATIONS_NAMEREADER_H
