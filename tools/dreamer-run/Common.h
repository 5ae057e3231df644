// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What the verbs of dreamer-run share.

#ifndef DREAMER_TOOLS_DREAMER_RUN_COMMON_H
#define DREAMER_TOOLS_DREAMER_RUN_COMMON_H

#include "Options.h"
#include "runtime/train/Checkpoint.h"
#include "runtime/train/Data.h"
#include "runtime/train/PackageModel.h"
#include "runtime/train/Trace.h"

namespace dreamer::run {

using runtime::failure;
using runtime::Result;
using runtime::Status;
using train::text;

using Words = std::vector<std::string>; ///< the arguments after the verb

// The verbs: each gives the exit status, 0, 1 (failed) or 2 (usage).
int runBench(const Words &words);
int runCall(const Words &words);
int runGenerate(const Words &words);
int runInfo(const Words &words);
int runInit(const Words &words);
int runPlot(const Words &words);
int runProblems(const Words &words);
int runScore(const Words &words);
int runTrain(const Words &words);

/// Tells the user what failed; 1.
int fail(const std::string &verb, const Status &status);
/// 0, or fail().
int finish(const std::string &verb, const Status &status);

/// A package ready to run.
struct OpenPackage {
  std::shared_ptr<const runtime::Package> package;
  std::unique_ptr<train::PackageModel> model;

  const runtime::Manifest &manifest() const { return package->manifest(); }
};

/// PACKAGE, --device, --variant, --threads, --depth.
struct PackageOptions {
  std::string path;
  std::string device = "cpu";
  std::string variant;
  int64_t threads = 0;
  std::vector<std::string> depths;

  void addTo(Options &options);
  Result<OpenPackage> open() const;

private:
  Status setDepths(const OpenPackage &opened) const;
};

/// --profile: a trace of the last run of every entry.
class Profiling {
public:
  static void addTo(Options &options, std::string *path);

  /// Does nothing if `path` is empty. Must not outlive `opened`.
  Profiling(std::string path, OpenPackage &opened);
  ~Profiling() { stop(); }
  Profiling(const Profiling &) = delete;
  Profiling &operator=(const Profiling &) = delete;

  bool wanted() const { return !path.empty(); }
  /// Watches launches from here on.
  void start();
  void stop();
  /// Stops and writes the trace.
  Status finish();

private:
  std::string path;
  runtime::Program &program;
  train::Trace trace;
};

/// --weights: a safetensors file, a checkpoint or weights alone.
struct WeightsOptions {
  std::string path;

  void addTo(Options &options);
  /// Loads them into the model; gives the checkpoint's metadata if it is one.
  Result<std::optional<train::CheckpointInfo>> load(train::PackageModel &model) const;
};

/// --data, --data-format, --tokenizer, --held-out.
struct DataOptions {
  std::string path;
  std::string format = "auto";
  std::optional<std::string> tokenizer;
  std::optional<double> heldOut;

  void addTo(Options &options);
  /// The tokenizer asked for, or the one of `trained`, if it is known, or bytes.
  std::string tokenizerName(const std::optional<train::CheckpointInfo> &trained) const;
  double heldOutShare(const std::optional<train::CheckpointInfo> &trained) const;
  Result<train::Data> load(const train::Tokenizer &tokenizer, const runtime::Manifest &manifest,
                           double heldOutShare) const;
};

/// From now on SIGINT and SIGTERM are remembered instead of ending the program; the second one ends it.
void catchInterrupts();
bool interrupted();

/// Rows of text cells, columns aligned: the first to the left, the others to the right.
std::string formatTable(const std::vector<std::vector<std::string>> &rows);

} // namespace dreamer::run

#endif // DREAMER_TOOLS_DREAMER_RUN_COMMON_H
