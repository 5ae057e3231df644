// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The forward pass over prompts, for its last positions, and with what decoding needs of it.

#include "passes/BuildEntryPoints/Caches.h"
#include "passes/BuildEntryPoints/Entries.h"
#include "passes/Support/Recur.h"

using namespace mlir;
using namespace dreamer;

namespace {

class PrefillBuilder {
public:
  PrefillBuilder(Model &model, Type cached)
      : model(model), entry(model, "prefill"), cached(cached) {}

  LogicalResult build();

private:
  void markPositionwise();
  Value atLastPosition(Value forward);
  void addCaches(ArrayRef<Cache> caches);

  Model &model;
  EntryBuilder entry;
  Type cached; ///< elements of the caches
  Value lengths;
  llvm::DenseSet<Value> perToken; ///< values of @forward that depend on tokens
};

void PrefillBuilder::markPositionwise() {
  perToken.insert(model.forward.getArgument(model.tokens));
  for (Operation &op : model.body().without_terminator())
    if (llvm::any_of(op.getOperands(), [&](Value value) { return perToken.contains(value); }))
      perToken.insert(op.result_begin(), op.result_end());
}

/// `forward` f32 [B, T, F] at the last positions, [B, F]. Operations that treat positions alike
/// (the final norm, the output matrix) only work on these.
Value PrefillBuilder::atLastPosition(Value forward) {
  if (!perToken.contains(forward))
    return entry.mapping.lookup(forward);
  auto isStates = [&](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return !perToken.contains(value) ||
           (type && type.getRank() == 3 && type.getElementType().isF32() &&
            type.getShape().take_front(2) == model.tokensShape());
  };
  Operation *op = forward.getDefiningOp();
  if (!op || op->getNumRegions() != 0 || op->getNumResults() != 1 ||
      isa<DecodableOpInterface>(op) || !isa<InferTypeOpInterface>(op) || !isMemoryEffectFree(op) ||
      !llvm::all_of(op->getOperands(), isStates))
    return LastPositionOp::create(entry.builder, forward.getLoc(), entry.mapping.lookup(forward),
                                  lengths);
  IRMapping last;
  for (Value operand : op->getOperands())
    last.map(operand, atLastPosition(operand));
  Operation *cloned = entry.builder.clone(*op, last);
  auto type = cast<RankedTensorType>(forward.getType());
  cloned->getResult(0).setType(
      type.clone({type.getDimSize(0), type.getDimSize(type.getRank() - 1)}));
  return cloned->getResult(0);
}

void PrefillBuilder::addCaches(ArrayRef<Cache> caches) {
  SmallVector<Value> stacks;
  for (size_t first = 0, next; first < caches.size(); first = next) {
    SmallVector<Value> values;
    for (next = first; next < caches.size() && caches[next].loop == caches[first].loop; ++next)
      values.push_back(
          asCached(entry.builder, entry.mapping.lookup(caches[next].forward), caches[next]));
    RecurOp forward = caches[first].loop;
    if (!forward) {
      for (Value value : values)
        stacks.push_back(StackOp::create(entry.builder, value.getLoc(), value));
      continue;
    }
    auto cloned = cast<RecurOp>(entry.mapping.lookup(forward.getOperation()));
    RecurOp extended = addStackedResults(cloned, values);
    cloned.erase();
    entry.mapping.map(forward.getOperation(), extended.getOperation());
    entry.mapping.map(forward.getResults(),
                      extended.getResults().take_front(forward.getNumResults()));
    llvm::append_range(stacks, extended.getResults().take_back(values.size()));
  }
  for (auto [cache, stack] : llvm::zip_equal(caches, stacks))
    entry.addResult(cache.name, stack);
}

LogicalResult PrefillBuilder::build() {
  FailureOr<std::vector<Cache>> caches = findCaches(model, cached);
  if (failed(caches))
    return failure();
  entry.copyArgument(model.tokens);
  lengths = entry.addArgument(
      "lengths", RankedTensorType::get({model.tokensShape()[0]}, entry.builder.getI32Type()));
  entry.copyArguments(model.parameters);
  entry.copyArguments(model.options);
  entry.copyBody();

  markPositionwise();
  Value logits = model.result(model.logits);
  if (!perToken.contains(logits))
    return model.forward.emitError("expected logits that depend on the tokens");
  entry.addResult(model.resultName(model.logits), atLastPosition(logits));
  addCaches(*caches);
  entry.copyResults(model.ids);
  return success();
}

} // namespace

LogicalResult dreamer::buildPrefill(Model &model, Type element) {
  return PrefillBuilder(model, element).build();
}
