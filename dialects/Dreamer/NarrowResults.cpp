// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which results may be written as bf16, and which are.

#include "dialects/Dreamer/DreamerDialect.h"
#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;
using namespace dreamer;

using Results = SmallVector<OpResult>;

Results SwiGLUGradOp::getNarrowableResults() { return Results(getOperation()->getOpResults()); }

Results SequenceAttentionGradOp::getNarrowableResults() {
  return Results(getOperation()->getOpResults());
}

/// Not the cotangent of the gates, a sum over features.
Results MixExpertsGradOp::getNarrowableResults() {
  return {cast<OpResult>(getDA()), cast<OpResult>(getDB()), cast<OpResult>(getGated())};
}

static Type toBF16(Type type) {
  return cast<RankedTensorType>(type).clone(BFloat16Type::get(type.getContext()));
}

LogicalResult dreamer::detail::inferNarrowResults(std::optional<Location> location,
                                                  StringRef operation, DictionaryAttr attributes,
                                                  SmallVectorImpl<Type> &types) {
  Attribute given = attributes ? attributes.get(attribute::narrow) : Attribute();
  if (!given)
    return success();
  auto numbers = dyn_cast<DenseI64ArrayAttr>(given);
  if (!numbers)
    return emitOptionalError(location, "'", operation, "' expected 'array<i64: ...>' as '",
                             attribute::narrow, "', found ", given);
  for (int64_t number : numbers.asArrayRef()) {
    bool isResult = number >= 0 && number < static_cast<int64_t>(types.size());
    auto type = isResult ? dyn_cast<RankedTensorType>(types[number]) : RankedTensorType();
    if (!type || !type.getElementType().isF32())
      return emitOptionalError(location, "'", operation, "' expected different results of f32 in '",
                               attribute::narrow, "', found ", number);
    types[number] = toBF16(type);
  }
  return success();
}

void dreamer::detail::narrowResult(OpResult result) {
  Operation *op = result.getOwner();
  SmallVector<int64_t> numbers;
  if (auto known = op->getAttrOfType<DenseI64ArrayAttr>(attribute::narrow))
    llvm::append_range(numbers, known.asArrayRef());
  numbers.push_back(result.getResultNumber());
  llvm::sort(numbers);
  op->setAttr(attribute::narrow, DenseI64ArrayAttr::get(op->getContext(), numbers));
  result.setType(toBF16(result.getType()));
}
