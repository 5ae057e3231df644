// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Reading by mapping, and writing that never loses the previous file.

#ifndef DREAMER_RUNTIME_CORE_FILE_H
#define DREAMER_RUNTIME_CORE_FILE_H

#include "runtime/core/Status.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace dreamer::runtime {

/// A regular file, mapped read-only. The memory lives as long as the object.
class MappedFile {
public:
  static Result<std::shared_ptr<const MappedFile>> open(const std::string &path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  std::span<const std::byte> bytes() const { return {data, size}; }
  const std::string &path() const { return thePath; }

private:
  MappedFile(std::string path, const std::byte *data, size_t size)
      : thePath(std::move(path)), data(data), size(size) {}

  std::string thePath;
  const std::byte *data;
  size_t size;
};

/// Writes a file beside `path` and renames it into place when all of it is on the disk, so that
/// `path` is at all times either the previous file or the whole new one: after kill -9, a full
/// disk, a power cut. Until `commit` succeeds nothing is visible under `path`; the file written
/// beside ("<path>.partial") is removed on failure, and reused by the next writer if the process
/// was killed.
class AtomicFile {
public:
  /// Fails if `path` is there but no regular file, or if another process is writing it.
  static Result<AtomicFile> create(const std::string &path);
  AtomicFile(AtomicFile &&other) noexcept;
  AtomicFile &operator=(AtomicFile &&) = delete;
  ~AtomicFile();

  Status write(const void *data, size_t bytes);
  /// Syncs the file, renames it, syncs the folder.
  Status commit();

private:
  AtomicFile(std::string target, std::string partial, int descriptor)
      : target(std::move(target)), partial(std::move(partial)), descriptor(descriptor) {}

  std::string target;  ///< symbolic links followed
  std::string partial; ///< what is being written
  int descriptor;      ///< -1 when done
};

/// Writes a whole small file atomically.
Status writeFileAtomically(const std::string &path, std::string_view contents);

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_FILE_H
