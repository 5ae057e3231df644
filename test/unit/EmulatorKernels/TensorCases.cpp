// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Cases.h"

namespace dreamer::emulator::test {

std::vector<KernelCase> tensorCases() { return {}; }

} // namespace dreamer::emulator::test
