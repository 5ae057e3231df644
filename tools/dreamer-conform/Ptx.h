// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// From LLVM IR to PTX, and ptxas's opinion of it.

#ifndef DREAMER_TOOLS_CONFORM_PTX_H
#define DREAMER_TOOLS_CONFORM_PTX_H

#include "runtime/core/Status.h"

#include <string>

namespace dreamer::conform {

/// PTX for sm_90a by LLVM's NVPTX backend; `version` of PTX ISA times ten.
runtime::Result<std::string> compileToPtx(const std::string &ir, const std::string &name,
                                          unsigned version);

/// ptxas of the CUDA Toolkit ($CUDA_HOME or where it is usually installed, or in PATH); empty: not
/// found.
std::string findPtxas();

/// Whether ptxas takes it.
runtime::Status assemble(const std::string &ptxas, const std::string &ptx, const std::string &name);

} // namespace dreamer::conform

#endif // DREAMER_TOOLS_CONFORM_PTX_H
