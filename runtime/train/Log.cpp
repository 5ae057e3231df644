// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Log.h"

#include <cerrno>

namespace dreamer::train {

std::string dumpLine(const OrderedJson &object) {
  return object.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

OrderedJson describeEvaluation(const Evaluation &evaluation) {
  OrderedJson out = {
      {"loss", evaluation.loss()}, {"rows", evaluation.rows}, {"targets", evaluation.targets}};
  if (evaluation.bytes > 0)
    out["bits_per_byte"] = evaluation.bitsPerByte();
  if (evaluation.answers.rows == 0)
    return out;
  out["accuracy"] = evaluation.answers.accuracy();
  out["chance"] = evaluation.answers.chance();
  OrderedJson bySteps = OrderedJson::object();
  for (const auto &[steps, tally] : evaluation.bySteps)
    bySteps[text(steps)] = {{"rows", tally.rows},
                            {"exact", tally.exact},
                            {"accuracy", tally.accuracy()},
                            {"chance", tally.chance()}};
  out["accuracy_by_steps"] = std::move(bySteps);
  return out;
}

Result<std::unique_ptr<TrainLog>> TrainLog::open(const std::string &path, bool append) {
  auto log = std::make_unique<TrainLog>();
  log->path = path;
  log->file.reset(fopen(path.c_str(), append ? "ab" : "wb"));
  if (!log->file)
    return runtime::systemFailure(path, "the log could not be opened", errno);
  return log;
}

Status TrainLog::write(const OrderedJson &object) {
  std::string line = dumpLine(object) + "\n";
  if (fwrite(line.data(), 1, line.size(), file.get()) != line.size() || fflush(file.get()) != 0)
    return runtime::systemFailure(path, "the log could not be written", errno);
  return {};
}

Status TrainLog::onStep(const StepRecord &record) {
  const StepOutcome &outcome = record.outcome;
  OrderedJson line = {{"event", "step"},
                      {"step", record.step},
                      {"loss", outcome.loss},
                      {"norm", outcome.norm},
                      {"rate", record.rate},
                      {"tokens_per_second", static_cast<double>(record.tokens) / record.seconds},
                      {"tokens_seen", record.progress.tokensSeen},
                      {"skipped_steps", record.progress.skipped}};
  for (const ExpertLoad &load : outcome.loads) {
    line["expert_load"][load.layer] = load.total();
    line["effective_experts"][load.layer] = load.effectiveExperts();
  }
  return write(line);
}

Status TrainLog::onEvaluation(int64_t step, const Evaluation &evaluation) {
  OrderedJson line = {{"event", "evaluation"}, {"step", step}};
  line.update(describeEvaluation(evaluation));
  return write(line);
}

Status TrainLog::onSave(int64_t step, const std::string &savedPath) {
  return write({{"event", "save"}, {"step", step}, {"path", savedPath}});
}

} // namespace dreamer::train
