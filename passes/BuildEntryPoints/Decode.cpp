// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The forward pass for one token a sequence, with caches of the earlier ones.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/BuildEntryPoints/Caches.h"
#include "passes/BuildEntryPoints/Entries.h"
#include "passes/BuildEntryPoints/Retype.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace dreamer;

namespace {

class DecodeBuilder : public Retype, public DecodeContext {
public:
  DecodeBuilder(Model &model, EntryBuilder &entry, Type cached)
      : Retype(entry.builder, entry.mapping), model(model), entry(entry), cached(cached) {}

  LogicalResult build();

  LogicalResult clone(Operation &op) override;
  SmallVector<Value *> carriedBeside(RecurOp recur) override;

  Value position() override { return positions; }
  Value append(Value forward, Value value) override;
  Value slot() override;

private:
  FailureOr<Type> withoutPositions(unsigned option);

  Model &model;
  EntryBuilder &entry;
  Type cached; ///< elements of the caches
  std::vector<Cache> caches;
  SmallVector<Value> current; ///< the value of each cache
  Value positions;
  RecurOp loop; ///< the loop of @forward that is being cloned
};

Value DecodeBuilder::slot() {
  if (loop)
    return mapping.lookup(loop.getIndex());
  return arith::ConstantIndexOp::create(builder, positions.getLoc(), 0);
}

Value DecodeBuilder::append(Value forward, Value value) {
  auto cache = llvm::find_if(caches, [&](const Cache &c) { return c.forward == forward; });
  Value &now = current[cache - caches.begin()];
  return now = CacheAppendOp::create(builder, value.getLoc(), now, asCached(builder, value, *cache),
                                     positions, slot());
}

SmallVector<Value *> DecodeBuilder::carriedBeside(RecurOp recur) {
  SmallVector<Value *> values;
  for (auto [cache, value] : llvm::zip_equal(caches, current))
    if (cache.loop == recur)
      values.push_back(&value);
  return values;
}

LogicalResult DecodeBuilder::clone(Operation &op) {
  if (auto recur = dyn_cast<RecurOp>(op)) {
    llvm::SaveAndRestore<RecurOp> inside(loop, recur);
    return cloneRecur(recur);
  }
  auto decodable = dyn_cast<DecodableOpInterface>(op);
  if (!decodable)
    return Retype::clone(op);
  SmallVector<Value> results = decodable.buildDecode(builder, lookup(op.getOperands()), *this);
  for (auto [result, value] : llvm::zip_equal(op.getResults(), results)) {
    if (value)
      mapping.map(result, value);
    else if (!result.use_empty())
      return op.emitOpError("expected no use of result ")
             << cast<OpResult>(result).getResultNumber()
             << ", which decoding does not compute, found one";
  }
  return success();
}

/// The type of an option when there is no position: a scalar stays, [S, B, T, ...] loses T.
FailureOr<Type> DecodeBuilder::withoutPositions(unsigned option) {
  auto type = cast<RankedTensorType>(model.forward.getArgumentTypes()[option]);
  ArrayRef<int64_t> tokens = model.tokensShape();
  if (type.getRank() == 0)
    return Type(type);
  SmallVector<int64_t> shape(type.getShape());
  if (shape.size() < 3 || shape[1] != tokens[0] || shape[2] != tokens[1])
    return model.forward.emitError()
           << "expected the option '" << model.argumentName(option) << "' to be a scalar or [S, "
           << tokens[0] << ", " << tokens[1] << ", ...] as the tokens are, found " << type;
  shape.erase(shape.begin() + 2);
  return Type(type.clone(shape));
}

LogicalResult DecodeBuilder::build() {
  FailureOr<std::vector<Cache>> found = findCaches(model, cached);
  if (failed(found))
    return failure();
  caches = std::move(*found);

  auto perSequence = RankedTensorType::get({model.tokensShape()[0]}, builder.getI32Type());
  Value token = entry.addArgument("token", perSequence);
  mapping.map(model.forward.getArgument(model.tokens), token);
  positions = entry.addArgument("position", perSequence);
  for (const Cache &cache : caches)
    current.push_back(entry.addArgument(cache.name, cache.type, role::cache));
  entry.copyArguments(model.parameters);
  for (unsigned i : model.options) {
    FailureOr<Type> type = withoutPositions(i);
    if (failed(type))
      return failure();
    entry.copyArgument(i, *type);
  }
  if (failed(cloneBody(model.body())))
    return failure();

  entry.copyResults({model.logits});
  for (auto [cache, value] : llvm::zip_equal(caches, current))
    entry.addUpdate(cache.name, value);
  entry.copyResults(model.ids);
  return success();
}

} // namespace

LogicalResult dreamer::buildDecode(Model &model, Type element) {
  EntryBuilder entry(model, "decode");
  return DecodeBuilder(model, entry, element).build();
}
