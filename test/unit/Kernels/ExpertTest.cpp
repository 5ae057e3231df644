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
    for (OpCase test : mixtureOps(r, {batch, positions, experts, k, h, f}, narrow)) {
      test.vectorBits = bits;
      check(test);
    }
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
