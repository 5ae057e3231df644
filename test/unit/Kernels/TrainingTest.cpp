// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels of the loss, the optimizer and the choice of experts.

#include "test/unit/Kernels/OpCase.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace dreamer;
using namespace dreamer::test;
using dreamer::reference::Floats;
using dreamer::reference::Ints;

static Operand scalar(double x) { return {Floats::scalar(x)}; }

TEST(LossKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 16; ++seed) {
    Random r(seed);
    int64_t batch = r.between(1, 4), positions = r.oneOf<int64_t>({1, 3, 40});
    int64_t vocabulary = r.oneOf<int64_t>({1, 5, 260, 777});
    int64_t bits = r.oneOf({256, 512});
    dreamer::reference::Ints ids =
        r.ints({batch, positions}, r.chance(50) ? -1 : 0, vocabulary - 1);
    if (r.chance(20))
      for (int32_t &id : ids.data())
        id = -1;
    double count = 0;
    for (int32_t id : ids.data())
      count += id != -1;
    Floats logits = r.floats({batch, positions, vocabulary}, r.oneOf({1.0, 20.0}));
    std::string z = r.oneOf<std::string>({"", "z_loss = 1.0e-2 : f64"});
    check({"count_targets", "", {{ids}}, 0, "", bits});
    check({"cross_entropy", z, {{logits}, {ids}, scalar(count)}, 1e-6, "", bits});
    Floats lse({batch, positions});
    for (int64_t row = 0; row < lse.size(); ++row) {
      double sum = 0;
      for (double x : logits.row(row))
        sum += std::exp(x);
      lse.data()[row] = static_cast<float>(std::log(sum));
    }
    if (vocabulary > 1) // else the gradient cancels to nothing
      check({"cross_entropy_grad",
             z,
             {{logits}, {ids}, scalar(count), {lse}, scalar(0.75)},
             3e-6,
             "",
             bits});
  }
}

/// A loss of logits that are made some rows at a time; and its adjoint, without and with a sum to add to.
static std::vector<OpCase> linearLosses(Random &r, bool narrow) {
  // One turn and several, with rows left over; a vocabulary of few columns and of several panels.
  int64_t positions = r.oneOf<int64_t>({1, 3, 40, 200, 401}), batch = r.between(1, 2);
  int64_t features = r.oneOf<int64_t>({1, 8, 23, 64}), vocabulary = r.oneOf<int64_t>({2, 5, 47});
  if (positions < 200 && r.chance(30))
    vocabulary = 800; // sums that are cut
  Ints ids = r.ints({batch, positions}, r.chance(50) ? -1 : 0, vocabulary - 1);
  double count = 0;
  for (int32_t id : ids.data())
    count += id != -1;
  if (r.chance(10))
    count = 0;
  Operand x{r.floats({batch, positions, features}, r.oneOf({0.3, 3.0}), narrow), narrow};
  Operand w{r.floats({vocabulary, features}, 1, narrow), narrow};
  std::string z = r.oneOf<std::string>({"", "z_loss = 1.0e-2 : f64"});
  std::vector<OpCase> cases{{"linear_cross_entropy", z, {x, w, {ids}, scalar(count)}}};
  std::vector<Operand> operands{x, w, {ids}, scalar(count), scalar(0.75)};
  cases.push_back({"linear_cross_entropy_grad", z, operands, 4e-6});
  operands.push_back({r.floats({vocabulary, features})});
  cases.push_back({"linear_cross_entropy_grad", z, operands, 4e-6});
  return cases;
}

TEST(LinearLossKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 16; ++seed) {
    Random r(seed);
    int64_t bits = r.oneOf({256, 512});
    for (OpCase test : linearLosses(r, r.chance(30))) {
      test.vectorBits = bits;
      check(test);
    }
  }
}

// The cotangent of the logits is rounded within the operation, which the reference does not.
TEST(LinearLossKernels, OfNarrowProductsMatchTheReference) {
  for (unsigned seed = 0; seed < 4; ++seed) {
    Random r(seed);
    for (OpCase test : linearLosses(r, /*narrow=*/true))
      for (NarrowProducts products : {NarrowProducts::pairs, NarrowProducts::tiles}) {
        test.vectorBits = 512;
        test.products = products;
        test.tolerance = 4e-3;
        check(test);
      }
  }
}

