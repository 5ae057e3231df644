// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/ModelDescription/Build.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "lib/ModelDescription/LayerBuilder.h"
#include "lib/ModelDescription/Parameters.h"
#include "lib/ModelDescription/Parse.h"
#include "lib/ModelDescription/Schema.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace dreamer {

namespace {

/// What the parameters of layer `j` at step `d` are named after, a dot behind.
std::string dottedPrefix(const Block &block, int64_t j, int64_t d) {
  return block.parameterPrefix(j, d) + ".";
}

class ModelBuilder {
public:
  ModelBuilder(MLIRContext *context, const Description &description, int64_t batch)
      : builder(context), description(description), batch(batch) {
    context->loadDialect<DreamerDialect, arith::ArithDialect, func::FuncDialect>();
  }

  OwningOpRef<ModuleOp> build();

private:
  struct Argument {
    std::string name;
    Type type;
    SmallVector<NamedAttribute> attributes;
  };
  /// The results of one block's loop.
  struct Loop {
    Value x;
    SmallVector<std::pair<std::string, Value>> ids; ///< name, i32 [steps, B, T, k]
  };

  void listArguments(std::vector<Argument> &arguments);
  void listIdArguments(const Block &block, std::vector<Argument> &arguments);
  func::FuncOp createFunction(ModuleOp module);
  NamedAttribute attribute(StringRef name, Attribute value) {
    return builder.getNamedAttr(name, value);
  }
  Attribute word(StringRef text) { return builder.getStringAttr(text); }
  DictionaryAttr trainingAttribute();
  Location locate(const Twine &name) { return NameLoc::get(builder.getStringAttr(name)); }

  Loop buildBlock(const Block &block, Value x);
  /// Layer parameters as tensors of all steps, by their name within the layer.
  llvm::MapVector<StringRef, Value> stackParameters(const Block &block);
  Value stackGivenIds(const Block &block, int64_t j);
  void fillBody(RecurOp loop, const Block &block, ArrayRef<StringRef> stackedNames,
                SmallVectorImpl<int64_t> &routed);
  /// index * step + offset; null steps and offsets cost nothing.
  Value affine(Location loc, Value index, int64_t step, int64_t offset);
  void nameIds(const Block &block, int64_t j, Value stacked, Loop &loop);

