// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Session.h"

#include "runtime/core/Initialize.h"

#include <algorithm>
#include <cstring>

namespace dreamer::runtime {

Result<std::shared_ptr<Session>> Session::create(std::shared_ptr<const Package> package,
                                                 const SessionOptions &options) {
  Result<std::shared_ptr<Device>> device = createDevice(options.device, options.deviceOptions);
  if (device.failed())
    return device.status();
  Result<std::unique_ptr<Program>> program = (*device)->load(package, options.variant);
  if (program.failed())
    return program.status();

  std::shared_ptr<Session> session(new Session());
  const Manifest &manifest = package->manifest();
  for (size_t i = 0; i < stateCount; ++i) {
    BufferKind state = static_cast<BufferKind>(i);
    if (state != BufferKind::Parameters && !manifest.uses(state))
      continue;
    session->buffers[i] = (*device)->allocate(manifest.parameterBytes);
    if (!session->buffers[i])
      return failure(DREAMER_OUT_OF_MEMORY, package->path(),
                     std::to_string(manifest.parameterBytes) + " bytes of memory for " +
                         std::string(nameOf(state)),
                     "less than that");
  }
  for (const ParameterSpec &parameter : manifest.parameters)
    session->unset.insert(&parameter);
  session->thePackage = std::move(package);
  session->theDevice = std::move(*device);
  session->theProgram = std::move(*program);
  return session;
}

//===-- Views ---===//

/// Expert biases have no gradients and moments.
static bool isPartOf(BufferKind state, const ParameterSpec &parameter) {
  return state == BufferKind::Parameters || parameter.role == "parameter";
}

Result<Tensor> Session::view(BufferKind state, const ParameterSpec &parameter) {
  const std::shared_ptr<std::byte> &buffer = memory(state);
  return Tensor::borrow(parameter.dtype, parameter.shape, buffer.get() + parameter.offset,
                        manifest().parameterBytes - parameter.offset, lend(state));
}

std::shared_ptr<std::byte> Session::lend(BufferKind state) {
  const std::shared_ptr<std::byte> &buffer = memory(state);
  return state == BufferKind::Parameters ? watch.lend(buffer) : buffer;
}

Status Session::checkState(BufferKind state) const {
  if (memory(state))
    return {};
  return failure(DREAMER_NOT_FOUND, thePackage->path(),
                 "an entry that uses " + std::string(nameOf(state)), "none",
                 "compile the package with --entry=train_step");
}

Result<Bundle> Session::state(BufferKind state) {
  DREAMER_RETURN_IF_FAILED(checkState(state));
  Bundle bundle;
  for (const ParameterSpec &parameter : manifest().parameters) {
    if (!isPartOf(state, parameter))
      continue;
    Result<Tensor> tensor = view(state, parameter);
    if (tensor.failed())
      return tensor.status();
    DREAMER_RETURN_IF_FAILED(
        bundle.add(std::string(prefixOf(state)) + parameter.name, std::move(*tensor)));
  }
  return bundle;
}

Status Session::clear(BufferKind state) {
  DREAMER_RETURN_IF_FAILED(checkState(state));
  std::memset(memory(state).get(), 0, manifest().parameterBytes);
  if (state == BufferKind::Parameters) {
    unset.clear();
    watch.changed();
  }
  return {};
}

//===-- Parameters ---===//

Status Session::initialize(uint64_t seed) {
  ParallelFor parallelFor = [&](int64_t tasks, const auto &body) {
    theDevice->parallelFor(tasks, body);
  };
  DREAMER_RETURN_IF_FAILED(
      initializeParameters(manifest(), seed, lend(BufferKind::Parameters).get(), parallelFor));
  unset.clear();
  for (BufferKind moment : {BufferKind::Moment1, BufferKind::Moment2})
    if (memory(moment))
      DREAMER_RETURN_IF_FAILED(clear(moment));
  return {};
}

Status Session::missingParameters() const {
  std::vector<std::string> names;
  for (const ParameterSpec *parameter : unset)
    names.push_back(inQuotes(parameter->name));
  return failure(DREAMER_MISMATCH, thePackage->path(), "parameters that are set",
                 "no values for " + listed(names, 4), "load weights or initialize first");
}

Result<Tensor> Session::parameter(std::string_view name) {
  const ParameterSpec *parameter = manifest().parameter(name);
  if (!parameter) {
    std::vector<std::string> names;
    for (const ParameterSpec &known : manifest().parameters)
      names.push_back(known.name);
    return failure(DREAMER_NOT_FOUND, thePackage->path(), "the name of a parameter", inQuotes(name),
                   nearestHint(name, names));
  }
  Result<Tensor> tensor = view(BufferKind::Parameters, *parameter);
  if (tensor.ok())
    markSet(*parameter);
  return tensor;
}

Status Session::setParameter(std::string_view name, const Tensor &tensor) {
  const ParameterSpec *known = manifest().parameter(name);
  bool wasSet = !unset.contains(known);
  Result<Tensor> target = parameter(name);
  if (target.failed())
    return target.status();
  Status status = tensor.copyTo(*target, "parameter " + inQuotes(name));
  if (status.failed() && !wasSet)
    unset.insert(known);
  return status;
}

//===-- What entries keep ---===//

std::shared_ptr<std::byte> Session::keptMemory() {
  if (!kept)
    kept = theDevice->allocate(manifest().keptBytes());
  return kept;
}

//===-- Loading ---===//

namespace {
/// What is wrong with a bundle, collected so that one message tells all.
struct Faults {
  std::vector<std::string> missing, extra, wrong;

