// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the entry points are built from.

#ifndef DREAMER_PASSES_BUILDENTRYPOINTS_MODEL_H
#define DREAMER_PASSES_BUILDENTRYPOINTS_MODEL_H

#include "dialects/Dreamer/DreamerOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace dreamer {

/// A module of the model phase. Arguments and results of @forward are told by their indices.
class Model {
public:
  /// Reads the module; emits an error if it is not of the model phase, as which the types of
  /// arguments and results are checked.
  static mlir::FailureOr<Model> read(mlir::ModuleOp module);

  mlir::ModuleOp module;
  mlir::func::FuncOp forward;
  mlir::DictionaryAttr training;
  unsigned tokens = 0;                    ///< argument
  llvm::SmallVector<unsigned> parameters; ///< arguments: parameters and balance biases, in order
  llvm::SmallVector<unsigned> options;    ///< arguments with defaults
  unsigned logits = 0;                    ///< result
  llvm::SmallVector<unsigned> ids;        ///< results: chosen experts

  mlir::Block &body() { return forward.getBody().front(); }
  llvm::StringRef argumentName(unsigned i);
  llvm::StringRef resultName(unsigned i);
  bool isTrained(unsigned argument); ///< a parameter, and no balance bias
  mlir::Value result(unsigned i) { return body().getTerminator()->getOperand(i); }
  /// B and T.
  llvm::ArrayRef<int64_t> tokensShape();

  /// A number of the training dictionary; emits an error if there is none.
  mlir::FailureOr<double> trainingNumber(llvm::StringRef key);

private:
  mlir::LogicalResult readArguments();
  mlir::LogicalResult readArgument(unsigned i);
  mlir::LogicalResult readResults();
};

} // namespace dreamer

#endif // DREAMER_PASSES_BUILDENTRYPOINTS_MODEL_H
