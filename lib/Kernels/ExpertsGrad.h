// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the two ways to compute mix_experts_grad share.

#ifndef DREAMER_KERNELS_EXPERTSGRAD_H
#define DREAMER_KERNELS_EXPERTSGRAD_H

#include "dialects/Dreamer/DreamerOps.h"
#include "lib/Kernels/ExpertRows.h"

namespace dreamer::kernels {

/// Of an element of a, b, e and the row's gate: da, db, e * y and y * gate.
Vals gradsOfHidden(llvm::ArrayRef<Val> x);

/// What the pairs in places `from` .. `to`-1 get: row sums of e * y as the gradients of their gates; and
/// of each of `hidden`, by place, their rows.
void storeByPair(Kernel &kernel, const Mixture &mixture, Mem pairAt, Val from, Val to,
                 Mem dGateTiles, Mem dGates, llvm::ArrayRef<std::pair<Mem, Mem>> hidden);

/// Where factors are bf16 in registers as well (ExpertsGradNarrow.cpp).
void launchNarrowGrad(MixExpertsGradOp op, ScheduleBuilder &schedule, const Mixture &mixture);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_EXPERTSGRAD_H
