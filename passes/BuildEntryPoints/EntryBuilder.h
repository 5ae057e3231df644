// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A builder of functions with named arguments and results.

#ifndef DREAMER_PASSES_BUILDENTRYPOINTS_ENTRYBUILDER_H
#define DREAMER_PASSES_BUILDENTRYPOINTS_ENTRYBUILDER_H

#include "mlir/IR/IRMapping.h"
#include "passes/BuildEntryPoints/Model.h"

namespace dreamer {

/// Builds one entry point. Arguments and results get their names as they are added.
class EntryBuilder {
public:
  EntryBuilder(Model &model, llvm::StringRef name);

  mlir::Value addArgument(llvm::StringRef name, mlir::Type type,
                          llvm::StringRef role = role::input);
  mlir::Value addScalar(llvm::StringRef name, mlir::Type type) {
    return addArgument(name, mlir::RankedTensorType::get({}, type));
  }
  /// An argument of @forward, possibly with another type, and its place in `mapping`.
  mlir::Value copyArgument(unsigned i, mlir::Type type = {});
  void copyArguments(llvm::ArrayRef<unsigned> arguments);

  /// Clones @forward's operations; its arguments have to be mapped.
  void copyBody();

  void addResult(llvm::StringRef name, mlir::Value value);
  void addUpdate(llvm::StringRef argument, mlir::Value value);
  /// The values of results `first`, ... of @forward, named as they are there.
  void copyResults(llvm::ArrayRef<unsigned> results);

  unsigned resultCount() { return terminator->getNumOperands(); }
  /// A result's value now: it stays valid when loops are rebuilt.
  mlir::Value result(unsigned i) { return terminator->getOperand(i); }
  /// Puts the results from `first` on behind all others.
  void moveResultsToEnd(unsigned first, unsigned count);

  mlir::OpBuilder builder; ///< stands before the function's return
  mlir::IRMapping mapping; ///< from values of @forward

private:
  void insertResult(llvm::StringRef attribute, llvm::StringRef text, mlir::Value value);

  Model &model;
  mlir::func::FuncOp func;
  mlir::Operation *terminator;
};

} // namespace dreamer

#endif // DREAMER_PASSES_BUILDENTRYPOINTS_ENTRYBUILDER_H
