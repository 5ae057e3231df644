// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels of elementwise operations, norms and products.

#include "test/unit/Kernels/OpCase.h"
#include "gtest/gtest.h"

using namespace dreamer::test;
using dreamer::reference::Shape;

/// One or two lead dimensions of about `rows` rows, with a last dimension.
static Shape shapeOf(Random &r, int64_t rows, int64_t features) {
  if (r.chance(50))
    return {rows, features};
  int64_t first = r.between(1, 3);
  return {first, std::max<int64_t>(1, rows / first), features};
}

TEST(ElementwiseKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    Random r(seed);
    Shape shape = shapeOf(r, r.oneOf<int64_t>({1, 3, 17, 300}), r.oneOf<int64_t>({1, 7, 64, 129}));
    int64_t bits = r.oneOf({256, 512});
    auto x = [&] { return Operand{r.floats(shape, 2)}; };
    check({"add", "", {x(), x()}, 1e-7, "", bits});
    check({"scale", "factor = 0.37 : f64", {x()}, 1e-7, "", bits});
    check({"swiglu", "", {x(), x()}, 1e-6, "", bits});
    check({"swiglu_grad", "", {x(), x(), x()}, 1e-6, "", bits});
  }
}

TEST(NormKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 16; ++seed) {
    Random r(seed);
    int64_t run = r.oneOf<int64_t>({1, 4, 7, 16, 64, 100, 257}), heads = r.between(1, 3);
    Shape shape = shapeOf(r, r.oneOf<int64_t>({1, 3, 17, 400}), run * heads);
    int64_t bits = r.oneOf({256, 512});
    Operand x{r.floats(shape)}, w{r.floats({run})}, dy{r.floats(shape)};
    check({"rms_norm", "eps = 1.0e-6 : f64", {x, w}, 1e-6, "", bits});
    if (run > 1) // else x's gradient cancels to nearly nothing
      for (const auto &operands : {std::vector{x, w, dy}, {x, w, dy, Operand{r.floats({run})}}})
        check({"rms_norm_grad", "eps = 1.0e-6 : f64", operands, 2e-6, "", bits});
  }
}

TEST(LinearKernels, WideGradientsMatchTheReference) {
  Random r(0);
  for (int64_t out : {256, 301}) {
    Operand dy{r.floats({19, out})}, x{r.floats({19, 70})};
    check({"linear_weight_grad", "", {dy, x}, 1e-6});
    check({"linear_weight_grad", "", {dy, x, {r.floats({out, 70})}}, 1e-6});
  }
}

// Dots: blocks of all sizes, sums shorter than a vector, and tasks by rows where there are few columns.
TEST(LinearKernels, FewRowsOrColumnsMatchTheReference) {
  Random r(1);
  auto both = [&](int64_t rows, int64_t out, int64_t in) {
    Operand x{r.floats({rows, in})}, w{r.floats({out, in})};
    for (int64_t bits : {256, 512}) {
      check({"linear", "", {x, w}, 1e-6, "", bits});
      check({"linear", "", {x, w, {r.floats({rows, out})}}, 1e-6, "", bits});
    }
  };
  for (int64_t rows : {1, 2, 3, 4, 5, 6, 7, 11, 16})
    for (auto [out, in] : {std::pair<int64_t, int64_t>{1, 1}, {3, 2}, {6, 7}, {9, 40}})
      both(rows, out, in);
  for (int64_t out : {1, 2, 3, 4})
    for (int64_t in : {1, 3, 70})
      both(523, out, in);
}

// A right factor that stays where it is, beside blocks of all heights and sums that are cut; tails in halves of vectors.
TEST(LinearKernels, InPlaceAndHalvesMatchTheReference) {
  Random r(2);
  for (auto [rows, columns, depth] : {std::array<int64_t, 3>{1, 32, 40},
                                      {2, 64, 9},
                                      {13, 144, 800},
                                      {120, 48, 30},
                                      {30, 65, 20},
                                      {19, 72, 33},
                                      {41, 120, 7},
                                      {8, 33, 21}}) {
    Operand left{r.floats({rows, depth})}, right{r.floats({depth, columns})};
    Operand turned{r.floats({depth, rows})}, sum{r.floats({rows, columns})};
    for (int64_t bits : {256, 512}) {
      check({"linear", "transpose", {left, right}, 1e-6, "", bits});
      check({"linear", "transpose", {left, right, sum}, 1e-6, "", bits});
      check({"linear_weight_grad", "", {turned, right}, 1e-6, "", bits});
      check({"linear_weight_grad", "", {turned, right, sum}, 1e-6, "", bits});
    }
  }
}

// Last columns that would leave most of a vector empty; with all the others in one task, or as a task of their own. In the
// last shape they are too long to be brought together.
TEST(LinearKernels, ThinColumnsMatchTheReference) {
  Random r(3);
  for (auto [rows, columns, depth] : {std::array<int64_t, 3>{20, 17, 1},
                                      {70, 34, 5},
                                      {63, 65, 67},
                                      {300, 20, 70},
                                      {40, 66, 900},
                                      {520, 260, 130},
                                      {17, 68, 2100}}) {
    Operand left{r.floats({rows, depth})}, right{r.floats({depth, columns})};
    Operand turned{r.floats({depth, rows})}, weight{r.floats({columns, depth})};
    for (const auto &sums : {std::vector<Operand>{}, {Operand{r.floats({rows, columns})}}}) {
      auto with = [&](Operand a, Operand b) {
        std::vector<Operand> operands{std::move(a), std::move(b)};
        operands.insert(operands.end(), sums.begin(), sums.end());
        return operands;
      };
      check({"linear", "", with(left, weight), 1e-6, "", 512});
      check({"linear", "transpose", with(left, right), 1e-6, "", 512});
      check({"linear_weight_grad", "", with(turned, right), 1e-6, "", 512});
    }
  }
}

TEST(LinearKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 24; ++seed) {
    Random r(seed);
    auto size = [&] { return r.oneOf<int64_t>({1, 2, 5, 8, 16, 23, 64, 100, 130}); };
    int64_t rows = r.oneOf<int64_t>({1, 2, 5, 7, 8, 9, 13, 48, 133, 500}), in = size(),
            out = size();
    int64_t bits = r.oneOf({256, 512});
    bool narrow = r.chance(30);
    Shape xShape = shapeOf(r, rows, in), yShape = xShape;
    yShape.back() = out;
    Operand x{r.floats(xShape, 1, narrow), narrow}, w{r.floats({out, in}, 1, narrow), narrow};
    Operand dy{r.floats(yShape, 1, narrow), narrow};
    check({"linear", "", {x, w}, 1e-6, "", bits});
    check({"linear", "transpose", {dy, w}, 1e-6, "", bits});
    check({"linear", "", {x, w, {r.floats(yShape)}}, 1e-6, "", bits});
    check({"linear", "transpose", {dy, w, {r.floats(xShape)}}, 1e-6, "", bits});
    check({"linear_weight_grad", "", {dy, x}, 1e-6, "", bits});
    check({"linear_weight_grad", "", {dy, x, {r.floats({out, in})}}, 1e-6, "", bits});
  }
}