  OpBuilder builder;
  const Description &description;
  int64_t batch;
  std::vector<Parameter> parameters = listParameters(description);
  llvm::StringMap<Value> named; ///< arguments
  Value positions;
};

//===-- The function ----------------------------------------------------------------------------//

DictionaryAttr ModelBuilder::trainingAttribute() {
  const Training &t = description.training;
  SmallVector<NamedAttribute> rates;
  for (const Parameter &parameter : parameters)
    if (parameter.balance)
      rates.push_back(attribute(parameter.name, builder.getF64FloatAttr(parameter.biasRate)));
  auto number = [&](double value) { return builder.getF64FloatAttr(value); };
  return builder.getDictionaryAttr({
      attribute("optimizer", word("adamw")),
      attribute("learning_rate", number(t.learningRate)),
      attribute("warmup_steps", builder.getI64IntegerAttr(t.warmupSteps)),
      attribute("schedule_steps", builder.getI64IntegerAttr(t.scheduleSteps)),
      attribute("min_rate", number(t.minRate)),
      attribute("betas", builder.getF64ArrayAttr({t.betas[0], t.betas[1]})),
      attribute("eps", number(t.eps)),
      attribute("weight_decay", number(t.weightDecay)),
      attribute("clip_norm", number(t.clipNorm)),
      attribute("z_loss", number(t.zLoss)),
      attribute("bias_rates", builder.getDictionaryAttr(rates)),
  });
}

void ModelBuilder::listIdArguments(const Block &block, std::vector<Argument> &arguments) {
  bool untied = block.kind == Block::Kind::Layers;
  for (int64_t d = 0; d < (untied ? block.depth : 1); ++d) {
    for (auto [j, layer] : llvm::enumerate(block.layers)) {
      if (!layer.expertAttention)
        continue;
      auto type = RankedTensorType::get(
          {untied ? 1 : block.depth, batch, description.context, layer.expertAttention->active},
          builder.getI32Type());
      arguments.push_back({dottedPrefix(block, j, d) + "expert_ids",
                           type,
                           {attribute(attribute::role, word(role::option)),
                            attribute(attribute::defaultValue, builder.getI32IntegerAttr(-1))}});
    }
  }
}

void ModelBuilder::listArguments(std::vector<Argument> &arguments) {
  Type i32 = builder.getI32Type(), f32 = builder.getF32Type();
  arguments.push_back({"tokens",
                       RankedTensorType::get({batch, description.context}, i32),
                       {attribute(attribute::role, word(role::input))}});
  for (const Parameter &parameter : parameters) {
    NamedAttribute start =
        attribute(parameter.random ? "std" : "fill", builder.getF64FloatAttr(parameter.value));
    arguments.push_back(
        {parameter.name,
         RankedTensorType::get(parameter.shape, f32),
         {attribute(attribute::role, word(parameter.balance ? role::balance : role::parameter)),
          attribute(attribute::init, builder.getDictionaryAttr({start}))}});
  }
  for (const Block &block : description.stack)
    arguments.push_back(
        {block.name + ".depth",
         RankedTensorType::get({}, i32),
         {attribute(attribute::role, word(role::option)),
          attribute(attribute::defaultValue, builder.getI32IntegerAttr(block.depth))}});
  for (const Block &block : description.stack)
    listIdArguments(block, arguments);
}

func::FuncOp ModelBuilder::createFunction(ModuleOp module) {
  std::vector<Argument> arguments;
  listArguments(arguments);
  SmallVector<Type> types;
  for (const Argument &argument : arguments)
    types.push_back(argument.type);
  auto function = func::FuncOp::create(builder, locate(description.model), "forward",
                                       builder.getFunctionType(types, {}));
  module.push_back(function);
  mlir::Block *entry = function.addEntryBlock();
  for (auto [index, argument] : llvm::enumerate(arguments)) {
    argument.attributes.push_back(attribute(attribute::name, word(argument.name)));
    function.setArgAttrs(index, argument.attributes);
    entry->getArgument(index).setLoc(locate(argument.name));
    named[argument.name] = entry->getArgument(index);
  }
  builder.setInsertionPointToStart(entry);
  return function;
}

OwningOpRef<ModuleOp> ModelBuilder::build() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(locate(description.model));
  (*module)->setAttr(attribute::model, word(description.model));
  (*module)->setAttr(attribute::description, word(printDescription(description)));
  (*module)->setAttr(attribute::training, trainingAttribute());
  func::FuncOp function = createFunction(*module);

  Value tokens = named["tokens"];
  positions = PositionsOp::create(builder, locate("positions"), tokens);
  Value x = EmbeddingOp::create(builder, locate("embed"), tokens, named["embed.weight"],
                                llvm::APFloat(description.embeddingScale));
  SmallVector<std::pair<std::string, Value>> results = {{"logits", nullptr}};
  for (const Block &block : description.stack) {
    Loop loop = buildBlock(block, x);
    x = loop.x;
    llvm::append_range(results, loop.ids);
  }
  x = RMSNormOp::create(builder, locate("norm"), x, named["norm.weight"],
                        llvm::APFloat(description.normEps));
  Value table = named[description.tieEmbeddings ? "embed.weight" : "output.weight"];
  results.front().second = LinearOp::create(builder, locate("output"), x, table);

  SmallVector<Value> values(llvm::make_second_range(results));
  func::ReturnOp::create(builder, locate(description.model), values);
  function.setType(
      builder.getFunctionType(function.getArgumentTypes(), ValueRange(values).getTypes()));
  for (auto [index, result] : llvm::enumerate(results))
    function.setResultAttr(index, attribute::name, word(result.first));
  if (positions.use_empty())
    positions.getDefiningOp()->erase();
  if (failed(verify(*module)))
    return nullptr;
  return module;
}

//===-- Blocks ----------------------------------------------------------------------------------//

llvm::MapVector<StringRef, Value> ModelBuilder::stackParameters(const Block &block) {
  llvm::MapVector<StringRef, Value> stacks;
  if (block.kind != Block::Kind::Layers)
    return stacks;
  std::string first = dottedPrefix(block, 0, 0);
  for (const Parameter &parameter : parameters) {
    StringRef suffix = parameter.name;
    if (!suffix.consume_front(first))
      continue;
    SmallVector<Value> parts;
    for (int64_t d = 0; d < block.depth; ++d)
      parts.push_back(named[dottedPrefix(block, 0, d) + suffix.str()]);
    StringRef part = suffix.split('.').first;
    stacks[suffix] = StackOp::create(builder, locate(block.name + "." + part), parts);
  }
  return stacks;
}

