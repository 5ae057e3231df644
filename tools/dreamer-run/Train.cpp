// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// dreamer-run train

#include "Common.h"
#include "runtime/core/File.h"
#include "runtime/core/Safetensors.h"
#include "runtime/train/Console.h"
#include "runtime/train/Log.h"
#include "runtime/train/Random.h"

#include <algorithm>
#include <filesystem>
#include <unistd.h>

namespace dreamer::run {
namespace {

using train::CheckpointInfo;

/// Everything given on the command line.
struct TrainOptions {
  PackageOptions package;
  DataOptions data;
  WeightsOptions weights;
  std::string profile;
  std::optional<int64_t> steps, scheduleSteps, warmup, evaluateEvery, saveEvery;
  std::optional<double> rate, minRate;
  std::optional<uint64_t> seed;
  std::optional<std::string> resume;
  int64_t evaluateRows = 256;
  std::string out, log;
  bool quiet = false;

  void addTo(Options &options);
};

void TrainOptions::addTo(Options &options) {
  package.addTo(options);
  data.addTo(options);
  options.value("steps", "N", &steps, "train until step N, counted from the very first");
  options.value("out", "FILE", &out, "the checkpoint to write: parameters and optimizer state");
  options.optionalValue("resume", "FILE", &resume, "",
                        "go on from this checkpoint (default: --out)");
  weights.addTo(options);
  options.value("log", "FILE.jsonl", &log, "one line a step; a resumed run appends");
  options.value("seed", "S", &seed, "of initial weights and data order; 0 by default");
  options.value("learning-rate", "X", &rate, "peak; default: the description's");
  options.value("warmup", "N", &warmup, "steps up to the peak; default: the description's");
  options.value("min-rate", "X", &minRate,
                "share of the peak at the end; default: the description's");
  options.value("schedule-steps", "N", &scheduleSteps, "length of the schedule; default: --steps");
  options.value("evaluate-every", "N", &evaluateEvery, "steps between looks at held-out data");
  options.value("evaluate-rows", "N", &evaluateRows, "rows of each look (256; 0: all)");
  options.value("save-every", "N", &saveEvery, "steps between checkpoints");
  options.flag("quiet", &quiet, "no progress");
  Profiling::addTo(options, &profile);
}

//===-- Where the run starts ---===//

double trainingValue(const runtime::Manifest &manifest, const char *key, double otherwise) {
  auto found = manifest.training.find(key);
  return found == manifest.training.end() ? otherwise : found->second;
}

/// A new run: the description's schedule, changed by the options.
CheckpointInfo newRun(const TrainOptions &given, const runtime::Manifest &manifest) {
  CheckpointInfo info;
  info.seed = given.seed.value_or(0);
  info.schedule.peakRate = trainingValue(manifest, "learning_rate", 3.0e-4);
  info.schedule.minRate = trainingValue(manifest, "min_rate", 0.1);
  info.schedule.warmupSteps = static_cast<int64_t>(trainingValue(manifest, "warmup_steps", 100));
  auto described = static_cast<int64_t>(trainingValue(manifest, "schedule_steps", 0));
  info.schedule.totalSteps = described > 0 ? described : given.steps.value_or(1);
  return info;
}

/// Loads the checkpoint to go on from, or the weights to start from, or draws new ones.
Result<CheckpointInfo> loadStart(const TrainOptions &given, OpenPackage &opened) {
  train::PackageModel &model = *opened.model;
  if (given.resume) {
    const std::string &path = given.resume->empty() ? given.out : *given.resume;
    Result<runtime::Bundle> bundle = runtime::readSafetensors(path);
    if (bundle.failed())
      return bundle.status();
    Result<CheckpointInfo> info = train::readCheckpointInfo(*bundle, path);
    if (info.failed())
      return info.status();
    if (given.seed && *given.seed != info->seed)
      return failure(DREAMER_INVALID_ARGUMENT, "--seed", text("the checkpoint's seed ", info->seed),
                     text(*given.seed), "leave --seed out: a resumed run keeps its data order");
    DREAMER_RETURN_IF_FAILED(model.load(*bundle, /*withMoments=*/true));
    return info;
  }
  DREAMER_RETURN_IF_FAILED(model.session().initialize(given.seed.value_or(0)));
  if (!given.weights.path.empty()) {
    Result<std::optional<CheckpointInfo>> loaded = given.weights.load(model);
    if (loaded.failed())
      return loaded.status();
  }
  return newRun(given, opened.manifest());
}

void applySchedule(const TrainOptions &given, train::RateSchedule &schedule) {
  schedule.peakRate = given.rate.value_or(schedule.peakRate);
  schedule.minRate = given.minRate.value_or(schedule.minRate);
  schedule.warmupSteps = given.warmup.value_or(schedule.warmupSteps);
  schedule.totalSteps = given.scheduleSteps.value_or(schedule.totalSteps);
}

/// How far to train; a resumed run may leave it to the schedule.
Result<int64_t> lastStep(const TrainOptions &given, const CheckpointInfo &info) {
  int64_t steps = given.steps.value_or(info.schedule.totalSteps);
  if (steps < 1)
    return failure(DREAMER_INVALID_ARGUMENT, "--steps", "at least 1", text(steps));
  if (steps < info.progress.step)
    return failure(DREAMER_INVALID_ARGUMENT, "--steps",
                   text("at least ", info.progress.step, ", where the checkpoint stands"),
                   text(steps), "--steps counts from the very first step, not from the checkpoint");
  return steps;
}

/// A file that is about to be replaced by another run stays as FILE.previous.
void keepPrevious(const std::string &path, train::TrainConsole &console) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    return;
  std::string kept = path + ".previous";
  unlink(kept.c_str());
  if (link(path.c_str(), kept.c_str()) == 0)
    console.print(text("the file that was at ", path, " is kept as ", kept));
}

//===-- The log's first line ---===//

train::OrderedJson describeRun(const OpenPackage &opened, const CheckpointInfo &info,
                               const TrainOptions &given, const train::Data &data, int64_t steps) {
  const runtime::Manifest &manifest = opened.manifest();
  const runtime::Session &session = opened.model->session();
  return {{"event", "start"},
          {"model", manifest.model},
          {"description", manifest.description},
          {"seed", info.seed},
          {"versions", {{"compiler", manifest.compilerVersion}, {"runtime", DREAMER_VERSION}}},
          {"tokens_seen", info.progress.tokensSeen},
          {"step", info.progress.step},
          {"steps", steps},
          {"package", given.package.path},
          {"dtype", manifest.dtype},
          {"batch", manifest.batch},
          {"context", manifest.context},
          {"device", session.device().name()},
          {"variant", session.program().variant()},
          {"threads", session.device().threads()},
          {"schedule",
           {{"learning_rate", info.schedule.peakRate},
            {"min_rate", info.schedule.minRate},
            {"warmup_steps", info.schedule.warmupSteps},
            {"schedule_steps", info.schedule.totalSteps}}},
          {"data",
           {{"file", given.data.path},
            {"kind", train::dataKindName(data.kind)},
            {"tokenizer", info.data.tokenizer},
            {"rows", data.train->size()},
            {"held_out_rows", data.heldOut->size()},
            {"held_out", info.data.heldOut},
            {"fingerprint", data.fingerprint}}}};
}

void announce(const OpenPackage &opened, const CheckpointInfo &info, const train::Data &data,
              int64_t steps, train::TrainConsole &console) {
  const runtime::Manifest &manifest = opened.manifest();
  int64_t parameters = 0;
  for (const runtime::ParameterSpec &parameter : manifest.parameters)
    parameters += *runtime::elementsOf(parameter.shape);
  auto tokens = static_cast<double>(manifest.batch * manifest.context);
  console.print(text(manifest.model, ": ", train::formatCount(static_cast<double>(parameters)),
                     " parameters; ", data.train->size(), " rows to train on, ",
                     data.heldOut->size(), " held out; ", tokens, " tokens a step, ",
                     train::formatCount(tokens * static_cast<double>(steps)), " in all"));
  if (info.progress.step == steps)
    console.print(text("nothing to train: the checkpoint stands at step ", steps,
                       " (--steps counts from the very first)"));
  else if (info.progress.step > 0)
    console.print(text("going on after step ", info.progress.step, " of seed ", info.seed));
}

//===-- The run ---===//

/// The data of the run; notes in `info` what it is, and says so if it is not what it was.
Result<train::Data> loadRunData(const TrainOptions &given, const OpenPackage &opened,
                                const train::Tokenizer &tokenizer, CheckpointInfo &info,
                                train::TrainConsole &console) {
  Result<train::Data> data = given.data.load(tokenizer, opened.manifest(), info.data.heldOut);
  if (data.failed())
    return data;
  if (data->train->size() == 0)
    return failure(DREAMER_BAD_FILE, given.data.path, "rows to train on",
                   text("all ", data->heldOut->size(), " of them held out"),
                   "give more rows, or a smaller --held-out");
  if (info.progress.step > 0 && info.data.fingerprint != data->fingerprint)
    console.print(
        text("note: ", given.data.path, " is not the data that the checkpoint was trained on"));
  info.data.fingerprint = data->fingerprint;
  info.data.kind = train::dataKindName(data->kind);
  return data;
}

Status trainWith(const TrainOptions &given) {
  // A checkpoint that cannot be written is found out now, not when there is something to lose.
  DREAMER_RETURN_IF_FAILED(runtime::AtomicFile::create(given.out).status());
  Result<OpenPackage> opened = given.package.open();
  if (opened.failed())
    return opened.status();
  Result<CheckpointInfo> info = loadStart(given, *opened);
  if (info.failed())
    return info.status();
  applySchedule(given, info->schedule);
  Result<int64_t> steps = lastStep(given, *info);
  if (steps.failed())
    return steps.status();

  std::optional<CheckpointInfo> resumed;
  if (given.resume)
    resumed = *info;
  info->data.tokenizer = given.data.tokenizerName(resumed);
  info->data.heldOut = given.data.heldOutShare(resumed);
  info->model = opened->manifest().model;
  info->description = opened->manifest().description;
  auto tokenizer = train::openTokenizer(info->data.tokenizer, opened->manifest().vocabulary);
  if (tokenizer.failed())
    return tokenizer.status();

  FILE *screen = given.quiet ? fopen("/dev/null", "w") : stderr;
  train::TrainConsole console(screen, info->progress.step, *steps);
  Result<train::Data> data = loadRunData(given, *opened, **tokenizer, *info, console);
  if (data.failed())
    return data.status();
  announce(*opened, *info, *data, *steps, console);

  std::vector<train::TrainObserver *> observers = {&console};
  std::unique_ptr<train::TrainLog> log;
  if (!given.log.empty()) {
    Result<std::unique_ptr<train::TrainLog>> file =
        train::TrainLog::open(given.log, /*append=*/given.resume.has_value());
    if (file.failed())
      return file.status();
    log = std::move(*file);
    DREAMER_RETURN_IF_FAILED(log->write(describeRun(*opened, *info, given, *data, *steps)));
    observers.push_back(log.get());
  }
  if (!given.resume)
    keepPrevious(given.out, console);

  train::TrainSettings settings;
  settings.steps = *steps;
  settings.evaluateEvery = given.evaluateEvery.value_or(std::max<int64_t>(10, *steps / 20));
  settings.evaluateRows = given.evaluateRows;
  settings.saveEvery = given.saveEvery.value_or(std::max<int64_t>(10, *steps / 10));
  settings.out = given.out;
  settings.outHoldsStart = given.resume && (given.resume->empty() || *given.resume == given.out);
  settings.pad = (*tokenizer)->padToken();
  catchInterrupts();
  Profiling profiling(given.profile, *opened);
  profiling.start();
  train::Trainer trainer(*opened->model, *data, settings, *info, observers, interrupted);
  Result<train::TrainEnd> end = trainer.run();
  console.finish();
  if (end.failed())
    return end.status();
  bool stopped = *end == train::TrainEnd::Interrupted;
  if (stopped)
    console.print(
        text("stopped after step ", info->progress.step, "; go on with --resume=", given.out));
  if (log)
    DREAMER_RETURN_IF_FAILED(log->write({{"event", "end"},
                                         {"reason", stopped ? "interrupted" : "finished"},
                                         {"step", info->progress.step},
                                         {"tokens_seen", info->progress.tokensSeen}}));
  return profiling.finish();
}

} // namespace

int runTrain(const Words &words) {
  TrainOptions given;
  Options options("train", "PACKAGE --data=FILE --steps=N --out=CKPT [--resume] [--log=RUN.jsonl]",
                  "Trains on text or problems. Ctrl-C saves a checkpoint and stops.");
  given.addTo(options);
  if (std::optional<int> status = options.parse(words))
    return *status;
  if (given.out.empty() && given.resume)
    given.out = *given.resume;
  auto usage = [](const char *message) {
    fprintf(stderr, "dreamer-run train: error: %s\n", message);
    return 2;
  };
  if (given.out.empty())
    return usage("expected --out=FILE, the checkpoint to write, found nothing");
  if (!given.steps && !given.resume)
    return usage("expected --steps=N, found nothing");
  if (given.resume && !given.weights.path.empty())
    return usage("expected --resume or --weights, found both");
  return finish("train", trainWith(given));
}

} // namespace dreamer::run
