// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// dreamer-run score

#include "Common.h"
#include "runtime/train/Console.h"
#include "runtime/train/Log.h"

#include <cerrno>

namespace dreamer::run {
namespace {

using train::Evaluation;

struct ScoreOptions {
  PackageOptions package;
  DataOptions data;
  WeightsOptions weights;
  std::string profile;
  std::string split = "auto", format = "text";
  std::optional<std::string> perToken, byDepth;
  int64_t rows = 0;
};

/// One evaluation of the report; `depth` is 0 if it is the depth asked for.
struct DepthScore {
  int64_t depth = 0;
  Evaluation evaluation;
};

/// The rows to score, and what to call them.
struct Part {
  const train::Examples *examples = nullptr;
  int64_t bytes = 0;
  std::string name;
};

std::string percent(double share) { return train::formatFixed(100.0 * share, 1) + "%"; }

//===-- Reports ---===//

void printEvaluation(const Evaluation &evaluation) {
  printf("rows     %lld\ntargets  %lld\nloss     %.4f nats a target\n",
         static_cast<long long>(evaluation.rows), static_cast<long long>(evaluation.targets),
         evaluation.loss());
  if (evaluation.bytes > 0)
    printf("bits     %.4f a byte\n", evaluation.bitsPerByte());
  if (evaluation.answers.rows == 0)
    return;
  std::vector<std::vector<std::string>> table = {{"steps", "rows", "right", "chance"}};
  auto add = [&](const std::string &steps, const train::AnswerTally &tally) {
    table.push_back({steps, text(tally.rows), percent(tally.accuracy()), percent(tally.chance())});
  };
  for (const auto &[steps, tally] : evaluation.bySteps)
    add(steps > 0 ? text(steps) : "not stated", tally);
  if (evaluation.bySteps.size() > 1)
    add("all", evaluation.answers);
  printf("\n%s", formatTable(table).c_str());
}

/// Right answers (or the loss) by depth executed, one row a depth.
void printByDepth(const std::string &block, const std::vector<DepthScore> &scores) {
  const Evaluation &first = scores.front().evaluation;
  std::vector<std::vector<std::string>> table = {{text("depth of ", block), "loss"}};
  if (first.bytes > 0)
    table[0].push_back("bits a byte");
  for (const auto &[steps, tally] : first.bySteps)
    table[0].push_back(steps > 0 ? text(steps, steps == 1 ? " step" : " steps") : "right");
  for (const DepthScore &score : scores) {
    const Evaluation &evaluation = score.evaluation;
    table.push_back({text(score.depth), train::formatFixed(evaluation.loss(), 4)});
    if (evaluation.bytes > 0)
      table.back().push_back(train::formatFixed(evaluation.bitsPerByte(), 4));
    for (const auto &[steps, tally] : evaluation.bySteps)
      table.back().push_back(percent(tally.accuracy()));
  }
  printf("\n%s", formatTable(table).c_str());
}

void printJson(const ScoreOptions &given, const Part &part, const Evaluation &evaluation,
               const std::string &block, const std::vector<DepthScore> &byDepth) {
  train::OrderedJson out = {{"data", given.data.path}, {"part", part.name}};
  out.update(train::describeEvaluation(evaluation));
  for (const DepthScore &score : byDepth) {
    train::OrderedJson entry = {{"depth", score.depth}};
    entry.update(train::describeEvaluation(score.evaluation));
    out["by_depth"][block].push_back(std::move(entry));
  }
  printf("%s\n", train::dumpLine(out).c_str());
}

//===-- Scoring ---===//

/// The data, and which part of it to score: "all", "train" or "held-out".
struct Chosen {
  train::Data data;
  std::string split;
};

/// What --split says; without it the held-out part of the data that the weights were trained on, and
/// all of any other data.
Result<Chosen> chooseData(const ScoreOptions &given, const train::Tokenizer &tokenizer,
                          const runtime::Manifest &manifest,
                          const std::optional<train::CheckpointInfo> &trained) {
  Chosen chosen;
  chosen.split = given.split;
  if (given.split == "auto" || given.split == "all") {
    Result<train::Data> whole = given.data.load(tokenizer, manifest, 0.0);
    if (whole.failed())
      return whole.status();
    bool trainedOnThis = trained && trained->data.fingerprint == whole->fingerprint;
    chosen.data = std::move(*whole);
    chosen.split = given.split == "auto" && trainedOnThis ? "held-out" : "all";
  }
  if (chosen.split != "all") {
    Result<train::Data> parts =
        given.data.load(tokenizer, manifest, given.data.heldOutShare(trained));
    if (parts.failed())
      return parts.status();
    chosen.data = std::move(*parts);
  }
  return chosen;
}

Part choosePart(const std::string &split, const train::Data &data) {
  if (split == "held-out")
    return {data.heldOut.get(), data.heldOutBytes, split};
  return {data.train.get(), data.trainBytes, split};
}

/// Where --per-token lines go.
class TokenWriter {
public:
  TokenWriter() = default;
  TokenWriter(const TokenWriter &) = delete;
  TokenWriter &operator=(const TokenWriter &) = delete;
  ~TokenWriter() {
    if (file && file != stdout)
      fclose(file);
  }

