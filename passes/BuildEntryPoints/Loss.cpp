// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loss of a model, its gradients, and the entry points that are no more than these.

#include "passes/BuildEntryPoints/Loss.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/BuildEntryPoints/Entries.h"

using namespace mlir;
using namespace dreamer;

FailureOr<CrossEntropyOp> dreamer::buildLoss(EntryBuilder &entry, Model &model, Value targets) {
  FailureOr<double> zLoss = model.trainingNumber("z_loss");
  if (failed(zLoss))
    return failure();
  entry.copyBody();
  Value logits = entry.mapping.lookup(model.result(model.logits));
  Location loc = NameLoc::get(entry.builder.getStringAttr("loss"));
  Value count = CountTargetsOp::create(entry.builder, loc, targets);
  return CrossEntropyOp::create(entry.builder, loc, logits, targets, count, APFloat(*zLoss));
}

FailureOr<SmallVector<Value>> dreamer::buildGradientsOf(Value loss, EntryBuilder &entry,
                                                        Model &model, Recompute recompute) {
  auto type = cast<RankedTensorType>(loss.getType());
  Value one = arith::ConstantOp::create(
      entry.builder, loss.getLoc(), DenseElementsAttr::get(type, entry.builder.getF32FloatAttr(1)));
  SmallVector<Value> trained;
  for (unsigned i : model.parameters)
    if (model.isTrained(i))
      trained.push_back(entry.mapping.lookup(model.forward.getArgument(i)));
  return differentiate(loss, one, trained, recompute);
}

LogicalResult dreamer::buildScore(Model &model) {
  EntryBuilder entry(model, "score");
  entry.copyArgument(model.tokens);
  Value targets = entry.addArgument("targets", model.forward.getArgumentTypes()[model.tokens]);
  entry.copyArguments(model.parameters);
  entry.copyArguments(model.options);
  FailureOr<CrossEntropyOp> loss = buildLoss(entry, model, targets);
  if (failed(loss))
    return failure();
  entry.addResult("loss", loss->getLoss());
  entry.copyResults({model.logits});
  entry.addResult("token_loss", loss->getTokenLoss());
  entry.copyResults(model.ids);
  return success();
}

LogicalResult dreamer::buildGradients(Model &model, Recompute recompute) {
  EntryBuilder entry(model, "gradients");
  entry.copyArgument(model.tokens);
  Value targets = entry.addArgument("targets", model.forward.getArgumentTypes()[model.tokens]);
  entry.copyArguments(model.parameters);
  entry.copyArguments(model.options);
  FailureOr<CrossEntropyOp> loss = buildLoss(entry, model, targets);
  if (failed(loss))
    return failure();
  entry.addResult("loss", loss->getLoss());
  entry.copyResults(model.ids);

  auto gradients = buildGradientsOf(loss->getLoss(), entry, model, recompute);
  if (failed(gradients))
    return failure();
  const Value *gradient = gradients->begin();
  for (unsigned i : model.parameters)
    if (model.isTrained(i))
      entry.addResult(("grad." + model.argumentName(i)).str(), *gradient++);
  entry.moveResultsToEnd(1, model.ids.size());
  return success();
}
