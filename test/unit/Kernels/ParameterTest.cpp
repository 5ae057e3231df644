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

/// Chooses at random until the values go together, `fixed` being among them.
KernelChoice randomChoice(const KernelParameters &parameters, const KernelChoice &fixed,
                          Random &r) {
  for (int tries = 0; tries < 100; ++tries) {
    KernelChoice choice = fixed;
    for (llvm::ArrayRef<KernelParameter> group : parameters.getGroups())
      for (const KernelParameter &parameter : group)
        choice.try_emplace(parameter.name,
                           parameter.values[r.between(0, int64_t(parameter.values.size()) - 1)]);
    if (parameters.problemOf(choice).empty())
      return choice;
  }
  return fixed;
}

/// Every value of the parameters whose names begin so, the others chosen at random.
llvm::SmallVector<KernelChoice> valuesOf(const KernelParameters &parameters, llvm::StringRef prefix,
                                         Random &r) {
  llvm::SmallVector<KernelChoice> choices;
  for (llvm::ArrayRef<KernelParameter> group : parameters.getGroups())
    for (const KernelParameter &parameter : group)
      for (int64_t value : parameter.values)
        if (llvm::StringRef(parameter.name).starts_with(prefix))
          if (KernelChoice choice = randomChoice(parameters, {{parameter.name, value}}, r);
              parameters.problemOf(choice).empty())
            choices.push_back(choice);
  return choices;
}

/// Of a small case also, but of adjoints, which take long to compile, all combinations that a search of each
/// group alone would try, and what vectors of 512 bits change: register blocks.
void checkChoices(OpCase test, bool small, Random &r) {
  KernelParameters parameters = parametersOf(test);
  ASSERT_FALSE(parameters.getGroups().empty());
  bool isAdjoint = llvm::StringRef(test.name).ends_with("_grad"), combine = small && !isAdjoint;
  auto choices = valuesOf(parameters, "", r);
  if (!small && isAdjoint)
    choices.resize(std::min<size_t>(choices.size(), 5));
  for (llvm::ArrayRef<KernelParameter> group : parameters.getGroups())
    if (combine)
      choices.append(parameters.combinations(group, {}));
  check(test, choices);
  if (!small)
    return;
  test.vectorBits = 512;
  parameters = parametersOf(test);
  choices = valuesOf(parameters, "block_", r);
  for (llvm::ArrayRef<KernelParameter> group : parameters.getGroups())
    if (combine && group[0].name == "block_rows")
      choices.append(parameters.combinations(group, {}));
  check(test, choices);
}

} // namespace

TEST(ParameterValues, OfLinearMatchTheReference) {
  Random r(1);
  // Few rows and several; a depth that is cut, and not; columns that are whole panels and not.
  for (auto [rows, in, out] : {std::array<int64_t, 3>{7, 48, 50}, {90, 1100, 33}}) {
    Operand x{r.floats({rows, in})}, w{r.floats({out, in})}, dy{r.floats({rows, out})};
    checkChoices({"linear", "", {x, w}, 2e-6}, rows < 10, r);
    checkChoices({"linear", "transpose", {dy, w}, 2e-6}, rows < 10, r);
  }
}

TEST(ParameterValues, OfLinearWeightGradMatchTheReference) {
  Random r(2);
  for (auto [rows, in, out] : {std::array<int64_t, 3>{19, 40, 50}, {270, 70, 31}}) {
    Operand dy{r.floats({rows, out}, 1, true), true}, x{r.floats({rows, in}, 1, true), true};
    checkChoices({"linear_weight_grad", "", {dy, x}, 2e-6}, rows < 20, r);
    checkChoices({"linear_weight_grad", "", {dy, x, {r.floats({out, in})}}, 2e-6}, rows < 20, r);
  }
}

TEST(ParameterValues, OfSequenceAttentionMatchTheReference) {
  Random r(3);
  for (auto [batch, positions, size] : {std::array<int64_t, 3>{2, 21, 12}, {1, 110, 16}}) {
    Operand q{r.floats({batch, positions, 2 * size})}, k{r.floats({batch, positions, size})};
    Operand v{r.floats({batch, positions, size})}, d{r.floats({batch, positions, 2 * size})};
    auto [out, lse] = attend(std::get<Floats>(q.value), std::get<Floats>(k.value),
                             std::get<Floats>(v.value), 2, 1);
    std::string heads = "heads = 2, kv_heads = 1";
    checkChoices({"sequence_attention", heads, {q, k, v}, 2e-6}, positions < 30, r);
    checkChoices({"sequence_attention_grad", heads, {q, k, v, {out}, {lse}, d}, 6e-6},
                 positions < 30, r);
  }
}

TEST(ParameterValues, OfMixExpertsMatchTheReference) {
  Random r(4);
  for (auto [rows, experts, k] : {std::array<int64_t, 3>{12, 5, 2}, {330, 3, 2}}) {
    for (const OpCase &test : mixtureOps(r, {1, rows, experts, k, 33, 40}))
      checkChoices(test, rows < 20, r);
  }
}

// Narrow products leave tasks and chunks open, and no blocks.
TEST(ParameterValues, OfNarrowProductsMatchTheReference) {
  Random r(6);
  for (NarrowProducts products : {NarrowProducts::pairs, NarrowProducts::tiles}) {
    auto narrow = [&](std::string name, Operand a, Operand b) {
      OpCase test{std::move(name), "", {std::move(a), std::move(b)}, 2e-6};
      test.vectorBits = 512;
      test.products = products;
      return test;
    };
    auto x = [&](int64_t rows, int64_t columns) {
      return Operand{r.floats({rows, columns}, 1, true), true};
    };
    OpCase linear = narrow("linear", x(70, 1070), x(40, 1070));
    KernelParameters parameters = parametersOf(linear);
    EXPECT_FALSE(parameters.find("block_rows"));
    EXPECT_EQ(parameters.find("depth_chunk")->standard, 512);
    EXPECT_GT(parameters.workingSet({}), 0);
    check(linear, valuesOf(parameters, "", r));
    OpCase weightGrad = narrow("linear_weight_grad", x(600, 40), x(600, 33));
    parameters = parametersOf(weightGrad);
    EXPECT_FALSE(parameters.find("pack_left"));
    check(weightGrad, valuesOf(parameters, "", r));
  }
}

TEST(KernelParameters, OfNarrowExpertsAreNone) {
  Random r(7);
  OpCase test = mixtureOps(r, {1, 300, 2, 2, 8, 8}, /*narrow=*/true).front();
  test.vectorBits = 512;
  EXPECT_TRUE(parametersOf(test).find("task_blocks"));
  test.products = NarrowProducts::tiles;
  EXPECT_EQ(parametersOf(test).problemOf({{"task_blocks", 8}}),
            "expected no parameters, the operation has none here; found 'task_blocks'");
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
