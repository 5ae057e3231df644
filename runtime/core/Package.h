// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A package file, mapped and checked, none of its code loaded.

#ifndef DREAMER_RUNTIME_CORE_PACKAGE_H
#define DREAMER_RUNTIME_CORE_PACKAGE_H

#include "runtime/core/File.h"
#include "runtime/core/Manifest.h"
#include "runtime/core/PackageFormat.h"

namespace dreamer::runtime {

class Package {
public:
  /// Maps the file and checks, in this order: ELF section table, magic, versions, sizes, checksum,
  /// manifest.
  static Result<std::shared_ptr<const Package>> open(const std::string &path);

  const std::string &path() const { return file->path(); }
  const dreamer_package_header &header() const { return theHeader; }
  const Manifest &manifest() const { return theManifest; }
  const std::string &manifestText() const { return theManifestText; }
  /// MLIR bytecode of the model phase.
  std::span<const std::byte> model() const { return theModel; }

private:
  Package() = default;

  std::shared_ptr<const MappedFile> file;
  dreamer_package_header theHeader = {};
  Manifest theManifest;
  std::string theManifestText;
  std::span<const std::byte> theModel;
};

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_PACKAGE_H
