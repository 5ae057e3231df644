// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program with kernels to tune.

#ifndef DREAMER_TEST_UNIT_TUNER_FIXTURE_H
#define DREAMER_TEST_UNIT_TUNER_FIXTURE_H

#include "lib/Pipelines/Compiler.h"
#include "lib/Tuner/Tasks.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

namespace dreamer::test {

class TunerTest : public testing::Test {
protected:
  TunerTest() : context(registry(), mlir::MLIRContext::Threading::DISABLED) {
    context.loadAllAvailableDialects();
    std::string problem;
    target = *KernelTarget::named("x86-64-v3", problem);
  }

  std::vector<tuning::Task> tasksOf(llvm::StringRef text) {
    program = mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&context));
    EXPECT_TRUE(program);
    return program ? tuning::collectTasks(*program, target, "machine")
                   : std::vector<tuning::Task>();
  }

  static mlir::DialectRegistry registry() {
    mlir::DialectRegistry registry;
    registerCompilerDialects(registry);
    return registry;
  }

  mlir::MLIRContext context;
  KernelTarget target;
  mlir::OwningOpRef<mlir::ModuleOp> program;
};

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_TUNER_FIXTURE_H
