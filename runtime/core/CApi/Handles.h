// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What stands behind the handles of dreamer-c/Runtime.h, and how a Status crosses into C.

#ifndef DREAMER_RUNTIME_CORE_CAPI_HANDLES_H
#define DREAMER_RUNTIME_CORE_CAPI_HANDLES_H

#include "runtime/core/Call.h"

#include <exception>
#include <new>

struct dreamer_tensor {
  dreamer::runtime::Tensor tensor;
};

struct dreamer_bundle {
  dreamer::runtime::Bundle bundle;
  std::vector<std::unique_ptr<dreamer_tensor>> handles; // of the bundle's tensors, by index

  /// Makes handles for tensors that have none yet.
  void complete();
};

struct dreamer_package {
  std::shared_ptr<const dreamer::runtime::Package> package;
};

struct dreamer_session {
  std::shared_ptr<dreamer::runtime::Session> session;
  std::string device; // zero terminated, for C
};

struct dreamer_call {
  std::unique_ptr<dreamer::runtime::Call> call;
};

namespace dreamer::runtime::capi {

/// Keeps the message for dreamer_error_message and gives the code.
dreamer_status report(const Status &status);

/// "expected a pointer, found NULL"
Status nullArgument(const char *name);

/// Runs a function that gives a Status; no exception gets past it into C.
template <typename F>
dreamer_status guarded(F function) noexcept {
  try {
    return report(function());
  } catch (const std::bad_alloc &) {
    return report(Status(DREAMER_OUT_OF_MEMORY, "out of memory"));
  } catch (const std::exception &error) {
    return report(Status(DREAMER_INTERNAL, std::string("fault in the runtime: ") + error.what()));
  }
}

/// Hands a new bundle or tensor to the caller.
void give(Bundle bundle, dreamer_bundle **out);
void give(Tensor tensor, dreamer_tensor **out);

template <typename T, typename Handle>
Status giveResult(Result<T> result, Handle **out) {
  if (result.failed())
    return result.status();
  give(std::move(*result), out);
  return {};
}

#define DREAMER_REQUIRE(pointer)                                                                   \
  do {                                                                                             \
    if (!(pointer))                                                                                \
      return nullArgument(#pointer);                                                               \
  } while (false)

} // namespace dreamer::runtime::capi

#endif // DREAMER_RUNTIME_CORE_CAPI_HANDLES_H
