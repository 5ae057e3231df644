// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// rotary: rotation of pairs of features by angles that grow with the position.

#include "lib/Kernels/Models.h"
#include <cmath>

using namespace mlir;

namespace dreamer::kernels {

/// Sine and cosine as f32 of f64 angles. The reduction to a quarter turn is done in f64,
/// so that angles of any position up to 2^30 keep the precision of f32.
static std::pair<Val, Val> sineAndCosine(Kernel &k, Val angle) {
  constexpr double halfPiHigh = 1.5707963267948966, halfPiLow = 6.123233995736766e-17;
  Type f32 = k.getBuilder().getF32Type(), i32 = k.getBuilder().getI32Type();
  Val turns = roundEven(angle * (1 / halfPiHigh));
  Val reduced = fma(-turns, halfPiHigh, angle);
  Val r = convert(fma(-turns, halfPiLow, reduced), f32);
  // On |r| <= pi/4: polynomials of the Cephes library (Moshier), below one unit in the last place.
  Val r2 = r * r;
  Val sine = fma(fma(r2, -1.9515295891e-4, 8.3321608736e-3), r2, -1.6666654611e-1);
  sine = fma(sine * r2, r, r);
  Val cosine = fma(fma(r2, 2.443315711809948e-5, -1.388731625493765e-3), r2, 4.166664568298827e-2);
  cosine = fma(cosine * r2, r2, fma(r2, -0.5, 1.0));
  Val quarter = convert(turns, i32);
  Val odd = equal(both(quarter, 1), 1);
  Val swappedSine = select(odd, cosine, sine), swappedCosine = select(odd, sine, cosine);
  Val sineNegative = equal(both(quarter, 2), 2), cosineNegative = equal(both(quarter + 1, 2), 2);
  return {select(sineNegative, -swappedSine, swappedSine),
          select(cosineNegative, -swappedCosine, swappedCosine)};
}

namespace {
/// The rotation of some heads of a row of x, [heads * c].
struct Rotation {
  int64_t heads, pairs;
  double theta;
  bool inverse;
  Mem x, y;       // [rows, heads * c]
  Val column = 0; // of the first head

  /// Runs `body` for the pairs, a vector at a time, with sine and cosine of their angles.
  void forPairs(Kernel &k, Val position, function_ref<void(int64_t, Lanes, Val, Val)> body) const {
    int64_t width = k.lanesFor(pairs);
    Val p = splat(convert(position, k.getBuilder().getF64Type()), width);
    for (int64_t i = 0; i < pairs; i += width) {
      SmallVector<double> frequencies;
      for (int64_t j = i; j < i + width; ++j)
        frequencies.push_back(
            std::pow(theta, -static_cast<double>(j) / static_cast<double>(pairs)));
      auto [sine, cosine] = sineAndCosine(k, p * k.f64(frequencies));
      body(i, {width, std::min(width, pairs - i)}, inverse ? -sine : sine, cosine);
    }
  }

  void rotate(Kernel &k, Val row, int64_t pair, Lanes lanes, Val sine, Val cosine) const {
    k.loop(0, heads, 1, [&](Val head) {
      Val low = column + head * (2 * pairs) + pair, high = low + pairs;
      Val a = x.load({row, low}, lanes), b = x.load({row, high}, lanes);
      y.store(a * cosine - b * sine, {row, low}, lanes);
      y.store(b * cosine + a * sine, {row, high}, lanes);
    });
  }
};
} // namespace

static void buildRotary(RotaryOp op, ScheduleBuilder &s) {
  int64_t c = static_cast<int64_t>(op.getHeadDim());
  Shares shares = Shares::of(rowsOf(op.getX()), 2 * featuresOf(op.getX()));
  SmallVector<Value> buffers{s.buffer(op.getX()), s.buffer(op.getPosition()),
                             s.buffer(op.getResult())};
  bool onePosition = isa<IndexType>(op.getPosition().getType());
  launch(s, "rotary", shares.tasks(), buffers, [&](Kernel &k) {
    Rotation rotation{featuresOf(op.getX()) / c, c / 2,           op.getTheta().convertToDouble(),
                      op.getInverse(),           k.mem(0).rows(), k.mem(2).rows()};
    if (onePosition) {
      rotation.forPairs(k, k.scalar(1), [&](int64_t pair, Lanes lanes, Val sine, Val cosine) {
        k.forShare(shares, [&](Val row) { rotation.rotate(k, row, pair, lanes, sine, cosine); });
      });
      return;
    }
    Mem positions = k.mem(1).flat();
    k.forShare(shares, [&](Val row) {
      rotation.forPairs(k, positions.load({row}),
                        [&](int64_t pair, Lanes lanes, Val sine, Val cosine) {
                          rotation.rotate(k, row, pair, lanes, sine, cosine);
                        });
    });
  });
}

static void buildTileOfRotary(RotaryOp op, Kernel &k, const OpTile &tile) {
  auto c = static_cast<int64_t>(op.getHeadDim());
  Rotation rotation{tile.columns / c,
                    c / 2,
                    op.getTheta().convertToDouble(),
                    op.getInverse(),
                    tile.memory(op.getX()),
                    tile.memory(op.getResult()),
                    tile.columnFrom};
  if (isa<IndexType>(op.getPosition().getType()))
    return rotation.forPairs(
        k, tile.index(op.getPosition()), [&](int64_t pair, Lanes lanes, Val sine, Val cosine) {
          tile.forRows(k, [&](Val row) { rotation.rotate(k, row, pair, lanes, sine, cosine); });
        });
  Mem positions = tile.memory(op.getPosition()).flat();
  tile.forRows(k, [&](Val row) {
    rotation.forPairs(k, positions.load({row}),
                      [&](int64_t pair, Lanes lanes, Val sine, Val cosine) {
                        rotation.rotate(k, row, pair, lanes, sine, cosine);
                      });
  });
}

void attachRotaryKernels(MLIRContext &context) {
  RotaryOp::attachInterface<TileModel<RotaryOp, buildRotary, buildTileOfRotary, Sharing::First>>(
      context);
}

} // namespace dreamer::kernels
