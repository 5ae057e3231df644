// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Manifest.h"

#include <algorithm>
#include <limits>
#include <set>

namespace dreamer::runtime {

/// No machine has more; keeps sums of sizes far from overflow.
static constexpr int64_t maxBytes = int64_t{1} << 47;
static constexpr int64_t maxCount = std::numeric_limits<int32_t>::max();

static constexpr std::string_view bufferKindNames[] = {
    "parameters", "gradients", "moment1", "moment2", "kept", "arena", "tensor"};

std::string_view nameOf(BufferKind kind) { return bufferKindNames[static_cast<size_t>(kind)]; }

std::string_view prefixOf(BufferKind kind) {
  constexpr std::string_view prefixes[] = {"", "grad.", "moment1.", "moment2.", "", "", ""};
  return prefixes[static_cast<size_t>(kind)];
}

//===-- Look-up ---===//

template <typename T>
static const T *named(const std::vector<T> &values, std::string_view name) {
  auto found = std::find_if(values.begin(), values.end(),
                            [&](const T &value) { return value.name == name; });
  return found == values.end() ? nullptr : &*found;
}

const ValueSpec *EntrySpec::input(std::string_view name) const { return named(inputs, name); }
const ValueSpec *EntrySpec::output(std::string_view name) const { return named(outputs, name); }
const EntrySpec *Manifest::entry(std::string_view name) const { return named(entries, name); }
const ParameterSpec *Manifest::parameter(std::string_view name) const {
  return named(parameters, name);
}

bool EntrySpec::uses(BufferKind kind) const {
  return std::any_of(buffers.begin(), buffers.end(),
                     [&](const BufferSpec &buffer) { return buffer.kind == kind; });
}

bool Manifest::uses(BufferKind kind) const {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const EntrySpec &entry) { return entry.uses(kind); });
}

size_t Manifest::keptBytes() const {
  size_t bytes = 0;
  for (const EntrySpec &entry : entries)
    for (const BufferSpec &buffer : entry.buffers)
      if (buffer.kind == BufferKind::Kept)
        bytes = std::max(bytes, buffer.bytes);
  return bytes;
}

const std::vector<LaunchSpec> &Manifest::launchesOf(std::string_view variant,
                                                    const std::string &entry) const {
  static const std::vector<LaunchSpec> none;
  auto entries = launches.find(variant);
  if (entries == launches.end())
    return none;
  auto found = entries->second.find(entry);
  return found == entries->second.end() ? none : found->second;
}

std::vector<std::string> Manifest::entryNames() const {
  std::vector<std::string> names;
  for (const EntrySpec &entry : entries)
    names.push_back(entry.name);
  return names;
}

//===-- Reading ---===//

static DType readDType(const JsonCursor &cursor) {
  std::string name = cursor.string();
  std::optional<DType> dtype = dtypeNamed(name);
  if (!dtype)
    cursor.fail("f32, f64, bf16, i32 or i64", inQuotes(name));
  return dtype.value_or(DType::F32);
}

static Shape readShape(const JsonCursor &cursor) {
  Shape shape = cursor.shape();
  std::optional<int64_t> elements = elementsOf(shape);
  if (!elements || *elements > maxBytes / 8) {
    cursor.fail("a size that a machine can hold", toString(shape));
    return {};
  }
  return shape;
}

static std::string readName(const JsonCursor &cursor, std::set<std::string> &taken) {
  std::string name = cursor.string();
  if (name.empty())
    cursor.fail("a name", "an empty one");
  else if (!taken.insert(name).second)
    cursor.fail("every name once", inQuotes(name) + " twice");
  return name;
}

static ParameterSpec readParameter(const JsonCursor &cursor, std::set<std::string> &names) {
  ParameterSpec spec;
  spec.name = readName(cursor.at("name"), names);
  spec.role = cursor.has("role") ? cursor.at("role").string() : "parameter";
  if (spec.role != "parameter" && spec.role != "balance")
    cursor.at("role").fail("'parameter' or 'balance'", inQuotes(spec.role));
  spec.shape = readShape(cursor.at("shape"));
  spec.dtype = readDType(cursor.at("dtype"));
  if (spec.dtype != DType::F32)
    cursor.at("dtype").fail("f32 (parameters are kept in f32)", nameOf(spec.dtype));
  spec.offset = static_cast<size_t>(cursor.at("offset").integer(0, maxBytes));
  if (spec.offset % tensorAlignment != 0)
    cursor.at("offset").fail("a multiple of 64", std::to_string(spec.offset));
  JsonCursor init = cursor.at("init");
  spec.normal = init.has("std");
  spec.value = init.at(spec.normal ? "std" : "fill").number();
  return spec;
}

