// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The accountant's FLOPs against those that the interpreter counts while it runs.

#include "Models.h"
#include "dialects/Dreamer/DreamerDialect.h"
#include "lib/Cost/Report.h"
#include "test/unit/Support/Program.h"
#include "test/unit/Support/TestSupport.h"
#include <gtest/gtest.h>

using namespace dreamer;
using namespace dreamer::test;

namespace {

/// Valid inputs of a function: small numbers, token 1, the last position.
reference::Bundle inputsOf(mlir::func::FuncOp function, int32_t position) {
  reference::Bundle inputs;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto type = mlir::cast<mlir::RankedTensorType>(function.getArgumentTypes()[i]);
    std::string name = reference::nameOfArgument(function, i);
    if (function.getArgAttr(i, attribute::defaultValue))
      continue;
    int32_t fill = name == "position" ? position : name == "lengths" ? position + 1 : 1;
    if (type.getElementType().isInteger())
      inputs[name] = reference::Ints(type.getShape(), fill);
    else
      inputs[name] = randomFloats(type.getShape(), i, 0.5);
  }
  return inputs;
}

TEST(Counted, EveryFunctionAsTheInterpreterCounts) {
  for (llvm::StringRef text : {recurrent, mixed}) {
    std::unique_ptr<mlir::MLIRContext> context = makeContext();
    auto module = buildProgram(*context, text);
    ASSERT_TRUE(module);
    auto report = accountModel(*module);
    ASSERT_TRUE(mlir::succeeded(report));
    EXPECT_EQ(report->functions.size(), 5u);
    for (const FunctionCost &counted : report->functions) {
      auto function = module->lookupSymbol<mlir::func::FuncOp>(counted.name);
      int32_t last = static_cast<int32_t>(report->context) - 1;
      reference::Interpreter interpreter(*module);
      ASSERT_TRUE(mlir::succeeded(interpreter.run(counted.name, inputsOf(function, last))));
      EXPECT_EQ(counted.total.cost.flops, interpreter.getFlops()) << counted.name;
      EXPECT_EQ(counted.unresolved, 0) << counted.name;
    }
  }
}

} // namespace
