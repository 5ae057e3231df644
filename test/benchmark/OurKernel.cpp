// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/benchmark/OurKernel.h"
#include "lib/Pipelines/Compiler.h"
#include "lib/Tuner/RunnableKernel.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>

using namespace mlir;

namespace dreamer::benchmarking {

struct OurKernel::State {
  std::unique_ptr<RunnableKernel> kernel;
};

/// Ends the program: a benchmark that cannot run has nothing to report.
static void require(const runtime::Status &status) {
  if (status.ok())
    return;
  llvm::errs() << "error: " << status.message() << "\n";
  std::exit(1);
}

OurKernel::OurKernel() : state(std::make_unique<State>()) {}
OurKernel::~OurKernel() = default;

static MLIRContext &context() {
  static MLIRContext *context = [] {
    DialectRegistry registry;
    registerCompilerDialects(registry);
    auto *result = new MLIRContext(registry, MLIRContext::Threading::DISABLED);
    result->loadAllAvailableDialects();
    return result;
  }();
  return *context;
}

std::unique_ptr<OurKernel> OurKernel::compile(const std::string &program, int threads) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(program, ParserConfig(&context()));
  if (!module)
    return nullptr;
  RunnableKernel::Options options;
  options.threads = threads;
  auto compiled = RunnableKernel::compile(*module, options);
  if (!compiled) {
    llvm::errs() << "error: " << llvm::toString(compiled.takeError()) << "\n";
    return nullptr;
  }
  std::unique_ptr<OurKernel> kernel(new OurKernel);
  kernel->state->kernel = std::move(*compiled);
  return kernel;
}

void *OurKernel::fill(const std::string &argument, const float *values) {
  runtime::Result<runtime::Tensor> tensor = state->kernel->getSession().parameter(argument);
  if (tensor.failed())
    tensor = state->kernel->getCall().input(argument);
  require(tensor.status());
  auto source =
      runtime::Tensor::borrowConst(runtime::DType::F32, tensor->shape(), values,
                                   sizeof(float) * static_cast<size_t>(tensor->elements()));
  require(source.status());
  require(source->copyTo(*tensor, argument));
  return tensor->mutableData();
}

const float *OurKernel::output(const std::string &name) {
  runtime::Result<runtime::Tensor> tensor = state->kernel->getCall().output(name);
  require(tensor.status());
  return tensor->as<float>();
}

void OurKernel::run() { require(state->kernel->getCall().run()); }

} // namespace dreamer::benchmarking
