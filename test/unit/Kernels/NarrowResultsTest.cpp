// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations whose results are bf16: computed as ever, rounded once.

#include "test/unit/Kernels/OpCase.h"
#include "llvm/ADT/StringExtras.h"
#include "gtest/gtest.h"

using namespace dreamer;
using namespace dreamer::test;
using llvm::ArrayRef;

namespace {

/// With results number `numbers` as bf16.
OpCase narrowed(OpCase test, const std::vector<int64_t> &numbers = {0}) {
  std::string list =
      llvm::join(llvm::map_range(numbers, [](int64_t n) { return std::to_string(n); }), ", ");
  test.attributes +=
      (test.attributes.empty() ? "" : ", ") + ("dreamer.narrow = array<i64: " + list + ">");
  return test;
}

/// For all kinds of products.
void checkProducts(OpCase test) {
  check(test);
  test.vectorBits = 512;
  for (NarrowProducts products :
       {NarrowProducts::widened, NarrowProducts::pairs, NarrowProducts::tiles}) {
    test.products = products;
    check(test);
  }
}

Operand bf16(Random &r, ArrayRef<int64_t> shape) { return {r.floats(shape, 1, true), true}; }

} // namespace

TEST(NarrowResults, OfElementwiseOperationsMatchTheReference) {
  for (unsigned seed = 0; seed < 8; ++seed) {
    Random r(seed);
    reference::Shape shape{r.oneOf<int64_t>({1, 3, 17, 300}), r.oneOf<int64_t>({5, 64, 129})};
    int64_t bits = r.oneOf({256, 512});
    auto x = [&] { return Operand{r.floats(shape, 2)}; };
    check(narrowed({"add", "", {x(), x()}, 1e-7, "", bits}));
    check(narrowed({"scale", "factor = 0.37 : f64", {x()}, 1e-7, "", bits}));
    check(narrowed({"swiglu", "", {x(), x()}, 1e-6, "", bits}));
    for (const std::vector<int64_t> &numbers : {std::vector<int64_t>{0}, {1}, {0, 1}})
      check(narrowed({"swiglu_grad", "", {x(), x(), x()}, 1e-6, "", bits}, numbers));
  }
}

TEST(NarrowResults, OfNormsAndRotationsMatchTheReference) {
  for (unsigned seed = 0; seed < 8; ++seed) {
    Random r(seed);
    int64_t run = 2 * r.oneOf<int64_t>({1, 2, 7, 16, 50, 129}), heads = r.between(1, 3);
    int64_t rows = r.oneOf<int64_t>({1, 3, 17, 400}), bits = r.oneOf({256, 512});
    reference::Shape shape{rows, run * heads};
    Operand x{r.floats(shape)}, w{r.floats({run})}, dy{r.floats(shape)};
    std::string eps = "eps = 1.0e-6 : f64";
    check(narrowed({"rms_norm", eps, {x, w}, 1e-6, "", bits}));
    check(narrowed({"rms_norm_grad", eps, {x, w, dy}, 2e-6, "", bits}));
    check(narrowed({"rms_norm_grad", eps, {x, w, dy, {r.floats({run})}}, 2e-6, "", bits}));
    std::string rotation = "head_dim = " + std::to_string(run) + " : i64, theta = 100.0 : f64";
    for (Operand position : {Operand{r.ints({rows}, 0, 99)}, Operand{int64_t(5)}})
      check(narrowed({"rotary", rotation, {x, position}, 1e-6, "", bits}));
  }
}

// Blocks with tails in rows, columns and depth; dots of few rows; sums that would be cut.
TEST(NarrowResults, OfProductsMatchTheReference) {
  for (auto [rows, out, in] : {std::array<int64_t, 3>{1, 5, 9},
                               {3, 64, 33},
                               {7, 1, 70},
                               {16, 23, 16},
                               {70, 48, 31},
                               {133, 130, 66},
                               {40, 70, 1100},
                               {100, 51, 2100},
                               {30, 66, 40},
                               {1000, 330, 96}}) {
    Random r(static_cast<unsigned>(rows));
    checkProducts(narrowed({"linear", "", {bf16(r, {rows, in}), bf16(r, {out, in})}, 1e-6}));
    checkProducts(
        narrowed({"linear", "transpose", {bf16(r, {rows, in}), bf16(r, {in, out})}, 1e-6}));
    Operand x{r.floats({rows, in})}, w{r.floats({out, in})};
    for (int64_t bits : {256, 512})
      check(narrowed({"linear", "", {x, w}, 1e-6, "", bits}));
  }
}

