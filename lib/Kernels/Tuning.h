// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parameters that families of kernels share.

#ifndef DREAMER_KERNELS_TUNING_H
#define DREAMER_KERNELS_TUNING_H

#include "lib/Kernels/KernelParameters.h"
#include "lib/Kernels/KernelTarget.h"

namespace dreamer::kernels {

struct RegisterBlock;

namespace parameter {
inline constexpr llvm::StringLiteral blockRows = "block_rows";
inline constexpr llvm::StringLiteral blockVectors = "block_vectors";
inline constexpr llvm::StringLiteral depthChunk = "depth_chunk";
inline constexpr llvm::StringLiteral taskWork = "task_kflops";
inline constexpr llvm::StringLiteral packLeft = "pack_left";
inline constexpr llvm::StringLiteral packRight = "pack_right";
inline constexpr llvm::StringLiteral packWeights = "pack_weights";
inline constexpr llvm::StringLiteral taskBlocks = "task_blocks";
inline constexpr llvm::StringLiteral queryBlocks = "query_blocks";
inline constexpr llvm::StringLiteral keyBlock = "key_block";
inline constexpr llvm::StringLiteral onePass = "one_pass";
} // namespace parameter

/// `block_rows` and `block_vectors`: what is kept in registers, `usual` where nothing is chosen. Narrow
/// blocks have one form, and declare nothing.
void declareRegisterBlock(KernelParameters &parameters, const KernelTarget &target,
                          const RegisterBlock &usual);

/// `task_kflops` and `depth_chunk` for sums over `depth`; a negative one is only known when the
/// kernel runs, and not cut.
void declareTiles(KernelParameters &parameters, const RegisterBlock &block, int64_t depth);

/// What a task may hold on its thread's stack.
inline constexpr int64_t mostStackBytes = 128 * 1024;

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_TUNING_H
