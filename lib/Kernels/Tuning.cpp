// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/Tuning.h"
#include "lib/Kernels/Gemm.h"

using namespace mlir;

namespace dreamer::kernels {

void declareRegisterBlock(KernelParameters &parameters, const KernelTarget &target) {
  RegisterBlock usual = RegisterBlock::of(target);
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

void declareTiles(KernelParameters &parameters, const KernelTarget &target, int64_t depth) {
  parameters.add({KernelParameter::of(parameter::taskWork.str(), "thousands of FLOPs in a task",
                                      {500, usualTaskWork, 4500}, usualTaskWork)});
  // Sums of up to two chunks are not cut, so one of the values that cut nothing is enough.
  SmallVector<int64_t> chunks{128, 256, usualDepthChunk, 512, 1024};
  auto cuts = [depth](int64_t chunk) { return depth > 2 * chunk; };
  int64_t *whole = llvm::find_if_not(chunks, cuts);
  bool hasWhole = cuts(usualDepthChunk) && whole != chunks.end();
  chunks.erase(hasWhole ? whole + 1 : whole, chunks.end());
  parameters.add({KernelParameter::of(parameter::depthChunk.str(),
                                      "longest part of a sum that is summed at a time", chunks,
                                      usualDepthChunk)});
  int64_t lanes = target.lanes();
  parameters.setWorkingSet([=](KernelParameters::Values value) {
    int64_t length = value(parameter::depthChunk);
    if (depth <= 2 * length)
      length = depth;
    return 4 * std::max<int64_t>(length, 1) *
           (value(parameter::blockRows) + value(parameter::blockVectors) * lanes);
  });
}

} // namespace dreamer::kernels
