// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DREAMER_PASSES_SUPPORT_WHEN_H
#define DREAMER_PASSES_SUPPORT_WHEN_H

namespace dreamer {

/// Whether an optimization is done.
enum class When {
  Auto,   ///< where it is worth it
  Always, ///< wherever it is possible
  Never
};

} // namespace dreamer

#endif // DREAMER_PASSES_SUPPORT_WHEN_H
