// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What unit tests of compiler code share. Programs are text or modules; values are those
// of the reference interpreter; derivatives are checked with central differences in f64.

#ifndef DREAMER_TEST_UNIT_SUPPORT_TESTSUPPORT_H
#define DREAMER_TEST_UNIT_SUPPORT_TESTSUPPORT_H

#include "lib/Reference/Interpreter.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <memory>
#include <string>

namespace dreamer::test {

/// A context with the Dreamer, func and arith dialects and the reference models.
std::unique_ptr<mlir::MLIRContext> makeContext();

/// Parses and verifies; null, after errors on stderr, on failure.
mlir::OwningOpRef<mlir::ModuleOp> parse(mlir::MLIRContext &context, llvm::StringRef text);

/// Collects the errors that the context reports while it lives.
class Errors {
public:
  explicit Errors(mlir::MLIRContext &context);
  const std::string &text() const { return messages; }

private:
  std::string messages;
  mlir::ScopedDiagnosticHandler handler;
};

/// Uniform in [-scale, scale], the same on every machine for one seed.
reference::Floats randomFloats(llvm::ArrayRef<int64_t> shape, uint32_t seed, double scale = 1);
/// Uniform in [0, bound).
reference::Ints randomInts(llvm::ArrayRef<int64_t> shape, uint32_t seed, int32_t bound);
/// Rows of `width` distinct ids in [0, bound): shape [lead, width].
reference::Ints randomIds(llvm::ArrayRef<int64_t> shape, uint32_t seed, int32_t bound);

/// Euclidean norm.
double norm(const reference::Floats &x);
/// Euclidean norm of all gradients, the floats whose names begin with "grad.".
double normOfGradients(const reference::Bundle &results);
/// ||out - ref|| / ||ref||, or ||out|| if ref is 0; infinite if the shapes differ or out has a NaN.
double relativeError(const reference::Floats &out, const reference::Floats &ref);

/// A scalar function of one tensor.
using ScalarFunction = llvm::function_ref<double(const reference::Floats &)>;

/// df/dx at `x`, element by element: central differences of fourth order,
/// (8 (f(x + h) - f(x - h)) - (f(x + 2h) - f(x - 2h))) / 12h.
reference::Floats differentiate(ScalarFunction f, const reference::Floats &x, double h = 1e-3);
/// The derivative of f at `x` along `direction`, by the same formula: one check of all elements.
double differentiateAlong(ScalarFunction f, const reference::Floats &x,
                          const reference::Floats &direction, double h = 1e-3);

/// The scalar whose derivative an adjoint computes: sum over `cotangents` of
/// cotangent . result of the same name.
double contract(const reference::Bundle &results, const reference::Bundle &cotangents);

/// Runs @`entry`; fails the test, and returns nothing, if it fails.
reference::Bundle run(mlir::ModuleOp module, llvm::StringRef entry,
                      const reference::Bundle &inputs);

/// d contract(@`entry`(inputs), cotangents) / d `argument` by central differences.
reference::Floats differentiateEntry(mlir::ModuleOp module, llvm::StringRef entry,
                                     const reference::Bundle &inputs,
                                     const reference::Bundle &cotangents,
                                     const std::string &argument, double h = 1e-3);

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_SUPPORT_TESTSUPPORT_H
