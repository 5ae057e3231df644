// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Package/Linker.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

/// lld of the LLVM that we were built with, else the first on the path.
static Expected<std::string> findLinker() {
  for (StringRef name : {"ld.lld", "ld.lld-22"})
    if (ErrorOr<std::string> found = sys::findProgramByName(name, {DREAMER_LLVM_TOOLS}))
      return *found;
  for (StringRef name : {"ld.lld-22", "ld.lld"})
    if (ErrorOr<std::string> found = sys::findProgramByName(name))
      return *found;
  return createStringError("expected the linker ld.lld in " DREAMER_LLVM_TOOLS
                           " or on the PATH, found none; install the Debian package lld-22");
}

static Error writeTemporary(StringRef bytes, SmallVectorImpl<char> &path) {
  int descriptor = 0;
  if (std::error_code problem = sys::fs::createTemporaryFile("dreamer", "o", descriptor, path))
    return createStringError(problem, "cannot create a temporary file");
  raw_fd_ostream file(descriptor, /*shouldClose=*/true);
  file << bytes;
  file.close();
  if (file.has_error()) {
    std::error_code problem = file.error();
    file.clear_error();
    return createStringError(problem, "cannot write '" + Twine(path) + "'");
  }
  return Error::success();
}

Error dreamer::linkShared(ArrayRef<StringRef> objects, StringRef output) {
  Expected<std::string> linker = findLinker();
  if (!linker)
    return linker.takeError();
  SmallVector<SmallString<128>> files;
  scope_exit removeFiles([&] {
    for (StringRef file : files)
      if (sys::fs::remove(file))
        continue; // nothing that a caller could do about it
  });
  for (StringRef object : objects)
    if (Error error = writeTemporary(object, files.emplace_back()))
      return error;
  SmallString<128> log;
  if (std::error_code problem = sys::fs::createTemporaryFile("dreamer", "log", log))
    return createStringError(problem, "cannot create a temporary file");
  files.push_back(log);

  SmallVector<StringRef> arguments{
      "ld.lld",          "-shared",          "-z", "now", "-z", "relro",
      "--build-id=none", "--hash-style=gnu", "-o", output};
  arguments.append(files.begin(), files.end() - 1);
  std::string problem;
  std::optional<StringRef> redirects[] = {std::nullopt, StringRef(log), StringRef(log)};
  int status = sys::ExecuteAndWait(*linker, arguments, std::nullopt, redirects, 0, 0, &problem);
  if (status == 0)
    return Error::success();
  if (auto text = MemoryBuffer::getFile(log))
    problem += (*text)->getBuffer();
  return createStringError("the linker " + *linker + " failed: " + problem);
}
