// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/Tuning.h"
#include "lib/Kernels/Gemm.h"

using namespace mlir;

namespace dreamer::kernels {

void declareRegisterBlock(KernelParameters &parameters, const KernelTarget &target,
                          const RegisterBlock &usual) {
  if (usual.narrow())
    return;
  parameters.add({KernelParameter::of(parameter::blockRows.str(),
                                      "rows of a product that are kept in registers", {4, 6, 8, 12},
                                      usual.rows),
                  KernelParameter::of(parameter::blockVectors.str(), "vectors of each such row",
                                      {1, 2, 3, 4}, usual.vectors)});
  int64_t registers = target.vectorBits >= 512 ? 32 : 16;
  parameters.forbid([registers](KernelParameters::Values value) -> std::string {
    int64_t rows = value(parameter::blockRows), vectors = value(parameter::blockVectors);
    // Accumulators, a row of the right factor, and a broadcast element of the left one.
    int64_t needed = rows * vectors + vectors + 1;
    if (needed <= registers)
      return "";
    return "expected a register block in " + std::to_string(registers) + " registers, found " +
           std::to_string(rows) + " rows of " + std::to_string(vectors) + " vectors, which need " +
           std::to_string(needed);
  });
}

void declareTiles(KernelParameters &parameters, const RegisterBlock &block, int64_t depth) {
  int64_t work = block.usualTaskWork(), usualChunk = block.usualDepthChunk();
  parameters.add({KernelParameter::of(parameter::taskWork.str(), "thousands of FLOPs in a task",
                                      {work / 3, work, 3 * work}, work)});
  // Sums of up to two chunks are not cut, so one of the values that cut nothing is enough.
  SmallVector<int64_t> chunks{128, 256, 384, 512, 1024};
  int64_t all = depth < 0 ? depth : block.paddedDepth(depth);
  auto cuts = [all](int64_t chunk) { return all > 2 * chunk; };
  int64_t *whole = llvm::find_if_not(chunks, cuts);
  bool hasWhole = cuts(usualChunk) && whole != chunks.end();
  chunks.erase(hasWhole ? whole + 1 : whole, chunks.end());
  parameters.add(
      {KernelParameter::of(parameter::depthChunk.str(),
                           "longest part of a sum that is summed at a time", chunks, usualChunk)});
  parameters.setWorkingSet([=](KernelParameters::Values value) {
    int64_t length = value(parameter::depthChunk);
    if (all <= 2 * length)
      length = all;
    int64_t rows = block.narrow() ? block.rows : value(parameter::blockRows);
    int64_t vectors = block.narrow() ? block.vectors : value(parameter::blockVectors);
    return block.factorBytes() * std::max<int64_t>(length, 1) * (rows + vectors * block.lanes);
  });
}

} // namespace dreamer::kernels