TEST(NormKernels, GlobalNormMatchesTheReference) {
  for (unsigned seed = 0; seed < 8; ++seed) {
    Random r(seed);
    std::vector<Operand> gradients;
    for (int64_t i = r.between(1, 9); i > 0; --i)
      gradients.push_back(
          {r.floats({r.oneOf<int64_t>({1, 9, 400}), r.oneOf<int64_t>({1, 7, 200})})});
    check({"global_norm", "", gradients, 1e-7});
  }
  for (double x : {0.0, 1.5, -3e38, double(INFINITY), double(-INFINITY), double(NAN)})
    check({"not_finite", "", {scalar(x)}});
}

TEST(OptimizerKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 16; ++seed) {
    Random r(seed);
    int64_t rows = r.oneOf<int64_t>({1, 5, 300}), columns = r.oneOf<int64_t>({1, 7, 130});
    Floats second = r.floats({rows, columns}, 1e-2);
    for (double &x : second.data())
      x = std::abs(x);
    auto step = static_cast<int32_t>(r.oneOf<int64_t>({1, 2, 3, 100, 123456}));
    std::string text =
        "beta1 = 0.9, beta2 = 0.95, eps = 1.0e-8, decay = " + r.oneOf<std::string>({"0.0", "0.1"}) +
        ", clip = " + r.oneOf<std::string>({"0.0", "1.0"});
    auto x = [&](double scale) { return Operand{r.floats({rows, columns}, scale)}; };
    double norm = r.oneOf({0.3, 7.0, double(NAN)});
    check({"adamw",
           text,
           {x(1),
            x(0.1),
            x(0.1),
            {second},
            scalar(static_cast<float>(norm)),
            scalar(static_cast<float>(2e-3)),
            {Ints::scalar(step)}},
           1e-6});
  }
}

TEST(RoutingKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 24; ++seed) {
    Random r(seed);
    int64_t batch = r.between(1, 4), positions = r.oneOf<int64_t>({1, 3, 190});
    int64_t experts = r.oneOf<int64_t>({1, 2, 7, 16, 33, 100});
    int64_t k = r.between(1, std::min<int64_t>(experts, 8)), bits = r.oneOf({256, 512});
    Operand scores{r.floats({batch, positions, experts})};
    if (r.chance(30)) // many ties
      for (double &x : std::get<Floats>(scores.value).data())
        x = std::round(x);
    Operand bias{r.floats({experts}, r.oneOf({0.0, 0.5}))};
    Ints distinct({batch, positions, k}); // as a choice is; gradients of equal ones cancel
    for (int64_t row = 0; row < distinct.rows(); ++row) {
      auto first = static_cast<int32_t>(r.between(0, experts - 1));
      for (int64_t j = 0; j < k; ++j)
        distinct.row(row)[j] = static_cast<int32_t>((first + j) % experts);
    }
    Operand ids{distinct};
    Operand given{r.ints({batch, positions, k}, -1, experts - 1)};
    Operand d{r.floats({batch, positions, k})};
    std::string count = "k = " + std::to_string(k);
    check({"top_k", count, {scores, bias}, 0, "", bits});
    check({"top_k", count + ", rank = \"sigmoid\"", {scores, bias}, 0, "", bits});
    check({"replay", "", {given, ids}, 0, "", bits});
    check({"gates", "", {scores, ids}, 1e-6, "", bits});
    if (k > 1)
      check({"gates_grad", "", {scores, ids, d}, 3e-6, "", bits});
    int64_t depths = r.between(1, 4);
    check({"expert_load",
           "experts = " + std::to_string(experts),
           {{r.ints({depths, batch, positions, k}, -1, experts - 1)}},
           0,
           "",
           bits});
    check({"balance_bias",
           "rate = 1.0e-3 : f64",
           {bias, {r.ints({depths, experts}, 0, 3)}, scalar(r.oneOf({1.0, double(INFINITY)}))},
           1e-7,
           "",
           bits});
  }
}
