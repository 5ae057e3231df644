// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/gpu/OpenGpu.h"

#include <dlfcn.h>
#include <unistd.h>

namespace dreamer::runtime {

static constexpr const char *pluginName = "libdreamer_emulator.so.0";

/// The folder of the program or library that holds this code; empty: not known.
static std::string ownFolder() {
  Dl_info info{};
  if (!dladdr(reinterpret_cast<const void *>(&openEmulatorGpu), &info) || !info.dli_fname)
    return "";
  std::string path = info.dli_fname;
  if (path.find('/') == path.npos) { // a program that was found in PATH has its bare name there
    char own[4096];
    ssize_t length = readlink("/proc/self/exe", own, sizeof(own));
    path.assign(own, length > 0 ? size_t(length) : 0);
  }
  return path.substr(0, path.rfind('/') == path.npos ? 0 : path.rfind('/'));
}

/// Beside this code, where an installation or a build has libraries as seen from programs and tests,
/// and where the loader looks.
static void *loadPlugin(std::string &problem) {
  std::string folder = ownFolder();
  for (const char *way : {"/", "/../" DREAMER_LIBRARY_FOLDER "/", "/../lib/", "/../../lib/"})
    if (void *library = dlopen((folder + way + pluginName).c_str(), RTLD_NOW | RTLD_LOCAL))
      return library;
    else if (const char *text = dlerror(); // one that is there and cannot be loaded says more
             text && problem.empty() &&
             !std::string_view(text).ends_with("No such file or directory"))
      problem = text;
  void *library = dlopen(pluginName, RTLD_NOW | RTLD_LOCAL);
  if (!library && problem.empty())
    if (const char *text = dlerror())
      problem = text;
  return library;
}

Result<std::shared_ptr<Gpu>> openEmulatorGpu(const GpuOptions &options) {
  std::string problem;
  void *library = loadPlugin(problem); // stays: code of its objects may run until the end
  if (!library)
    return failure(DREAMER_UNAVAILABLE, "emulator", std::string("the plug-in ") + pluginName,
                   problem,
                   "it is built with the compiler (target dreamer_emulator) and needs LLVM");
  auto open = reinterpret_cast<EmulatorPlugin>(dlsym(library, emulatorPluginFunction));
  std::shared_ptr<Gpu> gpu;
  if (!open || !open(emulatorPluginVersion, &options, &gpu) || !gpu)
    return failure(DREAMER_INCOMPATIBLE, "emulator",
                   "a plug-in of version " + std::to_string(emulatorPluginVersion),
                   open ? "one of another version" : "a library that is no such plug-in",
                   "install runtime and emulator from one build");
  return gpu;
}

Result<std::shared_ptr<Gpu>> openGpu(std::string_view name, const GpuOptions &options) {
  if (name == "cuda")
    return openCudaGpu(options);
  if (name == "emulator")
    return openEmulatorGpu(options);
  return failure(DREAMER_INVALID_ARGUMENT, "GPU", "'cuda' or 'emulator'", inQuotes(name),
                 nearestHint(name, {"cuda", "emulator"}));
}

} // namespace dreamer::runtime
