// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The gradients of a model's loss, of the whole batch at once or of its parts in turn.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/BuildEntryPoints/Loss.h"
#include "passes/BuildEntryPoints/Retype.h"
#include "passes/Support/Recur.h"

using namespace mlir;
using namespace dreamer;

static Value buildOne(OpBuilder &builder, Value loss) {
  auto type = cast<RankedTensorType>(loss.getType());
  return arith::ConstantOp::create(builder, loss.getLoc(),
                                   DenseElementsAttr::get(type, builder.getF32FloatAttr(1)));
}

static SmallVector<Value> trainedParameters(EntryBuilder &entry, Model &model) {
  SmallVector<Value> trained;
  for (unsigned i : model.parameters)
    if (model.isTrained(i))
      trained.push_back(entry.mapping.lookup(model.forward.getArgument(i)));
  return trained;
}

static FailureOr<SmallVector<Value>> buildForBatch(EntryBuilder &entry, Model &model, Value targets,
                                                   Recompute recompute) {
  FailureOr<CrossEntropyOp> loss = copyBodyWithLoss(entry, model, targets);
  if (failed(loss))
    return failure();
  entry.copyResults(model.ids);
  return differentiate(loss->getLoss(), buildOne(entry.builder, loss->getLoss()),
                       trainedParameters(entry, model), recompute);
}

namespace {

/// A loop over parts of the batch: it carries the loss and the gradients, and stacks the ids.
class MicroBatches {
public:
  MicroBatches(EntryBuilder &entry, Model &model, Value targets, const GradientOptions &options)
      : entry(entry), model(model), builder(entry.builder), targets(targets), options(options),
        loc(NameLoc::get(builder.getStringAttr("micro_batches"))) {}

  FailureOr<SmallVector<Value>> build();

private:
  FailureOr<Value> split(Value value, int64_t axis);
  LogicalResult splitInputs();
  LogicalResult fillBody(Block &body);

  EntryBuilder &entry;
  Model &model;
  OpBuilder &builder;
  Value targets;
  GradientOptions options;
  Location loc;
  SmallVector<Value> trained, inits, slices;
  SmallVector<Value> sliced; ///< values of @forward that `slices` are, null for targets
};

FailureOr<Value> MicroBatches::split(Value value, int64_t axis) {
  int64_t parts = options.microBatches;
  int64_t size = cast<RankedTensorType>(value.getType()).getDimSize(axis);
  if (parts < 1 || size % parts != 0)
    return model.forward.emitError() << "expected a number of micro-batches that divides the batch "
                                     << size << ", found " << parts;
  return SplitOp::create(builder, loc, value, axis, parts).getResult();
}

/// Tokens and targets [B, T] and options [S, B, T, ...] are split; scalars are for all parts.
LogicalResult MicroBatches::splitInputs() {
  auto add = [&](Value value, Value forward, int64_t axis) -> LogicalResult {
    FailureOr<Value> parts = split(value, axis);
    if (failed(parts))
      return failure();
    slices.push_back(*parts);
    sliced.push_back(forward);
    return success();
  };
  Value tokens = model.forward.getArgument(model.tokens);
  if (failed(add(targets, {}, 0)) || failed(add(entry.mapping.lookup(tokens), tokens, 0)))
    return failure();
  for (unsigned i : model.options) {
    Value option = model.forward.getArgument(i);
    auto type = cast<RankedTensorType>(option.getType());
    if (type.getRank() == 0)
      continue;
    if (type.getRank() < 2 || type.getDimSize(1) != model.tokensShape()[0])
      return model.forward.emitError()
             << "expected the option '" << model.argumentName(i) << "' to be a scalar or [S, "
             << model.tokensShape()[0] << ", ...] as the tokens are, found " << type;
    if (failed(add(entry.mapping.lookup(option), option, 1)))
      return failure();
  }
  return success();
}

/// The forward pass of one part, its loss and its gradients, which add to those before.
LogicalResult MicroBatches::fillBody(Block &body) {
  Value count = buildCount(builder, targets);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&body);
  auto addArgument = [&](Type type) { return body.addArgument(type, loc); };
  addArgument(builder.getIndexType());
  SmallVector<Value> sums =
      llvm::map_to_vector(inits, [&](Value init) -> Value { return addArgument(init.getType()); });
  IRMapping mapping = entry.mapping;
  Value partTargets;
  for (auto [slice, forward] : llvm::zip_equal(slices, sliced)) {
    Value part = addArgument(entryType(slice.getType()));
    if (forward)
      mapping.map(forward, part);
    else
      partTargets = part;
  }
  if (failed(Retype(builder, mapping).cloneBody(model.body())))
    return failure();
  FailureOr<CrossEntropyOp> loss =
      buildLoss(builder, model, mapping.lookup(model.result(model.logits)), partTargets, count);
  if (failed(loss))
    return failure();

