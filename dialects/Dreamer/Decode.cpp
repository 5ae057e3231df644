// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the operations that mix or know positions are rebuilt to decode one token a
// sequence at a time.

#include "dialects/Dreamer/DreamerOps.h"

using namespace mlir;
using namespace dreamer;

SmallVector<Value> PositionsOp::buildDecode(OpBuilder &, ValueRange, DecodeContext &context) {
  return {context.position()};
}

SmallVector<Value> SequenceAttentionOp::buildDecode(OpBuilder &builder, ValueRange operands,
                                                    DecodeContext &context) {
  Value keys = context.append(getK(), operands[1]);
  Value values = context.append(getV(), operands[2]);
  Value result =
      DecodeAttentionOp::create(builder, getLoc(), operands[0], keys, values, context.position(),
                                context.slot(), getHeadsAttr(), getKvHeadsAttr());
  return {result, Value()}; // lse serves the derivative only
}

SmallVector<std::pair<Value, StringRef>> SequenceAttentionOp::getCachedOperands() {
  return {{getK(), "k"}, {getV(), "v"}};
}
