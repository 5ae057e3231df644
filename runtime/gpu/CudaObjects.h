// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Handles of the driver that end when they are no longer used.

#ifndef DREAMER_RUNTIME_GPU_CUDAOBJECTS_H
#define DREAMER_RUNTIME_GPU_CUDAOBJECTS_H

#include "runtime/gpu/CudaGpu.h"

#include <map>

namespace dreamer::runtime::cuda {

/// `destroy` is the driver's function for it.
template <typename Base, typename Handle, Code (*Driver::*destroy)(Handle)>
class CudaObject final : public Base {
public:
  CudaObject(std::shared_ptr<const CudaGpu> gpu, Handle handle)
      : Base(gpu), handle(handle), gpu(std::move(gpu)) {}
  ~CudaObject() override {
    if (gpu->enter().ok())
      (void)(gpu->driver.*destroy)(handle);
  }
  const Handle handle;

private:
  const std::shared_ptr<const CudaGpu> gpu;
};

using CudaStream = CudaObject<GpuStream, Stream, &Driver::streamDestroy>;
using CudaEvent = CudaObject<GpuEvent, Event, &Driver::eventDestroy>;
using CudaGraph = CudaObject<GpuGraph, Executable, &Driver::executableDestroy>;

class CudaFunction final : public GpuFunction {
public:
  CudaFunction(std::shared_ptr<const Gpu> gpu, Function handle, std::string name)
      : GpuFunction(std::move(gpu)), handle(handle), name(std::move(name)) {}
  const Function handle;
  const std::string name;
};

class CudaModule final : public GpuModule {
public:
  CudaModule(std::shared_ptr<const CudaGpu> gpu, Module handle, std::string name)
      : GpuModule(gpu), gpu(std::move(gpu)), handle(handle), name(std::move(name)) {}
  ~CudaModule() override;
  Result<GpuFunction *> function(const std::string &wanted) override;
  Result<GpuVariable> variable(const std::string &wanted) override;

private:
  const std::shared_ptr<const CudaGpu> gpu;
  const Module handle;
  const std::string name;
  std::map<std::string, std::unique_ptr<CudaFunction>> functions;
};

} // namespace dreamer::runtime::cuda

#endif // DREAMER_RUNTIME_GPU_CUDAOBJECTS_H
