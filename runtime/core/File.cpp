// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/File.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dreamer::runtime {

static const char *kindOf(mode_t mode) {
  return S_ISDIR(mode)    ? "a directory"
         : S_ISFIFO(mode) ? "a pipe"
         : S_ISCHR(mode)  ? "a device"
         : S_ISBLK(mode)  ? "a device"
         : S_ISSOCK(mode) ? "a socket"
                          : "something else";
}

//===-- Reading ---===//

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string &path) {
  // O_NONBLOCK: opening a pipe that nobody writes to must not wait for ever.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return systemFailure(path, "cannot open", errno);
  struct stat info;
  if (fstat(descriptor, &info) != 0) {
    Status status = systemFailure(path, "cannot stat", errno);
    close(descriptor);
    return status;
  }
  if (!S_ISREG(info.st_mode)) {
    close(descriptor);
    return failure(DREAMER_IO_ERROR, path, "a regular file", kindOf(info.st_mode));
  }
  size_t size = static_cast<size_t>(info.st_size);
  void *data = nullptr;
  if (size > 0) {
    data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (data == MAP_FAILED) {
      Status status = systemFailure(path, "cannot map", errno);
      close(descriptor);
      return status;
    }
  }
  close(descriptor); // the mapping stays
  return std::shared_ptr<const MappedFile>(
      new MappedFile(path, static_cast<const std::byte *>(data), size));
}

MappedFile::~MappedFile() {
  if (size > 0)
    munmap(const_cast<std::byte *>(data), size);
}

//===-- Writing ---===//

/// What `path` names after following symbolic links; `path` itself if there is nothing yet.
static std::string resolved(const std::string &path) {
  char *real = realpath(path.c_str(), nullptr);
  if (!real)
    return path;
  std::string result = real;
  std::free(real);
  return result;
}

/// Opens and locks the partial file. The lock of a killed process is gone, so its leftover is
/// reused; the lock of a living one is an error. Returns the descriptor, or -1 to try again.
static Result<int> openPartial(const std::string &partial, mode_t mode) {
  int descriptor = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
  if (descriptor < 0)
    return systemFailure(partial, "cannot create", errno);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    close(descriptor);
    return failure(DREAMER_IO_ERROR, partial, "to be the only writer",
                   "another writer of the same file");
  }
  // Between open and lock, the other writer may have renamed the file into place: then it is not
  // ours.
  struct stat opened, named;
  if (fstat(descriptor, &opened) != 0 || stat(partial.c_str(), &named) != 0 ||
      opened.st_ino != named.st_ino || opened.st_dev != named.st_dev) {
    close(descriptor);
    return -1;
  }
  if (ftruncate(descriptor, 0) != 0) {
    Status status = systemFailure(partial, "cannot empty", errno);
    close(descriptor);
    return status;
  }
  return descriptor;
}

Result<AtomicFile> AtomicFile::create(const std::string &path) {
  std::string target = resolved(path);
  struct stat info;
  mode_t mode = 0666; // less the umask
  if (stat(target.c_str(), &info) == 0) {
    if (!S_ISREG(info.st_mode))
      return failure(DREAMER_IO_ERROR, path, "a regular file or nothing", kindOf(info.st_mode));
    mode = info.st_mode & 0777;
  }
  std::string partial = target + ".partial";
  for (int attempt = 0; attempt < 100; ++attempt) {
    Result<int> descriptor = openPartial(partial, mode);
    if (descriptor.failed())
      return descriptor.status();
    if (*descriptor >= 0)
      return AtomicFile(std::move(target), std::move(partial), *descriptor);
  }
  return failure(DREAMER_IO_ERROR, partial, "to be the only writer",
                 "other processes that keep replacing it");
}

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : target(std::move(other.target)), partial(std::move(other.partial)),
      descriptor(std::exchange(other.descriptor, -1)) {}

AtomicFile::~AtomicFile() {
  if (descriptor < 0)
    return;
  unlink(partial.c_str()); // before the lock goes, so that it is still ours
  close(descriptor);
}

Status AtomicFile::write(const void *data, size_t bytes) {
  constexpr size_t most = size_t{1} << 30; // Linux writes at most 2 GiB at once
  const char *next = static_cast<const char *>(data);
  while (bytes > 0) {
    ssize_t written = ::write(descriptor, next, std::min(bytes, most));
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return systemFailure(partial, "cannot write", written == 0 ? ENOSPC : errno,
                           "the previous file is unchanged");
    next += written;
    bytes -= static_cast<size_t>(written);
  }
  return {};
}

/// Makes the rename itself durable.
static Status syncFolderOf(const std::string &path) {
  size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return systemFailure(folder, "cannot open", errno);
  int result = fsync(descriptor);
  int error = errno;
  close(descriptor);
  // Some file systems cannot sync a folder, and say so.
  if (result != 0 && error != EINVAL && error != ENOTSUP)
    return systemFailure(folder, "cannot sync", error);
  return {};
}

Status AtomicFile::commit() {
  if (fsync(descriptor) != 0)
    return systemFailure(partial, "cannot sync", errno, "the previous file is unchanged");
  if (rename(partial.c_str(), target.c_str()) != 0)
    return systemFailure(target, "cannot rename the new file into place", errno,
                         "the previous file is unchanged");
  int result = close(std::exchange(descriptor, -1));
  if (result != 0)
    return systemFailure(target, "cannot close", errno);
  return syncFolderOf(target);
}

Status writeFileAtomically(const std::string &path, std::string_view contents) {
  Result<AtomicFile> file = AtomicFile::create(path);
  if (file.failed())
    return file.status();
  DREAMER_RETURN_IF_FAILED(file->write(contents.data(), contents.size()));
  return file->commit();
}

} // namespace dreamer::runtime
