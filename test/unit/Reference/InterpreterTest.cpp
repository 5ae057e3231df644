// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions by name: inputs, defaults, results, updates, errors.

#include "lib/Reference/Files.h"
#include "test/unit/Support/TestSupport.h"
#include "llvm/Support/FileSystem.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace dreamer;
using namespace dreamer::reference;
using namespace dreamer::test;

namespace {
constexpr const char *program = R"(
  func.func @step(%x: tensor<2xf32> {dreamer.name = "x", dreamer.role = "input"},
                  %w: tensor<2xf32> {dreamer.name = "w", dreamer.role = "parameter"},
                  %n: tensor<i32> {dreamer.name = "core.depth", dreamer.role = "option", dreamer.default = 2 : i32})
      -> (tensor<2xf32> {dreamer.name = "y"}, tensor<2xf32> {dreamer.name = "new", dreamer.updates = "w"}) {
    %y = dreamer.recur depth(%n) bound 3 init(%x) : (tensor<i32>, tensor<2xf32>) -> tensor<2xf32> {
    ^bb0(%d: index, %c: tensor<2xf32>):
      %s = dreamer.add %c, %w : tensor<2xf32>, tensor<2xf32>
      dreamer.yield carried(%s : tensor<2xf32>)
    }
    %new = dreamer.scale %w {factor = 10.0 : f64} : tensor<2xf32>
    return %y, %new : tensor<2xf32>, tensor<2xf32>
  })";

class InterpreterTest : public ::testing::Test {
protected:
  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(*context, program);
  Bundle inputs{{"x", Floats({2}, 1.0)}, {"w", Floats({2}, 0.5)}};

  /// The error of a run that has to fail.
  std::string failure(llvm::StringRef entry = "step") {
    Errors errors(*context);
    EXPECT_TRUE(failed(Interpreter(*module).run(entry, inputs)));
    return errors.text();
  }
};

TEST_F(InterpreterTest, TakesNamesAndDefaults) {
  Bundle results = run(*module, "step", inputs);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(std::get<Floats>(results["y"])(0), 2.0);
  inputs["core.depth"] = Ints::scalar(3);
  EXPECT_EQ(std::get<Floats>(run(*module, "step", inputs)["y"])(1), 2.5);
}

TEST_F(InterpreterTest, AppliesUpdates) {
  Bundle results = run(*module, "step", inputs);
  applyUpdates(module->lookupSymbol<mlir::func::FuncOp>("step"), results, inputs);
  EXPECT_EQ(std::get<Floats>(inputs["w"])(0), 5.0);
  EXPECT_EQ(inputs.size(), 2u);
}

TEST_F(InterpreterTest, SaysWhatIsWrong) {
  EXPECT_NE(failure("stop").find("expected a function 'stop', found 'step'"), std::string::npos);
  inputs["core.depth"] = Ints::scalar(4);
  EXPECT_NE(failure().find("expected depth in [1, 3], found 4"), std::string::npos);
  inputs["core.depth"] = Floats::scalar(2);
  EXPECT_NE(failure().find("expected input 'core.depth' i32[], found f64[]"), std::string::npos);
  inputs["w"] = Floats({3});
  EXPECT_NE(failure().find("expected input 'w' f64[2], found f64[3]"), std::string::npos);
  inputs.erase("x");
  EXPECT_NE(failure().find("expected input 'x' f64[2], found none"), std::string::npos);
}

TEST_F(InterpreterTest, RefusesOperationsWithoutAModel) {
  module = parse(*context, "func.func @step(%a: index) -> index {\n"
                           "  %r = arith.floordivsi %a, %a : index\n  return %r : index\n}");
  inputs["arg0"] = int64_t(4);
  EXPECT_NE(failure().find("has a model of, found 'arith.floordivsi'"), std::string::npos);
}

TEST(FilesTest, ComeBackAsWritten) {
  llvm::SmallString<64> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("tensors", "safetensors", path));
  Bundle written{{"b", randomFloats({2, 3}, 1)}, {"a", Ints({2}, 7)}, {"i", int64_t(5)}};
  ASSERT_FALSE(bool(writeTensors(written, path)));
  llvm::Expected<Bundle> read = readTensors(path);
  ASSERT_TRUE(bool(read));
  EXPECT_EQ(relativeError(std::get<Floats>((*read)["b"]), std::get<Floats>(written["b"])), 0);
  EXPECT_EQ(toString((*read)["a"]), "[7, 7]");
  EXPECT_EQ(describe((*read)["i"]), "i32[]");
  ASSERT_FALSE(llvm::sys::fs::remove(path));
  llvm::Expected<Bundle> gone = readTensors(path);
  ASSERT_FALSE(bool(gone));
  EXPECT_NE(llvm::toString(gone.takeError()).find(std::string(path)), std::string::npos);
}

TEST(SupportTest, DifferentiatesToTenDigits) {
  auto f = [](const Floats &x) { return std::sin(x(0)) * std::exp(x(1)); };
  Floats x({2}, {0.3, 0.7});
  Floats expected({2}, {std::cos(0.3) * std::exp(0.7), std::sin(0.3) * std::exp(0.7)});
  EXPECT_LT(relativeError(differentiate(f, x), expected), 1e-10);
  EXPECT_NEAR(differentiateAlong(f, x, Floats({2}, {2.0, 1.0})), 2 * expected(0) + expected(1),
              1e-10);
  EXPECT_TRUE(std::isinf(relativeError(Floats({2}), Floats({3}))));
}
} // namespace