  SmallVector<Value> ids, next(inits);
  for (unsigned i : model.ids)
    ids.push_back(mapping.lookup(model.result(i)));
  next[0] = AddOp::create(builder, loc, sums[0], loss->getLoss());
  Value one = buildOne(builder, loss->getLoss());
  auto yield = YieldOp::create(builder, loc, next, ids);
  FailureOr<SmallVector<Value>> gradients = differentiate(
      loss->getLoss(), one, trained, options.recompute, ArrayRef<Value>(sums).drop_front());
  if (failed(gradients))
    return failure();
  for (auto [i, gradient] : llvm::enumerate(*gradients))
    yield.getCarriedMutable().slice(1 + i, 1).assign(gradient);
  return success();
}

FailureOr<SmallVector<Value>> MicroBatches::build() {
  trained = trainedParameters(entry, model);
  if (failed(splitInputs()))
    return failure();
  inits.push_back(ZeroOp::create(builder, loc, RankedTensorType::get({}, builder.getF32Type())));
  for (Value parameter : trained)
    inits.push_back(ZeroOp::create(builder, loc, parameter.getType()));
  // The body tells the types of what is stacked. Until then a loop without holds it.
  auto draft = RecurOp::create(builder, loc, ValueRange(inits).getTypes(), /*depth=*/Value(), inits,
                               slices, options.microBatches);
  builder.setInsertionPoint(draft);
  if (failed(fillBody(draft.getBody().emplaceBlock())))
    return failure();
  RecurOp loop = createRecur(builder, loc, /*depth=*/{}, inits, slices, options.microBatches,
                             /*reverse=*/false, std::move(draft.getBody()));
  builder.setInsertionPointAfter(draft);
  draft.erase();
  entry.addResult("loss", loop.getResult(0));
  for (auto [i, ids] : llvm::zip_equal(model.ids, loop.getStackedResults()))
    entry.addResult(model.resultName(i), MergeOp::create(builder, loc, ids, /*axis=*/1));
  return SmallVector<Value>(loop.getCarriedResults().drop_front());
}

} // namespace

FailureOr<SmallVector<Value>> dreamer::buildLossAndGradients(EntryBuilder &entry, Model &model,
                                                             Value targets,
                                                             const GradientOptions &options) {
  if (llvm::none_of(model.parameters, [&](unsigned i) { return model.isTrained(i); }))
    return model.forward.emitError("expected a parameter to train, found none");
  if (options.microBatches == 1)
    return buildForBatch(entry, model, targets, options.recompute);
  return MicroBatches(entry, model, targets, options).build();
}

LogicalResult dreamer::buildGradients(Model &model, const GradientOptions &options) {
  EntryBuilder entry(model, "gradients");
  entry.copyArgument(model.tokens);
  Value targets = entry.addArgument("targets", model.forward.getArgumentTypes()[model.tokens]);
  entry.copyArguments(model.parameters);
  entry.copyArguments(model.options);
  FailureOr<SmallVector<Value>> gradients = buildLossAndGradients(entry, model, targets, options);
  if (failed(gradients))
    return failure();
  const Value *gradient = gradients->begin();
  for (unsigned i : model.parameters)
    if (model.isTrained(i))
      entry.addResult(("grad." + model.argumentName(i)).str(), *gradient++);
  entry.moveResultsToEnd(1, model.ids.size());
  return success();
}
