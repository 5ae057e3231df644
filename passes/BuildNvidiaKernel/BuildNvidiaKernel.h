// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tile programs for NVIDIA GPUs, by their builders; see BuildNvidiaKernel.td.

#ifndef DREAMER_PASSES_BUILDNVIDIAKERNEL_BUILDNVIDIAKERNEL_H
#define DREAMER_PASSES_BUILDNVIDIAKERNEL_BUILDNVIDIAKERNEL_H

#include "mlir/Pass/Pass.h"

namespace dreamer {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/BuildNvidiaKernel/BuildNvidiaKernel.h.inc"

} // namespace dreamer

#endif // DREAMER_PASSES_BUILDNVIDIAKERNEL_BUILDNVIDIAKERNEL_H
