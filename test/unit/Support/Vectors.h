// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The results of an independent implementation (test/vectors) as values, and the model they are
// of as entry points for the interpreter.

#ifndef DREAMER_TEST_UNIT_SUPPORT_VECTORS_H
#define DREAMER_TEST_UNIT_SUPPORT_VECTORS_H

#include "lib/ModelDescription/Description.h"
#include "lib/Reference/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <string>

namespace dreamer::test {

struct Vectors {
  /// Reads test/vectors/`name`.*; fails the test if it cannot.
  static Vectors read(const std::string &name);

  /// Tokens and targets: "" is the batch that is scored, ".1" to ".3" those of the training steps.
  reference::Bundle batch(const std::string &which = "") const;
  /// The experts that the model chose for the batch that is scored.
  reference::Bundle expertIds() const;
  const reference::Floats &expectedFloats(const std::string &name) const;

  std::string name;
  std::string yaml; ///< the description
  reference::Bundle parameters, inputs, expected;
};

/// A model of the vectors in the interpreter.
class InterpretedVectors {
public:
  /// Fails the test if the description is not accepted.
  InterpretedVectors(mlir::MLIRContext &context, const Vectors &vectors);

  const Description &description() const { return theDescription; }
  mlir::ModuleOp module() { return *theModule; }
  mlir::func::FuncOp function(llvm::StringRef name);

  /// `parameters`, and zeros for the other arguments of @`entry` whose name has `part` in it.
  reference::Bundle withZeros(llvm::StringRef entry, llvm::StringRef part,
                              const reference::Bundle &parameters);
  /// One step of @train_step, of which the results are returned and `state` takes the updates.
  reference::Bundle trainStep(const reference::Bundle &batch, int32_t step, double rate,
                              reference::Bundle &state);

private:
  Description theDescription;
  mlir::OwningOpRef<mlir::ModuleOp> theModule;
};

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_SUPPORT_VECTORS_H
