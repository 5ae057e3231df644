// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tile dialect in the language of kernel bodies: places in memory, tiles in registers,
// elementwise work as lambdas over elements.

#ifndef DREAMER_KERNELS_TILEEMIT_H
#define DREAMER_KERNELS_TILEEMIT_H

#include "dialects/Tile/TileDialect.h"
#include "lib/Kernels/Emit.h"
#include <optional>

namespace dreamer::kernels {

/// How many rows and columns there are of what is looked at.
struct TileSize {
  Val rows, columns;
};

/// The place of `rows` x `columns` elements at indices `at` of a memory, whose last two dimensions are
/// rows and columns, or columns and rows in the order `columns`. Without `valid` all are there.
mlir::Value viewTile(Emitter &e, Mem memory, llvm::ArrayRef<Val> at, int64_t rows, int64_t columns,
                     tile::Order order = tile::Order::rows,
                     std::optional<TileSize> valid = std::nullopt);

/// The place of `depth` x `columns` elements in pairs of rows at indices `at` of a memory, whose last
/// three dimensions are [depth / 2][columns][2].
mlir::Value viewPairs(Emitter &e, Mem memory, llvm::ArrayRef<Val> at, int64_t depth,
                      int64_t columns, std::optional<TileSize> valid = std::nullopt);

/// A tile of f32 with one number in every element.
mlir::Value fillTile(Emitter &e, double number, int64_t rows, int64_t columns,
                     tile::Layout layout = tile::Layout::vectors);

/// Reads a place; as a column, the value of each row, if asked (the place has one column).
mlir::Value loadTile(Emitter &e, mlir::Value place, tile::Layout layout = tile::Layout::vectors);
mlir::Value loadColumn(Emitter &e, mlir::Value place);

/// Writes a tile, rounded where the place is of bf16, or adds it to what is there.
void storeTile(Emitter &e, mlir::Value tile, mlir::Value place);
void addTile(Emitter &e, mlir::Value tile, mlir::Value place);

/// acc + a b.
mlir::Value multiplyTiles(Emitter &e, mlir::Value a, mlir::Value b, mlir::Value acc);

/// A column in every column of a tile of `columns`.
mlir::Value broadcastColumn(Emitter &e, mlir::Value column, int64_t columns);

/// What `body` makes of the elements of tiles, which have one shape, and of numbers that are the same
/// for all elements: its arguments are elements, then numbers.
mlir::Value mapTiles(Emitter &e, mlir::ValueRange tiles, llvm::ArrayRef<Val> numbers,
                     llvm::function_ref<Val(llvm::ArrayRef<Val>)> body);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_TILEEMIT_H
