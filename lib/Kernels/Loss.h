// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the kernels of losses share.

#ifndef DREAMER_KERNELS_LOSS_H
#define DREAMER_KERNELS_LOSS_H

#include "lib/Kernels/Kernel.h"

namespace dreamer::kernels {

/// Ends the entry with an error unless `targets` are in [0, vocabulary) or -1.
void requireTargets(ScheduleBuilder &schedule, mlir::Value targets, int64_t vocabulary);

/// One launch: the mean over targets of the losses and of z_loss lse^2. Arguments are buffers.
void launchMeanLoss(ScheduleBuilder &schedule, mlir::Value tokenLoss, mlir::Value lse,
                    mlir::Value targets, mlir::Value count, mlir::Value loss, double zLoss);

/// dloss / count, 0 where there is no target at all: what a target's loss counts in the mean.
Val shareOfTarget(Mem count, Mem dLoss);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_LOSS_H
