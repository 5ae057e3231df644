// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Initial values of parameters: a function of the seed and the parameter's name alone.

#ifndef DREAMER_RUNTIME_CORE_INITIALIZE_H
#define DREAMER_RUNTIME_CORE_INITIALIZE_H

#include "runtime/core/Manifest.h"

#include <functional>

namespace dreamer::runtime {

/// Calls body(begin, end) on ranges that cover 0..tasks-1, maybe in parallel.
using ParallelFor =
    std::function<void(int64_t tasks, const std::function<void(int64_t, int64_t)> &body)>;

/// Element i of a normal parameter is its std times normal i % 4 of block i / 4 of the sequence
/// (seed, purpose 0, FNV-1a-32 of the name), computed in f64 and rounded to f32 once; the others
/// are filled. `buffer` has manifest.parameterBytes bytes. Two names with the same hash are an
/// error.
Status initializeParameters(const Manifest &manifest, uint64_t seed, std::byte *buffer,
                            const ParallelFor &parallelFor);

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_INITIALIZE_H
