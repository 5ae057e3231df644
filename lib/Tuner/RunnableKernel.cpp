// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Tuner/RunnableKernel.h"
#include "lib/Pipelines/Compiler.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"

using namespace mlir;

namespace dreamer {

static constexpr char entryName[] = "kernel";

llvm::Error toError(const runtime::Status &status) {
  return status.ok() ? llvm::Error::success() : llvm::createStringError(status.message());
}

llvm::Expected<std::unique_ptr<RunnableKernel>> RunnableKernel::compile(ModuleOp program,
                                                                        const Options &options) {
  SmallString<128> path;
  if (std::error_code problem = llvm::sys::fs::createTemporaryFile("kernel", "dreamer", path))
    return llvm::createStringError("cannot write a temporary file: " + problem.message());
  // What is loaded stays when its file is gone.
  llvm::FileRemover remover(path);
  CompilerOptions toKernels, toPackage;
  toKernels.from = Phase::Program;
  toKernels.to = toPackage.from = Phase::Kernels;
  toKernels.targets = toPackage.targets = {"cpu:" + options.target};
  if (failed(dreamer::compile(program, toKernels, "")))
    return llvm::createStringError("the kernel cannot be built");
  if (options.edit)
    options.edit(program);
  if (failed(dreamer::compile(program, toPackage, path)))
    return llvm::createStringError("the kernel does not compile");

  std::unique_ptr<RunnableKernel> kernel(new RunnableKernel);
  auto package = runtime::Package::open(path.str().str());
  if (package.failed())
    return toError(package.status());
  runtime::SessionOptions session;
  session.deviceOptions.threads = options.threads;
  auto created = runtime::Session::create(*package, session);
  if (created.failed())
    return toError(created.status());
  kernel->session = *created;
  auto call = runtime::Call::create(kernel->session, entryName);
  if (call.failed())
    return toError(call.status());
  kernel->call = std::move(*call);
  return kernel;
}

const std::vector<runtime::LaunchSpec> &RunnableKernel::launches() const {
  return session->manifest().launchesOf(session->program().variant(), entryName);
}

} // namespace dreamer
