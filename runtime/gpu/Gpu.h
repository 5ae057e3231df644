// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A GPU as the runtime sees it: memory, modules of kernels, launches, streams, events and graphs.
// Neither LLVM nor a header of CUDA is needed to use one; the CUDA driver and the emulator are behind
// it. Everything that fails says what was expected and what was found.

#ifndef DREAMER_RUNTIME_GPU_GPU_H
#define DREAMER_RUNTIME_GPU_GPU_H

#include "runtime/core/Status.h"
#include "runtime/gpu/TensorMapRequest.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace dreamer::runtime {

/// An address in the device's memory.
using DevicePointer = uint64_t;
using GpuDim = std::array<uint32_t, 3>;
using EncodedTensorMap = std::array<std::byte, 128>;

struct GpuProperties {
  std::string name;
  int major = 0, minor = 0; ///< compute capability
  uint32_t multiprocessors = 0;
  uint32_t sharedBytesPerBlock = 0; ///< at most, asked for at launch
  uint32_t sharedBytesPerMultiprocessor = 0;
  uint32_t threadsPerMultiprocessor = 0;
  uint64_t memoryBytes = 0;
};

/// A module of kernels in every form it exists in; a device takes the one it likes best.
struct GpuImage {
  std::string name;                ///< for messages
  std::span<const std::byte> llvm; ///< LLVM IR for nvptx64, text or bitcode
  std::string_view ptx;
  std::span<const std::byte> cubin;
};

/// One argument of a kernel: its bytes, which live until the launch returns.
struct GpuArgument {
  template <typename T>
    requires std::is_trivially_copyable_v<T>
  GpuArgument(const T &value) : data(&value), bytes(sizeof(T)) {}
  const void *data;
  size_t bytes;
};

struct GpuLaunch {
  GpuDim grid{1, 1, 1}; ///< in blocks
  GpuDim block{1, 1, 1};
  GpuDim cluster{1, 1, 1}; ///< in blocks
  uint32_t dynamicSharedBytes = 0;
  bool cooperative = false; ///< all blocks run at once, or the launch fails
};

class Gpu;

/// What belongs to one device and is refused by others. It holds on to its device.
class GpuObject {
public:
  explicit GpuObject(std::shared_ptr<const Gpu> device) : theDevice(std::move(device)) {}
  virtual ~GpuObject() = default;
  GpuObject(const GpuObject &) = delete;
  GpuObject &operator=(const GpuObject &) = delete;
  const Gpu *device() const { return theDevice.get(); }

private:
  std::shared_ptr<const Gpu> theDevice;
};

struct GpuVariable {
  DevicePointer address = 0;
  size_t bytes = 0;
};

class GpuFunction : public GpuObject {
public:
  using GpuObject::GpuObject;
};

class GpuModule : public GpuObject {
public:
  using GpuObject::GpuObject;
  /// A kernel, which lives as long as the module.
  virtual Result<GpuFunction *> function(const std::string &name) = 0;
  /// A variable of the module in global or constant memory.
  virtual Result<GpuVariable> variable(const std::string &name) = 0;
};

/// Work in order. Work of two streams is ordered by events alone.
class GpuStream : public GpuObject {
public:
  using GpuObject::GpuObject;
};

/// A moment of a stream.
class GpuEvent : public GpuObject {
public:
  using GpuObject::GpuObject;
};

/// Captured work, ready to be launched any number of times, with what its kernels need kept alive.
class GpuGraph : public GpuObject {
public:
  using GpuObject::GpuObject;
};

/// Where no stream is given, work follows all that was enqueued before it, and a copy is done when
/// the call returns. A fault of a kernel shows in the launch or in a later call, at the latest in
/// synchronize(). A device is used by one thread at a time.
class Gpu {
public:
  virtual ~Gpu() = default;
  virtual const GpuProperties &properties() const = 0;

  /// Memory of unknown content, 256-byte aligned; `bytes` is above 0.
  virtual Result<DevicePointer> allocate(size_t bytes) = 0;
  virtual Status free(DevicePointer pointer) = 0;
  /// Host memory that copies run fastest with.
  virtual Result<std::shared_ptr<std::byte>> allocateHost(size_t bytes) = 0;

  // With a stream, host memory is read or written when the work is done, in a graph each time.
  virtual Status copyToDevice(DevicePointer to, const void *from, size_t bytes,
                              GpuStream *stream = nullptr) = 0;
  virtual Status copyToHost(void *to, DevicePointer from, size_t bytes,
                            GpuStream *stream = nullptr) = 0;
  virtual Status copyWithin(DevicePointer to, DevicePointer from, size_t bytes,
                            GpuStream *stream = nullptr) = 0;
  virtual Status fill(DevicePointer to, uint8_t value, size_t bytes,
                      GpuStream *stream = nullptr) = 0;

  virtual Result<std::shared_ptr<GpuModule>> load(const GpuImage &image) = 0;
  /// Arguments are copied by the call.
  virtual Status launch(GpuFunction &function, const GpuLaunch &launch,
                        std::span<const GpuArgument> arguments, GpuStream *stream = nullptr) = 0;
  /// The 128 bytes that a kernel is given by value, 64-byte aligned.
  virtual Result<EncodedTensorMap> encodeTensorMap(const TensorMapRequest &request) = 0;

  virtual Result<std::shared_ptr<GpuStream>> createStream() = 0;
  virtual Result<std::shared_ptr<GpuEvent>> createEvent() = 0;
  virtual Status record(GpuEvent &event, GpuStream &stream) = 0;
  /// What is enqueued to `stream` from now on follows the event as it was last recorded.
  virtual Status wait(GpuStream &stream, GpuEvent &event) = 0;
  virtual Status synchronize(GpuEvent &event) = 0;
  /// Milliseconds between two events that have happened.
  virtual Result<double> elapsed(GpuEvent &begin, GpuEvent &end) = 0;

  /// Work of `stream`, and of streams that wait for its events, is recorded instead of done.
  virtual Status beginCapture(GpuStream &stream) = 0;
  /// Every other stream that joined must have been waited for. Modules and memory that the graph
  /// uses must outlive its launches.
  virtual Result<std::shared_ptr<GpuGraph>> endCapture(GpuStream &stream) = 0;
  virtual Status launch(GpuGraph &graph, GpuStream &stream) = 0;

  virtual Status synchronize(GpuStream &stream) = 0;
  /// Waits for everything.
  virtual Status synchronize() = 0;

  /// What the device's checks found in launches since this was last called, one text each; a device
  /// without checks finds nothing.
  virtual std::vector<std::string> takeFindings() { return {}; }
};

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_GPU_GPU_H
