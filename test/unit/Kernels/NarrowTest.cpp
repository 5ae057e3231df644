// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of bf16 by AVX512-BF16 and AMX, emulated: the same kernels as on a processor that has them, with
// plain functions for the instructions.

#include "test/unit/Kernels/OpCase.h"
#include "gtest/gtest.h"

using namespace dreamer;
using namespace dreamer::test;

namespace {

constexpr NarrowProducts kinds[] = {NarrowProducts::pairs, NarrowProducts::tiles};

/// One operation for each kind of product.
void checkNarrow(OpCase test) {
  test.vectorBits = 512;
  for (NarrowProducts products : kinds) {
    test.products = products;
    check(test);
  }
}

} // namespace

TEST(NarrowKernels, ProductsMatchTheReference) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    Random r(seed);
    auto size = [&] { return r.oneOf<int64_t>({1, 2, 5, 16, 23, 32, 64, 100, 130}); };
    int64_t rows = r.oneOf<int64_t>({1, 3, 7, 8, 9, 15, 16, 17, 31, 48, 64, 133}), in = size();
    int64_t out = size();
    auto x = [&](int64_t rows, int64_t columns) {
      return Operand{r.floats({rows, columns}, 1, true), true};
    };
    Operand input = x(rows, in), weight = x(out, in), d = x(rows, out);
    checkNarrow({"linear", "", {input, weight}, 1e-6});
    checkNarrow({"linear", "transpose", {d, weight}, 1e-6});
    checkNarrow({"linear_weight_grad", "", {d, input}, 1e-6});
    checkNarrow({"linear_weight_grad", "", {d, input, {r.floats({out, in})}}, 1e-6});
  }
}

TEST(NarrowKernels, LongSumsMatchTheReference) {
  Random r(1);
  for (int64_t depth : {1100, 1313}) {
    Operand x{r.floats({40, depth}, 1, true), true}, w{r.floats({70, depth}, 1, true), true};
    checkNarrow({"linear", "", {x, w}, 1e-6});
    Operand d{r.floats({depth, 40}, 1, true), true}, u{r.floats({depth, 70}, 1, true), true};
    checkNarrow({"linear_weight_grad", "", {d, u, {r.floats({40, 70})}}, 1e-6});
  }
}

TEST(NarrowKernels, ManyTasksMatchTheReference) {
  Random r(2);
  Operand x{r.floats({1000, 96}, 1, true), true}, w{r.floats({330, 96}, 1, true), true};
  Operand d{r.floats({1000, 330}, 1, true), true};
  checkNarrow({"linear", "", {x, w}, 1e-6});
  checkNarrow({"linear_weight_grad", "", {d, x}, 1e-6});
}

// What is rounded within mix_experts (the hidden values) is not in the reference: each rounding is by at most 2^-9
// of a value.
TEST(NarrowKernels, ExpertsMatchTheReference) {
  for (unsigned seed = 0; seed < 3; ++seed) { // large kernels, slow to compile
    Random r(seed);
    int64_t batch = r.between(1, 3), positions = r.oneOf<int64_t>({9, 30, 90});
    int64_t experts = r.oneOf<int64_t>({1, 2, 5, 16});
    int64_t k = r.between(1, std::min<int64_t>(experts, 4));
    int64_t h = r.oneOf<int64_t>({1, 4, 12, 33, 64}), f = r.oneOf<int64_t>({1, 5, 16, 40, 68});
    for (OpCase test : mixtureOps(r, {batch, positions, experts, k, h, f}, /*narrow=*/true)) {
      if (test.name == "mix_experts")
        test.tolerance = 4e-3;
      checkNarrow(test);
    }
  }
}

// Factors are bf16 only where all are: one cotangent in f32 makes all products f32.
TEST(NarrowKernels, ExpertsOfMixedElementsMatchTheReference) {
  Random r(9);
  OpCase test = mixtureOps(r, {1, 30, 3, 2, 12, 20}, /*narrow=*/true)[1];
  ASSERT_EQ(test.name, "expert_linear_grad");
  test.operands[3] = {r.floats({1, 30, 2, 20})};
  checkNarrow(test);
}

// What is rounded within the operations (probabilities and cotangents of scores) is not in the reference.
TEST(NarrowKernels, AttentionMatchesTheReference) {
  int64_t positions[] = {1, 13, 33, 64, 97, 130, 330};
  for (unsigned seed = 0; seed < std::size(positions); ++seed) {
    Random r(seed);
    bool isLong = positions[seed] > 100;
    int64_t batch = isLong ? 1 : r.between(1, 2), kvHeads = r.between(1, 2);
    int64_t heads = isLong ? kvHeads : kvHeads * r.between(1, 3);
    int64_t features = r.oneOf<int64_t>({1, 6, 16, 33, 40, 64});
    auto x = [&](int64_t heads) {
      return Operand{r.floats({batch, positions[seed], heads * features}, 1, true), true};
    };
    Operand q = x(heads), k = x(kvHeads), v = x(kvHeads), d = x(heads);
    std::string attributes =
        "heads = " + std::to_string(heads) + ", kv_heads = " + std::to_string(kvHeads);
    checkNarrow({"sequence_attention", attributes, {q, k, v}, 4e-3});
    auto [out, lse] =
        attend(std::get<reference::Floats>(q.value), std::get<reference::Floats>(k.value),
               std::get<reference::Floats>(v.value), heads, kvHeads);
    checkNarrow({"sequence_attention_grad", attributes, {q, k, v, {out}, {lse}, d}, 6e-3});
  }
}

// Only products with keys are of bf16; values are weighed in f32.
TEST(NarrowKernels, DecodeAttentionMatchesTheReference) {
  for (int64_t capacity : {1, 7, 16, 40, 300}) {
    Random r(static_cast<unsigned>(capacity));
    int64_t batch = r.between(1, 3), depths = r.between(1, 2), kvHeads = r.between(1, 3);
    int64_t heads = kvHeads * r.between(1, 3), features = r.oneOf<int64_t>({1, 6, 16, 33, 64});
    auto x = [&](reference::Shape shape) { return Operand{r.floats(shape, 1, true), true}; };
    reference::Shape cache{depths, batch, capacity, kvHeads * features};
    std::string attributes =
        "heads = " + std::to_string(heads) + ", kv_heads = " + std::to_string(kvHeads);
    Operand q = x({batch, heads * features}), keys = x(cache), values = x(cache);
    Operand position{r.ints({batch}, 0, static_cast<int32_t>(capacity - 1))};
    Operand slot{r.between(0, depths - 1)};
    checkNarrow({"decode_attention", attributes, {q, keys, values, position, slot}, 2e-6});
  }
}

// As in decoding: each pair reads its expert's weights where they are.
TEST(NarrowKernels, ExpertsOfFewRowsMatchTheReference) {
  for (auto [h, f] : {std::pair<int64_t, int64_t>(1, 5), {33, 160}, {160, 33}, {530, 410}}) {
    Random r(static_cast<unsigned>(h));
    for (OpCase test : mixtureOps(r, {2, 1, 5, 3, h, f}, /*narrow=*/true)) {
      if (test.name == "mix_experts")
        test.tolerance = 4e-3;
      checkNarrow(test);
    }
  }
}

TEST(NarrowKernels, ExpertWeightGradientsMatchTheReference) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    Random r(seed);
    for (const OpCase &test : expertWeightGrads(r, /*narrow=*/true, /*many=*/seed == 0))
      checkNarrow(test);
  }
}
