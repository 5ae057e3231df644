// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The model phase of a description: arguments, initial values, options.

#include "lib/ModelDescription/Build.h"
#include "Examples.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "lib/ModelDescription/Parameters.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <cmath>
#include <gmock/gmock.h>

using namespace dreamer;
using namespace dreamer::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

class Build : public ::testing::Test {
protected:
  Description parse(llvm::StringRef text, const std::vector<std::string> &changes = {}) {
    auto description = parseDescription(text, "test.yaml", &context, changes);
    EXPECT_TRUE(mlir::succeeded(description));
    return *description;
  }
  mlir::func::FuncOp forward(mlir::ModuleOp module) {
    return module.lookupSymbol<mlir::func::FuncOp>("forward");
  }
  std::vector<std::string> argumentNames(mlir::func::FuncOp function, llvm::StringRef role) {
    std::vector<std::string> names;
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (function.getArgAttrOfType<mlir::StringAttr>(i, attribute::role) == role)
        names.push_back(function.getArgAttrOfType<mlir::StringAttr>(i, attribute::name).str());
    return names;
  }

  mlir::MLIRContext context;
};

TEST_F(Build, ParametersInFileOrder) {
  std::vector<std::string> names;
  for (const Parameter &parameter : listParameters(parse(everything)))
    if (!llvm::StringRef(parameter.name).starts_with("block0.1."))
      names.push_back(parameter.name);
  std::vector<std::string> first(names.begin(), names.begin() + 25);
  EXPECT_THAT(
      first,
      ElementsAre(
          "embed.weight", "block0.0.norm1.weight", "block0.0.sequence_attention.q_proj.weight",
          "block0.0.sequence_attention.k_proj.weight", "block0.0.sequence_attention.v_proj.weight",
          "block0.0.sequence_attention.o_proj.weight", "block0.0.depth_attention.q_proj.weight",
          "block0.0.depth_attention.k_proj.weight", "block0.0.depth_attention.v_proj.weight",
          "block0.0.depth_attention.o_proj.weight", "block0.0.depth_attention.q_norm.weight",
          "block0.0.depth_attention.k_norm.weight", "block0.0.norm_depth.weight",
          "block0.0.norm2.weight", "block0.0.expert_attention.query.weight",
          "block0.0.expert_attention.keys.weight", "block0.0.expert_attention.bias",
          "block0.0.expert_attention.experts.w1.weight",
          "block0.0.expert_attention.experts.w3.weight",
          "block0.0.expert_attention.experts.w2.weight",
          "block0.0.expert_attention.shared.w1.weight",
          "block0.0.expert_attention.shared.w3.weight",
          "block0.0.expert_attention.shared.w2.weight", "block0.2.norm1.weight",
          "block0.2.sequence_attention.q_proj.weight"));
  EXPECT_EQ(names[names.size() - 4], "block2.norm1.weight");
  EXPECT_EQ(names[names.size() - 2], "norm.weight");
  EXPECT_EQ(names.back(), "output.weight");
}

TEST_F(Build, InitialValues) {
  std::map<std::string, Parameter> parameters;
  for (const Parameter &parameter : listParameters(parse(recurrent)))
    parameters[parameter.name] = parameter;
  auto std = [&](llvm::StringRef name) { return parameters[name.str()].value; };
  EXPECT_DOUBLE_EQ(std("embed.weight"), 1 / std::sqrt(20.0));
  EXPECT_DOUBLE_EQ(std("core.depth_attention.q_proj.weight"), 1 / std::sqrt(20.0));
  EXPECT_DOUBLE_EQ(std("core.depth_attention.o_proj.weight"), 1 / std::sqrt(12.0 * 10));
  EXPECT_DOUBLE_EQ(std("core.expert_attention.keys.weight"), 1 / std::sqrt(6.0));
  EXPECT_DOUBLE_EQ(std("core.expert_attention.experts.w1.weight"), 1 / std::sqrt(20.0));
  EXPECT_DOUBLE_EQ(std("core.expert_attention.experts.w2.weight"), 1 / std::sqrt(11.0 * 10));
  EXPECT_FALSE(parameters["norm.weight"].random);
  EXPECT_EQ(std("norm.weight"), 1);
  EXPECT_TRUE(parameters["core.expert_attention.bias"].balance);
  EXPECT_EQ(std("core.expert_attention.bias"), 0);
}

