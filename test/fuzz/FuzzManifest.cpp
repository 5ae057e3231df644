// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any text is a package's manifest, or refused with a message. (Fuzzed without its package, of which
// the checksum would refuse every change.)

#include "runtime/core/Manifest.h"

#include <cstdlib>

using namespace dreamer::runtime;

extern "C" __attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *data,
                                                                             size_t size) {
  Result<Manifest> manifest = parseManifest({reinterpret_cast<const char *>(data), size}, "fuzz");
  if (manifest.failed() && manifest.status().message().empty())
    abort();
  return 0;
}