Value ModelBuilder::stackGivenIds(const Block &block, int64_t j) {
  if (block.kind != Block::Kind::Layers)
    return named[dottedPrefix(block, j, 0) + "expert_ids"];
  Location loc = locate(block.name + ".expert_attention");
  SmallVector<Value> parts;
  for (int64_t d = 0; d < block.depth; ++d)
    parts.push_back(UnstackOp::create(builder, loc, named[dottedPrefix(block, j, d) + "expert_ids"])
                        .getResult(0));
  return StackOp::create(builder, loc, parts);
}

ModelBuilder::Loop ModelBuilder::buildBlock(const Block &block, Value x) {
  Location loc = locate(block.name);
  SmallVector<Value> inits = {x};
  int64_t slotsPerStep = block.historySlotsPerStep();
  if (slotsPerStep > 0) {
    auto layer = llvm::find_if(block.layers, [](const Layer &l) { return l.depthAttention; });
    int64_t features = layer->depthAttention->kvHeads * layer->depthAttention->headDim;
    for (int i = 0; i < 2; ++i) // keys, values
      inits.push_back(HistoryOp::create(builder, locate(block.name + ".depth_attention"), x,
                                        block.depth * slotsPerStep, features));
  }

  llvm::MapVector<StringRef, Value> stacks = stackParameters(block);
  SmallVector<StringRef> stackedNames(llvm::make_first_range(stacks));
  SmallVector<Value> slices(llvm::make_second_range(stacks));
  SmallVector<Type> results(ValueRange(inits).getTypes());
  for (auto [j, layer] : llvm::enumerate(block.layers)) {
    if (!layer.expertAttention)
      continue;
    slices.push_back(stackGivenIds(block, j));
    results.push_back(slices.back().getType());
  }
  auto recur = RecurOp::create(builder, loc, results, named[block.name + ".depth"], inits, slices,
                               block.depth);
  SmallVector<int64_t> routed;
  fillBody(recur, block, stackedNames, routed);

  Loop loop{recur.getResult(0), {}};
  for (auto [j, ids] : llvm::zip_equal(routed, recur.getStackedResults()))
    nameIds(block, j, ids, loop);
  return loop;
}

void ModelBuilder::fillBody(RecurOp loop, const Block &block, ArrayRef<StringRef> stackedNames,
                            SmallVectorImpl<int64_t> &routed) {
  OpBuilder::InsertionGuard guard(builder);
  mlir::Block *body = builder.createBlock(&loop.getBody());
  Location loc = loop.getLoc();
  Value index = body->addArgument(builder.getIndexType(), loc);
  for (Value init : loop.getInits())
    body->addArgument(init.getType(), loc);
  for (Value slice : loop.getSlices()) {
    auto type = cast<RankedTensorType>(slice.getType());
    body->addArgument(type.clone(type.getShape().drop_front()), slice.getLoc());
  }
  auto carried = loop.getCarriedArguments(), slices = loop.getSliceArguments();
  auto givenIds = slices.drop_front(stackedNames.size());

  LayerState state{carried[0], nullptr, nullptr};
  int64_t slotsPerStep = block.historySlotsPerStep(), slot = 0;
  if (slotsPerStep > 0) {
    state.keys = carried[1];
    state.values = carried[2];
  }
  SmallVector<Value> stacked;
  for (auto [j, layer] : llvm::enumerate(block.layers)) {
    Application application;
    application.name = block.isGroup ? block.parameterPrefix(j, 0) : block.name;
    application.positions = positions;
    application.index = affine(loc, index, block.layers.size(), j);
    if (layer.depthAttention) {
      bool same = slotsPerStep == static_cast<int64_t>(block.layers.size());
      application.slot = same ? application.index : affine(loc, index, slotsPerStep, slot);
      application.historySize = layer.depthAttention->includeCurrent
                                    ? affine(loc, application.slot, 1, 1)
                                    : application.slot;
      ++slot;
    }
    if (layer.expertAttention) {
      application.givenIds = givenIds[routed.size()];
      routed.push_back(j);
    }
    auto weight = [&](StringRef name) -> Value {
      auto position = llvm::find(stackedNames, name);
      if (position != stackedNames.end())
        return slices[position - stackedNames.begin()];
      return named[dottedPrefix(block, j, 0) + name.str()];
    };
    Value ids = LayerBuilder(builder, description, layer, application, weight).build(state);
    if (ids)
      stacked.push_back(ids);
  }
  SmallVector<Value> handedOn = {state.x};
  if (slotsPerStep > 0)
    handedOn.append({state.keys, state.values});
  YieldOp::create(builder, loc, handedOn, stacked);
}

