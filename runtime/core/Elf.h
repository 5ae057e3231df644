// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Finding sections of an ELF64 shared object by name, trusting nothing in it.

#ifndef DREAMER_RUNTIME_CORE_ELF_H
#define DREAMER_RUNTIME_CORE_ELF_H

#include "runtime/core/Status.h"

#include <cstddef>
#include <span>
#include <string_view>

namespace dreamer::runtime {

/// The parts of a file that checking a package needs; views into it.
struct ElfSections {
  struct Section {
    std::string_view name;
    std::span<const std::byte> bytes; // in the file; empty for .bss and the like
  };
  std::vector<Section> sections;

  /// Null if there is none of that name.
  const Section *find(std::string_view name) const;
};

/// Checks that `file` is an x86-64 shared object and reads its section table. Every offset, size
/// and name is checked against the file. `where` starts the message of a failure.
Result<ElfSections> readElf(std::span<const std::byte> file, std::string_view where);

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_ELF_H