static void readParameters(const JsonCursor &cursor, Manifest &manifest) {
  manifest.parameterBytes = static_cast<size_t>(cursor.at("parameter_bytes").integer(0, maxBytes));
  std::set<std::string> names;
  size_t end = 0;
  for (const JsonCursor &element : cursor.at("parameters").elements()) {
    ParameterSpec spec = readParameter(element, names);
    if (spec.offset < end)
      element.at("offset").fail("at least " + std::to_string(end) + ", the end of the one before",
                                std::to_string(spec.offset));
    end = spec.offset + spec.bytes();
    manifest.parameters.push_back(std::move(spec));
  }
  if (end > manifest.parameterBytes)
    cursor.at("parameter_bytes")
        .fail("at least " + std::to_string(end), std::to_string(manifest.parameterBytes));
}

static BufferSpec readBuffer(const JsonCursor &cursor, const Manifest &manifest, size_t arena) {
  BufferSpec spec;
  std::string kind = cursor.at("kind").string();
  auto found = std::find(std::begin(bufferKindNames), std::end(bufferKindNames), kind);
  if (found == std::end(bufferKindNames))
    cursor.at("kind").fail("parameters, gradients, moment1, moment2, kept, arena or tensor",
                           inQuotes(kind));
  else
    spec.kind = static_cast<BufferKind>(found - std::begin(bufferKindNames));
  spec.name = cursor.has("name") ? cursor.at("name").string() : kind;
  if (cursor.has("bytes"))
    spec.bytes = static_cast<size_t>(cursor.at("bytes").integer(0, maxBytes));
  if (spec.kind == BufferKind::Kept && spec.bytes < tensorAlignment)
    cursor.at("bytes").fail("at least 64 for what is kept", std::to_string(spec.bytes));
  if (spec.kind == BufferKind::Tensor || spec.kind == BufferKind::Kept)
    return spec;
  size_t known = spec.kind == BufferKind::Arena ? arena : manifest.parameterBytes;
  if (cursor.has("bytes") && spec.bytes > known)
    cursor.at("bytes").fail("at most " + std::to_string(known), std::to_string(spec.bytes));
  spec.bytes = known;
  return spec;
}

static ValueSpec readValue(const JsonCursor &cursor, EntrySpec &entry, std::set<std::string> &names,
                           std::string_view defaultRole) {
  ValueSpec spec;
  spec.name = readName(cursor.at("name"), names);
  spec.dtype = readDType(cursor.at("dtype"));
  spec.shape = readShape(cursor.at("shape"));
  spec.role = cursor.has("role") ? cursor.at("role").string() : defaultRole;
  if (entry.buffers.empty()) {
    cursor.fail("a buffer that it lies in", "an entry without buffers");
    return spec;
  }
  spec.buffer = static_cast<size_t>(
      cursor.at("buffer").integer(0, static_cast<int64_t>(entry.buffers.size()) - 1));
  if (cursor.has("offset"))
    spec.offset = static_cast<size_t>(cursor.at("offset").integer(0, maxBytes));
  if (spec.offset % sizeOf(spec.dtype) != 0)
    cursor.at("offset").fail("a multiple of the element's size", std::to_string(spec.offset));

  BufferSpec &buffer = entry.buffers[spec.buffer];
  if (buffer.kind == BufferKind::Kept)
    cursor.at("buffer").fail("a buffer for inputs and outputs", "one of kind 'kept'");
  size_t end = spec.offset + spec.bytes();
  if (buffer.kind == BufferKind::Tensor && buffer.bytes == 0)
    return spec; // sized by completeBuffers
  if (end > buffer.bytes)
    cursor.fail("a place inside buffer " + inQuotes(buffer.name) + " of " +
                    std::to_string(buffer.bytes) + " bytes",
                "one that ends at byte " + std::to_string(end));
  return spec;
}

/// A value in a buffer of the session must be the parameter (gradient, moment) of its name.
static void checkPlace(const JsonCursor &cursor, const ValueSpec &spec, const EntrySpec &entry,
                       const Manifest &manifest) {
  BufferKind kind = entry.buffers[spec.buffer].kind;
  if (static_cast<size_t>(kind) >= stateCount)
    return;
  std::string_view prefix = prefixOf(kind);
  const ParameterSpec *parameter =
      spec.name.starts_with(prefix)
          ? manifest.parameter(std::string_view(spec.name).substr(prefix.size()))
          : nullptr;
  if (!parameter)
    cursor.at("name").fail("the name of a parameter after '" + std::string(prefix) + "'",
                           inQuotes(spec.name));
  else if (parameter->offset != spec.offset || parameter->shape != spec.shape ||
           parameter->dtype != spec.dtype)
    cursor.fail(toString(parameter->dtype, parameter->shape) + " at byte " +
                    std::to_string(parameter->offset) + " as in `parameters`",
                toString(spec.dtype, spec.shape) + " at byte " + std::to_string(spec.offset));
}

