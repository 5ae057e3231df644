// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes are a safetensors file, or refused with a message. Every element of what is read can be
// touched.

#include "runtime/core/Safetensors.h"

#include <cstdlib>

using namespace dreamer::runtime;

extern "C" __attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *data,
                                                                             size_t size) {
  Result<Bundle> bundle =
      parseSafetensors({reinterpret_cast<const std::byte *>(data), size}, "fuzz", nullptr);
  if (bundle.failed() && bundle.status().message().empty())
    abort();
  double sum = 0;
  if (bundle.ok())
    for (const Bundle::Entry &entry : bundle->entries())
      for (int64_t i = 0; i < entry.tensor.elements(); ++i)
        sum += entry.tensor.element(i);
  volatile double kept = sum;
  (void)kept;
  return 0;
}
