// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Common.h"

#include "runtime/core/Safetensors.h"

#include <algorithm>
#include <charconv>
#include <csignal>

namespace dreamer::run {

int fail(const std::string &verb, const Status &status) {
  fflush(stdout);
  fprintf(stderr, "dreamer-run %s: error: %s\n", verb.c_str(), status.message().c_str());
  return 1;
}

int finish(const std::string &verb, const Status &status) {
  return status.failed() ? fail(verb, status) : 0;
}

//===-- The package ---===//

void PackageOptions::addTo(Options &options) {
  options.argument("PACKAGE", &path, "what dreamer-compile made");
  options.value("device", "NAME", &device, "cpu (default), cuda or emulator");
  options.value("variant", "NAME", &variant,
                "code for a processor; default: the best for this one");
  options.value("threads", "N", &threads, "0 (default): all processors, or OMP_NUM_THREADS");
  options.value("depth", "BLOCK=N", &depths,
                "depth of a block, up to the compiled one (repeatable)");
}

Status PackageOptions::setDepths(const OpenPackage &opened) const {
  const std::vector<runtime::BlockSpec> &blocks = opened.manifest().blocks;
  for (const std::string &given : depths) {
    size_t equals = given.rfind('=');
    std::string number = equals == std::string::npos ? given : given.substr(equals + 1);
    int64_t depth = 0;
    auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), depth);
    bool named = equals != std::string::npos;
    if (error != std::errc() || end != number.data() + number.size() ||
        (!named && blocks.size() != 1))
      return failure(DREAMER_INVALID_ARGUMENT, "--depth", "BLOCK=N", runtime::inQuotes(given));
    DREAMER_RETURN_IF_FAILED(
        opened.model->setDepth(named ? given.substr(0, equals) : blocks[0].name, depth));
  }
  return {};
}

Result<OpenPackage> PackageOptions::open() const {
  OpenPackage opened;
  Result<std::shared_ptr<const runtime::Package>> package = runtime::Package::open(path);
  if (package.failed())
    return package.status();
  runtime::SessionOptions options;
  options.device = device;
  options.variant = variant;
  options.deviceOptions.threads = static_cast<int>(std::min<int64_t>(threads, 4096));
  Result<std::shared_ptr<runtime::Session>> session = runtime::Session::create(*package, options);
  if (session.failed())
    return session.status();
  opened.package = *package;
  opened.model = std::make_unique<train::PackageModel>(*session);
  DREAMER_RETURN_IF_FAILED(setDepths(opened));
  return opened;
}

//===-- Profiles ---===//

void Profiling::addTo(Options &options, std::string *path) {
  options.value("profile", "FILE", path,
                "write a Chrome trace of the last run of every entry, launch by launch");
}

Profiling::Profiling(std::string path, OpenPackage &opened)
    : path(std::move(path)), program(opened.model->session().program()),
      trace(opened.manifest(), program.variant()) {}

void Profiling::start() {
  if (wanted())
    program.observe(&trace);
}

void Profiling::stop() {
  if (wanted())
    program.observe(nullptr);
}

Status Profiling::finish() {
  stop();
  return wanted() ? trace.write(path) : Status();
}

//===-- Weights ---===//

void WeightsOptions::addTo(Options &options) {
  options.value("weights", "FILE", &path, "safetensors file: a checkpoint, or weights alone");
}

Result<std::optional<train::CheckpointInfo>>
WeightsOptions::load(train::PackageModel &model) const {
  Result<runtime::Bundle> bundle = runtime::readSafetensors(path);
  if (bundle.failed())
    return bundle.status();
  DREAMER_RETURN_IF_FAILED(model.load(*bundle, /*withMoments=*/false));
  return train::findCheckpointInfo(*bundle);
}

//===-- Data ---===//

void DataOptions::addTo(Options &options) {
  options.value("data", "FILE", &path,
                "UTF-8 text, or .jsonl with {\"prompt\", \"answer\"} or "
                "{\"tokens\", \"targets\"}");
  options.required();
  options.choice("data-format", {"auto", "text", "jsonl"}, &format,
                 "auto (default): by the file's name");
  options.value("tokenizer", "FILE", &tokenizer, "bytes (default), or a SentencePiece model");
  options.value("held-out", "SHARE", &heldOut, "share of the data that is not trained on (0.1)");
}

std::string DataOptions::tokenizerName(const std::optional<train::CheckpointInfo> &trained) const {
  return tokenizer ? *tokenizer : trained ? trained->data.tokenizer : "bytes";
}

double DataOptions::heldOutShare(const std::optional<train::CheckpointInfo> &trained) const {
  return heldOut ? *heldOut : trained ? trained->data.heldOut : 0.1;
}

Result<train::Data> DataOptions::load(const train::Tokenizer &tokenizer,
                                      const runtime::Manifest &manifest,
                                      double heldOutShare) const {
  train::DataOptions options;
  options.context = manifest.context;
  options.vocabulary = manifest.vocabulary;
  options.heldOut = heldOutShare;
  options.format = format == "text"    ? train::DataFormat::Text
                   : format == "jsonl" ? train::DataFormat::JsonLines
                                       : train::DataFormat::FromName;
  return train::loadData(path, tokenizer, options);
}

//===-- Interrupts ---===//

static volatile std::sig_atomic_t interruptCount = 0;

void catchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interruptCount = 1; };
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return interruptCount != 0; }

//===-- Tables ---===//

std::string formatTable(const std::vector<std::vector<std::string>> &rows) {
  std::vector<size_t> widths;
  for (const std::vector<std::string> &row : rows)
    for (size_t i = 0; i < row.size(); ++i) {
      widths.resize(std::max(widths.size(), i + 1));
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string out;
  for (const std::vector<std::string> &row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      std::string space(widths[i] - row[i].size(), ' ');
      line += i == 0 ? row[i] + space : "  " + space + row[i];
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

} // namespace dreamer::run
