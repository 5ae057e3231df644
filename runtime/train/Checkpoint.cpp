// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Checkpoint.h"

#include "runtime/core/Safetensors.h"

#include <charconv>

namespace dreamer::train {
namespace {

constexpr char formatName[] = "dreamer.checkpoint.1";

/// Writes and reads the metadata through one list of fields, so that the two cannot differ.
template <typename Field>
void visitFields(CheckpointInfo &info, Field &&field) {
  field("dreamer.model", info.model);
  field("dreamer.description", info.description);
  field("dreamer.seed", info.seed);
  field("dreamer.step", info.progress.step);
  field("dreamer.rows_seen", info.progress.rowsSeen);
  field("dreamer.tokens_seen", info.progress.tokensSeen);
  field("dreamer.skipped_steps", info.progress.skipped);
  field("dreamer.schedule_steps", info.schedule.totalSteps);
  field("dreamer.warmup_steps", info.schedule.warmupSteps);
  field("dreamer.learning_rate", info.schedule.peakRate);
  field("dreamer.min_rate", info.schedule.minRate);
  field("dreamer.data.kind", info.data.kind);
  field("dreamer.data.fingerprint", info.data.fingerprint);
  field("dreamer.data.held_out", info.data.heldOut);
  field("dreamer.data.tokenizer", info.data.tokenizer);
}

std::string print(const std::string &value) { return value; }
std::string print(double value) { return formatNumber(value, 17); }
template <typename T>
  requires std::is_integral_v<T>
std::string print(T value) {
  return std::to_string(value);
}

bool parse(const std::string &from, std::string &value) {
  value = from;
  return true;
}
template <typename T>
  requires std::is_arithmetic_v<T>
bool parse(const std::string &from, T &value) {
  auto [end, error] = std::from_chars(from.data(), from.data() + from.size(), value);
  return error == std::errc() && end == from.data() + from.size();
}

/// The first field that is missing or unreadable, or "".
std::string readFields(const runtime::Bundle &checkpoint, CheckpointInfo &info) {
  std::string bad;
  visitFields(info, [&](const char *key, auto &value) {
    auto found = checkpoint.metadata().find(key);
    if (bad.empty() && (found == checkpoint.metadata().end() || !parse(found->second, value)))
      bad = key;
  });
  return bad;
}

bool isCheckpoint(const runtime::Bundle &bundle) {
  auto found = bundle.metadata().find("format");
  return found != bundle.metadata().end() && found->second == formatName;
}

} // namespace

Status saveCheckpoint(const std::string &path, const runtime::Bundle &state,
                      const CheckpointInfo &info) {
  runtime::Bundle checkpoint = state;
  DREAMER_RETURN_IF_FAILED(checkpoint.setMetadata("format", formatName));
  CheckpointInfo fields = info;
  Status status;
  visitFields(fields, [&](const char *key, auto &value) {
    if (status.ok())
      status = checkpoint.setMetadata(key, print(value));
  });
  DREAMER_RETURN_IF_FAILED(status);
  return runtime::writeSafetensors(checkpoint, path);
}

Result<CheckpointInfo> readCheckpointInfo(const runtime::Bundle &checkpoint,
                                          const std::string &path) {
  if (!isCheckpoint(checkpoint))
    return failure(DREAMER_BAD_FILE, path,
                   text("a checkpoint of `dreamer-run train` (format ", formatName, ")"),
                   "a file without training state", "--weights=FILE starts a new training from it");
  CheckpointInfo info;
  if (std::string bad = readFields(checkpoint, info); !bad.empty())
    return failure(DREAMER_BAD_FILE, path, text("metadata ", bad),
                   "none, or one that cannot be read");
  return info;
}

std::optional<CheckpointInfo> findCheckpointInfo(const runtime::Bundle &checkpoint) {
  CheckpointInfo info;
  if (!isCheckpoint(checkpoint) || !readFields(checkpoint, info).empty())
    return std::nullopt;
  return info;
}

} // namespace dreamer::train
