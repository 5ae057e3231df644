// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/KernelOpInterface.h"

using namespace mlir;

dreamer::ScheduleBuilder::~ScheduleBuilder() = default;

Value dreamer::ScheduleBuilder::prepare(StringRef name, Value source, ArrayRef<int64_t>,
                                        MemRefType type, int64_t tasks, KernelBody body) {
  Value memory = scratch(type);
  launch(name, tasks, {buffer(source), memory}, body);
  return memory;
}

#include "lib/Kernels/KernelOpInterface.cpp.inc"
