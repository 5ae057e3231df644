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

/// Row sums of e * y, of places `from` .. `to`-1, as the gradients of the gates of their pairs.
void storeGateGrads(Kernel &kernel, Mem pairAt, Val from, Val to, Mem tiles, Mem dGates);

/// One launch per weight: dW [N, rows, columns] of expert e is the sum over its places of
/// left(place, row) times the packed right-hand matrix, or that is added to it. `left` is [places, rows];
/// where bf16 is multiplied as it is, [rows, places], padded.
void launchWeightGrad(ScheduleBuilder &schedule, llvm::StringRef name, const Mixture &mixture,
                      mlir::Value starts, mlir::Value left, const Panels &right, mlir::Value packed,
                      int64_t rows, mlir::Value out, bool accumulate);

/// Where factors are bf16 in registers as well (ExpertsGradNarrow.cpp).
void launchNarrowGrad(MixExpertsGradOp op, ScheduleBuilder &schedule, const Mixture &mixture);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_EXPERTSGRAD_H
