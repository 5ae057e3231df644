// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One step of AdamW on all parameters, and of balancing on all expert biases.

#include "passes/BuildEntryPoints/Entries.h"
#include "passes/BuildEntryPoints/Loss.h"

using namespace mlir;
using namespace dreamer;

namespace {

class TrainStepBuilder {
public:
  TrainStepBuilder(Model &model, const GradientOptions &options)
      : model(model), options(options), entry(model, "train_step"),
        loc(NameLoc::get(entry.builder.getStringAttr("optimizer"))) {}

  LogicalResult build();

private:
  LogicalResult readTraining();
  void addArguments();
  FailureOr<Value> buildLoad(unsigned bias);
  LogicalResult buildUpdates(ArrayRef<Value> gradients, Value norm);

  Model &model;
  GradientOptions options;
  EntryBuilder entry;
  Location loc;
  Value targets, step, rate;
  DenseMap<unsigned, std::pair<Value, Value>> moments; ///< by argument of @forward
  double beta1 = 0, beta2 = 0, eps = 0, decay = 0, clip = 0;
  DictionaryAttr biasRates;
};

LogicalResult TrainStepBuilder::readTraining() {
  FailureOr<double> eps = model.trainingNumber("eps");
  FailureOr<double> decay = model.trainingNumber("weight_decay");
  FailureOr<double> clip = model.trainingNumber("clip_norm");
  if (failed(eps) || failed(decay) || failed(clip))
    return failure();
  auto betas = model.training.getAs<ArrayAttr>("betas");
  if (!betas || betas.size() != 2 || !llvm::all_of(betas, llvm::IsaPred<FloatAttr>))
    return model.module.emitError()
           << "expected two numbers 'betas' in the module attribute '" << attribute::training
           << "', found " << (betas ? Attribute(betas) : model.training);
  this->eps = *eps;
  this->decay = *decay;
  this->clip = *clip;
  beta1 = cast<FloatAttr>(betas[0]).getValueAsDouble();
  beta2 = cast<FloatAttr>(betas[1]).getValueAsDouble();
  biasRates = model.training.getAs<DictionaryAttr>("bias_rates");
  return success();
}

void TrainStepBuilder::addArguments() {
  OpBuilder &builder = entry.builder;
  Value tokens = entry.copyArgument(model.tokens);
  targets = entry.addArgument("targets", tokens.getType());
  step = entry.addScalar("step", builder.getI32Type());
  rate = entry.addScalar("rate", builder.getF32Type());
  entry.copyArguments(model.parameters);
  auto addMoment = [&](unsigned i, StringRef role) {
    return entry.addArgument((role + "." + model.argumentName(i)).str(),
                             model.forward.getArgumentTypes()[i], role);
  };
  for (unsigned i : model.parameters)
    if (model.isTrained(i))
      moments[i].first = addMoment(i, role::moment1);
  for (unsigned i : model.parameters)
    if (model.isTrained(i))
      moments[i].second = addMoment(i, role::moment2);
  entry.copyArguments(model.options);
}

/// The load i32 [D, N] of the experts that `bias` balances, from the ids of its layer.
FailureOr<Value> TrainStepBuilder::buildLoad(unsigned bias) {
  StringRef layer = model.argumentName(bias);
  layer.consume_back(".expert_attention.bias");
  for (auto [at, i] : llvm::enumerate(model.ids)) {
    StringRef ids = model.resultName(i);
    if (!ids.consume_back(".expert_ids") || ids != layer)
      continue;
    auto type = cast<RankedTensorType>(model.forward.getArgumentTypes()[bias]);
    return ExpertLoadOp::create(entry.builder, loc, entry.result(1 + at), type.getNumElements())
        .getLoad();
  }
  return model.forward.emitError()
         << "expected a result '" << layer << ".expert_ids' for the balance bias '"
         << model.argumentName(bias) << "', found none";
}

/// Adds the new parameters and moments as results.
LogicalResult TrainStepBuilder::buildUpdates(ArrayRef<Value> gradients, Value norm) {
  OpBuilder &builder = entry.builder;
  SmallVector<std::pair<unsigned, AdamWOp>> updates;
  SmallVector<std::pair<unsigned, Value>> loads;
  for (unsigned i : model.parameters)
    if (!model.isTrained(i)) {
      FailureOr<Value> load = buildLoad(i);
      if (failed(load))
        return failure();
      loads.push_back({i, *load});
      StringRef layer = model.argumentName(i);
      layer.consume_back(".expert_attention.bias");
      entry.addResult((layer + ".expert_load").str(), *load);
    }
  const Value *gradient = gradients.begin();
  const auto *load = loads.begin();
  for (unsigned i : model.parameters) {
    Value parameter = entry.mapping.lookup(model.forward.getArgument(i));
    StringRef name = model.argumentName(i);
    if (model.isTrained(i)) {
      bool decays = cast<RankedTensorType>(parameter.getType()).getRank() >= 2;
      auto update =
          AdamWOp::create(builder, loc, parameter, *gradient++, moments[i].first, moments[i].second,
                          norm, rate, step, APFloat(beta1), APFloat(beta2), APFloat(eps),
                          APFloat(decays ? decay : 0.0), APFloat(clip));
      updates.push_back({i, update});
      entry.addUpdate(name, update.getNewParameter());
      continue;
    }
    auto biasRate = biasRates ? biasRates.getAs<FloatAttr>(name) : FloatAttr();
    if (!biasRate)
      return model.module.emitError()
             << "expected a number '" << name << "' in 'bias_rates' of the module attribute '"
             << attribute::training << "', found none";
    entry.addUpdate(name, BalanceBiasOp::create(builder, loc, parameter, (load++)->second, norm,
                                                biasRate.getValue()));
  }
  for (auto [i, update] : updates)
    entry.addUpdate((role::moment1 + "." + model.argumentName(i)).str(), update.getNewMoment1());
  for (auto [i, update] : updates)
    entry.addUpdate((role::moment2 + "." + model.argumentName(i)).str(), update.getNewMoment2());
  return success();
}

LogicalResult TrainStepBuilder::build() {
  addArguments();
  if (failed(readTraining()))
    return failure();
  FailureOr<SmallVector<Value>> gradients = buildLossAndGradients(entry, model, targets, options);
  if (failed(gradients))
    return failure();

  Value norm = GlobalNormOp::create(entry.builder, loc, *gradients);
  entry.addResult("norm", norm);
  entry.addResult("skipped", NotFiniteOp::create(entry.builder, loc, norm));
  if (failed(buildUpdates(*gradients, norm)))
    return failure();
  entry.moveResultsToEnd(1, model.ids.size());
  return success();
}

} // namespace

LogicalResult dreamer::buildTrainStep(Model &model, const GradientOptions &options) {
  return TrainStepBuilder(model, options).build();
}
