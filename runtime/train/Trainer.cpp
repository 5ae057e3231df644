// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace dreamer::train {
namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The first tensor that holds a value that is not finite, or "".
std::string findUnsound(const runtime::Bundle &state) {
  for (const runtime::Bundle::Entry &entry : state.entries()) {
    if (entry.tensor.dtype() != runtime::DType::F32)
      continue;
    std::span values(entry.tensor.as<float>(), static_cast<size_t>(entry.tensor.elements()));
    if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
      return entry.name;
  }
  return "";
}

} // namespace

Trainer::Trainer(Learner &learner, const Data &data, TrainSettings settings, CheckpointInfo &info,
                 std::vector<TrainObserver *> observers, std::function<bool()> interrupted)
    : learner(learner), data(data), settings(std::move(settings)), info(info),
      observers(std::move(observers)), interrupted(std::move(interrupted)),
      order(info.seed, data.train->size(), data.train->shifts()),
      batch(learner.shape().batch, learner.shape().context) {
  if (this->settings.outHoldsStart)
    savedStep = info.progress.step;
}

Status Trainer::notify(const std::function<Status(TrainObserver &)> &tell) {
  for (TrainObserver *observer : observers)
    DREAMER_RETURN_IF_FAILED(tell(*observer));
  return {};
}

Status Trainer::diverged(std::string_view expected, std::string_view found) const {
  std::string hint =
      savedStep > 0 && !settings.out.empty()
          ? text("the checkpoint of step ", savedStep, " is kept in ", settings.out, "; ")
          : "";
  hint += "a smaller --learning-rate or a longer --warmup often helps";
  return failure(DREAMER_OUT_OF_RANGE, text("training, step ", info.progress.step), expected, found,
                 hint);
}

Status Trainer::checkOutcome(const StepOutcome &outcome) {
  if (!std::isfinite(outcome.loss))
    return diverged("a finite loss", formatNumber(outcome.loss));
  skippedInARow = outcome.skipped ? skippedInARow + 1 : 0;
  if (skippedInARow >= maxSkippedInARow)
    return diverged("a finite gradient norm", text("none for ", skippedInARow, " steps in a row"));
  return {};
}

Status Trainer::trainOneStep() {
  TrainProgress &progress = info.progress;
  StepRecord record;
  record.step = progress.step + 1;
  record.rate = info.schedule.rateAt(record.step);
  record.tokens = batch.batch * batch.context;
  fillTrainingBatch(*data.train, order, progress.rowsSeen, batch);
  auto start = std::chrono::steady_clock::now();
  Result<StepOutcome> outcome = learner.trainStep(batch, record.step, record.rate);
  if (outcome.failed())
    return outcome.status();
  record.seconds = secondsSince(start);
  progress.step = record.step;
  progress.rowsSeen += batch.batch;
  progress.tokensSeen += record.tokens;
  progress.skipped += outcome->skipped ? 1 : 0;
  record.outcome = std::move(*outcome);
  record.progress = progress;
  Status told = notify([&](TrainObserver &observer) { return observer.onStep(record); });
  DREAMER_RETURN_IF_FAILED(checkOutcome(record.outcome));
  if (told.failed())
    DREAMER_RETURN_IF_FAILED(save());
  return told;
}

Status Trainer::evaluateHeldOut(bool all) {
  if (!data.heldOut || data.heldOut->size() == 0 || evaluatedStep == info.progress.step)
    return {};
  EvaluateOptions options;
  options.maxRows = all ? 0 : settings.evaluateRows;
  options.bytes = data.heldOutBytes;
  options.pad = settings.pad;
  options.stop = interrupted;
  Result<Evaluation> evaluation = evaluate(learner, *data.heldOut, options);
  if (evaluation.failed())
    return evaluation.status();
  if (interrupted())
    return {}; // of a part only
  evaluatedStep = info.progress.step;
  if (!std::isfinite(evaluation->loss()))
    return diverged("a finite held-out loss", formatNumber(evaluation->loss()));
  return notify([&](TrainObserver &observer) {
    return observer.onEvaluation(info.progress.step, *evaluation);
  });
}

Status Trainer::save() {
  if (settings.out.empty() || savedStep == info.progress.step)
    return {};
  Result<runtime::Bundle> state = learner.state(/*withMoments=*/true);
  if (state.failed())
    return state.status();
  if (std::string bad = findUnsound(*state); !bad.empty())
    return diverged("finite parameters to save", text("others in ", bad));
  DREAMER_RETURN_IF_FAILED(saveCheckpoint(settings.out, *state, info));
  savedStep = info.progress.step;
  return notify([&](TrainObserver &observer) { return observer.onSave(savedStep, settings.out); });
}

Result<TrainEnd> Trainer::run() {
  auto due = [&](int64_t every) { return every > 0 && info.progress.step % every == 0; };
  if (info.progress.step == 0)
    DREAMER_RETURN_IF_FAILED(evaluateHeldOut(/*all=*/false));
  while (info.progress.step < settings.steps) {
    if (interrupted()) {
      DREAMER_RETURN_IF_FAILED(save());
      return TrainEnd::Interrupted;
    }
    DREAMER_RETURN_IF_FAILED(trainOneStep());
    if (info.progress.step == settings.steps)
      break;
    if (due(settings.evaluateEvery))
      DREAMER_RETURN_IF_FAILED(evaluateHeldOut(/*all=*/false));
    if (due(settings.saveEvery))
      DREAMER_RETURN_IF_FAILED(save());
  }
  DREAMER_RETURN_IF_FAILED(save());
  DREAMER_RETURN_IF_FAILED(evaluateHeldOut(/*all=*/true));
  return TrainEnd::Finished;
}

} // namespace dreamer::train
