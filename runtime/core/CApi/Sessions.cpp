// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// C API: sessions and calls.

#include "runtime/core/CApi/Handles.h"

#include <algorithm>
#include <cstring>

using namespace dreamer::runtime;
using namespace dreamer::runtime::capi;

//===-- Sessions ---===//

/// What the caller's version of the structure has; the rest is zeros.
static Result<dreamer_session_options> completed(const dreamer_session_options *options) {
  dreamer_session_options all = {};
  if (!options)
    return all;
  if (options->size < sizeof(uint32_t) || options->size > 65536)
    return failure(DREAMER_INVALID_ARGUMENT, "session options",
                   "`size` set to sizeof(dreamer_session_options)", std::to_string(options->size));
  std::memcpy(&all, options, std::min<size_t>(options->size, sizeof(all)));
  return all;
}

dreamer_status dreamer_session_create(const dreamer_package *package,
                                      const dreamer_session_options *options,
                                      dreamer_session **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(package);
    DREAMER_REQUIRE(out);
    Result<dreamer_session_options> all = completed(options);
    if (all.failed())
      return all.status();
    SessionOptions wanted;
    if (all->device)
      wanted.device = all->device;
    if (all->variant)
      wanted.variant = all->variant;
    wanted.deviceOptions = {all->threads, all->parallel_for, all->parallel_context};
    Result<std::shared_ptr<Session>> session = Session::create(package->package, wanted);
    if (session.failed())
      return session.status();
    std::string device((*session)->device().name());
    *out = new dreamer_session{std::move(*session), std::move(device)};
    return {};
  });
}

void dreamer_session_destroy(dreamer_session *session) { delete session; }

const char *dreamer_session_device(const dreamer_session *session) {
  return session ? session->device.c_str() : "";
}
const char *dreamer_session_variant(const dreamer_session *session) {
  return session ? session->session->program().variant().c_str() : "";
}
int32_t dreamer_session_threads(const dreamer_session *session) {
  return session ? session->session->device().threads() : 0;
}

namespace {
/// Hands launches on to a C program.
class ProfileCallback final : public LaunchObserver {
public:
  ProfileCallback(const Manifest &manifest, dreamer_profile_fn profile, void *context)
      : manifest(manifest), profile(profile), context(context) {}

  void beginEntry(size_t, int64_t) override {}
  void endEntry(size_t, int64_t) override {}

  void launched(const LaunchRecord &record) override {
    shares.clear();
    for (const ThreadShare &share : record.threads)
      shares.push_back({share.thread, share.tasks, share.begin, share.end, share.busy});
    dreamer_launch_event event = {};
    event.size = sizeof(event);
    event.entry = manifest.entries[record.entry].name.c_str();
    event.launch = record.id;
    event.depth = record.step;
    event.tasks = record.tasks;
    event.begin = record.begin;
    event.end = record.end;
    event.thread_count = static_cast<int64_t>(shares.size());
    event.threads = shares.data();
    profile(context, &event);
  }

private:
  const Manifest &manifest; // of the session that holds this
  dreamer_profile_fn profile;
  void *context;
  std::vector<dreamer_thread_share> shares;
};
} // namespace

dreamer_status dreamer_session_set_profile(dreamer_session *session, dreamer_profile_fn profile,
                                           void *context) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(session);
    std::shared_ptr<LaunchObserver> observer;
    if (profile)
      observer = std::make_shared<ProfileCallback>(session->session->manifest(), profile, context);
    session->session->observe(std::move(observer));
    return {};
  });
}

static Result<BufferKind> stateOf(dreamer_state state) {
  if (static_cast<unsigned>(state) < stateCount)
    return static_cast<BufferKind>(state); // the same order
  return failure(DREAMER_INVALID_ARGUMENT, "state", "a value of dreamer_state",
                 std::to_string(static_cast<int>(state)));
}
static_assert(static_cast<int>(BufferKind::Parameters) == DREAMER_PARAMETERS);
static_assert(static_cast<int>(BufferKind::Gradients) == DREAMER_GRADIENTS);
static_assert(static_cast<int>(BufferKind::Moment1) == DREAMER_MOMENT1);
static_assert(static_cast<int>(BufferKind::Moment2) == DREAMER_MOMENT2);

dreamer_status dreamer_session_initialize(dreamer_session *session, uint64_t seed) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(session);
    return session->session->initialize(seed);
  });
}

dreamer_status dreamer_session_load(dreamer_session *session, dreamer_state state,
                                    const dreamer_bundle *bundle) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(session);
    DREAMER_REQUIRE(bundle);
    Result<BufferKind> kind = stateOf(state);
    return kind.failed() ? kind.status() : session->session->load(*kind, bundle->bundle);
  });
}

dreamer_status dreamer_session_state(dreamer_session *session, dreamer_state state,
                                     dreamer_bundle **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(session);
    DREAMER_REQUIRE(out);
    Result<BufferKind> kind = stateOf(state);
    return kind.failed() ? kind.status() : giveResult(session->session->state(*kind), out);
  });
}

