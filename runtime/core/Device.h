// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Where packages run: memory, loading, running. One implementation a kind of device.

#ifndef DREAMER_RUNTIME_CORE_DEVICE_H
#define DREAMER_RUNTIME_CORE_DEVICE_H

#include "runtime/core/Package.h"
#include "runtime/core/Profile.h"

#include <functional>
#include <memory>
#include <span>

namespace dreamer::runtime {

struct DeviceOptions {
  int threads = 0;                               ///< 0: as many as the device finds right
  dreamer_parallel_for_fn parallelFor = nullptr; ///< null: OpenMP
  void *parallelContext = nullptr;
};

/// A package's code, loaded for one device.
class Program {
public:
  virtual ~Program() = default;
  /// The variant that was chosen.
  virtual const std::string &variant() const = 0;
  /// Runs the entry of this index in the manifest, with its buffers in the manifest's order,
  /// 64-byte aligned. Gives the entry's code: 0, or an error of the manifest.
  virtual Result<int32_t> run(size_t entry, std::span<void *const> buffers) = 0;
  /// From the next run on `observer`, which must outlive the runs, is told of every launch; null:
  /// nobody is. Results do not depend on it.
  virtual void observe(LaunchObserver *observer) = 0;
};

class Device {
public:
  virtual ~Device() = default;
  virtual std::string_view name() const = 0;
  virtual int threads() const = 0;
  /// Zeroed memory that entries and the host can reach, 64-byte aligned; null if there is not
  /// enough.
  virtual std::shared_ptr<std::byte> allocate(size_t bytes) = 0;
  /// Loads the code. `variant` empty: the most demanding that this machine can run.
  virtual Result<std::unique_ptr<Program>> load(std::shared_ptr<const Package> package,
                                                std::string_view variant) = 0;
  /// Host work in parallel: body(begin, end) on ranges that cover 0..tasks-1.
  virtual void parallelFor(int64_t tasks, const std::function<void(int64_t, int64_t)> &body) = 0;
};

using DeviceFactory = std::function<Result<std::shared_ptr<Device>>(const DeviceOptions &)>;

/// Makes a kind of device known; a plug-in calls it once. A name that is known is replaced.
void registerDevice(std::string name, DeviceFactory factory);

/// "cpu", or what plug-ins registered. An unknown or unavailable name fails with those there are.
Result<std::shared_ptr<Device>> createDevice(const std::string &name, const DeviceOptions &options);

/// The device "cpu", always there.
Result<std::shared_ptr<Device>> createCpuDevice(const DeviceOptions &options);

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_DEVICE_H
