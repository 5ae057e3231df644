// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Call.h"

#include <algorithm>
#include <cstring>

namespace dreamer::runtime {

static bool writesParametersOf(const EntrySpec &entry) {
  return std::any_of(entry.outputs.begin(), entry.outputs.end(), [&](const ValueSpec &output) {
    return entry.buffers[output.buffer].kind == BufferKind::Parameters;
  });
}

Result<std::unique_ptr<Call>> Call::create(std::shared_ptr<Session> session,
                                           std::string_view name) {
  const Manifest &manifest = session->manifest();
  const EntrySpec *entry = manifest.entry(name);
  if (!entry)
    return failure(DREAMER_NOT_FOUND, session->package().path(),
                   "one of the entries " + listed(manifest.entryNames()), inQuotes(name),
                   nearestHint(name, manifest.entryNames()));
  std::unique_ptr<Call> call(new Call());
  call->theEntry = entry;
  call->entryIndex = static_cast<size_t>(entry - manifest.entries.data());
  call->readsParameters = entry->uses(BufferKind::Parameters);
  call->readsKept = entry->uses(BufferKind::Kept);
  call->writesParameters = writesParametersOf(*entry);
  call->hasRanges = std::any_of(entry->inputs.begin(), entry->inputs.end(),
                                [](const ValueSpec &input) { return input.range.has_value(); });
  for (const BufferSpec &buffer : entry->buffers) {
    call->memory.push_back(
        static_cast<size_t>(buffer.kind) < stateCount ? session->memory(buffer.kind)
        : buffer.kind == BufferKind::Kept             ? session->keptMemory()
                                                      : session->device().allocate(buffer.bytes));
    if (!call->memory.back())
      return failure(DREAMER_OUT_OF_MEMORY, session->package().path(),
                     std::to_string(buffer.bytes) + " bytes of memory for " +
                         inQuotes(buffer.name) + " of entry " + inQuotes(name),
                     "less than that", "compile for a smaller --batch or --context");
    call->pointers.push_back(call->memory.back().get());
  }
  call->session = std::move(session);
  call->given.resize(entry->inputs.size());
  for (size_t i = 0; i < entry->inputs.size(); ++i)
    if (entry->inputs[i].defaultValue)
      DREAMER_RETURN_IF_FAILED(call->fillDefault(i));
  return call;
}

//===-- Inputs ---===//

static std::vector<std::string> namesOf(const std::vector<ValueSpec> &values) {
  std::vector<std::string> names;
  for (const ValueSpec &value : values)
    names.push_back(value.name);
  return names;
}

Result<size_t> Call::inputIndex(std::string_view name) const {
  for (size_t i = 0; i < theEntry->inputs.size(); ++i)
    if (theEntry->inputs[i].name == name)
      return i;
  std::vector<std::string> names = namesOf(theEntry->inputs);
  std::string hint = nearestHint(name, names);
  return failure(DREAMER_NOT_FOUND, "entry " + inQuotes(theEntry->name), "the name of an input",
                 inQuotes(name), hint.empty() ? "inputs are " + listed(names) : hint);
}

/// Manifest and buffers were checked against each other, so this cannot fail.
Tensor Call::view(const ValueSpec &value, const std::shared_ptr<std::byte> &owner) const {
  return *Tensor::borrow(value.dtype, value.shape, owner.get() + value.offset, value.bytes(),
                         owner);
}

Tensor Call::view(const ValueSpec &value) const { return view(value, memory[value.buffer]); }

/// A view for somebody outside.
Tensor Call::lend(const ValueSpec &value) const {
  BufferKind kind = theEntry->buffers[value.buffer].kind;
  return static_cast<size_t>(kind) < stateCount ? view(value, session->lend(kind)) : view(value);
}

static std::string placeOf(const EntrySpec &entry, const ValueSpec &value) {
  return "entry " + inQuotes(entry.name) + ": input " + inQuotes(value.name);
}

Status Call::fillDefault(size_t index) {
  const ValueSpec &spec = theEntry->inputs[index];
  return view(spec).fill(spec.defaultValue.value_or(0), placeOf(*theEntry, spec));
}

Result<Tensor> Call::input(std::string_view name) {
  Result<size_t> index = inputIndex(name);
  if (index.failed())
    return index.status();
  const ValueSpec &spec = theEntry->inputs[*index];
  given[*index] = true;
  if (theEntry->buffers[spec.buffer].kind == BufferKind::Parameters)
    session->markSet(*session->manifest().parameter(spec.name));
  return lend(spec);
}

Status Call::set(std::string_view name, const Tensor &tensor) {
  Result<size_t> index = inputIndex(name);
  if (index.failed())
    return index.status();
  const ValueSpec &spec = theEntry->inputs[*index];
  Status status = tensor.copyTo(view(spec), placeOf(*theEntry, spec));
  if (status.failed()) {
    given[*index] = false; // it may be half written
    return status;
  }
  return input(name).status();
}

Status Call::setScalar(std::string_view name, double value) {
  Result<size_t> index = inputIndex(name);
  if (index.failed())
    return index.status();
  const ValueSpec &spec = theEntry->inputs[*index];
  DREAMER_RETURN_IF_FAILED(view(spec).fill(value, placeOf(*theEntry, spec)));
  return input(name).status();
}

Status Call::reset(std::string_view name) {
  Result<size_t> index = inputIndex(name);
  if (index.failed())
    return index.status();
  const ValueSpec &spec = theEntry->inputs[*index];
  if (theEntry->buffers[spec.buffer].kind == BufferKind::Parameters)
    return failure(DREAMER_INVALID_ARGUMENT, placeOf(*theEntry, spec),
                   "an input of the entry itself", "a parameter of the session",
                   "clear the session's parameters instead");
  given[*index] = false;
  return fillDefault(*index);
}

/// "[1,5]" for element `index` of a shape.
static std::string subscript(const Shape &shape, int64_t index) {
  Shape position(shape.size());
  for (size_t i = shape.size(); i-- > 0;) {
    position[i] = index % shape[i];
    index /= shape[i];
  }
  return toString(position);
}

template <typename T>
static Status checkRange(const ValueSpec &spec, std::pair<int64_t, int64_t> range,
                         const Tensor &tensor, const std::string &where) {
  const T *values = tensor.as<T>();
  auto [minimum, maximum] = range;
  for (int64_t i = 0; i < tensor.elements(); ++i)
    if (values[i] < minimum || values[i] > maximum)
      return failure(DREAMER_OUT_OF_RANGE, where,
                     "values in " + std::to_string(minimum) + ".." + std::to_string(maximum),
                     std::to_string(values[i]) +
                         (spec.shape.empty() ? "" : " at " + subscript(spec.shape, i)));
  return {};
}

/// Caches begin as zeros and moments belong to the session: neither has to be given.
static bool mustBeGiven(const ValueSpec &spec) {
  return (spec.role == "input" || spec.role == "option") && !spec.defaultValue;
}

bool Call::isMissing(size_t input) const {
  return !given[input] && mustBeGiven(theEntry->inputs[input]);
}

bool Call::allGiven() const {
  for (size_t i = 0; i < given.size(); ++i)
    if (isMissing(i))
      return false;
  return true;
}

Status Call::missingInputs() const {
  std::vector<std::string> absent;
  for (size_t i = 0; i < given.size(); ++i)
    if (isMissing(i))
      absent.push_back(inQuotes(theEntry->inputs[i].name) + " " +
                       toString(theEntry->inputs[i].dtype, theEntry->inputs[i].shape));
  return failure(DREAMER_MISMATCH, "entry " + inQuotes(theEntry->name),
                 "all inputs that have no default", "no value for " + listed(absent));
}

Status Call::checkRanges() const {
  for (size_t i = 0; i < given.size(); ++i) {
    const ValueSpec &spec = theEntry->inputs[i];
    if (!given[i] || !spec.range)
      continue;
    std::string where = placeOf(*theEntry, spec);
    DREAMER_RETURN_IF_FAILED(spec.dtype == DType::I32
                                 ? checkRange<int32_t>(spec, *spec.range, view(spec), where)
                                 : checkRange<int64_t>(spec, *spec.range, view(spec), where));
  }
  return {};
}

//===-- Running ---===//

Status Call::run() {
  if (!allGiven())
    return missingInputs();
  if (readsParameters && !session->parametersAreSet())
    return session->missingParameters();
  if (hasRanges)
    DREAMER_RETURN_IF_FAILED(checkRanges());
  if (readsKept)
    session->refreshKept();
  Result<int32_t> code = session->program().run(entryIndex, pointers);
  if (writesParameters)
    session->parametersChanged();
  if (code.failed())
    return code.status();
  lastCode = *code;
  if (lastCode == 0)
    return {};
  const std::map<int64_t, std::string> &errors = session->manifest().errors;
  auto known = errors.find(lastCode);
  return Status(
      DREAMER_ENTRY_FAILED,
      "entry " + inQuotes(theEntry->name) + ": " +
          (known == errors.end() ? "an error that the package does not explain" : known->second) +
          " (code " + std::to_string(lastCode) + ")");
}

Result<Tensor> Call::output(std::string_view name) const {
  if (const ValueSpec *spec = theEntry->output(name))
    return lend(*spec);
  std::vector<std::string> names = namesOf(theEntry->outputs);
  std::string hint = nearestHint(name, names);
  return failure(DREAMER_NOT_FOUND, "entry " + inQuotes(theEntry->name), "the name of an output",
                 inQuotes(name), hint.empty() ? "outputs are " + listed(names) : hint);
}

} // namespace dreamer::runtime
