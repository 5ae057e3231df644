// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Device/EmulatorGpu.h"

#include "lib/Emulator/Machine/TensorMap.h"
#include "runtime/core/Tensor.h"

#include <cstring>

namespace dreamer::emulator {

using namespace runtime;

EmulatorGpu::EmulatorGpu(const GpuOptions &options) {
  // CUDA C++ Programming Guide, "Technical Specifications per Compute Capability", 9.0. Of
  // multiprocessors an H200 has as many.
  theProperties.name = "emulator of sm_90a";
  theProperties.major = 9;
  theProperties.minor = 0;
  theProperties.multiprocessors = 132;
  theProperties.sharedBytesPerBlock = 227 << 10;
  theProperties.sharedBytesPerMultiprocessor = 228 << 10;
  theProperties.threadsPerMultiprocessor = 2048;
  theProperties.memoryBytes = uint64_t(141) * 1000 * 1000 * 1000;
  launchOptions.check = options.check;
  launchOptions.strict = options.strict;
  launchOptions.completion = options.lazy ? Completion::Lazy : Completion::Eager;
  launchOptions.seed = options.seed;
  launchOptions.workers = std::max(1u, options.workers);
}

std::shared_ptr<Gpu> openEmulator(const GpuOptions &options) {
  return std::make_shared<EmulatorGpu>(options);
}

static std::byte *bytesAt(DevicePointer pointer) { return reinterpret_cast<std::byte *>(pointer); }

static std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof(text), "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

Status EmulatorGpu::own(const GpuObject &object, std::string_view where) const {
  if (object.device() == this)
    return Status();
  return failure(DREAMER_INVALID_ARGUMENT, where, "an object of this device",
                 "one of another device");
}

//===-- Memory ----------------------------------------------------------------------------------------------------===//

Result<DevicePointer> EmulatorGpu::allocate(size_t bytes) {
  if (bytes == 0)
    return failure(DREAMER_INVALID_ARGUMENT, "allocate", "at least 1 byte", "0");
  std::byte *pointer = memory.allocate(bytes);
  if (!pointer)
    return failure(DREAMER_OUT_OF_MEMORY, "allocate",
                   "memory for " + std::to_string(bytes) + " bytes",
                   "that the host has not enough");
  return reinterpret_cast<DevicePointer>(pointer);
}

Status EmulatorGpu::free(DevicePointer pointer) {
  if (memory.free(bytesAt(pointer)))
    return Status();
  Allocation *in = memory.find(bytesAt(pointer));
  return failure(DREAMER_INVALID_ARGUMENT, "free", "the beginning of an allocation",
                 hex(pointer) + (in && in->freed ? ", which is freed already" : ""));
}

Result<std::shared_ptr<std::byte>> EmulatorGpu::allocateHost(size_t bytes) {
  if (std::shared_ptr<std::byte> pointer = allocateZeroed(bytes))
    return pointer;
  return failure(DREAMER_OUT_OF_MEMORY, "allocateHost",
                 "memory for " + std::to_string(bytes) + " bytes", "that the host has not enough");
}

Status EmulatorGpu::inside(DevicePointer pointer, size_t bytes, std::string_view where) {
  if (memory.holds(bytesAt(pointer), bytes))
    return Status();
  std::string found = std::to_string(bytes) + " bytes at " + hex(pointer);
  if (Allocation *near = memory.find(bytesAt(pointer)))
    found += ", " + std::to_string(bytesAt(pointer) - near->base) +
             " bytes from the beginning of " + std::to_string(near->bytes) + " bytes" +
             (near->freed ? " that are freed" : " that are allocated");
  return failure(DREAMER_OUT_OF_RANGE, where, "bytes of one allocation of the device", found);
}

Status EmulatorGpu::writable(DevicePointer pointer, size_t bytes, std::string_view where) {
  DREAMER_RETURN_IF_FAILED(inside(pointer, bytes, where));
  auto above = constants.upper_bound(bytesAt(pointer));
  if (above == constants.begin() || std::prev(above)->second <= bytesAt(pointer))
    return Status();
  return failure(DREAMER_INVALID_ARGUMENT, where, "memory that the host can write",
                 "a constant that the module's code was compiled with",
                 "mark the variable externally_initialized");
}

static Status noHostMemory(std::string_view where) {
  return failure(DREAMER_INVALID_ARGUMENT, where, "memory of the host", "null");
}

Status EmulatorGpu::copyToDevice(DevicePointer to, const void *from, size_t bytes,
                                 GpuStream *stream) {
  constexpr std::string_view where = "copyToDevice";
  if (!from && bytes)
    return noHostMemory(where);
  return enqueue(stream, where, [=, this] {
    DREAMER_RETURN_IF_FAILED(writable(to, bytes, where));
    if (bytes)
      std::memcpy(bytesAt(to), from, bytes);
    memory.hostWrote(bytesAt(to), bytes);
    return Status();
  });
}

Status EmulatorGpu::copyToHost(void *to, DevicePointer from, size_t bytes, GpuStream *stream) {
  constexpr std::string_view where = "copyToHost";
  if (!to && bytes)
    return noHostMemory(where);
  return enqueue(stream, where, [=, this] {
    DREAMER_RETURN_IF_FAILED(inside(from, bytes, where));
    if (bytes)
      std::memcpy(to, bytesAt(from), bytes);
    return Status();
  });
}

Status EmulatorGpu::copyWithin(DevicePointer to, DevicePointer from, size_t bytes,
                               GpuStream *stream) {
  constexpr std::string_view where = "copyWithin";
  return enqueue(stream, where, [=, this] {
    DREAMER_RETURN_IF_FAILED(inside(from, bytes, where));
    DREAMER_RETURN_IF_FAILED(writable(to, bytes, where));
    if (to < from + bytes && from < to + bytes && bytes)
      return failure(DREAMER_INVALID_ARGUMENT, where, "two places apart",
                     std::to_string(bytes) + " bytes at " + hex(from) + " and at " + hex(to));
    std::memcpy(bytesAt(to), bytesAt(from), bytes);
    memory.hostWrote(bytesAt(to), bytes);
    return Status();
  });
}

Status EmulatorGpu::fill(DevicePointer to, uint8_t value, size_t bytes, GpuStream *stream) {
  constexpr std::string_view where = "fill";
  return enqueue(stream, where, [=, this] {
    DREAMER_RETURN_IF_FAILED(writable(to, bytes, where));
    std::memset(bytesAt(to), value, bytes);
    memory.hostWrote(bytesAt(to), bytes);
    return Status();
  });
}

//===-- Others ----------------------------------------------------------------------------------------------------===//

Result<EncodedTensorMap> EmulatorGpu::encodeTensorMap(const TensorMapRequest &request) {
  TensorMap map;
  if (std::string why = encode(map, request); !why.empty())
    return Status(DREAMER_INVALID_ARGUMENT, std::move(why));
  EncodedTensorMap bytes;
  static_assert(sizeof(map) == sizeof(bytes));
  std::memcpy(bytes.data(), &map, sizeof(map));
  return bytes;
}

std::vector<std::string> EmulatorGpu::takeFindings() { return std::exchange(findings, {}); }

} // namespace dreamer::emulator
