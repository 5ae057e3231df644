// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops cut into windows of some steps.

#ifndef DREAMER_PASSES_DEFERGRADIENTS_WINDOWS_H
#define DREAMER_PASSES_DEFERGRADIENTS_WINDOWS_H

#include "dialects/Dreamer/DreamerOps.h"

namespace dreamer {

/// The largest divisor of `steps` that is at most `most`; 1 if that is less.
int64_t divisorUpTo(int64_t steps, int64_t most);

/// The smallest divisor of `steps` that is at least `least`; `steps` if that is more.
int64_t divisorFrom(int64_t steps, int64_t least);

/// Puts a loop over windows of `size` steps, which divides the bound, in the place of `recur`, and
/// returns the loop in it over the steps of a window: its body is what that of `recur` was. A run-time
/// depth that is no multiple of `size` leaves the last window with fewer steps.
RecurOp cutIntoWindows(RecurOp recur, int64_t size);

} // namespace dreamer

#endif // DREAMER_PASSES_DEFERGRADIENTS_WINDOWS_H
