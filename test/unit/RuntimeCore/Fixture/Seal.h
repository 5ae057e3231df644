// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Fills in the sizes and the checksum of a package, as the compiler does after linking.

#ifndef DREAMER_TEST_UNIT_RUNTIMECORE_FIXTURE_SEAL_H
#define DREAMER_TEST_UNIT_RUNTIMECORE_FIXTURE_SEAL_H

#include "runtime/core/Elf.h"
#include "runtime/core/PackageFormat.h"

#include <cstring>
#include <vector>

namespace dreamer::runtime::test {

/// Place of the header in the file.
inline size_t headerOffset(const std::vector<std::byte> &file) {
  Result<ElfSections> elf = readElf(file, "package");
  if (elf.failed() || !elf->find(DREAMER_PACKAGE_HEADER_SECTION))
    return 0;
  return static_cast<size_t>(elf->find(DREAMER_PACKAGE_HEADER_SECTION)->bytes.data() - file.data());
}

/// Writes the checksum of the file as it is.
inline void sealChecksum(std::vector<std::byte> &file, size_t header) {
  size_t field = header + DREAMER_PACKAGE_CHECKSUM_OFFSET;
  uint64_t checksum = dreamer_package_checksum(reinterpret_cast<const unsigned char *>(file.data()),
                                               file.size(), field);
  std::memcpy(file.data() + field, &checksum, sizeof(checksum));
}

/// Writes sizes and checksum.
inline Status seal(std::vector<std::byte> &file) {
  Result<ElfSections> elf = readElf(file, "package");
  if (elf.failed())
    return elf.status();
  const auto *manifest = elf->find(DREAMER_PACKAGE_MANIFEST_SECTION);
  const auto *model = elf->find(DREAMER_PACKAGE_MODEL_SECTION);
  size_t place = headerOffset(file);
  if (!manifest || !model || place == 0)
    return failure(DREAMER_BAD_FILE, "package", "the three sections", "not all of them");
  dreamer_package_header header;
  std::memcpy(&header, file.data() + place, sizeof(header));
  header.manifest_size = manifest->bytes.size();
  header.model_size = model->bytes.size();
  header.file_size = file.size();
  std::memcpy(file.data() + place, &header, sizeof(header));
  sealChecksum(file, place);
  return {};
}

} // namespace dreamer::runtime::test

#endif // DREAMER_TEST_UNIT_RUNTIMECORE_FIXTURE_SEAL_H
