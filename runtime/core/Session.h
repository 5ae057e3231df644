// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A package on a device, with the parameters and what training keeps beside them.

#ifndef DREAMER_RUNTIME_CORE_SESSION_H
#define DREAMER_RUNTIME_CORE_SESSION_H

#include "runtime/core/Bundle.h"
#include "runtime/core/Device.h"
#include "runtime/core/ParameterWatch.h"

#include <array>
#include <cstring>
#include <set>

namespace dreamer::runtime {

struct SessionOptions {
  std::string device = "cpu";
  std::string variant; ///< empty: the most demanding that runs here
  DeviceOptions deviceOptions;
};

class Session {
public:
  static Result<std::shared_ptr<Session>> create(std::shared_ptr<const Package> package,
                                                 const SessionOptions &options);

  const Package &package() const { return *thePackage; }
  const Manifest &manifest() const { return thePackage->manifest(); }
  Device &device() { return *theDevice; }
  const Device &device() const { return *theDevice; }
  Program &program() { return *theProgram; }
  const Program &program() const { return *theProgram; }

  /// Initial values from `seed`; moments to zeros.
  Status initialize(uint64_t seed);

  /// Copies tensors of the bundle into one state (of the first four buffer kinds): each tensor that
  /// the state has must be there with its shape, and none besides except those of other states. On
  /// failure nothing has changed.
  Status load(BufferKind state, const Bundle &bundle);
  /// Writable views in the package's order. The gradients and moments of expert biases do not
  /// exist.
  Result<Bundle> state(BufferKind state);
  Status clear(BufferKind state);

  /// A writable view; from then on the parameter counts as set.
  Result<Tensor> parameter(std::string_view name);
  Status setParameter(std::string_view name, const Tensor &tensor);
  bool parametersAreSet() const { return unset.empty(); }
  /// A failure that names those that were never set.
  Status missingParameters() const;
  void markSet(const ParameterSpec &parameter) { unset.erase(&parameter); }

  /// A writable view of memory of `state` for somebody outside: parameters count as changed as long as
  /// it lives.
  std::shared_ptr<std::byte> lend(BufferKind state);
  /// An entry wrote parameters.
  void parametersChanged() { watch.changed(); }

  /// Memory for what entries make of parameters and keep; made when it is first asked for. Null if
  /// there is not enough.
  std::shared_ptr<std::byte> keptMemory();
  /// To be called before a run of an entry that keeps such things: tells it whether parameters have
  /// changed.
  void refreshKept() {
    int64_t generation = watch.generation();
    std::memcpy(kept.get(), &generation, sizeof generation);
  }

  /// From the next run of a call on `observer` is told of every launch; null: nobody is.
  void observe(std::shared_ptr<LaunchObserver> observer) {
    theProgram->observe(observer.get());
    theObserver = std::move(observer);
  }

  /// The memory of a state; null if no entry uses it.
  const std::shared_ptr<std::byte> &memory(BufferKind state) const {
    return buffers[static_cast<size_t>(state)];
  }

private:
  Session() = default;
  Result<Tensor> view(BufferKind state, const ParameterSpec &parameter);
  Status checkState(BufferKind state) const;

  std::shared_ptr<const Package> thePackage;
  std::shared_ptr<Device> theDevice;
  std::unique_ptr<Program> theProgram;
  std::shared_ptr<LaunchObserver> theObserver;
  std::array<std::shared_ptr<std::byte>, stateCount> buffers;
  std::set<const ParameterSpec *>
      unset; // those of the manifest that have no values yet, in its order

  ParameterWatch watch;
  std::shared_ptr<std::byte> kept;
};

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_SESSION_H
