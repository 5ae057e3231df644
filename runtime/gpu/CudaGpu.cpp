// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/gpu/CudaGpu.h"
#include "runtime/gpu/CudaObjects.h"

#include <cstring>

namespace dreamer::runtime {

namespace cuda {

static Result<GpuProperties> propertiesOf(const Driver &driver, Device device) {
  GpuProperties properties;
  char name[256] = {};
  size_t memory = 0;
  DREAMER_RETURN_IF_FAILED(driver.check(driver.deviceName(name, sizeof(name), device), "cuda"));
  DREAMER_RETURN_IF_FAILED(driver.check(driver.deviceMemory(&memory, device), "cuda"));
  properties.name = name;
  properties.memoryBytes = memory;
  auto read = [&](int attribute, auto &into) {
    int value = 0;
    Status status = driver.check(driver.deviceAttribute(&value, attribute, device), "cuda");
    into = value;
    return status;
  };
  DREAMER_RETURN_IF_FAILED(read(attributeMajor, properties.major));
  DREAMER_RETURN_IF_FAILED(read(attributeMinor, properties.minor));
  DREAMER_RETURN_IF_FAILED(read(attributeMultiprocessors, properties.multiprocessors));
  DREAMER_RETURN_IF_FAILED(read(attributeSharedPerBlock, properties.sharedBytesPerBlock));
  DREAMER_RETURN_IF_FAILED(
      read(attributeSharedPerMultiprocessor, properties.sharedBytesPerMultiprocessor));
  DREAMER_RETURN_IF_FAILED(
      read(attributeThreadsPerMultiprocessor, properties.threadsPerMultiprocessor));
  return properties;
}

CudaGpu::~CudaGpu() { (void)driver.release(device); }

Status CudaGpu::use(const GpuObject &object) const {
  if (object.device() != this)
    return failure(DREAMER_INVALID_ARGUMENT, "cuda", "an object of this device",
                   "one of another device");
  return enter();
}

Result<Stream> CudaGpu::streamOf(GpuStream *stream) const {
  DREAMER_RETURN_IF_FAILED(stream ? use(*stream) : enter());
  return stream ? static_cast<CudaStream *>(stream)->handle : nullptr;
}

//===-- Memory ----------------------------------------------------------------------------------------------------===//

Result<DevicePointer> CudaGpu::allocate(size_t bytes) {
  DREAMER_RETURN_IF_FAILED(enter());
  Pointer pointer = 0;
  DREAMER_RETURN_IF_FAILED(driver.check(driver.allocate(&pointer, bytes), "allocate"));
  return DevicePointer(pointer);
}

Status CudaGpu::free(DevicePointer pointer) {
  DREAMER_RETURN_IF_FAILED(enter());
  return driver.check(driver.free(pointer), "free");
}

Result<std::shared_ptr<std::byte>> CudaGpu::allocateHost(size_t bytes) {
  DREAMER_RETURN_IF_FAILED(enter());
  void *pointer = nullptr;
  DREAMER_RETURN_IF_FAILED(driver.check(driver.allocateHost(&pointer, bytes), "allocateHost"));
  std::memset(pointer, 0, bytes);
  auto end = [gpu = shared_from_this()](std::byte *memory) {
    if (gpu->enter().ok())
      (void)gpu->driver.freeHost(memory);
  };
  return std::shared_ptr<std::byte>(static_cast<std::byte *>(pointer), end);
}

Status CudaGpu::copyToDevice(DevicePointer to, const void *from, size_t bytes, GpuStream *stream) {
  Result<Stream> handle = streamOf(stream);
  DREAMER_RETURN_IF_FAILED(handle.status());
  return driver.check(stream ? driver.toDeviceAsync(to, from, bytes, *handle)
                             : driver.toDevice(to, from, bytes),
                      "copyToDevice");
}

Status CudaGpu::copyToHost(void *to, DevicePointer from, size_t bytes, GpuStream *stream) {
  Result<Stream> handle = streamOf(stream);
  DREAMER_RETURN_IF_FAILED(handle.status());
  return driver.check(stream ? driver.toHostAsync(to, from, bytes, *handle)
                             : driver.toHost(to, from, bytes),
                      "copyToHost");
}

/// Without a stream the call waits, as copies with the host do.
Status CudaGpu::copyWithin(DevicePointer to, DevicePointer from, size_t bytes, GpuStream *stream) {
  Result<Stream> handle = streamOf(stream);
  DREAMER_RETURN_IF_FAILED(handle.status());
  DREAMER_RETURN_IF_FAILED(
      driver.check(driver.withinAsync(to, from, bytes, *handle), "copyWithin"));
  return stream ? Status() : driver.check(driver.streamSynchronize(*handle), "copyWithin");
}

Status CudaGpu::fill(DevicePointer to, uint8_t value, size_t bytes, GpuStream *stream) {
  Result<Stream> handle = streamOf(stream);
  DREAMER_RETURN_IF_FAILED(handle.status());
  return driver.check(driver.fillAsync(to, value, bytes, *handle), "fill");
}

//===-- Launches --------------------------------------------------------------------------------------------------===//

/// What the driver must be told before a function may use as much.
static Status prepare(const Driver &driver, const CudaFunction &function, const GpuLaunch &launch) {
  constexpr uint32_t usualSharedBytes = 48 << 10;
  constexpr uint64_t portableCluster = 8;
  if (launch.dynamicSharedBytes > usualSharedBytes)
    DREAMER_RETURN_IF_FAILED(driver.check(
        driver.functionSet(function.handle, functionDynamicShared, int(launch.dynamicSharedBytes)),
        "kernel " + function.name + ", its shared memory"));
  if (uint64_t(launch.cluster[0]) * launch.cluster[1] * launch.cluster[2] > portableCluster)
    DREAMER_RETURN_IF_FAILED(
        driver.check(driver.functionSet(function.handle, functionNonPortableCluster, 1),
                     "kernel " + function.name + ", its cluster"));
  return Status();
}

Status CudaGpu::launch(GpuFunction &function, const GpuLaunch &launch,
                       std::span<const GpuArgument> arguments, GpuStream *stream) {
  DREAMER_RETURN_IF_FAILED(use(function));
  Result<Stream> handle = streamOf(stream);
  DREAMER_RETURN_IF_FAILED(handle.status());
  auto &ours = static_cast<CudaFunction &>(function);
  DREAMER_RETURN_IF_FAILED(prepare(driver, ours, launch));

  LaunchAttribute attributes[2] = {};
  LaunchConfig config = {};
  std::memcpy(config.grid, launch.grid.data(), sizeof(config.grid));
  std::memcpy(config.block, launch.block.data(), sizeof(config.block));
  config.dynamicSharedBytes = launch.dynamicSharedBytes;
  config.stream = *handle;
  config.attributes = attributes;
  if (launch.cluster != GpuDim{1, 1, 1}) {
    LaunchAttribute &cluster = attributes[config.attributeCount++];
    cluster.id = launchCluster;
    std::memcpy(cluster.value.cluster, launch.cluster.data(), sizeof(cluster.value.cluster));
  }
  if (launch.cooperative) {
    LaunchAttribute &cooperative = attributes[config.attributeCount++];
    cooperative.id = launchCooperative;
    cooperative.value.cooperative = 1;
  }
  std::vector<void *> values;
  for (const GpuArgument &argument : arguments)
    values.push_back(const_cast<void *>(argument.data)); // the driver only reads
  return driver.check(driver.launch(&config, ours.handle, values.data(), nullptr),
                      "kernel " + ours.name);
}

Result<EncodedTensorMap> CudaGpu::encodeTensorMap(const TensorMapRequest &request) {
  DREAMER_RETURN_IF_FAILED(enter());
  TensorMap map;
  Code code = driver.encodeTiled(
      &map, int(request.type), request.rank, reinterpret_cast<void *>(request.address),
      request.dims.data(), request.strides.data(), request.box.data(), request.elementSteps.data(),
      int(request.interleave), int(request.swizzle), int(request.promotion), int(request.fill));
  DREAMER_RETURN_IF_FAILED(driver.check(code, "tensor map"));
  EncodedTensorMap bytes;
  static_assert(sizeof(map) == sizeof(bytes));
  std::memcpy(bytes.data(), &map, sizeof(map));
  return bytes;
}

} // namespace cuda

Result<std::shared_ptr<Gpu>> openCudaGpu(const GpuOptions &options) {
  Result<const cuda::Driver *> loaded = cuda::driver();
  DREAMER_RETURN_IF_FAILED(loaded.status());
  const cuda::Driver &driver = **loaded;
  int count = 0;
  DREAMER_RETURN_IF_FAILED(driver.check(driver.deviceCount(&count), "cuda"));
  if (options.ordinal < 0 || options.ordinal >= count)
    return failure(DREAMER_UNAVAILABLE, "cuda", "device " + std::to_string(options.ordinal),
                   std::to_string(count) + " devices");
  cuda::Device device = 0;
  DREAMER_RETURN_IF_FAILED(driver.check(driver.deviceGet(&device, options.ordinal), "cuda"));
  Result<GpuProperties> properties = cuda::propertiesOf(driver, device);
  DREAMER_RETURN_IF_FAILED(properties.status());
  cuda::Context context = nullptr;
  DREAMER_RETURN_IF_FAILED(driver.check(driver.retain(&context, device), "cuda"));
  return std::shared_ptr<Gpu>(
      std::make_shared<cuda::CudaGpu>(driver, device, context, std::move(*properties)));
}

} // namespace dreamer::runtime
