// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// C API: packages.

#include "runtime/core/CApi/Handles.h"

#include <algorithm>
#include <cstring>
#include <tuple>

using namespace dreamer::runtime;
using namespace dreamer::runtime::capi;

dreamer_status dreamer_package_open(const char *path, dreamer_package **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(path);
    DREAMER_REQUIRE(out);
    Result<std::shared_ptr<const Package>> package = Package::open(path);
    if (package.failed())
      return package.status();
    *out = new dreamer_package{std::move(*package)};
    return {};
  });
}

void dreamer_package_destroy(dreamer_package *package) { delete package; }

static const Manifest &manifestOf(const dreamer_package *package) {
  static const Manifest none;
  return package ? package->package->manifest() : none;
}

const char *dreamer_package_path(const dreamer_package *package) {
  return package ? package->package->path().c_str() : "";
}
const char *dreamer_package_model_name(const dreamer_package *package) {
  return manifestOf(package).model.c_str();
}
const char *dreamer_package_description(const dreamer_package *package) {
  return manifestOf(package).description.c_str();
}
const char *dreamer_package_manifest(const dreamer_package *package) {
  return package ? package->package->manifestText().c_str() : "";
}

const void *dreamer_package_model(const dreamer_package *package, size_t *size) {
  std::span<const std::byte> model;
  if (package)
    model = package->package->model();
  if (size)
    *size = model.size();
  return model.data();
}

uint64_t dreamer_package_checksum_value(const dreamer_package *package) {
  return package ? package->package->header().checksum : 0;
}
int64_t dreamer_package_batch(const dreamer_package *package) { return manifestOf(package).batch; }
int64_t dreamer_package_context(const dreamer_package *package) {
  return manifestOf(package).context;
}
int64_t dreamer_package_vocabulary(const dreamer_package *package) {
  return manifestOf(package).vocabulary;
}

dreamer_status dreamer_package_training_value(const dreamer_package *package, const char *key,
                                              double *out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(package);
    DREAMER_REQUIRE(key);
    DREAMER_REQUIRE(out);
    const std::map<std::string, double> &training = manifestOf(package).training;
    auto found = training.find(key);
    if (found == training.end())
      return failure(DREAMER_NOT_FOUND, package->package->path(), "a training number",
                     inQuotes(key));
    *out = found->second;
    return {};
  });
}

//===-- Descriptions of values ---===//

/// Fills what the caller's version of the structure has room for.
template <typename Info>
static Status giveInfo(Info info, Info *out) {
  DREAMER_REQUIRE(out);
  uint32_t size = out->size;
  if (size < sizeof(uint32_t) || size > 65536)
    return failure(DREAMER_INVALID_ARGUMENT, "info", "`size` set to sizeof of the structure",
                   std::to_string(size));
  info.size = size;
  std::memcpy(out, &info, std::min<size_t>(size, sizeof(info)));
  return {};
}

template <typename T>
static Result<const T *> pick(const std::vector<T> &values, int64_t index, const char *what) {
  if (index >= 0 && static_cast<size_t>(index) < values.size())
    return &values[static_cast<size_t>(index)];
  return failure(DREAMER_INVALID_ARGUMENT, what, "an index below " + std::to_string(values.size()),
                 std::to_string(index));
}

static void setShape(dreamer_value_info &info, DType dtype, const Shape &shape) {
  info.dtype = static_cast<dreamer_dtype>(dtype);
  info.rank = static_cast<int32_t>(shape.size());
  std::copy(shape.begin(), shape.end(), info.shape);
}

static dreamer_value_info describe(const ValueSpec &spec) {
  dreamer_value_info info = {};
  setShape(info, spec.dtype, spec.shape);
  info.name = spec.name.c_str();
  info.role = spec.role.c_str();
  info.updates = spec.updates.empty() ? nullptr : spec.updates.c_str();
  info.optional = spec.defaultValue.has_value();
  info.has_range = spec.range.has_value();
  if (spec.range)
    std::tie(info.minimum, info.maximum) = *spec.range;
  return info;
}

int64_t dreamer_package_block_count(const dreamer_package *package) {
  return static_cast<int64_t>(manifestOf(package).blocks.size());
}

dreamer_status dreamer_package_block(const dreamer_package *package, int64_t index,
                                     dreamer_block_info *out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(package);
    auto block = pick(manifestOf(package).blocks, index, "block");
    if (block.failed())
      return block.status();
    dreamer_block_info info = {};
    info.name = (*block)->name.c_str();
    info.depth = (*block)->depth;
    info.experts = (*block)->experts;
    info.active = (*block)->active;
    return giveInfo(info, out);
  });
}

int64_t dreamer_package_parameter_count(const dreamer_package *package) {
  return static_cast<int64_t>(manifestOf(package).parameters.size());
}

