// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the models of operations are attached, and arithmetic that several share.

#ifndef DREAMER_LIB_REFERENCE_MODELS_H
#define DREAMER_LIB_REFERENCE_MODELS_H

#include "dialects/Dreamer/DreamerOps.h"
#include "lib/Reference/Frame.h"
#include "mlir/IR/MLIRContext.h"
#include <algorithm>
#include <cmath>

namespace dreamer::reference {

/// Makes `function`, a LogicalResult(SomeOp, Frame &), the model of SomeOp.
template <auto function>
struct ModelOf;
template <typename Op, llvm::LogicalResult (*function)(Op, Frame &)>
struct ModelOf<function> {
  struct Model : ReferenceOpInterface::ExternalModel<Model, Op> {
    llvm::LogicalResult interpret(mlir::Operation *op, Frame &frame) const {
      return function(llvm::cast<Op>(op), frame);
    }
  };
  static void attach(mlir::MLIRContext &context) { Op::template attachInterface<Model>(context); }
};

template <auto... functions>
void attach(mlir::MLIRContext &context) {
  (ModelOf<functions>::attach(context), ...);
}

/// One function a file of models.
void attachArithModels(mlir::MLIRContext &context);
void attachAttentionModels(mlir::MLIRContext &context);
void attachExpertModels(mlir::MLIRContext &context);
void attachGradientModels(mlir::MLIRContext &context);
void attachLayerModels(mlir::MLIRContext &context);
void attachLossModels(mlir::MLIRContext &context);
void attachRecurrenceModels(mlir::MLIRContext &context);
void attachTrainingModels(mlir::MLIRContext &context);

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
inline double silu(double x) { return x * sigmoid(x); }
/// The derivative of silu.
inline double siluSlope(double x) { return sigmoid(x) * (1 + x * (1 - sigmoid(x))); }

/// Sum of products over two runs of one length.
inline double dot(llvm::ArrayRef<double> a, llvm::ArrayRef<double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}

/// log sum_j exp(logits_j)
inline double logSumExp(llvm::ArrayRef<double> logits) {
  double largest = -INFINITY, sum = 0;
  for (double logit : logits)
    largest = std::max(largest, logit);
  for (double logit : logits)
    sum += std::exp(logit - largest);
  return largest + std::log(sum);
}

/// What summed result number `i` of `op` starts from: its sum where there is one, else zeros.
template <typename Op>
Floats startOfSum(Op op, const Frame &frame, unsigned i, mlir::Value result) {
  return op.getSums().empty() ? Floats(shapeOf(result)) : frame.floats(op.getSums()[i]);
}

/// y += factor * x.
inline void addScaled(llvm::MutableArrayRef<double> y, double factor, llvm::ArrayRef<double> x) {
  for (size_t i = 0; i < y.size(); ++i)
    y[i] += factor * x[i];
}

/// Fails with "expected <what> in [low, high], found <value> at [..]" unless `values`, an
/// operand of `op`, has element `at` in that range.
llvm::LogicalResult checkRange(mlir::Operation *op, llvm::StringRef what, const Ints &values,
                               int64_t at, int64_t low, int64_t high);

/// The same for an index or a scalar.
llvm::LogicalResult checkRange(mlir::Operation *op, llvm::StringRef what, int64_t value,
                               int64_t low, int64_t high);

} // namespace dreamer::reference

#endif // DREAMER_LIB_REFERENCE_MODELS_H
