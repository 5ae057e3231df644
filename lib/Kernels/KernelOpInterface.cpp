// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/KernelOpInterface.h"

dreamer::ScheduleBuilder::~ScheduleBuilder() = default;

#include "lib/Kernels/KernelOpInterface.cpp.inc"
