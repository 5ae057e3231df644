// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels with every value of their parameters: whatever a machine prefers is right.

#include "test/unit/Kernels/OpCase.h"
#include "gtest/gtest.h"

using namespace dreamer;
using namespace dreamer::test;
using dreamer::reference::Floats;

namespace {

/// Every combination of each group with a random choice of the other groups.
void checkAllChoices(OpCase test, Random &r) {
  for (int64_t bits : {256, 512}) {
    test.vectorBits = bits;
    KernelParameters parameters = parametersOf(test);
    ASSERT_FALSE(parameters.getGroups().empty());
    auto randomElsewhere = [&](llvm::ArrayRef<KernelParameter> tried) {
      KernelChoice choice;
      for (llvm::ArrayRef<KernelParameter> group : parameters.getGroups()) {
        if (group.data() == tried.data())
          continue;
        auto all = parameters.combinations(group, {});
        for (const auto &[name, value] : all[r.between(0, int64_t(all.size()) - 1)])
          choice[name] = value;
      }
      return choice;
    };
    llvm::SmallVector<KernelChoice> choices;
    for (llvm::ArrayRef<KernelParameter> group : parameters.getGroups()) {
      KernelChoice elsewhere = randomElsewhere(group);
      if (!parameters.problemOf(elsewhere).empty())
        elsewhere = {}; // values of two groups that do not go together
      auto all = parameters.combinations(group, elsewhere);
      ASSERT_FALSE(all.empty());
      choices.append(all);
    }
    check(test, choices);
  }
}

} // namespace

TEST(ParameterValues, OfLinearMatchTheReference) {
  Random r(1);
  // Few rows and several; a depth that is cut, and not; columns that are whole panels and not.
  for (auto [rows, in, out] : {std::array<int64_t, 3>{7, 40, 50}, {90, 1100, 33}}) {
    Operand x{r.floats({rows, in})}, w{r.floats({out, in})}, dy{r.floats({rows, out})};
    checkAllChoices({"linear", "", {x, w}, 2e-6}, r);
    checkAllChoices({"linear", "transpose", {dy, w}, 2e-6}, r);
  }
}

TEST(ParameterValues, OfLinearWeightGradMatchTheReference) {
  Random r(2);
  for (auto [rows, in, out] : {std::array<int64_t, 3>{19, 40, 50}, {401, 70, 31}}) {
    Operand dy{r.floats({rows, out}, 1, true), true}, x{r.floats({rows, in}, 1, true), true};
    checkAllChoices({"linear_weight_grad", "", {dy, x}, 2e-6}, r);
    checkAllChoices({"linear_weight_grad", "", {dy, x, {r.floats({out, in})}}, 2e-6}, r);
  }
}

TEST(ParameterValues, OfSequenceAttentionMatchTheReference) {
  Random r(3);
  for (auto [batch, positions, size] : {std::array<int64_t, 3>{2, 21, 12}, {1, 205, 16}}) {
    Operand q{r.floats({batch, positions, 2 * size})}, k{r.floats({batch, positions, size})};
    Operand v{r.floats({batch, positions, size})}, d{r.floats({batch, positions, 2 * size})};
    auto [out, lse] = attend(std::get<Floats>(q.value), std::get<Floats>(k.value),
                             std::get<Floats>(v.value), 2, 1);
    std::string heads = "heads = 2, kv_heads = 1";
    checkAllChoices({"sequence_attention", heads, {q, k, v}, 2e-6}, r);
    checkAllChoices({"sequence_attention_grad", heads, {q, k, v, {out}, {lse}, d}, 6e-6}, r);
  }
}

TEST(ParameterValues, OfMixExpertsMatchTheReference) {
  Random r(4);
  for (auto [rows, experts, k] : {std::array<int64_t, 3>{12, 5, 2}, {330, 3, 2}}) {
    int64_t h = 33, f = 40;
    Operand u{r.floats({rows, h})}, d{r.floats({rows, h})}, gates{r.floats({rows, k})};
    Operand w1{r.floats({experts, f, h}, 0.2)}, w3{r.floats({experts, f, h}, 0.2)};
    Operand w2{r.floats({experts, h, f}, 0.2)};
    Operand ids{r.ints({rows, k}, 0, experts - 1)};
    checkAllChoices({"mix_experts", "", {u, ids, gates, w1, w3, w2}, 2e-6}, r);
    checkAllChoices({"mix_experts_grad", "", {u, ids, gates, w1, w3, w2, d}, 4e-6}, r);
  }
}

TEST(KernelParameters, RefuseWhatCannotBe) {
  Random r(5);
  KernelParameters parameters =
      parametersOf({"linear", "", {{r.floats({90, 40})}, {r.floats({30, 40})}}});
  EXPECT_EQ(parameters.problemOf({}), "");
  EXPECT_EQ(parameters.problemOf({{"block_rows", 4}, {"block_vectors", 3}}), "");
  EXPECT_EQ(parameters.problemOf({{"block_rows", 5}}),
            "expected block_rows to be one of 4, 6, 8, 12; found 5");
  EXPECT_EQ(parameters.problemOf({{"block_row", 4}}),
            "expected parameters of block_rows, block_vectors, task_kflops, depth_chunk; found "
            "'block_row'");
  EXPECT_EQ(parameters.problemOf({{"block_rows", 8}}),
            "expected a register block in 16 registers, found 8 rows of 2 vectors, which need 19");
}