TEST(NarrowResults, OfDepthAttentionMatchTheReference) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    Random r(seed);
    int64_t rows = r.oneOf<int64_t>({1, 9, 40}), slots = r.between(1, 18);
    int64_t kvHeads = r.between(1, 2), heads = kvHeads * r.between(1, 4);
    int64_t features = r.oneOf<int64_t>({1, 6, 16, 33});
    Operand q{r.floats({rows, heads * features})}, d{r.floats({rows, heads * features})};
    Operand k{r.floats({slots, rows, kvHeads * features})};
    Operand v{r.floats({slots, rows, kvHeads * features})}, count{r.between(0, slots)};
    std::string attributes = "heads = " + std::to_string(heads) +
                             " : i64, kv_heads = " + std::to_string(kvHeads) + " : i64";
    check(narrowed({"depth_attention", attributes, {q, k, v, count}, 2e-6}));
    check(narrowed({"depth_attention_grad", attributes, {q, k, v, count, d}, 4e-6}));
  }
}

// One block of keys and several, gradients in one pass and in two, some or all of them bf16.
TEST(NarrowResults, OfSequenceAttentionMatchTheReference) {
  for (int64_t positions : {1, 33, 97, 250, 410}) {
    Random r(static_cast<unsigned>(positions));
    int64_t batch = positions == 33 ? 2 : 1, kvHeads = positions > 200 ? 1 : 2;
    int64_t heads = kvHeads * r.between(1, 2), features = r.oneOf<int64_t>({6, 16, 33});
    auto x = [&](int64_t heads) { return bf16(r, {batch, positions, heads * features}); };
    Operand q = x(heads), k = x(kvHeads), v = x(kvHeads), d = x(heads);
    std::string attributes = "heads = " + std::to_string(heads) +
                             " : i64, kv_heads = " + std::to_string(kvHeads) + " : i64";
    checkProducts(narrowed({"sequence_attention", attributes, {q, k, v}, 4e-3}));
    auto [out, lse] =
        attend(std::get<reference::Floats>(q.value), std::get<reference::Floats>(k.value),
               std::get<reference::Floats>(v.value), heads, kvHeads);
    OpCase grad{"sequence_attention_grad", attributes, {q, k, v, {out}, {lse}, d}, 6e-3};
    checkProducts(narrowed(grad, {0, 1, 2}));
    check(narrowed(grad, {r.between(0, 2)}), {{{"one_pass", 0}}, {{"one_pass", 1}}});
  }
}

TEST(NarrowResults, OfMixturesMatchTheReference) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    Random r(seed);
    int64_t experts = r.oneOf<int64_t>({1, 2, 5}),
            chosen = r.between(1, std::min<int64_t>(experts, 3));
    MixtureSizes sizes{1,      r.oneOf<int64_t>({9, 30}), experts,
                       chosen, r.oneOf<int64_t>({4, 33}), r.oneOf<int64_t>({5, 40})};
    OpCase test = mixtureOps(r, sizes, /*narrow=*/true)[3];
    ASSERT_EQ(test.name, "mix_experts_grad");
    checkProducts(narrowed(test, {0, 1, 3}));
    check(narrowed(test, {3}));
  }
}

TEST(NarrowResults, OfTheLossAndOfPositionsMatchTheReference) {
  for (unsigned seed = 0; seed < 4; ++seed) {
    Random r(seed);
    int64_t rows = r.oneOf<int64_t>({1, 5, 60}), vocabulary = r.oneOf<int64_t>({2, 9, 260});
    Operand logits{r.floats({rows, vocabulary})}, targets{r.ints({rows}, 0, vocabulary - 1)};
    Operand count{reference::Floats::scalar(3)}, lse{r.floats({rows})};
    Operand dLoss{reference::Floats::scalar(1)};
    check(narrowed({"cross_entropy_grad", "", {logits, targets, count, lse, dLoss}, 2e-6}));
    Operand x{r.floats({2, rows, vocabulary})}, lengths{r.ints({2}, 1, rows)};
    check(narrowed({"last_position", "", {x, lengths}, 1e-7}));
  }
}