TEST_F(Build, NormalInitIsTheSameEverywhere) {
  for (const Parameter &parameter : listParameters(parse(everything)))
    if (parameter.random)
      EXPECT_EQ(parameter.value, 0.03) << parameter.name;
}

TEST_F(Build, SignatureOfEveryKindOfBlock) {
  auto module = buildModel(&context, parse(everything), {.batch = 2});
  ASSERT_TRUE(module);
  auto function = forward(*module);
  EXPECT_THAT(argumentNames(function, "option"),
              ElementsAre("block0.depth", "pair.depth", "block2.depth", "block0.0.expert_ids",
                          "block0.1.expert_ids", "block0.2.expert_ids", "pair.0.expert_ids"));
  EXPECT_THAT(argumentNames(function, "balance"),
              ElementsAre("block0.0.expert_attention.bias", "block0.1.expert_attention.bias",
                          "block0.2.expert_attention.bias", "pair.0.expert_attention.bias"));
  std::vector<std::string> results;
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    results.push_back(function.getResultAttrOfType<mlir::StringAttr>(i, attribute::name).str());
  EXPECT_THAT(results, ElementsAre("logits", "block0.0.expert_ids", "block0.1.expert_ids",
                                   "block0.2.expert_ids", "pair.0.expert_ids"));
}

TEST_F(Build, HistoryHoldsOnlyLayersWithDepthAttention) {
  auto module = buildModel(&context, parse(everything));
  ASSERT_TRUE(module);
  std::vector<int64_t> slots;
  module->walk([&](HistoryOp op) { slots.push_back(op.getSlots()); });
  EXPECT_THAT(slots, ElementsAre(3, 3, 6, 6));
}

TEST_F(Build, OptionsChangeTheDescriptionThatIsKept) {
  auto module =
      buildModel(&context, parse(recurrent), {.batch = 3, .context = 4, .depths = {{"core", 2}}});
  ASSERT_TRUE(module);
  auto text = (*module)->getAttrOfType<mlir::StringAttr>(attribute::description).str();
  Description kept = parse(text);
  EXPECT_EQ(kept.context, 4);
  EXPECT_EQ(kept.stack[0].depth, 2);
  auto tokens = mlir::cast<mlir::RankedTensorType>(forward(*module).getArgument(0).getType());
  EXPECT_THAT(tokens.getShape(), ElementsAre(3, 4));
}

TEST_F(Build, ImpossibleOptions) {
  Messages messages(context);
  Description description = parse(everything);
  EXPECT_FALSE(buildModel(&context, description, {.batch = 0}));
  EXPECT_FALSE(buildModel(&context, description, {.context = -3}));
  EXPECT_FALSE(buildModel(&context, description, {.depths = {{"core", 2}}}));
  EXPECT_FALSE(buildModel(&context, description, {.depths = {{"block0", 2}}}));
  EXPECT_FALSE(buildModel(&context, description, {.depths = {{"pair", 0}}}));
  EXPECT_FALSE(buildModel(&context, description, {.batch = 1 << 20, .context = 1 << 24}));
  EXPECT_THAT(messages.all,
              ElementsAre(HasSubstr("expected a batch from 1"),
                          HasSubstr("expected a context from 1"),
                          HasSubstr("expected a depth for one of the model's blocks"),
                          HasSubstr("expected a depth for a `recur` block, found `block0`"),
                          HasSubstr("expected a depth from 1"), HasSubstr("expected tensors of")));
}

} // namespace
