// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tile programs as entry points: arrays by name in, arrays by name out.

#ifndef DREAMER_TOOLS_DREAMER_INTERPRET_TILES_H
#define DREAMER_TOOLS_DREAMER_INTERPRET_TILES_H

#include "lib/TileRun/TileRun.h"

namespace dreamer {

/// Whether a function has operations of the Tile dialect.
bool isTileProgram(mlir::func::FuncOp function);

/// Runs a tile program on the inputs named as its arguments are and gives all its arrays, under the same names. Arrays that
/// are not among the inputs are there, but undefined until the program writes them.
llvm::FailureOr<reference::Bundle> runTileProgram(mlir::func::FuncOp function,
                                                  const reference::Bundle &inputs,
                                                  const tilerun::Options &options);

} // namespace dreamer

#endif // DREAMER_TOOLS_DREAMER_INTERPRET_TILES_H
