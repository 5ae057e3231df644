// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Package.h"

#include "runtime/core/Elf.h"

#include <cstring>

namespace dreamer::runtime {

static constexpr std::string_view compileAgain = "compile the package again";

static std::string hexadecimal(uint64_t value) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 60; shift >= 0; shift -= 4)
    text += digits[value >> shift & 15];
  return text;
}

static Status checkVersion(const dreamer_package_header &header, std::string_view where) {
  std::string_view magic(header.magic, sizeof(header.magic));
  if (magic != DREAMER_PACKAGE_MAGIC)
    return failure(DREAMER_BAD_FILE, where, "magic 'DREAMERP'", inQuotes(magic), compileAgain);
  if (header.format_version != DREAMER_PACKAGE_FORMAT_VERSION)
    return failure(DREAMER_INCOMPATIBLE, where,
                   "package format version " + std::to_string(DREAMER_PACKAGE_FORMAT_VERSION),
                   std::to_string(header.format_version),
                   "compiler and runtime are of different versions; compile the package again");
  if (header.header_size != DREAMER_PACKAGE_HEADER_SIZE)
    return failure(DREAMER_BAD_FILE, where,
                   "a header of " + std::to_string(DREAMER_PACKAGE_HEADER_SIZE) + " bytes",
                   std::to_string(header.header_size), compileAgain);
  return {};
}

static Status checkSize(std::string_view where, std::string_view what, uint64_t stated,
                        uint64_t actual) {
  if (stated == actual)
    return {};
  return failure(DREAMER_BAD_FILE, where,
                 std::string(what) + " of " + std::to_string(stated) +
                     " bytes as the header states",
                 std::to_string(actual), "the file is truncated or damaged");
}

static Result<const ElfSections::Section *> section(const ElfSections &elf, const char *name,
                                                    std::string_view where) {
  if (const ElfSections::Section *found = elf.find(name))
    return found;
  return failure(DREAMER_BAD_FILE, where, "a section " + std::string(name), "none",
                 "this shared object is no Dreamer package");
}

Result<std::shared_ptr<const Package>> Package::open(const std::string &path) {
  Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  if (file.failed())
    return file.status();
  std::span<const std::byte> bytes = (*file)->bytes();
  Result<ElfSections> elf = readElf(bytes, path);
  if (elf.failed())
    return elf.status();
  auto headerSection = section(*elf, DREAMER_PACKAGE_HEADER_SECTION, path);
  if (headerSection.failed())
    return headerSection.status();
  auto manifestSection = section(*elf, DREAMER_PACKAGE_MANIFEST_SECTION, path);
  if (manifestSection.failed())
    return manifestSection.status();
  auto modelSection = section(*elf, DREAMER_PACKAGE_MODEL_SECTION, path);
  if (modelSection.failed())
    return modelSection.status();

  std::span<const std::byte> headerBytes = (*headerSection)->bytes;
  dreamer_package_header header;
  static_assert(sizeof(header) == DREAMER_PACKAGE_HEADER_SIZE);
  static_assert(offsetof(dreamer_package_header, checksum) == DREAMER_PACKAGE_CHECKSUM_OFFSET);
  DREAMER_RETURN_IF_FAILED(checkSize(path, "a header section", sizeof(header), headerBytes.size()));
  std::memcpy(&header, headerBytes.data(), sizeof(header));
  DREAMER_RETURN_IF_FAILED(checkVersion(header, path));
  DREAMER_RETURN_IF_FAILED(checkSize(path, "a file", header.file_size, bytes.size()));
  std::span<const std::byte> manifest = (*manifestSection)->bytes, model = (*modelSection)->bytes;
  DREAMER_RETURN_IF_FAILED(checkSize(path, "a manifest", header.manifest_size, manifest.size()));
  DREAMER_RETURN_IF_FAILED(checkSize(path, "a model", header.model_size, model.size()));
  uint64_t field =
      static_cast<uint64_t>(headerBytes.data() - bytes.data()) + DREAMER_PACKAGE_CHECKSUM_OFFSET;
  uint64_t checksum = dreamer_package_checksum(
      reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size(), field);
  if (checksum != header.checksum)
    return failure(DREAMER_BAD_FILE, path, "checksum " + hexadecimal(header.checksum),
                   hexadecimal(checksum), "the file is damaged; compile the package again");

  std::shared_ptr<Package> package(new Package());
  package->file = *file;
  package->theHeader = header;
  package->theManifestText.assign(reinterpret_cast<const char *>(manifest.data()), manifest.size());
  package->theModel = model;
  Result<Manifest> parsed = parseManifest(package->theManifestText, path);
  if (parsed.failed())
    return parsed.status();
  package->theManifest = std::move(*parsed);
  return std::shared_ptr<const Package>(std::move(package));
}

} // namespace dreamer::runtime
