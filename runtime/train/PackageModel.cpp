// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/PackageModel.h"

namespace dreamer::train {
namespace {

using runtime::BufferKind;
using runtime::Call;
using runtime::Tensor;

Status setTokens(Call &call, const char *input, std::span<const int32_t> values) {
  Result<Tensor> target = call.input(input);
  if (target.failed())
    return target.status();
  if (target->dtype() != runtime::DType::I32 ||
      target->elements() != static_cast<int64_t>(values.size()))
    return failure(DREAMER_MISMATCH, text("input ", input), text(values.size(), " values of i32"),
                   target->describe());
  std::ranges::copy(values, target->asMutable<int32_t>());
  return {};
}

/// A view of an output that must be f32.
Result<std::span<const float>> floats(Call &call, const char *output) {
  Result<Tensor> tensor = call.output(output);
  if (tensor.failed())
    return tensor.status();
  if (tensor->dtype() != runtime::DType::F32)
    return failure(DREAMER_MISMATCH, text("output ", output), "f32", tensor->describe());
  return std::span(tensor->as<float>(), static_cast<size_t>(tensor->elements()));
}

Result<double> scalar(Call &call, const char *output) {
  Result<Tensor> tensor = call.output(output);
  if (tensor.failed())
    return tensor.status();
  return tensor->element(0);
}

/// Every output "<layer>.expert_load", i32 [D,N] or [N].
std::vector<ExpertLoad> expertLoads(Call &call) {
  constexpr std::string_view suffix = ".expert_load";
  std::vector<ExpertLoad> loads;
  for (const runtime::ValueSpec &output : call.entry().outputs) {
    if (!output.name.ends_with(suffix) || output.dtype != runtime::DType::I32 ||
        output.shape.empty())
      continue;
    Result<Tensor> tensor = call.output(output.name);
    if (tensor.failed() || tensor->elements() == 0)
      continue;
    ExpertLoad load;
    load.layer = output.name.substr(0, output.name.size() - suffix.size());
    load.experts = output.shape.back();
    load.depths = tensor->elements() / load.experts;
    load.counts.assign(tensor->as<int32_t>(), tensor->as<int32_t>() + tensor->elements());
    loads.push_back(std::move(load));
  }
  return loads;
}

} // namespace

PackageModel::PackageModel(std::shared_ptr<runtime::Session> session)
    : theSession(std::move(session)) {
  const runtime::Manifest &manifest = theSession->manifest();
  theShape = {manifest.batch, manifest.context, manifest.vocabulary, manifest.blocks};
}

Result<Call *> PackageModel::call(const std::string &entry) {
  std::unique_ptr<Call> &slot = calls[entry];
  if (!slot) {
    Result<std::unique_ptr<Call>> made = Call::create(theSession, entry);
    if (made.failed())
      return made.status();
    DREAMER_RETURN_IF_FAILED(setDepths(**made));
    slot = std::move(*made);
  }
  return slot.get();
}

Status PackageModel::setDepths(Call &call) {
  for (const auto &[block, depth] : depths)
    if (call.entry().input(block + ".depth"))
      DREAMER_RETURN_IF_FAILED(call.setScalar(block + ".depth", static_cast<double>(depth)));
  return {};
}

Status PackageModel::setDepth(const std::string &block, int64_t depth) {
  std::vector<std::string> names;
  for (const runtime::BlockSpec &known : theShape.blocks) {
    names.push_back(known.name);
    if (known.name != block)
      continue;
    if (depth < 1 || depth > known.depth)
      return failure(DREAMER_OUT_OF_RANGE, text("depth of block ", block),
                     text("1 to ", known.depth, " (what the package was compiled for)"),
                     text(depth));
    depths[block] = depth;
    for (auto &[entry, made] : calls)
      if (made)
        DREAMER_RETURN_IF_FAILED(setDepths(*made));
    return {};
  }
  return failure(DREAMER_NOT_FOUND, "depth",
                 text("a block of the model: ", listAlternatives(names)), runtime::inQuotes(block),
                 runtime::nearestHint(block, names));
}

Result<StepOutcome> PackageModel::trainStep(const Batch &batch, int64_t step, double rate) {
  Result<Call *> made = call("train_step");
  if (made.failed())
    return made.status();
  Call &train = **made;
  DREAMER_RETURN_IF_FAILED(setTokens(train, "tokens", batch.tokens));
  DREAMER_RETURN_IF_FAILED(setTokens(train, "targets", batch.targets));
  DREAMER_RETURN_IF_FAILED(train.setScalar("step", static_cast<double>(step)));
  DREAMER_RETURN_IF_FAILED(train.setScalar("rate", rate));
  DREAMER_RETURN_IF_FAILED(train.run());
  Result<double> loss = scalar(train, "loss"), norm = scalar(train, "norm");
  Result<double> skipped = scalar(train, "skipped");
  for (Result<double> *value : {&loss, &norm, &skipped})
    if (value->failed())
      return value->status();
  StepOutcome outcome;
  outcome.loss = *loss;
  outcome.norm = *norm;
  outcome.skipped = *skipped != 0.0;
  outcome.loads = expertLoads(train);
  return outcome;
}

Result<ScoreOutcome> PackageModel::score(const Batch &batch) {
  Result<Call *> made = call("score");
  if (made.failed())
    return made.status();
  Call &score = **made;
  DREAMER_RETURN_IF_FAILED(setTokens(score, "tokens", batch.tokens));
  DREAMER_RETURN_IF_FAILED(setTokens(score, "targets", batch.targets));
  DREAMER_RETURN_IF_FAILED(score.run());
  Result<double> loss = scalar(score, "loss");
  if (loss.failed())
    return loss.status();
  Result<std::span<const float>> logits = floats(score, "logits");
  Result<std::span<const float>> tokenLoss = floats(score, "token_loss");
  for (auto *value : {&logits, &tokenLoss})
    if (value->failed())
      return value->status();
  return ScoreOutcome{*loss, *logits, *tokenLoss};
}

Result<runtime::Bundle> PackageModel::state(bool withMoments) {
  Result<runtime::Bundle> bundle = theSession->state(BufferKind::Parameters);
  if (bundle.failed() || !withMoments)
    return bundle;
  for (BufferKind kind : {BufferKind::Moment1, BufferKind::Moment2}) {
    Result<runtime::Bundle> moments = theSession->state(kind);
    if (moments.failed())
      return moments.status();
    for (const runtime::Bundle::Entry &entry : moments->entries())
      DREAMER_RETURN_IF_FAILED(bundle->add(entry.name, entry.tensor));
  }
  return bundle;
}

Status PackageModel::load(const runtime::Bundle &state, bool withMoments) {
  if (withMoments)
    for (BufferKind kind : {BufferKind::Moment1, BufferKind::Moment2})
      DREAMER_RETURN_IF_FAILED(theSession->load(kind, state));
  return theSession->load(BufferKind::Parameters, state);
}

Result<std::span<const float>> PackageModel::prefill(std::span<const int32_t> tokens,
                                                     std::span<const int32_t> lengths) {
  Result<Call *> first = call("prefill"), next = call("decode");
  for (auto *made : {&first, &next})
    if (made->failed())
      return made->status();
  Call &prefill = **first, &decode = **next;
  DREAMER_RETURN_IF_FAILED(setTokens(prefill, "tokens", tokens));
  DREAMER_RETURN_IF_FAILED(setTokens(prefill, "lengths", lengths));
  DREAMER_RETURN_IF_FAILED(prefill.run());
  for (const runtime::ValueSpec &input : decode.entry().inputs) {
    if (input.role != "cache")
      continue;
    Result<Tensor> cache = prefill.output(input.name);
    if (cache.failed())
      return cache.status();
    DREAMER_RETURN_IF_FAILED(decode.set(input.name, *cache));
  }
  return floats(prefill, "logits");
}

Result<std::span<const float>> PackageModel::decode(std::span<const int32_t> token,
                                                    std::span<const int32_t> position) {
  Result<Call *> made = call("decode");
  if (made.failed())
    return made.status();
  Call &decode = **made;
  DREAMER_RETURN_IF_FAILED(setTokens(decode, "token", token));
  DREAMER_RETURN_IF_FAILED(setTokens(decode, "position", position));
  DREAMER_RETURN_IF_FAILED(decode.run());
  return floats(decode, "logits");
}

} // namespace dreamer::train
