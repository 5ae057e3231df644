// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attaches all models; the checks that they share.

#include "lib/Reference/Models.h"

#include "lib/Reference/Interpreter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;

void dreamer::registerReferenceModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, DreamerDialect *) {
    attachAttentionModels(*context);
    attachExpertModels(*context);
    attachGradientModels(*context);
    attachLayerModels(*context);
    attachLossModels(*context);
    attachRecurrenceModels(*context);
    attachTrainingModels(*context);
  });
  registry.addExtension(
      +[](MLIRContext *context, arith::ArithDialect *) { attachArithModels(*context); });
}

/// The full index of element `at`.
static std::string positionOf(ArrayRef<int64_t> shape, int64_t at) {
  Shape index(shape.size());
  for (size_t i = shape.size(); i-- > 0; at /= shape[i])
    index[i] = at % shape[i];
  return toString(index);
}

LogicalResult reference::checkRange(Operation *op, StringRef what, const Ints &values, int64_t at,
                                    int64_t low, int64_t high) {
  int64_t value = values.data()[at];
  if (value >= low && value <= high)
    return success();
  return op->emitOpError() << "expected " << what << " in [" << low << ", " << high << "], found "
                           << value << " at " << positionOf(values.shape(), at);
}

LogicalResult reference::checkRange(Operation *op, StringRef what, int64_t value, int64_t low,
                                    int64_t high) {
  if (value >= low && value <= high)
    return success();
  return op->emitOpError() << "expected " << what << " in [" << low << ", " << high << "], found "
                           << value;
}