static void readInput(const JsonCursor &cursor, const Manifest &manifest, EntrySpec &entry,
                      std::set<std::string> &names) {
  ValueSpec spec = readValue(cursor, entry, names, "input");
  static const std::set<std::string_view> roles = {"input",   "option",  "parameter", "balance",
                                                   "moment1", "moment2", "cache"};
  if (!roles.contains(spec.role))
    cursor.at("role").fail("input, option, parameter, balance, moment1, moment2 or cache",
                           inQuotes(spec.role));
  if (cursor.has("default") && !cursor.at("default").json().is_null())
    spec.defaultValue = cursor.at("default").number();
  if (cursor.has("range")) {
    std::vector<JsonCursor> pair = cursor.at("range").elements();
    constexpr int64_t least = std::numeric_limits<int64_t>::min();
    constexpr int64_t most = std::numeric_limits<int64_t>::max();
    if (pair.size() == 2 && !isFloat(spec.dtype))
      spec.range = {pair[0].integer(least, most), pair[1].integer(least, most)};
    else
      cursor.at("range").fail("[minimum, maximum] of an integer type",
                              std::to_string(pair.size()) + " values for " +
                                  std::string(nameOf(spec.dtype)));
  }
  if (!entry.buffers.empty()) {
    if (entry.buffers[spec.buffer].kind == BufferKind::Arena)
      cursor.at("buffer").fail("a buffer that keeps inputs", "the arena");
    checkPlace(cursor, spec, entry, manifest);
  }
  entry.inputs.push_back(std::move(spec));
}

static void readOutput(const JsonCursor &cursor, const Manifest &manifest, EntrySpec &entry,
                       std::set<std::string> &names) {
  ValueSpec spec = readValue(cursor, entry, names, "output");
  if (!entry.buffers.empty())
    checkPlace(cursor, spec, entry, manifest);
  if (cursor.has("updates") && !cursor.at("updates").json().is_null()) {
    spec.updates = cursor.at("updates").string();
    const ValueSpec *input = entry.input(spec.updates);
    if (!input)
      cursor.at("updates").fail("the name of an input", inQuotes(spec.updates));
    else if (input->buffer != spec.buffer || input->offset != spec.offset ||
             input->shape != spec.shape || input->dtype != spec.dtype)
      cursor.fail("the place and type of the input that it updates", "another");
    else if (!cursor.has("role"))
      spec.role = input->role;
  }
  entry.outputs.push_back(std::move(spec));
}

/// Tensor buffers without a size get the one that their values need.
static void completeBuffers(EntrySpec &entry) {
  auto grow = [&](const ValueSpec &value) {
    BufferSpec &buffer = entry.buffers[value.buffer];
    if (buffer.kind == BufferKind::Tensor)
      buffer.bytes = std::max(buffer.bytes, value.offset + value.bytes());
  };
  if (entry.buffers.empty())
    return;
  for (const ValueSpec &value : entry.inputs)
    grow(value);
  for (const ValueSpec &value : entry.outputs)
    grow(value);
}

static EntrySpec readEntry(const JsonCursor &cursor, const Manifest &manifest,
                           std::set<std::string> &names) {
  EntrySpec entry;
  entry.name = readName(cursor.at("name"), names);
  entry.arenaBytes = static_cast<size_t>(cursor.at("arena_bytes").integer(0, maxBytes));
  for (const JsonCursor &element : cursor.at("buffers").elements())
    entry.buffers.push_back(readBuffer(element, manifest, entry.arenaBytes));
  std::set<std::string> inputs, outputs;
  for (const JsonCursor &element : cursor.at("inputs").elements())
    readInput(element, manifest, entry, inputs);
  for (const JsonCursor &element : cursor.at("outputs").elements())
    readOutput(element, manifest, entry, outputs);
  completeBuffers(entry);
  completeInputs(manifest, entry);
  return entry;
}

static void readTables(const JsonCursor &root, Manifest &manifest) {
  for (const JsonCursor &cursor : root.at("blocks").elements()) {
    BlockSpec block;
    block.name = cursor.at("name").string();
    block.depth = cursor.at("depth").integer(1, maxCount);
    if (cursor.has("experts"))
      block.experts = cursor.at("experts").integer(0, maxCount);
    if (cursor.has("active"))
      block.active = cursor.at("active").integer(0, maxCount);
    manifest.blocks.push_back(std::move(block));
  }
  for (const JsonCursor &cursor : root.at("targets").elements()) {
    TargetSpec target;
    target.variant = cursor.at("variant").string();
    for (const JsonCursor &feature : cursor.at("features").elements())
      target.features.push_back(feature.string());
    manifest.targets.push_back(std::move(target));
  }
  if (root.has("errors"))
    for (const JsonCursor &cursor : root.at("errors").elements())
      manifest.errors[cursor.at("code").integer(1, maxCount)] = cursor.at("message").string();
  if (root.has("training") && root.at("training").json().is_object())
    for (const auto &[key, value] : root.at("training").json().items()) {
      if (value.is_number())
        manifest.training[key] = value.get<double>();
      else if (value.is_boolean())
        manifest.training[key] = value.get<bool>() ? 1 : 0;
    }
}

