// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What unit tests of tile programs share: how they are run, and plain loops to compare with.

#ifndef DREAMER_TEST_UNIT_SUPPORT_TILESUPPORT_H
#define DREAMER_TEST_UNIT_SUPPORT_TILESUPPORT_H

#include "lib/TileRun/TileRun.h"
#include "test/unit/Support/TestSupport.h"

namespace dreamer::test {

/// A context with the dialects of tile programs.
std::unique_ptr<mlir::MLIRContext> makeTileContext();

/// An array that a program is to write.
tilerun::Argument output(llvm::ArrayRef<int64_t> shape);

/// Runs @`name` of `module`; fails the test, and returns nothing, if it fails. Gives the arrays afterwards.
std::vector<reference::Tensor> runTiles(mlir::ModuleOp module, llvm::StringRef name,
                                        std::vector<tilerun::Argument> arguments,
                                        const tilerun::Options &options = {});

/// Each element rounded to bf16.
reference::Floats roundToBF16(reference::Floats x);

/// [columns, rows] of [rows, columns]
reference::Floats transpose(const reference::Floats &x);

/// The first `rows` rows of a matrix.
reference::Floats firstRows(const reference::Floats &x, int64_t rows);

/// A [m, k] times B [k, n].
reference::Floats multiply(const reference::Floats &a, const reference::Floats &b);

struct Attended {
  reference::Floats out; ///< [batch, queries, heads * size]
  reference::Floats lse; ///< [batch, heads, queries]
};
/// Softmax attention of q [batch, queries, heads * size] over k, v [batch, keys, kvHeads * size].
/// Causal: query i sees keys 0 .. i + keys - queries.
Attended attend(const reference::Floats &q, const reference::Floats &k, const reference::Floats &v,
                int64_t heads, int64_t kvHeads, bool causal);

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_SUPPORT_TILESUPPORT_H
