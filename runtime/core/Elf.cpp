// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Elf.h"

#include <cstring>

#include <elf.h>

namespace dreamer::runtime {

const ElfSections::Section *ElfSections::find(std::string_view name) const {
  for (const Section &section : sections)
    if (section.name == name)
      return &section;
  return nullptr;
}

static Status damaged(std::string_view where, std::string_view expected, std::string_view found) {
  return failure(DREAMER_BAD_FILE, where, expected, found,
                 "the file is truncated or damaged; compile the package again");
}

/// Reads a structure at `offset`; false if it does not lie inside the file.
template <typename T>
static bool readAt(std::span<const std::byte> file, uint64_t offset, T &value) {
  if (offset > file.size() || file.size() - offset < sizeof(T))
    return false;
  std::memcpy(&value, file.data() + offset, sizeof(T));
  return true;
}

static Status checkIdentity(std::span<const std::byte> file, const Elf64_Ehdr &header,
                            std::string_view where) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    std::string_view start(reinterpret_cast<const char *>(file.data()), 4);
    return failure(DREAMER_BAD_FILE, where, "a package (an ELF shared object)",
                   "a file that begins with " + inQuotes(start), "is this a Dreamer package?");
  }
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_type != ET_DYN)
    return failure(DREAMER_BAD_FILE, where, "a 64-bit little-endian ELF shared object",
                   "another kind of ELF file", "is this a Dreamer package?");
  if (header.e_machine != EM_X86_64)
    return failure(DREAMER_INCOMPATIBLE, where, "a package for x86-64 (ELF machine 62)",
                   "one for ELF machine " + std::to_string(header.e_machine));
  return {};
}

/// The bytes of a section; .bss and the like have none.
static bool bytesOf(std::span<const std::byte> file, const Elf64_Shdr &section,
                    std::span<const std::byte> &bytes) {
  bytes = {};
  if (section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL)
    return true;
  if (section.sh_offset > file.size() || section.sh_size > file.size() - section.sh_offset)
    return false;
  bytes = file.subspan(section.sh_offset, section.sh_size);
  return true;
}

Result<ElfSections> readElf(std::span<const std::byte> file, std::string_view where) {
  Elf64_Ehdr header;
  if (!readAt(file, 0, header))
    return failure(DREAMER_BAD_FILE, where, "a package (an ELF shared object)",
                   std::to_string(file.size()) + " bytes", "is this a Dreamer package?");
  DREAMER_RETURN_IF_FAILED(checkIdentity(file, header, where));
  if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum == 0 ||
      header.e_shstrndx >= header.e_shnum)
    return damaged(where, "an ELF section table", "none that makes sense");

  std::vector<Elf64_Shdr> table(header.e_shnum);
  for (size_t i = 0; i < table.size(); ++i) {
    uint64_t offset = header.e_shoff + i * sizeof(Elf64_Shdr);
    if (offset < header.e_shoff || !readAt(file, offset, table[i]))
      return damaged(where, "section " + std::to_string(i) + " of the ELF section table",
                     "the end of the file");
  }
  std::span<const std::byte> names;
  if (!bytesOf(file, table[header.e_shstrndx], names) || names.empty() ||
      names.back() != std::byte{0})
    return damaged(where, "names of the ELF sections", "none that make sense");

  ElfSections result;
  for (size_t i = 0; i < table.size(); ++i) {
    std::span<const std::byte> bytes;
    if (table[i].sh_name >= names.size() || !bytesOf(file, table[i], bytes))
      return damaged(where, "ELF section " + std::to_string(i) + " inside the file",
                     "one that reaches beyond it");
    result.sections.push_back(
        {reinterpret_cast<const char *>(names.data()) + table[i].sh_name, bytes});
  }
  return result;
}

} // namespace dreamer::runtime
