// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Device/Modules.h"

#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

#include <algorithm>
#include <cstring>

namespace dreamer::emulator {

using namespace runtime;

EmulatorModule::EmulatorModule(std::shared_ptr<EmulatorGpu> gpu, std::string name,
                               LoadedModule loaded, const std::set<std::string> &fixed)
    : GpuModule(gpu), gpu(std::move(gpu)), name(std::move(name)), loaded(std::move(loaded)) {
  for (const GlobalVariable &variable : this->loaded.variables()) {
    this->gpu->memory.adopt(variable.address, variable.bytes, variable.name, variable.isConstant);
    if (fixed.contains(variable.name))
      this->gpu->constants[variable.address] = variable.address + variable.bytes;
  }
}

EmulatorModule::~EmulatorModule() {
  for (const GlobalVariable &variable : loaded.variables()) {
    gpu->memory.release(variable.address);
    gpu->constants.erase(variable.address);
  }
}

Result<GpuFunction *> EmulatorModule::function(const std::string &wanted) {
  if (auto known = functions.find(wanted); known != functions.end())
    return known->second.get();
  if (const Kernel *kernel = loaded.kernel(wanted)) {
    auto &made = functions[wanted];
    made = std::make_unique<EmulatorFunction>(gpu, *kernel, weak_from_this());
    return made.get();
  }
  std::vector<std::string> names;
  for (const Kernel &kernel : loaded.kernels())
    names.push_back(kernel.name);
  return failure(DREAMER_NOT_FOUND, name, "one of the kernels " + listed(names), inQuotes(wanted),
                 nearestHint(wanted, names));
}

Result<GpuVariable> EmulatorModule::variable(const std::string &wanted) {
  std::vector<std::string> names;
  for (const GlobalVariable &variable : loaded.variables()) {
    if (variable.name == wanted)
      return GpuVariable{reinterpret_cast<DevicePointer>(variable.address), variable.bytes};
    names.push_back(variable.name);
  }
  return failure(DREAMER_NOT_FOUND, name, "one of the variables " + listed(names), inQuotes(wanted),
                 nearestHint(wanted, names));
}

/// The driver lets the host write variables in constant memory and those declared for it. Others
/// that are constant may have become part of the code: their names.
static std::set<std::string> openVariables(llvm::Module &module) {
  std::set<std::string> fixed;
  for (llvm::GlobalVariable &variable : module.globals()) {
    if (!variable.isConstant())
      continue;
    if (variable.isExternallyInitialized() || variable.getAddressSpace() == 4)
      variable.setConstant(false);
    else
      fixed.insert(variable.getName().str());
  }
  return fixed;
}

Result<std::shared_ptr<GpuModule>> EmulatorGpu::load(const GpuImage &image) {
  std::string where = image.name.empty() ? "module" : image.name;
  if (image.llvm.empty())
    return failure(DREAMER_INVALID_ARGUMENT, where, "LLVM IR, which the emulator runs",
                   image.ptx.empty() && image.cubin.empty() ? "an empty image"
                                                            : "PTX or code alone",
                   "give the image the module that PTX was made from");
  KernelModule source;
  llvm::StringRef text(reinterpret_cast<const char *>(image.llvm.data()), image.llvm.size());
  llvm::SMDiagnostic diagnostic;
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(text, where); // ends with a zero
  source.module = llvm::parseIR(*buffer, diagnostic, *source.context);
  if (!source.module) {
    std::string problem;
    llvm::raw_string_ostream stream(problem);
    diagnostic.print(nullptr, stream, false);
    return failure(DREAMER_BAD_FILE, where, "LLVM IR, text or bitcode",
                   llvm::StringRef(problem).trim().str());
  }
  std::set<std::string> fixed = openVariables(*source.module);
  RewriteOptions options{.check = launchOptions.check, .libdevice = findLibdevice()};
  llvm::Expected<LoadedModule> loaded = emulator::load(std::move(source), options);
  if (!loaded)
    return Status(DREAMER_INCOMPATIBLE, where + ": " + llvm::toString(loaded.takeError()));
  return std::shared_ptr<GpuModule>(std::make_shared<EmulatorModule>(
      shared_from_this(), std::move(where), std::move(*loaded), fixed));
}

//===-- Launches --------------------------------------------------------------------------------------------------===//

namespace {
/// Arguments of a launch, each aligned for a tensor map.
class ArgumentCopy {
public:
  explicit ArgumentCopy(std::span<const GpuArgument> arguments) {
    size_t count = 0;
    for (const GpuArgument &argument : arguments)
      count += linesOf(argument);
    lines.resize(count);
    size_t at = 0;
    for (const GpuArgument &argument : arguments) {
      pointers.push_back(lines.data() + at);
      std::memcpy(pointers.back(), argument.data, argument.bytes);
      at += linesOf(argument);
    }
  }
  ArgumentCopy(const ArgumentCopy &) = delete;
  void *const *data() const { return pointers.data(); }

private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  static size_t linesOf(const GpuArgument &argument) {
    return std::max<size_t>(1, (argument.bytes + sizeof(Line) - 1) / sizeof(Line));
  }
  std::vector<Line> lines;
  std::vector<void *> pointers;
};
} // namespace

Status EmulatorGpu::run(const Kernel &kernel, const Grid &grid, void *const *arguments) {
  Reports reports;
  // Kernels may take the address of an argument that is given by value.
  for (size_t i = 0; i < kernel.parameterBytes.size(); ++i)
    memory.adopt(static_cast<std::byte *>(arguments[i]), kernel.parameterBytes[i], "a parameter",
                 true);
  emulator::launch(kernel, grid, arguments, memory, launchOptions, reports);
  for (size_t i = 0; i < kernel.parameterBytes.size(); ++i)
    memory.release(static_cast<std::byte *>(arguments[i]));
  std::vector<Finding> found = reports.take();
  if (found.empty())
    return Status();
  std::string text;
  for (const Finding &finding : found) {
    findings.push_back(toString(finding));
    text += (text.empty() ? "" : "\n") + findings.back();
  }
  bool refused = std::ranges::all_of(
      found, [](const Finding &finding) { return finding.check == Check::Launch; });
  return failure(refused ? DREAMER_INVALID_ARGUMENT : DREAMER_ENTRY_FAILED, "kernel " + kernel.name,
                 refused ? "a launch that a device can take" : "a run that the checks find right",
                 text);
}

/// A cooperative launch fails where not all blocks are on the device at once. Registers are not
/// counted: hardware may refuse more.
Status EmulatorGpu::fits(const Kernel &kernel, const GpuLaunch &launch) const {
  auto volume = [](const GpuDim &dims) { return uint64_t(dims[0]) * dims[1] * dims[2]; };
  uint64_t threads = std::max<uint64_t>(1, volume(launch.block));
  // Of each block's shared memory the system takes 1 KiB (CUDA C++ Programming Guide, 9.0).
  uint64_t shared = uint64_t(kernel.dynamicSharedOffset) + launch.dynamicSharedBytes + 1024;
  uint64_t blocks = std::min({uint64_t(32), theProperties.threadsPerMultiprocessor / threads,
                              theProperties.sharedBytesPerMultiprocessor / shared}) *
                    theProperties.multiprocessors;
  if (volume(launch.grid) <= blocks)
    return Status();
  return failure(DREAMER_INVALID_ARGUMENT, "kernel " + kernel.name,
                 "at most " + std::to_string(blocks) +
                     " blocks in a cooperative launch, as more are not on the device at once",
                 std::to_string(volume(launch.grid)));
}

Status EmulatorGpu::launch(GpuFunction &function, const GpuLaunch &launch,
                           std::span<const GpuArgument> arguments, GpuStream *stream) {
  DREAMER_RETURN_IF_FAILED(own(function, "launch"));
  auto &ours = static_cast<EmulatorFunction &>(function);
  const Kernel &kernel = ours.kernel;
  std::string where = "kernel " + kernel.name;
  if (arguments.size() != kernel.parameterBytes.size())
    return failure(DREAMER_INVALID_ARGUMENT, where,
                   std::to_string(kernel.parameterBytes.size()) + " arguments",
                   std::to_string(arguments.size()));
  for (size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].bytes != kernel.parameterBytes[i])
      return failure(DREAMER_INVALID_ARGUMENT, where + ", argument " + std::to_string(i),
                     std::to_string(kernel.parameterBytes[i]) + " bytes",
                     std::to_string(arguments[i].bytes));
  if (launch.cooperative)
    DREAMER_RETURN_IF_FAILED(fits(kernel, launch));
  auto copy = std::make_shared<const ArgumentCopy>(arguments);
  Grid grid{launch.grid, launch.block, launch.cluster, launch.dynamicSharedBytes};
  return enqueue(stream, where, [this, &kernel, grid, copy, where, module = ours.module] {
    if (!module.lock())
      return failure(DREAMER_INVALID_ARGUMENT, where, "a graph whose modules are still loaded",
                     "that the module is gone");
    return run(kernel, grid, copy->data());
  });
}

} // namespace dreamer::emulator
