// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The emulator as a GPU of the runtime. Work is done when it is enqueued, in that order, so that
// streams and events order nothing more; their use is checked as the driver would check it.

#ifndef DREAMER_EMULATOR_DEVICE_EMULATORGPU_H
#define DREAMER_EMULATOR_DEVICE_EMULATORGPU_H

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Machine/Launch.h"
#include "runtime/gpu/OpenGpu.h"

#include <functional>

namespace dreamer::emulator {

/// What is left to do of a call, once or each time a graph is launched.
using Work = std::function<runtime::Status()>;

class Capture;
class EmulatorModule;

class EmulatorGpu final : public runtime::Gpu, public std::enable_shared_from_this<EmulatorGpu> {
public:
  explicit EmulatorGpu(const runtime::GpuOptions &options);

  const runtime::GpuProperties &properties() const override { return theProperties; }

  runtime::Result<runtime::DevicePointer> allocate(size_t bytes) override;
  runtime::Status free(runtime::DevicePointer pointer) override;
  runtime::Result<std::shared_ptr<std::byte>> allocateHost(size_t bytes) override;
  runtime::Status copyToDevice(runtime::DevicePointer to, const void *from, size_t bytes,
                               runtime::GpuStream *stream) override;
  runtime::Status copyToHost(void *to, runtime::DevicePointer from, size_t bytes,
                             runtime::GpuStream *stream) override;
  runtime::Status copyWithin(runtime::DevicePointer to, runtime::DevicePointer from, size_t bytes,
                             runtime::GpuStream *stream) override;
  runtime::Status fill(runtime::DevicePointer to, uint8_t value, size_t bytes,
                       runtime::GpuStream *stream) override;

  runtime::Result<std::shared_ptr<runtime::GpuModule>>
  load(const runtime::GpuImage &image) override;
  runtime::Status launch(runtime::GpuFunction &function, const runtime::GpuLaunch &launch,
                         std::span<const runtime::GpuArgument> arguments,
                         runtime::GpuStream *stream) override;
  runtime::Result<runtime::EncodedTensorMap>
  encodeTensorMap(const runtime::TensorMapRequest &request) override;

  runtime::Result<std::shared_ptr<runtime::GpuStream>> createStream() override;
  runtime::Result<std::shared_ptr<runtime::GpuEvent>> createEvent() override;
  runtime::Status record(runtime::GpuEvent &event, runtime::GpuStream &stream) override;
  runtime::Status wait(runtime::GpuStream &stream, runtime::GpuEvent &event) override;
  runtime::Status synchronize(runtime::GpuEvent &event) override;
  runtime::Result<double> elapsed(runtime::GpuEvent &begin, runtime::GpuEvent &end) override;
  runtime::Status beginCapture(runtime::GpuStream &stream) override;
  runtime::Result<std::shared_ptr<runtime::GpuGraph>>
  endCapture(runtime::GpuStream &stream) override;
  runtime::Status launch(runtime::GpuGraph &graph, runtime::GpuStream &stream) override;
  runtime::Status synchronize(runtime::GpuStream &stream) override;
  runtime::Status synchronize() override;

  std::vector<std::string> takeFindings() override;

private:
  friend class Capture;
  friend class EmulatorModule;

  /// Does the work, or records it where `stream` is captured.
  runtime::Status enqueue(runtime::GpuStream *stream, std::string_view where, Work work);
  /// Whether the object is one of ours.
  runtime::Status own(const runtime::GpuObject &object, std::string_view where) const;
  /// Whether these bytes are in one live allocation.
  runtime::Status inside(runtime::DevicePointer pointer, size_t bytes, std::string_view where);
  /// Whether the host may write them, too.
  runtime::Status writable(runtime::DevicePointer pointer, size_t bytes, std::string_view where);
  runtime::Status fits(const Kernel &kernel, const runtime::GpuLaunch &launch) const;
  runtime::Status run(const Kernel &kernel, const Grid &grid, void *const *arguments);

  runtime::GpuProperties theProperties;
  LaunchOptions launchOptions;
  GlobalMemory memory;
  /// Variables that code was compiled with the values of: first and last byte.
  std::map<const std::byte *, const std::byte *> constants;
  std::vector<std::string> findings;
  unsigned captures = 0; ///< going on
};

std::shared_ptr<runtime::Gpu> openEmulator(const runtime::GpuOptions &options);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_DEVICE_EMULATORGPU_H
