// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Modules, streams, events and graphs of the CUDA driver.

#include "runtime/gpu/CudaObjects.h"

namespace dreamer::runtime::cuda {

//===-- Modules ---------------------------------------------------------------------------------------------------===//

CudaModule::~CudaModule() {
  if (gpu->enter().ok())
    (void)gpu->driver.moduleUnload(handle);
}

Result<GpuFunction *> CudaModule::function(const std::string &wanted) {
  if (auto known = functions.find(wanted); known != functions.end())
    return known->second.get();
  DREAMER_RETURN_IF_FAILED(gpu->enter());
  Function found = nullptr;
  if (gpu->driver.moduleFunction(&found, handle, wanted.c_str()) != 0)
    return failure(DREAMER_NOT_FOUND, name, "a kernel of the module", inQuotes(wanted));
  auto &made = functions[wanted];
  made = std::make_unique<CudaFunction>(gpu, found, wanted);
  return made.get();
}

Result<GpuVariable> CudaModule::variable(const std::string &wanted) {
  DREAMER_RETURN_IF_FAILED(gpu->enter());
  Pointer address = 0;
  size_t bytes = 0;
  if (gpu->driver.moduleVariable(&address, &bytes, handle, wanted.c_str()) != 0)
    return failure(DREAMER_NOT_FOUND, name, "a variable of the module", inQuotes(wanted));
  return GpuVariable{address, bytes};
}

Result<std::shared_ptr<GpuModule>> CudaGpu::load(const GpuImage &image) {
  DREAMER_RETURN_IF_FAILED(enter());
  std::string where = image.name.empty() ? "module" : image.name;
  std::string ptx(image.ptx); // ends with a zero
  if (image.cubin.empty() && ptx.empty())
    return failure(DREAMER_INVALID_ARGUMENT, where, "PTX or device code",
                   image.llvm.empty() ? "an empty image" : "LLVM IR alone",
                   "compile it with LLVM's NVPTX backend first");
  std::string log(16 << 10, '\0');
  int options[] = {jitErrorLog, jitErrorLogBytes};
  void *values[] = {log.data(), reinterpret_cast<void *>(log.size())};
  Module module = nullptr;
  const void *data =
      image.cubin.empty() ? ptx.data() : static_cast<const void *>(image.cubin.data());
  Status status = driver.check(driver.moduleLoad(&module, data, 2, options, values), where);
  if (status.failed())
    return Status(status.code(), status.message() + "; the driver's log: " + log.c_str());
  return std::shared_ptr<GpuModule>(
      std::make_shared<CudaModule>(shared_from_this(), module, std::move(where)));
}

//===-- Streams, events, graphs -----------------------------------------------------------------------------------===//

static Event handleOf(GpuEvent &event) { return static_cast<CudaEvent &>(event).handle; }
static Stream handleOf(GpuStream &stream) { return static_cast<CudaStream &>(stream).handle; }

Result<std::shared_ptr<GpuStream>> CudaGpu::createStream() {
  DREAMER_RETURN_IF_FAILED(enter());
  Stream stream = nullptr;
  DREAMER_RETURN_IF_FAILED(driver.check(driver.streamCreate(&stream, 0), "createStream"));
  return std::shared_ptr<GpuStream>(std::make_shared<CudaStream>(shared_from_this(), stream));
}

Result<std::shared_ptr<GpuEvent>> CudaGpu::createEvent() {
  DREAMER_RETURN_IF_FAILED(enter());
  Event event = nullptr;
  DREAMER_RETURN_IF_FAILED(driver.check(driver.eventCreate(&event, 0), "createEvent"));
  return std::shared_ptr<GpuEvent>(std::make_shared<CudaEvent>(shared_from_this(), event));
}

Status CudaGpu::record(GpuEvent &event, GpuStream &stream) {
  DREAMER_RETURN_IF_FAILED(use(event));
  DREAMER_RETURN_IF_FAILED(use(stream));
  return driver.check(driver.eventRecord(handleOf(event), handleOf(stream)), "record");
}

Status CudaGpu::wait(GpuStream &stream, GpuEvent &event) {
  DREAMER_RETURN_IF_FAILED(use(event));
  DREAMER_RETURN_IF_FAILED(use(stream));
  return driver.check(driver.streamWait(handleOf(stream), handleOf(event), 0), "wait");
}

Status CudaGpu::synchronize(GpuEvent &event) {
  DREAMER_RETURN_IF_FAILED(use(event));
  return driver.check(driver.eventSynchronize(handleOf(event)), "synchronize");
}

Result<double> CudaGpu::elapsed(GpuEvent &begin, GpuEvent &end) {
  DREAMER_RETURN_IF_FAILED(use(begin));
  DREAMER_RETURN_IF_FAILED(use(end));
  float milliseconds = 0;
  DREAMER_RETURN_IF_FAILED(
      driver.check(driver.eventElapsed(&milliseconds, handleOf(begin), handleOf(end)), "elapsed"));
  return double(milliseconds);
}

Status CudaGpu::beginCapture(GpuStream &stream) {
  DREAMER_RETURN_IF_FAILED(use(stream));
  return driver.check(driver.captureBegin(handleOf(stream), captureRelaxed), "beginCapture");
}

Result<std::shared_ptr<GpuGraph>> CudaGpu::endCapture(GpuStream &stream) {
  DREAMER_RETURN_IF_FAILED(use(stream));
  Graph graph = nullptr;
  DREAMER_RETURN_IF_FAILED(driver.check(driver.captureEnd(handleOf(stream), &graph), "endCapture"));
  Executable executable = nullptr;
  Status status = driver.check(driver.graphInstantiate(&executable, graph, 0), "endCapture");
  (void)driver.graphDestroy(graph);
  DREAMER_RETURN_IF_FAILED(status);
  return std::shared_ptr<GpuGraph>(std::make_shared<CudaGraph>(shared_from_this(), executable));
}

Status CudaGpu::launch(GpuGraph &graph, GpuStream &stream) {
  DREAMER_RETURN_IF_FAILED(use(graph));
  DREAMER_RETURN_IF_FAILED(use(stream));
  Executable handle = static_cast<CudaGraph &>(graph).handle;
  return driver.check(driver.graphLaunch(handle, handleOf(stream)), "launch of a graph");
}

Status CudaGpu::synchronize(GpuStream &stream) {
  DREAMER_RETURN_IF_FAILED(use(stream));
  return driver.check(driver.streamSynchronize(handleOf(stream)), "synchronize");
}

Status CudaGpu::synchronize() {
  DREAMER_RETURN_IF_FAILED(enter());
  return driver.check(driver.synchronize(), "synchronize");
}

} // namespace dreamer::runtime::cuda
