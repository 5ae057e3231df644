// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the program phase to the kernels phase.

#ifndef DREAMER_PASSES_SCHEDULE_SCHEDULE_H
#define DREAMER_PASSES_SCHEDULE_SCHEDULE_H

#include "lib/Kernels/KernelTarget.h"
#include "mlir/Pass/Pass.h"
#include <memory>
#include <string>

namespace dreamer {

#define GEN_PASS_DECL
#include "passes/Schedule/Schedule.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Schedule/Schedule.h.inc"

} // namespace dreamer

#endif // DREAMER_PASSES_SCHEDULE_SCHEDULE_H
