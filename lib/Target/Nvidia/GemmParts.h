// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What products of both generations share.

#ifndef DREAMER_LIB_TARGET_NVIDIA_GEMMPARTS_H
#define DREAMER_LIB_TARGET_NVIDIA_GEMMPARTS_H

#include "lib/Target/Nvidia/Gemm.h"
#include "lib/Target/Nvidia/TileBuilder.h"

namespace dreamer::nvidia {

/// A, B, C and the epilogue's arrays.
llvm::SmallVector<Type> gemmArguments(const GemmProblem &problem, const Epilogue &epilogue);
llvm::LogicalResult checkEpilogue(mlir::Location loc, const GemmProblem &problem,
                                  const Epilogue &epilogue);

/// A slice of both factors: rows x depth of A, depth x columns of B.
class Operands {
public:
  /// `rowsTogether`: rows of A that one consumer reads.
  Operands(TileBuilder &t, const GemmProblem &problem, int64_t rows, int64_t columns, int64_t depth,
           int64_t rowsTogether);

  /// TMA where lines of arrays and places are multiples of 16 bytes.
  tile::Transport transport() const;
  /// Puts the slice from `k` on.
  void put(Value ring, Value use, Value row, Value column, Value k) const;

  tile::MemType a, b; ///< places in shared memory

private:
  TileBuilder &t;
  const GemmProblem &problem;
  int64_t rows, columns, depth;
};

/// Tiles of C, shared out over blocks.
class Grid {
public:
  Grid(TileBuilder &t, const GemmProblem &problem, int64_t rows, int64_t columns);

  /// Calls `body(tile, first)` for each tile of this block; `first` is the first use of the ring
  /// that belongs to the tile, and `body` gives that of the next.
  void forTiles(llvm::function_ref<Value(Value, Value)> body) const;
  /// The first row and column of a tile.
  std::pair<Value, Value> placeOf(Value tile) const;

private:
  TileBuilder &t;
  int64_t rows, columns, rowTiles, columnTiles;
};

/// Applies the epilogue to the sums at `row`, `column` of C, and stores the result.
void storeResult(TileBuilder &t, const GemmProblem &problem, const Epilogue &epilogue, Value sum,
                 Span row, Span column);

} // namespace dreamer::nvidia

#endif // DREAMER_LIB_TARGET_NVIDIA_GEMMPARTS_H