Value ModelBuilder::affine(Location loc, Value index, int64_t step, int64_t offset) {
  if (step != 1)
    index = arith::MulIOp::create(builder, loc, index,
                                  arith::ConstantIndexOp::create(builder, loc, step));
  if (offset != 0)
    index = arith::AddIOp::create(builder, loc, index,
                                  arith::ConstantIndexOp::create(builder, loc, offset));
  return index;
}

void ModelBuilder::nameIds(const Block &block, int64_t j, Value stacked, Loop &loop) {
  if (block.kind != Block::Kind::Layers) {
    loop.ids.push_back({dottedPrefix(block, j, 0) + "expert_ids", stacked});
    return;
  }
  Location loc = locate(block.name + ".expert_attention");
  auto parts = UnstackOp::create(builder, loc, stacked);
  for (int64_t d = 0; d < block.depth; ++d) {
    Value one = StackOp::create(builder, loc, ValueRange{parts.getResult(d)});
    loop.ids.push_back({dottedPrefix(block, j, d) + "expert_ids", one});
  }
}

//===-- Options ---------------------------------------------------------------------------------//

/// The largest tensor that one forward pass holds, in elements.
constexpr int64_t maxElements = int64_t(1) << 48;

LogicalResult applyOptions(Location loc, Description &description, const BuildOptions &options) {
  if (options.context != 0)
    description.context = options.context;
  if (description.context < schema::positions.low || description.context > schema::positions.high)
    return emitError(loc) << "expected a context from " << schema::positions.low << " to "
                          << schema::positions.high << ", found " << description.context;
  constexpr int64_t maxBatch = int64_t(1) << 20;
  if (options.batch < 1 || options.batch > maxBatch)
    return emitError(loc) << "expected a batch from 1 to " << maxBatch << ", found "
                          << options.batch;
  for (const auto &[name, depth] : options.depths) {
    auto block = llvm::find_if(description.stack, [&](const Block &b) { return b.name == name; });
    if (block == description.stack.end())
      return emitError(loc) << "expected a depth for one of the model's blocks, found `" << name
                            << "`; the first block is `" << description.stack.front().name << "`";
    if (block->kind == Block::Kind::Layers)
      return emitError(loc) << "expected a depth for a `recur` block, found `" << name
                            << "`, whose layers have parameters of their own; change its count";
    if (depth < schema::steps.low || depth > schema::steps.high)
      return emitError(loc) << "expected a depth from " << schema::steps.low << " to "
                            << schema::steps.high << " for `" << name << "`, found " << depth;
    block->depth = depth;
  }
  return success();
}

/// Features that one token occupies in the widest tensor.
int64_t widest(const Description &description) {
  int64_t widest = std::max(description.vocabSize, description.hiddenSize);
  for (const Block &block : description.stack) {
    for (const Layer &layer : block.layers) {
      if (const auto &a = layer.sequenceAttention)
        widest = std::max(widest, saturatingProduct(a->heads, a->headDim));
      if (const auto &a = layer.depthAttention) {
        int64_t slots = block.applications();
        widest = std::max(widest, saturatingProduct(a->heads, a->headDim));
        widest = std::max(widest, saturatingProduct(slots, a->kvHeads * a->headDim));
      }
      if (const auto &a = layer.expertAttention) {
        widest = std::max(widest, saturatingProduct(a->active, a->expertHidden));
        widest = std::max(widest, saturatingProduct(block.depth, a->active));
        widest = std::max({widest, a->experts, a->sharedHidden});
      }
      if (const auto &f = layer.feedForward)
        widest = std::max(widest, f->hidden);
    }
  }
  return widest;
}

} // namespace

OwningOpRef<ModuleOp> buildModel(MLIRContext *context, const Description &description,
                                 const BuildOptions &options) {
  context->loadDialect<DreamerDialect>();
  Location loc = UnknownLoc::get(context);
  Description effective = description;
  if (failed(applyOptions(loc, effective, options)))
    return nullptr;
  int64_t tokens = saturatingProduct(options.batch, effective.context);
  if (saturatingProduct(tokens, widest(effective)) > maxElements) {
    emitError(loc) << "expected tensors of at most " << maxElements << " elements, found more for "
                   << tokens << " tokens (batch " << options.batch << ", context "
                   << effective.context << "); make the batch or the context smaller";
    return nullptr;
  }
  return ModelBuilder(context, effective, options.batch).build();
}

} // namespace dreamer