dreamer_status dreamer_package_parameter(const dreamer_package *package, int64_t index,
                                         dreamer_value_info *out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(package);
    auto parameter = pick(manifestOf(package).parameters, index, "parameter");
    if (parameter.failed())
      return parameter.status();
    dreamer_value_info info = {};
    setShape(info, (*parameter)->dtype, (*parameter)->shape);
    info.name = (*parameter)->name.c_str();
    info.role = (*parameter)->role.c_str();
    return giveInfo(info, out);
  });
}

//===-- Entries ---===//

int64_t dreamer_package_entry_count(const dreamer_package *package) {
  return static_cast<int64_t>(manifestOf(package).entries.size());
}

const char *dreamer_package_entry_name(const dreamer_package *package, int64_t index) {
  if (index < 0 || index >= dreamer_package_entry_count(package))
    return nullptr;
  return manifestOf(package).entries[static_cast<size_t>(index)].name.c_str();
}

static const EntrySpec *entryOf(const dreamer_package *package, const char *entry) {
  return entry ? manifestOf(package).entry(entry) : nullptr;
}

int32_t dreamer_package_has_entry(const dreamer_package *package, const char *entry) {
  return entryOf(package, entry) != nullptr;
}
int64_t dreamer_package_input_count(const dreamer_package *package, const char *entry) {
  const EntrySpec *spec = entryOf(package, entry);
  return spec ? static_cast<int64_t>(spec->inputs.size()) : -1;
}
int64_t dreamer_package_output_count(const dreamer_package *package, const char *entry) {
  const EntrySpec *spec = entryOf(package, entry);
  return spec ? static_cast<int64_t>(spec->outputs.size()) : -1;
}
int64_t dreamer_package_arena_bytes(const dreamer_package *package, const char *entry) {
  const EntrySpec *spec = entryOf(package, entry);
  return spec ? static_cast<int64_t>(spec->arenaBytes) : -1;
}

int64_t dreamer_package_kept_bytes(const dreamer_package *package) {
  return static_cast<int64_t>(manifestOf(package).keptBytes());
}

//===-- Launches ---===//

/// Null if there is no such entry or variant.
static const std::vector<LaunchSpec> *launchesOf(const dreamer_package *package,
                                                 const char *variant, const char *entry) {
  const auto &all = manifestOf(package).launches;
  auto entries = variant ? all.find(variant) : all.end();
  if (!entry || entries == all.end())
    return nullptr;
  auto found = entries->second.find(entry);
  return found == entries->second.end() ? nullptr : &found->second;
}

int64_t dreamer_package_launch_count(const dreamer_package *package, const char *variant,
                                     const char *entry) {
  const std::vector<LaunchSpec> *launches = launchesOf(package, variant, entry);
  return launches ? static_cast<int64_t>(launches->size()) : -1;
}

dreamer_status dreamer_package_launch(const dreamer_package *package, const char *variant,
                                      const char *entry, int64_t index, dreamer_launch_info *out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(package);
    DREAMER_REQUIRE(variant);
    DREAMER_REQUIRE(entry);
    const std::vector<LaunchSpec> *launches = launchesOf(package, variant, entry);
    if (!launches)
      return failure(DREAMER_NOT_FOUND, package->package->path(),
                     "launches of an entry and a variant of the package",
                     inQuotes(entry) + " and " + inQuotes(variant));
    auto launch = pick(*launches, index, "launch");
    if (launch.failed())
      return launch.status();
    dreamer_launch_info info = {};
    info.kernel = (*launch)->kernel.c_str();
    info.operation = (*launch)->operation.c_str();
    info.part = (*launch)->part.c_str();
    info.flops = (*launch)->flops;
    info.bytes_read = (*launch)->bytesRead;
    info.bytes_written = (*launch)->bytesWritten;
    return giveInfo(info, out);
  });
}

//===-- Values ---===//

static dreamer_status giveValue(const dreamer_package *package, const char *entry, int64_t index,
                                std::vector<ValueSpec> EntrySpec::*values, const char *what,
                                dreamer_value_info *out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(package);
    DREAMER_REQUIRE(entry);
    const EntrySpec *spec = entryOf(package, entry);
    if (!spec)
      return failure(DREAMER_NOT_FOUND, package->package->path(),
                     "one of the entries " + listed(manifestOf(package).entryNames()),
                     inQuotes(entry), nearestHint(entry, manifestOf(package).entryNames()));
    auto value = pick(spec->*values, index, what);
    if (value.failed())
      return value.status();
    return giveInfo(describe(**value), out);
  });
}

dreamer_status dreamer_package_input(const dreamer_package *package, const char *entry,
                                     int64_t index, dreamer_value_info *out) {
  return giveValue(package, entry, index, &EntrySpec::inputs, "input", out);
}

dreamer_status dreamer_package_output(const dreamer_package *package, const char *entry,
                                      int64_t index, dreamer_value_info *out) {
  return giveValue(package, entry, index, &EntrySpec::outputs, "output", out);
}
