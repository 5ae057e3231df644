// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loss of a model.

#include "passes/BuildEntryPoints/Loss.h"

using namespace mlir;
using namespace dreamer;

static Location lossLocation(OpBuilder &builder) {
  return NameLoc::get(builder.getStringAttr("loss"));
}

Value dreamer::buildCount(OpBuilder &builder, Value targets) {
  return CountTargetsOp::create(builder, lossLocation(builder), targets);
}

FailureOr<CrossEntropyOp> dreamer::buildLoss(OpBuilder &builder, Model &model, Value logits,
                                             Value targets, Value count) {
  FailureOr<double> zLoss = model.trainingNumber("z_loss");
  if (failed(zLoss))
    return failure();
  return CrossEntropyOp::create(builder, lossLocation(builder), logits, targets, count,
                                APFloat(*zLoss));
}

FailureOr<CrossEntropyOp> dreamer::copyBodyWithLoss(EntryBuilder &entry, Model &model,
                                                    Value targets) {
  entry.copyBody();
  Value logits = entry.mapping.lookup(model.result(model.logits));
  FailureOr<CrossEntropyOp> loss =
      buildLoss(entry.builder, model, logits, targets, buildCount(entry.builder, targets));
  if (succeeded(loss))
    entry.addResult("loss", loss->getLoss());
  return loss;
}

LogicalResult dreamer::buildScore(Model &model) {
  EntryBuilder entry(model, "score");
  entry.copyArgument(model.tokens);
  Value targets = entry.addArgument("targets", model.forward.getArgumentTypes()[model.tokens]);
  entry.copyArguments(model.parameters);
  entry.copyArguments(model.options);
  FailureOr<CrossEntropyOp> loss = copyBodyWithLoss(entry, model, targets);
  if (failed(loss))
    return failure();
  entry.copyResults({model.logits});
  entry.addResult("token_loss", loss->getTokenLoss());
  entry.copyResults(model.ids);
  return success();
}
