// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Executes every function of test/passes/Differentiate/*.mlir (one file for each operation
// that has a derivative, whose reverse code is checked there) and compares its gradients with
// central differences.

#include "dialects/Dreamer/DreamerOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Differentiate/Differentiate.h"
#include "test/unit/Support/TestSupport.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;
using namespace dreamer::test;

namespace {

constexpr const char *folder = "../../passes/Differentiate";

std::vector<std::string> files() {
  std::vector<std::string> names;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator file(folder, error), end; file != end && !error;
       file.increment(error)) {
    StringRef name = llvm::sys::path::filename(file->path());
    if (name.consume_back(".mlir") && name != "errors")
      names.push_back(name.str());
  }
  llvm::sort(names);
  return names;
}

class OperationGradientsTest : public ::testing::TestWithParam<std::string> {
protected:
  OwningOpRef<ModuleOp> load() {
    std::string path = std::string(folder) + "/" + GetParam() + ".mlir";
    return parseSourceFile<ModuleOp>(path, context.get());
  }

  void check(Recompute recompute) {
    OwningOpRef<ModuleOp> forward = load(), reverse = load();
    ASSERT_TRUE(forward && reverse);
    PassManager passes(context.get());
    DifferentiateOptions options;
    options.recompute = recompute;
    passes.addPass(createDifferentiate(options));
    ASSERT_TRUE(succeeded(passes.run(*reverse)));
    for (auto function : forward->getOps<func::FuncOp>())
      check(function, *forward, *reverse);
  }

  /// Compares `function` of the two modules.
  void check(func::FuncOp function, ModuleOp forward, ModuleOp reverse) {
    Bundle inputs, cotangents;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto type = cast<RankedTensorType>(function.getArgumentTypes()[i]);
      inputs[nameOfArgument(function, i)] = randomFloats(type.getShape(), i + 1);
    }
    unsigned output = 0;
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      if (nameOfResult(function, i) == "loss")
        output = i;
    auto type = cast<RankedTensorType>(function.getResultTypes()[output]);
    Floats seed = type.getRank() == 0 ? Floats::scalar(1) : randomFloats(type.getShape(), 77);
    cotangents[nameOfResult(function, output)] = seed;

    Bundle seeded = inputs;
    seeded["seed"] = seed;
    int gradients = 0;
    for (auto &[name, value] : run(reverse, function.getName(), seeded)) {
      StringRef argument = name;
      if (!argument.consume_front("grad."))
        continue;
      ++gradients;
      Floats expected =
          differentiateEntry(forward, function.getName(), inputs, cotangents, argument.str());
      EXPECT_LT(relativeError(std::get<Floats>(value), expected), 1e-8)
          << function.getName().str() << " " << name;
    }
    EXPECT_GT(gradients, 0) << function.getName().str();
  }

  std::unique_ptr<MLIRContext> context = makeContext();
};

TEST_P(OperationGradientsTest, MatchCentralDifferences) { check(Recompute::None); }
TEST_P(OperationGradientsTest, MatchCentralDifferencesComputedAgain) { check(Recompute::Depth); }

INSTANTIATE_TEST_SUITE_P(Files, OperationGradientsTest, ::testing::ValuesIn(files()),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

/// Every operation with a derivative has its file.
TEST(OperationGradients, CoverTheDialect) {
  std::unique_ptr<MLIRContext> context = makeContext();
  context->loadDialect<DreamerDialect>();
  llvm::StringSet<> covered;
  for (const std::string &name : files())
    covered.insert(name);
  int count = 0;
  for (RegisteredOperationName name : context->getRegisteredOperations()) {
    bool differentiable = name.hasInterface<DifferentiableOpInterface>();
    if (name.getDialectNamespace() != "dreamer" ||
        (!differentiable && name.getStringRef() != RecurOp::getOperationName()))
      continue;
    EXPECT_TRUE(covered.contains(name.stripDialect())) << name.getStringRef().str();
    ++count;
  }
  EXPECT_GT(count, 15);
}

} // namespace
