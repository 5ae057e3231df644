// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes are an ELF file with sections, or refused with a message. Every byte of a section can be
// touched.

#include "runtime/core/Elf.h"

#include <cstdlib>

using namespace dreamer::runtime;

extern "C" __attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *data,
                                                                             size_t size) {
  Result<ElfSections> elf = readElf({reinterpret_cast<const std::byte *>(data), size}, "fuzz");
  if (elf.failed() && elf.status().message().empty())
    abort();
  unsigned sum = 0;
  if (elf.ok())
    for (const ElfSections::Section &section : elf->sections)
      for (std::byte byte : section.bytes)
        sum += std::to_integer<unsigned>(byte);
  volatile unsigned kept = sum;
  (void)kept;
  return 0;
}
