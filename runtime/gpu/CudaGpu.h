// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The CUDA driver as a GPU of the runtime: each call is one of the driver's. Not yet run on hardware.

#ifndef DREAMER_RUNTIME_GPU_CUDAGPU_H
#define DREAMER_RUNTIME_GPU_CUDAGPU_H

#include "runtime/gpu/CudaDriver.h"
#include "runtime/gpu/OpenGpu.h"

namespace dreamer::runtime::cuda {

class CudaGpu final : public Gpu, public std::enable_shared_from_this<CudaGpu> {
public:
  CudaGpu(const Driver &driver, Device device, Context context, GpuProperties properties)
      : driver(driver), device(device), context(context), theProperties(std::move(properties)) {}
  ~CudaGpu() override;

  const GpuProperties &properties() const override { return theProperties; }
  Result<DevicePointer> allocate(size_t bytes) override;
  Status free(DevicePointer pointer) override;
  Result<std::shared_ptr<std::byte>> allocateHost(size_t bytes) override;
  Status copyToDevice(DevicePointer to, const void *from, size_t bytes, GpuStream *stream) override;
  Status copyToHost(void *to, DevicePointer from, size_t bytes, GpuStream *stream) override;
  Status copyWithin(DevicePointer to, DevicePointer from, size_t bytes, GpuStream *stream) override;
  Status fill(DevicePointer to, uint8_t value, size_t bytes, GpuStream *stream) override;
  Result<std::shared_ptr<GpuModule>> load(const GpuImage &image) override;
  Status launch(GpuFunction &function, const GpuLaunch &launch,
                std::span<const GpuArgument> arguments, GpuStream *stream) override;
  Result<EncodedTensorMap> encodeTensorMap(const TensorMapRequest &request) override;
  Result<std::shared_ptr<GpuStream>> createStream() override;
  Result<std::shared_ptr<GpuEvent>> createEvent() override;
  Status record(GpuEvent &event, GpuStream &stream) override;
  Status wait(GpuStream &stream, GpuEvent &event) override;
  Status synchronize(GpuEvent &event) override;
  Result<double> elapsed(GpuEvent &begin, GpuEvent &end) override;
  Status beginCapture(GpuStream &stream) override;
  Result<std::shared_ptr<GpuGraph>> endCapture(GpuStream &stream) override;
  Status launch(GpuGraph &graph, GpuStream &stream) override;
  Status synchronize(GpuStream &stream) override;
  Status synchronize() override;

  /// Makes the context that of the calling thread, as every call of the driver needs.
  Status enter() const { return driver.check(driver.setCurrent(context), "cuda"); }

  const Driver &driver;

private:
  /// Whether `object` is ours; then as enter().
  Status use(const GpuObject &object) const;
  /// As use(); without a stream the driver's own, which is ordered with all others.
  Result<Stream> streamOf(GpuStream *stream) const;

  const Device device;
  const Context context;
  const GpuProperties theProperties;
};

} // namespace dreamer::runtime::cuda

#endif // DREAMER_RUNTIME_GPU_CUDAGPU_H
