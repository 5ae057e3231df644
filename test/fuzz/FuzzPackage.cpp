// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes are an ELF file with sections, or refused with a message; any text is a manifest, or
// refused. The first byte says which of the two the rest is: the checksum would hide both.

#include "runtime/core/Elf.h"
#include "runtime/core/Manifest.h"

#include <cstdlib>

using namespace dreamer::runtime;

static void fuzzElf(std::span<const std::byte> file) {
  Result<ElfSections> elf = readElf(file, "fuzz");
  if (elf.failed() && elf.status().message().empty())
    abort();
  if (elf.failed())
    return;
  unsigned sum = 0;
  for (const ElfSections::Section &section : elf->sections)
    for (std::byte byte : section.bytes)
      sum += std::to_integer<unsigned>(byte);
  volatile unsigned kept = sum;
  (void)kept;
}

static void fuzzManifest(std::string_view text) {
  Result<Manifest> manifest = parseManifest(text, "fuzz");
  if (manifest.failed() && manifest.status().message().empty())
    abort();
}

extern "C" __attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *data,
                                                                             size_t size) {
  if (size == 0)
    return 0;
  if (data[0] == 0)
    fuzzElf({reinterpret_cast<const std::byte *>(data) + 1, size - 1});
  else
    fuzzManifest({reinterpret_cast<const char *>(data) + 1, size - 1});
  return 0;
}
