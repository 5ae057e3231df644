// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels of operations that follow from tiles of a product: the code for one tile.

#ifndef DREAMER_KERNELS_TILEKERNEL_H
#define DREAMER_KERNELS_TILEKERNEL_H

#include "lib/Kernels/Kernel.h"

namespace dreamer::kernels {

/// Some rows and some whole runs of columns of a result.
struct OpTile {
  Val rowFrom, rowTo;
  Val columnFrom;
  int64_t columns;
  /// The memory of an operand or of the result: [rows, features] where it is read tile by tile, and as
  /// it is otherwise. That of the result may be that of a tile operand.
  llvm::function_ref<Mem(mlir::Value)> memory;
  /// The value of an `index` operand.
  llvm::function_ref<Val(mlir::Value)> index;

  /// Runs `body` for the tile's rows.
  void forRows(Kernel &kernel, llvm::function_ref<void(Val row)> body) const {
    kernel.loop(rowFrom, rowTo, 1, body);
  }
  /// Runs `body` for the first columns of the tile's runs of `length`.
  void forRuns(Kernel &kernel, int64_t length, llvm::function_ref<void(Val column)> body) const {
    if (columns == length)
      return body(columnFrom);
    kernel.loop(0, columns, length, [&](Val column) { body(columnFrom + column); });
  }
};

/// A tile of an elementwise operation: `body` makes an element from those of the operands.
void tileOfElements(Kernel &kernel, mlir::Operation *op, const OpTile &tile,
                    llvm::function_ref<Val(llvm::ArrayRef<Val>)> body);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_TILEKERNEL_H
