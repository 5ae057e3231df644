// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/benchmark/OurKernel.h"
#include "dialects/Schedule/ScheduleDialect.h"
#include "lib/Pipelines/Compiler.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "runtime/core/Call.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>

using namespace mlir;

namespace dreamer::benchmarking {

struct OurKernel::State {
  std::string path; ///< of the package
  std::shared_ptr<runtime::Session> session;
  std::unique_ptr<runtime::Call> call;

  ~State() {
    call.reset();
    session.reset();
    if (!path.empty())
      (void)llvm::sys::fs::remove(path);
  }
};

/// Ends the program: a benchmark that cannot run has nothing to report.
static void require(const runtime::Status &status) {
  if (status.ok())
    return;
  llvm::errs() << "error: " << status.message() << "\n";
  std::exit(1);
}

/// Leaves out the kernels that only bring the right-hand matrix into another layout, known by the
/// names that kernels have.
static void leaveOutPacking(ModuleOp kernels) {
  kernels.walk([](schedule::LaunchOp launch) {
    StringRef name = launch.getKernel();
    if (name.contains("pack") && !name.contains("pack_left"))
      launch.erase();
  });
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

std::unique_ptr<OurKernel> OurKernel::compile(const std::string &program, int threads,
                                              bool packing) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(program, ParserConfig(&context()));
  std::unique_ptr<OurKernel> kernel(new OurKernel);
  State &state = *kernel->state;
  llvm::SmallString<128> file;
  if (!module || llvm::sys::fs::createTemporaryFile("benchmark", "dreamer", file))
    return nullptr;
  state.path = file.str();
  CompilerOptions toKernels, toPackage;
  toKernels.from = Phase::Program;
  toKernels.to = toPackage.from = Phase::Kernels;
  toKernels.targets = toPackage.targets = {"cpu:native"};
  if (failed(dreamer::compile(*module, toKernels, "")))
    return nullptr;
  if (!packing)
    leaveOutPacking(*module);
  if (failed(dreamer::compile(*module, toPackage, state.path)))
    return nullptr;

  auto package = runtime::Package::open(state.path);
  require(package.status());
  runtime::SessionOptions options;
  options.deviceOptions.threads = threads;
  auto session = runtime::Session::create(*package, options);
  require(session.status());
  state.session = *session;
  auto call = runtime::Call::create(state.session, "kernel");
  require(call.status());
  state.call = std::move(*call);
  return kernel;
}

void *OurKernel::fill(const std::string &argument, const float *values) {
  runtime::Result<runtime::Tensor> tensor = state->session->parameter(argument);
  if (tensor.failed())
    tensor = state->call->input(argument);
  require(tensor.status());
  auto source =
      runtime::Tensor::borrowConst(runtime::DType::F32, tensor->shape(), values,
                                   sizeof(float) * static_cast<size_t>(tensor->elements()));
  require(source.status());
  require(source->copyTo(*tensor, argument));
  return tensor->mutableData();
}

const float *OurKernel::output(const std::string &name) {
  runtime::Result<runtime::Tensor> tensor = state->call->output(name);
  require(tensor.status());
  return tensor->as<float>();
}

void OurKernel::run() { require(state->call->run()); }

} // namespace dreamer::benchmarking
