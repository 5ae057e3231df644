// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reference interpreter: runs functions of the Dreamer dialect in f64 with obvious
// loops. Its models of the operations are the dialect's specification.

#ifndef DREAMER_LIB_REFERENCE_INTERPRETER_H
#define DREAMER_LIB_REFERENCE_INTERPRETER_H

#include "lib/Reference/Frame.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"

namespace dreamer::reference {

/// Runs functions of one module. Errors are diagnostics of the module's context: what was
/// expected, what was found, at the operation or function concerned.
class Interpreter {
public:
  explicit Interpreter(mlir::ModuleOp module, Options options = {})
      : module(module), options(options) {}

  /// Runs the function @`entry` on the inputs named as its arguments are (`dreamer.name`,
  /// else "arg0", ...) and returns its results by name (`dreamer.name`, else the argument it
  /// updates, else "result0", ...). An argument with `dreamer.default` may be left out.
  /// Inputs that the function has no argument for are ignored.
  llvm::FailureOr<Bundle> run(llvm::StringRef entry, const Bundle &inputs);

  /// Runs `function` on its arguments in order.
  llvm::FailureOr<llvm::SmallVector<Tensor>> call(mlir::func::FuncOp function,
                                                  llvm::SmallVector<Tensor> arguments);

  /// Floating-point operations of contractions since construction.
  int64_t getFlops() const { return flops; }

private:
  mlir::ModuleOp module;
  Options options;
  int64_t flops = 0;
};

/// The name of an argument or result, as `Interpreter::run` knows it.
std::string nameOfArgument(mlir::func::FuncOp function, unsigned index);
std::string nameOfResult(mlir::func::FuncOp function, unsigned index);

/// Writes into `state` every result of `entry` that updates one of its arguments, under the
/// argument's name: the inputs of the next step.
void applyUpdates(mlir::func::FuncOp entry, const Bundle &results, Bundle &state);

} // namespace dreamer::reference

namespace dreamer {
/// Attaches the models of all Dreamer operations and of the index arithmetic beside them.
void registerReferenceModels(mlir::DialectRegistry &registry);
} // namespace dreamer

#endif // DREAMER_LIB_REFERENCE_INTERPRETER_H
