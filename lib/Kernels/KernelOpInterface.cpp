// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/KernelOpInterface.h"
#include "lib/Kernels/TunableOpInterface.h"

using namespace mlir;

dreamer::ScheduleBuilder::~ScheduleBuilder() = default;

int64_t dreamer::ScheduleBuilder::parameter(StringRef name) const {
  std::string problem; // was reported before kernels are built
  KernelChoice choice = readChoice(operation(), target().name, problem);
  return cast<TunableOpInterface>(operation()).getKernelParameters(target()).get(choice, name);
}

Value dreamer::ScheduleBuilder::prepare(StringRef name, Value source, ArrayRef<int64_t>,
                                        MemRefType type, int64_t tasks, KernelBody body) {
  Value memory = scratch(type);
  launch(name, tasks, {buffer(source), memory}, body);
  return memory;
}

#include "lib/Kernels/KernelOpInterface.cpp.inc"
