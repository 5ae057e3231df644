// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "mlir/IR/Verifier.h"
#include "test/unit/Tuner/Fixture.h"
#include <gmock/gmock.h>

using namespace dreamer::tuning;
using namespace mlir;
using dreamer::test::TunerTest;
using testing::HasSubstr;

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream(text) << module;
  return text;
}

TEST_F(TunerTest, FindsEachKernelOnceThoseWithMostWorkFirst) {
  std::vector<Task> tasks = tasksOf(R"(
    func.func @f(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %v: tensor<6x8xf32>) -> (tensor<4x6xf32>, tensor<4x8xf32>) {
      %a = dreamer.linear %x, %v : tensor<4x8xf32>, tensor<6x8xf32>
      %b = dreamer.linear %x, %w : tensor<4x8xf32>, tensor<8x8xf32>
      %c = dreamer.linear %b, %w {dreamer.tuned = {native = {block_rows = 4 : i64}}}
          : tensor<4x8xf32>, tensor<8x8xf32>
      %d = dreamer.recur bound 5 init(%c) : (tensor<4x8xf32>) -> tensor<4x8xf32> {
      ^bb0(%i: index, %e: tensor<4x8xf32>):
        %y = dreamer.linear %e, %w : tensor<4x8xf32>, tensor<8x8xf32>
        dreamer.yield carried(%y : tensor<4x8xf32>)
      }
      return %a, %d : tensor<4x6xf32>, tensor<4x8xf32>
    })");
  ASSERT_EQ(tasks.size(), 3U);
  EXPECT_EQ(tasks[0].key.kernel, "dreamer.linear in a loop, operands 1 from outside");
  EXPECT_EQ(tasks[0].total, 5 * 2 * 4 * 8 * 8);
  EXPECT_EQ(tasks[1].key.kernel, "dreamer.linear");
  EXPECT_EQ(tasks[1].total, 2 * 2 * 4 * 8 * 8);
  EXPECT_EQ(tasks[2].key.types, "(tensor<4x8xf32>, tensor<6x8xf32>) -> tensor<4x6xf32>");
  EXPECT_EQ(tasks[0].key.device, "machine");
  EXPECT_THAT(tasks[0].key.target, HasSubstr("x86-64-v3: avx avx2"));
}

TEST_F(TunerTest, IsolatesOperationsAsTheyStand) {
  std::vector<Task> tasks = tasksOf(R"(
    func.func @f(%x: tensor<4x8xf32>, %dy: tensor<4x6xf32>, %w: tensor<6x8xf32>) -> tensor<6x8xf32> {
      %zero = dreamer.zero : tensor<6x8xf32>
      %d = dreamer.recur bound 5 init(%zero) : (tensor<6x8xf32>) -> tensor<6x8xf32> {
      ^bb0(%i: index, %sum: tensor<6x8xf32>):
        %y = dreamer.scale %dy {factor = 2.0 : f64} : tensor<4x6xf32>
        %next = dreamer.linear_weight_grad %y, %x into(%sum) : tensor<4x6xf32>, tensor<4x8xf32>, tensor<6x8xf32>
        dreamer.yield carried(%next : tensor<6x8xf32>)
      }
      return %d : tensor<6x8xf32>
    })");
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks[0].key.kernel, "dreamer.linear_weight_grad in a loop, operands 1 from outside");
  ModuleOp isolated = tasks[0].isolated.program.get();
  ASSERT_TRUE(succeeded(verify(isolated)));
  std::string text = print(isolated);
  // y comes from inside: a slice; x from outside; the sum is carried.
  EXPECT_THAT(text, HasSubstr("recur bound 1 init(%arg2) slices(%arg0)"));
  EXPECT_THAT(text, HasSubstr("%arg0: tensor<1x4x6xf32>"));
  EXPECT_THAT(text, testing::ContainsRegex("linear_weight_grad %arg[45], %arg1 into"));
  EXPECT_EQ(tasks[0].isolated.idBounds, (SmallVector<int64_t>{0, 0, 0}));
}

TEST_F(TunerTest, KnowsTheBoundsOfIds) {
  std::vector<Task> tasks = tasksOf(R"(
    func.func @f(%a: tensor<9x2x4xf32>, %ids: tensor<9x2xi32>, %g: tensor<9x2xf32>, %w2: tensor<7x8x4xf32>)
        -> tensor<9x8xf32> {
      %y = dreamer.mix_experts %a, %a, %ids, %g, %w2 : tensor<9x2x4xf32>, tensor<9x2x4xf32>, tensor<9x2xi32>,
          tensor<9x2xf32>, tensor<7x8x4xf32>
      return %y : tensor<9x8xf32>
    })");
  ASSERT_EQ(tasks.size(), 1U);
  // a is one argument, although it is two operands.
  EXPECT_EQ(tasks[0].isolated.idBounds, (SmallVector<int64_t>{0, 7, 0, 0}));
}
