// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All passes on the Dreamer dialect.

#include "passes/Passes.h"
#include "passes/BuildEntryPoints/BuildEntryPoints.h"
#include "passes/Differentiate/Differentiate.h"
#include "passes/LowerToLLVM/LowerToLLVM.h"
#include "passes/Schedule/Schedule.h"

void dreamer::registerDreamerPasses() {
  registerBuildEntryPointsPasses();
  registerDifferentiatePasses();
  registerLowerToLLVMPasses();
  registerLowerToLLVMPipeline();
  registerSchedulePasses();
}