  Status status(const std::string &where, size_t expected) const {
    std::string found;
    auto append = [&](std::string_view what, std::vector<std::string> names) {
      for (std::string &name : names)
        name = what.empty() ? name : inQuotes(name);
      if (!names.empty())
        found += (found.empty() ? "" : "; ") + std::string(what) + listed(names);
    };
    append("missing ", missing);
    append("extra ", extra);
    append("", wrong);
    if (found.empty())
      return {};
    std::string near = missing.empty() ? "" : nearestHint(missing.front(), extra);
    std::string hint = near.empty() ? "are these weights of another model?"
                                    : "for " + inQuotes(missing.front()) + ", " + near;
    return failure(DREAMER_MISMATCH, where,
                   "the " + std::to_string(expected) + " tensors of the package", found, hint);
  }
};

bool isOfOtherState(BufferKind state, std::string_view name) {
  if (state != BufferKind::Parameters)
    return !name.starts_with(prefixOf(state));
  for (BufferKind other : {BufferKind::Gradients, BufferKind::Moment1, BufferKind::Moment2})
    if (name.starts_with(prefixOf(other)))
      return true;
  return false;
}
} // namespace

Status Session::load(BufferKind state, const Bundle &bundle) {
  Result<Bundle> targets = this->state(state);
  if (targets.failed())
    return targets.status();
  std::string where = bundle.origin().empty() ? "tensors given" : bundle.origin();
  Faults faults;
  for (const Bundle::Entry &target : targets->entries()) {
    const Tensor *source = bundle.find(target.name);
    if (!source)
      faults.missing.push_back(target.name);
    else if (source->shape() != target.tensor.shape() || !isFloat(source->dtype()))
      faults.wrong.push_back(inQuotes(target.name) + " is " + source->describe() + " instead of " +
                             target.tensor.describe());
  }
  for (const Bundle::Entry &source : bundle.entries())
    if (!targets->find(source.name) && !isOfOtherState(state, source.name))
      faults.extra.push_back(source.name);
  DREAMER_RETURN_IF_FAILED(faults.status(where, targets->entries().size()));
  for (const Bundle::Entry &target : targets->entries())
    DREAMER_RETURN_IF_FAILED(
        bundle.find(target.name)->copyTo(target.tensor, where + ": " + inQuotes(target.name)));
  if (state == BufferKind::Parameters)
    unset.clear();
  return {};
}

} // namespace dreamer::runtime
