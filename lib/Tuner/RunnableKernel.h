// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations on the path that ships: program phase, kernels, object code, package, runtime.

#ifndef DREAMER_LIB_TUNER_RUNNABLEKERNEL_H
#define DREAMER_LIB_TUNER_RUNNABLEKERNEL_H

#include "mlir/IR/BuiltinOps.h"
#include "runtime/core/Call.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <memory>
#include <string>

namespace dreamer {

/// One function of the program phase, compiled for this machine and loaded.
class RunnableKernel {
public:
  struct Options {
    std::string target = "native"; ///< the variant
    int threads = 0;               ///< 0: as many as the device finds right
    /// Changes the module of the kernels phase before it is compiled.
    std::function<void(mlir::ModuleOp)> edit = nullptr;
  };

  /// `program` has one function, `kernel`; it is lowered, and so changed.
  static llvm::Expected<std::unique_ptr<RunnableKernel>> compile(mlir::ModuleOp program,
                                                                 const Options &options);

  runtime::Session &getSession() { return *session; }
  runtime::Call &getCall() { return *call; }
  /// What a run launches.
  const std::vector<runtime::LaunchSpec> &launches() const;

private:
  RunnableKernel() = default;

  std::shared_ptr<runtime::Session> session;
  std::unique_ptr<runtime::Call> call;
};

/// A status of the runtime as an error; success if it is one.
llvm::Error toError(const runtime::Status &status);

} // namespace dreamer

#endif // DREAMER_LIB_TUNER_RUNNABLEKERNEL_H