static LaunchSpec readLaunch(const JsonCursor &cursor) {
  LaunchSpec launch;
  launch.kernel = cursor.at("kernel").string();
  launch.operation = cursor.at("operation").string();
  launch.part = cursor.has("part") ? cursor.at("part").string() : "other";
  if (cursor.has("products")) {
    JsonCursor products = cursor.at("products");
    launch.products = products.string();
    if (launch.products != "pairs" && launch.products != "tiles")
      products.fail("'pairs' or 'tiles'", inQuotes(launch.products));
  }
  auto count = [&](const char *key) {
    return cursor.has(key) ? cursor.at(key).integer(0, std::numeric_limits<int64_t>::max()) : 0;
  };
  launch.flops = count("flops");
  launch.bytesRead = count("bytes_read");
  launch.bytesWritten = count("bytes_written");
  return launch;
}

static void readLaunches(const JsonCursor &root, Manifest &manifest) {
  for (const auto &[variant, entries] : root.at("launches").members())
    for (const auto &[entry, launches] : entries.members()) {
      std::vector<LaunchSpec> &list = manifest.launches[variant][entry];
      for (const JsonCursor &launch : launches.elements())
        list.push_back(readLaunch(launch));
    }
}

Result<Manifest> parseManifest(std::string_view text, std::string_view where) {
  std::string place = std::string(where) + ": manifest";
  Result<Json> json = parseJson(text, place);
  if (json.failed())
    return json.status();
  Status status;
  Manifest manifest;
  JsonCursor root(*json, place + ": ", status);
  root.at("format").integer(manifestFormat, manifestFormat);
  manifest.compilerVersion = root.at("compiler").at("version").string();
  manifest.model = root.at("model").string();
  manifest.description = root.at("description").string();
  manifest.dtype = root.at("dtype").string();
  manifest.batch = root.at("batch").integer(1, maxCount);
  manifest.context = root.at("context").integer(1, maxCount);
  manifest.vocabulary = root.at("vocabulary").integer(1, maxCount);
  readParameters(root, manifest);
  readTables(root, manifest);
  DREAMER_RETURN_IF_FAILED(status);
  std::set<std::string> names;
  for (const JsonCursor &cursor : root.at("entries").elements())
    manifest.entries.push_back(readEntry(cursor, manifest, names));
  if (root.has("launches"))
    readLaunches(root, manifest);
  DREAMER_RETURN_IF_FAILED(status);
  return manifest;
}

//===-- Well-known inputs ---===//

/// "core.depth", "depth" -> the block "core".
static const BlockSpec *blockOf(const Manifest &manifest, std::string_view input,
                                std::string_view last) {
  if (!input.ends_with(last) || input.size() <= last.size() + 1 ||
      input[input.size() - last.size() - 1] != '.')
    return nullptr;
  return named(manifest.blocks, input.substr(0, input.size() - last.size() - 1));
}

void completeInputs(const Manifest &manifest, EntrySpec &entry) {
  using Range = std::pair<int64_t, int64_t>;
  const std::map<std::string_view, Range> known = {
      {"tokens", {0, manifest.vocabulary - 1}},   {"token", {0, manifest.vocabulary - 1}},
      {"targets", {-1, manifest.vocabulary - 1}}, {"lengths", {1, manifest.context}},
      {"position", {0, manifest.context - 1}},    {"step", {1, maxCount}}};
  for (ValueSpec &input : entry.inputs) {
    if (isFloat(input.dtype) || (input.role != "input" && input.role != "option"))
      continue;
    std::optional<Range> range;
    if (auto place = known.find(input.name); place != known.end())
      range = place->second;
    if (const BlockSpec *block = blockOf(manifest, input.name, "depth")) {
      range = {1, block->depth};
      if (!input.defaultValue)
        input.defaultValue = static_cast<double>(block->depth);
    }
    if (const BlockSpec *block = blockOf(manifest, input.name, "expert_ids");
        block && block->experts > 0)
      range = {-1, block->experts - 1};
    if (!input.range)
      input.range = range;
  }
}

} // namespace dreamer::runtime
