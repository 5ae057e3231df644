// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What this processor and operating system can run, in the bits of PackageFormat.h.

#ifndef DREAMER_RUNTIME_CORE_CPUFEATURES_H
#define DREAMER_RUNTIME_CORE_CPUFEATURES_H

#include "runtime/core/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace dreamer::runtime {

/// The features of this machine: CPUID, less what the operating system does not save (XGETBV).
uint64_t cpuFeatures();

/// LLVM's names of the bits set, in order of bit.
std::vector<std::string> cpuFeatureNames(uint64_t features);

/// The bit of a name, or nothing.
std::optional<int> cpuFeatureNamed(std::string_view name);

/// Linux gives the tile registers of AMX only to processes that ask. Does nothing if `features`
/// holds no AMX bit.
Status requestCpuPermissions(uint64_t features);

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_CPUFEATURES_H
