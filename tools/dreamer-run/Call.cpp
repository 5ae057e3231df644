// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// dreamer-run call

#include "Common.h"
#include "runtime/core/Safetensors.h"

#include <algorithm>

namespace dreamer::run {
namespace {

struct CallOptions {
  PackageOptions package;
  std::string entry, params, inputs, outputs, profile;
};

bool uses(const runtime::EntrySpec &entry, const runtime::Bundle &bundle, const char *prefix) {
  return std::any_of(entry.inputs.begin(), entry.inputs.end(),
                     [&](const runtime::ValueSpec &input) {
                       return input.name.starts_with(prefix) && bundle.find(input.name);
                     });
}

/// Parameters from the file, and moments if the entry takes them and the file has them.
Status loadState(const std::string &path, const runtime::EntrySpec &entry,
                 runtime::Session &session) {
  Result<runtime::Bundle> bundle = runtime::readSafetensors(path);
  if (bundle.failed())
    return bundle.status();
  for (runtime::BufferKind kind : {runtime::BufferKind::Moment1, runtime::BufferKind::Moment2})
    if (entry.uses(kind) && uses(entry, *bundle, std::string(runtime::prefixOf(kind)).c_str()))
      DREAMER_RETURN_IF_FAILED(session.load(kind, *bundle));
  return session.load(runtime::BufferKind::Parameters, *bundle);
}

Status call(const CallOptions &given) {
  Result<OpenPackage> opened = given.package.open();
  if (opened.failed())
    return opened.status();
  Result<runtime::Call *> call = opened->model->call(given.entry);
  if (call.failed())
    return call.status();
  if (!given.params.empty())
    DREAMER_RETURN_IF_FAILED(loadState(given.params, (*call)->entry(), opened->model->session()));
  if (!given.inputs.empty()) {
    Result<runtime::Bundle> inputs = runtime::readSafetensors(given.inputs);
    if (inputs.failed())
      return inputs.status();
    for (const runtime::Bundle::Entry &input : inputs->entries())
      DREAMER_RETURN_IF_FAILED((*call)->set(input.name, input.tensor));
  }
  Profiling profiling(given.profile, *opened);
  profiling.start();
  DREAMER_RETURN_IF_FAILED((*call)->run());
  DREAMER_RETURN_IF_FAILED(profiling.finish());
  runtime::Bundle outputs;
  for (const runtime::ValueSpec &output : (*call)->entry().outputs) {
    Result<runtime::Tensor> tensor = (*call)->output(output.name);
    if (tensor.failed())
      return tensor.status();
    DREAMER_RETURN_IF_FAILED(outputs.add(output.name, std::move(*tensor)));
  }
  return runtime::writeSafetensors(outputs, given.outputs);
}

} // namespace

int runCall(const Words &words) {
  CallOptions given;
  Options options(
      "call", "PACKAGE --entry=NAME --params=FILE --inputs=FILE --outputs=FILE",
      "Runs any entry once, on safetensors files whose tensors have the names of its\n"
      "inputs; `dreamer-run info` lists them. Without --params, parameters may be among\n"
      "the inputs.");
  given.package.addTo(options);
  options.value("entry", "NAME", &given.entry, "score, gradients, train_step, prefill, decode");
  options.required();
  options.value("params", "FILE", &given.params, "parameters: a checkpoint, or weights alone");
  options.value("inputs", "FILE", &given.inputs, "the other inputs");
  options.value("outputs", "FILE", &given.outputs, "where all outputs go");
  options.required();
  Profiling::addTo(options, &given.profile);
  if (std::optional<int> status = options.parse(words))
    return *status;
  return finish("call", call(given));
}

} // namespace dreamer::run
