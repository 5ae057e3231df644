// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Support/Program.h"

#include "lib/ModelDescription/Build.h"
#include "lib/ModelDescription/Parse.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace dreamer;

OwningOpRef<ModuleOp> test::buildModel(MLIRContext &context, StringRef yaml, int64_t batch,
                                       Description *parsed) {
  FailureOr<Description> description = parseDescription(yaml, "test.yaml", &context);
  OwningOpRef<ModuleOp> module;
  if (succeeded(description))
    module = dreamer::buildModel(&context, *description, {.batch = batch});
  EXPECT_TRUE(module) << yaml.str();
  if (module && parsed)
    *parsed = *description;
  return module;
}

OwningOpRef<ModuleOp> test::buildProgram(MLIRContext &context, StringRef yaml,
                                         BuildEntryPointsOptions options, Description *parsed) {
  OwningOpRef<ModuleOp> module = buildModel(context, yaml, /*batch=*/2, parsed);
  PassManager passes(&context);
  passes.addPass(createBuildEntryPoints(std::move(options)));
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  if (module && succeeded(passes.run(*module)))
    return module;
  ADD_FAILURE() << "expected entry points of\n" << yaml.str();
  return nullptr;
}
