// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Launches over all elements of tensors.

#ifndef DREAMER_KERNELS_ELEMENTWISE_H
#define DREAMER_KERNELS_ELEMENTWISE_H

#include "lib/Kernels/Kernel.h"
#include <optional>
#include <utility>

namespace dreamer::kernels {

/// The vectors of `n` elements in shares; `cost` per element as in `Shares::of`.
Shares elementShares(ScheduleBuilder &schedule, int64_t n, int64_t cost);

/// Runs `body` for a share (the task's) of `n` elements, a vector at a time.
void forElements(Kernel &kernel, Shares vectors, int64_t n,
                 llvm::function_ref<void(Val i, Lanes lanes)> body,
                 std::optional<Val> share = std::nullopt);

/// One launch: `outputs` are what `body` makes of `inputs`, element by element.
void launchElements(ScheduleBuilder &schedule, llvm::StringRef name, mlir::ValueRange inputs,
                    mlir::ValueRange outputs, int64_t cost,
                    llvm::function_ref<Vals(llvm::ArrayRef<Val>)> body);

/// silu(a) * b.
Val swiglu(Val a, Val b);
/// The cotangents of a and b, given that of silu(a) * b.
std::pair<Val, Val> swigluGrad(Val a, Val b, Val d);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_ELEMENTWISE_H
