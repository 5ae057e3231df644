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
    int64_t bits = r.oneOf({256, 512});
    for (OpCase test : expertWeightGrads(r, r.chance(20), /*many=*/seed == 0)) {
      test.vectorBits = bits;
      check(test);
    }
  }
}