dreamer_status dreamer_session_clear(dreamer_session *session, dreamer_state state) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(session);
    Result<BufferKind> kind = stateOf(state);
    return kind.failed() ? kind.status() : session->session->clear(*kind);
  });
}

dreamer_status dreamer_session_set_parameter(dreamer_session *session, const char *name,
                                             const dreamer_tensor *tensor) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(session);
    DREAMER_REQUIRE(name);
    DREAMER_REQUIRE(tensor);
    return session->session->setParameter(name, tensor->tensor);
  });
}

dreamer_status dreamer_session_parameter(dreamer_session *session, const char *name,
                                         dreamer_tensor **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(session);
    DREAMER_REQUIRE(name);
    DREAMER_REQUIRE(out);
    return giveResult(session->session->parameter(name), out);
  });
}

//===-- Calls ---===//

dreamer_status dreamer_call_create(dreamer_session *session, const char *entry,
                                   dreamer_call **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(session);
    DREAMER_REQUIRE(entry);
    DREAMER_REQUIRE(out);
    Result<std::unique_ptr<Call>> call = Call::create(session->session, entry);
    if (call.failed())
      return call.status();
    *out = new dreamer_call{std::move(*call)};
    return {};
  });
}

void dreamer_call_destroy(dreamer_call *call) { delete call; }

dreamer_status dreamer_call_set(dreamer_call *call, const char *input,
                                const dreamer_tensor *tensor) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(call);
    DREAMER_REQUIRE(input);
    DREAMER_REQUIRE(tensor);
    return call->call->set(input, tensor->tensor);
  });
}

dreamer_status dreamer_call_set_scalar(dreamer_call *call, const char *input, double value) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(call);
    DREAMER_REQUIRE(input);
    return call->call->setScalar(input, value);
  });
}

dreamer_status dreamer_call_reset(dreamer_call *call, const char *input) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(call);
    DREAMER_REQUIRE(input);
    return call->call->reset(input);
  });
}

dreamer_status dreamer_call_input(dreamer_call *call, const char *input, dreamer_tensor **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(call);
    DREAMER_REQUIRE(input);
    DREAMER_REQUIRE(out);
    return giveResult(call->call->input(input), out);
  });
}

dreamer_status dreamer_call_run(dreamer_call *call) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(call);
    return call->call->run();
  });
}

int32_t dreamer_call_error_code(const dreamer_call *call) {
  return call ? call->call->errorCode() : 0;
}

dreamer_status dreamer_call_output(dreamer_call *call, const char *output, dreamer_tensor **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(call);
    DREAMER_REQUIRE(output);
    DREAMER_REQUIRE(out);
    return giveResult(call->call->output(output), out);
  });
}

dreamer_status dreamer_call_copy_output(dreamer_call *call, const char *output,
                                        dreamer_tensor **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(call);
    DREAMER_REQUIRE(output);
    DREAMER_REQUIRE(out);
    Result<Tensor> view = call->call->output(output);
    return view.failed() ? view.status() : giveResult(view->convert(view->dtype()), out);
  });
}

dreamer_status dreamer_call_get_scalar(dreamer_call *call, const char *output, double *out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(call);
    DREAMER_REQUIRE(output);
    DREAMER_REQUIRE(out);
    Result<Tensor> view = call->call->output(output);
    if (view.failed())
      return view.status();
    if (view->elements() != 1)
      return failure(DREAMER_MISMATCH, "output " + inQuotes(output), "one element",
                     view->describe());
    *out = view->element(0);
    return {};
  });
}

static Result<Bundle> callOnce(const std::shared_ptr<Session> &session, const char *entry,
                               const Bundle *inputs) {
  Result<std::unique_ptr<Call>> call = Call::create(session, entry);
  if (call.failed())
    return call.status();
  if (inputs)
    for (const Bundle::Entry &input : inputs->entries())
      DREAMER_RETURN_IF_FAILED((*call)->set(input.name, input.tensor));
  DREAMER_RETURN_IF_FAILED((*call)->run());
  Bundle outputs;
  for (const ValueSpec &spec : (*call)->entry().outputs) {
    Result<Tensor> view = (*call)->output(spec.name);
    Result<Tensor> copy = view.failed() ? view : view->convert(view->dtype());
    if (copy.failed())
      return copy.status();
    DREAMER_RETURN_IF_FAILED(outputs.add(spec.name, std::move(*copy)));
  }
  return outputs;
}

dreamer_status dreamer_session_call(dreamer_session *session, const char *entry,
                                    const dreamer_bundle *inputs, dreamer_bundle **outputs) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(session);
    DREAMER_REQUIRE(entry);
    DREAMER_REQUIRE(outputs);
    return giveResult(callOnce(session->session, entry, inputs ? &inputs->bundle : nullptr),
                      outputs);
  });
}