  Status open(const std::string &path) {
    file = path == "-" ? stdout : fopen(path.c_str(), "wb");
    return file ? Status() : runtime::systemFailure(path, "the file could not be opened", errno);
  }
  void write(const train::PositionScore &score) {
    fprintf(
        file,
        "{\"row\":%lld,\"position\":%lld,\"token\":%d,\"target\":%d,\"loss\":%.9g,\"likely\":%d}\n",
        static_cast<long long>(score.row), static_cast<long long>(score.position), score.token,
        score.target, static_cast<double>(score.loss), score.likely);
  }
  Status close(const std::string &path) {
    bool good = !ferror(file);
    good &= (file == stdout ? fflush(file) : fclose(file)) == 0;
    file = nullptr;
    return good ? Status() : runtime::systemFailure(path, "the file could not be written", errno);
  }

private:
  FILE *file = nullptr;
};

Result<Evaluation> scoreOnce(train::PackageModel &model, const Part &part, int32_t pad,
                             int64_t rows, const std::string &label, TokenWriter *writer) {
  train::ProgressLine progress(stderr);
  train::EvaluateOptions options;
  options.maxRows = rows;
  options.bytes = part.bytes;
  options.pad = pad;
  options.onProgress = [&](int64_t done, int64_t total) {
    progress.show(text("scoring ", label, done, "/", total, " rows"));
  };
  if (writer)
    options.onPosition = [&](const train::PositionScore &score) { writer->write(score); };
  Result<Evaluation> evaluation = train::evaluate(model, *part.examples, options);
  progress.clear();
  return evaluation;
}

/// The block that --by-depth means: the one named, or the only one with more than one depth.
Result<runtime::BlockSpec> depthBlock(const std::string &name, const runtime::Manifest &manifest) {
  std::vector<std::string> names;
  std::vector<runtime::BlockSpec> deep;
  for (const runtime::BlockSpec &block : manifest.blocks) {
    names.push_back(block.name);
    if (block.name == name)
      return block;
    if (block.depth > 1 && manifest.entry("score") &&
        manifest.entry("score")->input(block.name + ".depth"))
      deep.push_back(block);
  }
  if (name.empty() && deep.size() == 1)
    return deep[0];
  return failure(DREAMER_NOT_FOUND, "--by-depth",
                 text("the name of a block: ", train::listAlternatives(names)),
                 name.empty() ? "none" : runtime::inQuotes(name),
                 runtime::nearestHint(name, names));
}

Status scoreByDepth(const ScoreOptions &given, OpenPackage &opened, const Part &part, int32_t pad,
                    std::string &block, std::vector<DepthScore> &scores) {
  Result<runtime::BlockSpec> chosen = depthBlock(*given.byDepth, opened.manifest());
  if (chosen.failed())
    return chosen.status();
  block = chosen->name;
  for (int64_t depth = 1; depth <= chosen->depth; ++depth) {
    DREAMER_RETURN_IF_FAILED(opened.model->setDepth(block, depth));
    Result<Evaluation> scored =
        scoreOnce(*opened.model, part, pad, given.rows, text("at depth ", depth, ": "), nullptr);
    if (scored.failed())
      return scored.status();
    scores.push_back({depth, std::move(*scored)});
  }
  return {};
}

Status score(const ScoreOptions &given) {
  Result<OpenPackage> opened = given.package.open();
  if (opened.failed())
    return opened.status();
  train::PackageModel &model = *opened->model;
  auto trained = given.weights.load(model);
  if (trained.failed())
    return trained.status();
  auto tokenizer =
      train::openTokenizer(given.data.tokenizerName(*trained), opened->manifest().vocabulary);
  if (tokenizer.failed())
    return tokenizer.status();
  Result<Chosen> chosen = chooseData(given, **tokenizer, opened->manifest(), *trained);
  if (chosen.failed())
    return chosen.status();
  Part part = choosePart(chosen->split, chosen->data);
  if (part.examples->size() == 0)
    return failure(DREAMER_BAD_FILE, given.data.path, text("rows in the ", part.name, " part"),
                   "none", "--split=all scores every row");

  TokenWriter writer;
  if (given.perToken)
    DREAMER_RETURN_IF_FAILED(writer.open(*given.perToken));
  int32_t pad = (*tokenizer)->padToken();
  Profiling profiling(given.profile, *opened);
  profiling.start();
  Result<Evaluation> evaluation =
      scoreOnce(model, part, pad, given.rows, "", given.perToken ? &writer : nullptr);
  if (evaluation.failed())
    return evaluation.status();
  if (given.perToken)
    DREAMER_RETURN_IF_FAILED(writer.close(*given.perToken));

  std::string block;
  std::vector<DepthScore> byDepth;
  if (given.byDepth)
    DREAMER_RETURN_IF_FAILED(scoreByDepth(given, *opened, part, pad, block, byDepth));
  DREAMER_RETURN_IF_FAILED(profiling.finish());

  if (given.format == "json") {
    printJson(given, part, *evaluation, block, byDepth);
    return {};
  }
  if (given.perToken == "-")
    return {};
  printf("data     %s (%s)\n", given.data.path.c_str(),
         part.name == "all" ? "all of it" : (part.name + " part").c_str());
  printEvaluation(*evaluation);
  if (!byDepth.empty())
    printByDepth(block, byDepth);
  return {};
}

} // namespace

int runScore(const Words &words) {
  ScoreOptions given;
  Options options(
      "score", "PACKAGE --weights=FILE --data=FILE",
      "Loss on data; bits a byte for text, right answers for problems. Of the data that\n"
      "a checkpoint was trained on, the held-out part is scored, of other data all.");
  given.package.addTo(options);
  given.weights.addTo(options);
  options.required();
  given.data.addTo(options);
  options.choice("split", {"auto", "held-out", "train", "all"}, &given.split,
                 "which part of the data");
  options.value("rows", "N", &given.rows, "at most N rows, spread evenly; 0 (default): all");
  options.optionalValue("by-depth", "BLOCK", &given.byDepth, "",
                        "also at each depth of a block, from 1 to the compiled one");
  options.optionalValue("per-token", "FILE", &given.perToken, "-",
                        "write each position's loss as JSONL (to stdout, instead of the report)");
  options.choice("format", {"text", "json"}, &given.format, "how to report");
  Profiling::addTo(options, &given.profile);
  if (std::optional<int> status = options.parse(words))
    return *status;
  return finish("score", score(given));
}

} // namespace dreamer::run
