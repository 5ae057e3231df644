// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// seal-package in.so out.dreamer

#include "Seal.h"

#include "runtime/core/File.h"

#include <cstdio>

using namespace dreamer::runtime;

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(argv[1]);
  Status status = file.status();
  if (file.ok()) {
    std::vector<std::byte> bytes((*file)->bytes().begin(), (*file)->bytes().end());
    status = test::seal(bytes);
    if (status.ok())
      status = writeFileAtomically(argv[2],
                                   {reinterpret_cast<const char *>(bytes.data()), bytes.size()});
  }
  if (status.failed())
    std::fprintf(stderr, "%s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
