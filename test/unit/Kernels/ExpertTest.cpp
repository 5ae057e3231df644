// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels of the mixture of experts.

#include "test/unit/Kernels/OpCase.h"
#include "gtest/gtest.h"

using namespace dreamer::test;

TEST(ExpertKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 14; ++seed) {
    Random r(seed);
    int64_t batch = r.between(1, 3), positions = r.oneOf<int64_t>({1, 2, 9, 30});
    int64_t experts = r.oneOf<int64_t>({1, 2, 5, 16}),
            k = r.between(1, std::min<int64_t>(experts, 4));
    int64_t h = r.oneOf<int64_t>({1, 4, 12, 33, 64}), f = r.oneOf<int64_t>({1, 5, 16, 40, 64});
    int64_t bits = r.oneOf({256, 512});
    bool narrow = r.chance(20);
    auto x = [&](llvm::ArrayRef<int64_t> shape, double scale) {
      return Operand{r.floats(shape, scale, narrow), narrow};
    };
    Operand u = x({batch, positions, h}, 1), d = x({batch, positions, h}, 1);
    Operand gates{r.floats({batch, positions, k})};
    double in = 1 / std::sqrt(double(h)), out = 1 / std::sqrt(double(f));
    Operand w1 = x({experts, f, h}, in), w3 = x({experts, f, h}, in), w2 = x({experts, h, f}, out);
    // Evenly, or nearly all to the last expert.
    Operand ids{r.ints({batch, positions, k}, r.chance(70) ? 0 : experts - 1, experts - 1)};
    check({"mix_experts", "", {u, ids, gates, w1, w3, w2}, 2e-6, "", bits});
    check({"mix_experts_grad", "", {u, ids, gates, w1, w3, w2, d}, 4e-6, "", bits});
  }
}

TEST(ExpertKernels, WeightGradientsMatchTheReference) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Random r(seed);
    int64_t positions = r.oneOf<int64_t>({1, 3, 40, 700}),
            experts = r.oneOf<int64_t>({1, 2, 5, 16});
    int64_t k = r.between(1, std::min<int64_t>(experts, 4)), bits = r.oneOf({256, 512});
    bool narrow = r.chance(20);
    // A factor of rows or of choices.
    auto factor = [&](int64_t features) {
      return Operand{r.chance(50) ? r.floats({2, positions, features}, 1, narrow)
                                  : r.floats({2, positions, k, features}, 1, narrow),
                     narrow};
    };
    std::vector<int64_t> lefts;
    for (int64_t i = 0, n = r.between(1, 2); i < n; ++i)
      lefts.push_back(r.oneOf<int64_t>({1, 5, 6, 16, 40}));
    std::vector<Operand> operands;
    for (int64_t left : lefts)
      operands.push_back(factor(left));
    int64_t right = r.oneOf<int64_t>({1, 7, 33, 64, 600});
    operands.push_back(factor(right));
    // Evenly, or nearly all to the last expert; some choices are none.
    operands.push_back(
        {r.ints({2, positions, k}, r.chance(30) ? experts - 1 : -r.between(0, 1), experts - 1)});
    auto attributes = [&](size_t sums) {
      return "experts = " + std::to_string(experts) +
             " : i64, operandSegmentSizes = array<i32: " + std::to_string(lefts.size()) +
             ", 1, 1, " + std::to_string(sums) + ">";
    };
    check({"expert_weight_grad", attributes(0), operands, 4e-6, "", bits});
    for (int64_t left : lefts)
      operands.push_back({r.floats({experts, left, right})});
    check({"expert_weight_grad", attributes(lefts.size()), operands, 4e-6, "", bits});
  }
}
