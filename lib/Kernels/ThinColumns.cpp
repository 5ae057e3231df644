// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/ThinColumns.h"
#include "lib/Kernels/Dot.h"

using namespace mlir;

namespace dreamer::kernels {

int64_t thinColumns(const RegisterBlock &block, int64_t depth, int64_t columns) {
  constexpr int64_t mostCopied = 8192; // elements of b that a task brings together
  int64_t thin = columns % block.lanes, most = block.lanes / 4;
  bool masks = block.lanes >= 16; // the vectors of rows have them
  bool few = thin <= most && thin * depth <= mostCopied && columns > block.lanes;
  return masks && few ? thin : 0;
}

void multiplyThinAlongDepth(Kernel &k, const Panels &panels, Mem a, Mem b, bool transposed, Mem c,
                            bool accumulate) {
  if (transposed)
    return multiplyByDots(k, a, b, c, accumulate, panels.columns, panels.thin);
  Mem turned = k.stack({panels.thin, panels.depth});
  k.loop(0, panels.depth, 1, [&](Val d) {
    for (int64_t i = 0; i < panels.thin; ++i)
      turned.store(b.load({d, panels.columns + i}), {i, d});
  });
  multiplyByDots(k, a, turned, c, accumulate, panels.columns, panels.thin, panels.columns);
}

void multiplyThinAlongRows(Kernel &k, const Panels &panels, Mem a, Mem b, Mem c, bool accumulate) {
  // c^T = b^T a, of which few rows are wanted.
  Panels turned{panels.depth, a.size(1), panels.block.tall(panels.thin), /*inPlace=*/true};
  ProductRange range{turned, a, 0, {0, panels.thin, panels.thin}, 0, turned.count()};
  auto left = [&](Val row, int64_t rows, DepthRange depth) {
    return leftFactor(k, turned, b, {0, panels.columns + row}, rows, depth, tile::Order::columns);
  };
  auto place = [&](const ProductBlock &block) {
    return viewTile(k, c, {block.column, panels.columns + block.row}, block.rows, block.columns,
                    tile::Order::columns, TileSize{block.validRows, block.valid});
  };
  multiplyInto(k, range, left, {place, accumulate});
}

} // namespace dreamer::kernels
