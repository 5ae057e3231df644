// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where elements lie, and reading and writing them.

#ifndef DREAMER_LIB_TILERUN_MEMORY_H
#define DREAMER_LIB_TILERUN_MEMORY_H

#include "lib/TileRun/Values.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace dreamer::tilerun {

using Addresses = std::shared_ptr<const std::vector<int64_t>>;

/// The addresses of a place of its own, row by row, as `MemType::getOffset` says.
Addresses addressesOf(tile::MemType type);

/// How many rows and columns of a view are there.
struct Valid {
  int64_t rows, columns;
};

/// A tile of an array, with the first element at `offsets`.
Addresses viewArray(const Memory &array, tile::MemType type, llvm::ArrayRef<int64_t> offsets,
                    Valid valid);

/// A tile of a larger place, with the first element at `row`, `column` of that.
Addresses viewPlace(const Place &base, tile::MemType type, int64_t row, int64_t column,
                    Valid valid);

/// Rows of a matrix, `validColumns` from `column` on; a negative id stands for a row that is not there.
Addresses viewRows(const Memory &matrix, tile::MemType type, llvm::ArrayRef<Scalar> ids,
                   int64_t column, int64_t validColumns);

/// Fails, after an error at `op`, if `place` is in a slot that its reader has released.
llvm::LogicalResult checkLease(mlir::Operation *op, const Place &place);

/// The elements of a place; 0 for what is not there. An element outside of the array, or that
/// nobody has written, is an error at `op`.
llvm::FailureOr<TilePtr> read(mlir::Operation *op, const Place &place);

/// Writes the elements that are there, combined with the old ones where `kind` is given. An element outside
/// of the array, or that a product in flight reads, is an error at `op`.
llvm::LogicalResult write(mlir::Operation *op, const Place &place, const Tile &tile,
                          std::optional<tile::Combine> kind = std::nullopt);

/// Marks the elements of a place as read by a product in flight, or (by = -1) no longer.
void pin(const Place &place, int by);

/// The number of an element of an array; none where the index is outside.
std::optional<int64_t> addressIn(const Memory &array, llvm::ArrayRef<int64_t> index);

} // namespace dreamer::tilerun

#endif // DREAMER_LIB_TILERUN_MEMORY_H
