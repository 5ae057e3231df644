// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which of its buffers a kernel reads and writes.

#ifndef DREAMER_PASSES_SCHEDULE_ACCESSES_H
#define DREAMER_PASSES_SCHEDULE_ACCESSES_H

#include "mlir/IR/Value.h"

namespace dreamer {

struct Accesses {
  bool reads = false, writes = false;

  /// Of a memref, through its views as well. A use that does not tell does both.
  static Accesses of(mlir::Value memref);
};

} // namespace dreamer

#endif // DREAMER_PASSES_SCHEDULE_ACCESSES_H
