// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Differentiation of a block, and the pass that gives functions their gradients.

#include "passes/Differentiate/Differentiate.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "passes/Differentiate/ReverseScope.h"
#include "passes/Support/Recur.h"

namespace dreamer {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/Differentiate/Differentiate.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;

FailureOr<SmallVector<Value>> dreamer::differentiate(Value result, Value cotangent, ValueRange wrt,
                                                     Recompute recompute, ValueRange initial) {
  // Adjoints report what they cannot do as errors; see whether there was one.
  bool failed = false;
  ScopedDiagnosticHandler errors(result.getContext(), [&](Diagnostic &diagnostic) {
    failed |= diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return failure(); // the next handler reports it
  });

  Block &block = *result.getParentBlock();
  OpBuilder builder(block.getTerminator());
  Activity activity(block, wrt);
  ReverseScope scope(block, builder, activity, recompute);
  for (auto [value, sum] : llvm::zip(wrt, initial))
    scope.accumulate(value, sum);
  scope.accumulate(result, cotangent);
  if (mlir::failed(scope.reverse()) || failed)
    return failure();

  SmallVector<Value> gradients;
  for (Value value : wrt) {
    Value gradient = scope.cotangent(value);
    gradients.push_back(gradient ? gradient
                                 : ZeroOp::create(builder, value.getLoc(), value.getType()));
  }
  return gradients;
}

namespace {

struct DifferentiatePass : dreamer::impl::DifferentiateBase<DifferentiatePass> {
  using DifferentiateBase::DifferentiateBase;

  void runOnOperation() override {
    bool found = false;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal() || (!function.empty() && func.getName() != function))
        continue;
      found = true;
      if (failed(addGradients(func)))
        return signalPassFailure();
    }
    if (!found && !function.empty()) {
      getOperation().emitError() << "expected a function @" << function.getValue()
                                 << " to differentiate, found none";
      signalPassFailure();
    }
  }

private:
  LogicalResult addGradients(func::FuncOp func);
  SmallVector<unsigned> parametersOf(func::FuncOp func);
};

/// The arguments to differentiate by.
SmallVector<unsigned> DifferentiatePass::parametersOf(func::FuncOp func) {
  SmallVector<unsigned> parameters, floats;
  for (unsigned i = 0; i < func.getNumArguments(); ++i) {
    auto role = func.getArgAttrOfType<StringAttr>(i, attribute::role);
    if (role && role == role::parameter)
      parameters.push_back(i);
    auto type = dyn_cast<RankedTensorType>(func.getArgumentTypes()[i]);
    if (type && type.getElementType().isF32())
      floats.push_back(i);
  }
  return parameters.empty() ? floats : parameters;
}

LogicalResult DifferentiatePass::addGradients(func::FuncOp func) {
  Block &block = func.getBody().front();
  Operation *terminator = block.getTerminator();
  unsigned output = 0;
  for (unsigned i = 0; i < func.getNumResults(); ++i) {
    auto name = func.getResultAttrOfType<StringAttr>(i, attribute::name);
    if (name && name == "loss")
      output = i;
  }
  auto type = func.getNumResults() == 0 ? RankedTensorType()
                                        : dyn_cast<RankedTensorType>(func.getResultTypes()[output]);
  if (!llvm::hasSingleElement(func.getBody()) || !type || !type.getElementType().isF32())
    return func.emitOpError("expected one block that returns an f32 tensor to differentiate, "
                            "found ")
           << func.getFunctionType();

  SmallVector<unsigned> parameters = parametersOf(func);
  OpBuilder builder(terminator);
  Value seed;
  if (type.getRank() == 0) {
    seed = arith::ConstantOp::create(builder, func.getLoc(),
                                     DenseElementsAttr::get(type, builder.getF32FloatAttr(1)));
  } else {
    auto name = builder.getNamedAttr(attribute::name, builder.getStringAttr("seed"));
    if (failed(func.insertArgument(func.getNumArguments(), type, builder.getDictionaryAttr(name),
                                   func.getLoc())))
      return failure();
    seed = block.getArguments().back();
  }
  SmallVector<Value> wrt;
  for (unsigned i : parameters)
    wrt.push_back(block.getArgument(i));
  FailureOr<SmallVector<Value>> gradients =
      differentiate(terminator->getOperand(output), seed, wrt, recompute);
  if (failed(gradients))
    return failure();

  for (auto [i, gradient] : llvm::zip_equal(parameters, *gradients)) {
    auto name = func.getArgAttrOfType<StringAttr>(i, attribute::name);
    std::string text = "grad." + (name ? name.str() : "arg" + std::to_string(i));
    auto attr = builder.getNamedAttr(attribute::name, builder.getStringAttr(text));
    terminator->insertOperands(terminator->getNumOperands(), gradient);
    if (failed(func.insertResult(func.getNumResults(), gradient.getType(),
                                 builder.getDictionaryAttr(attr))))
      return failure();
  }
  eraseDeadOps(block);
  return success();
}

} // namespace
