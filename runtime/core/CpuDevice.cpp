// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The device "cpu": host memory, code by dlopen, threads by OpenMP or the embedding program.

#include "runtime/core/CpuFeatures.h"
#include "runtime/core/Device.h"
#include "runtime/core/Observed.h"
#include "runtime/core/Parallel.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>

namespace dreamer::runtime {

namespace {

using Handle = std::unique_ptr<void, void (*)(void *)>;

class CpuProgram : public Program {
public:
  CpuProgram(std::shared_ptr<const Package> package, Handle handle, std::string variant,
             std::vector<dreamer_entry_fn> functions, std::shared_ptr<const Executor> executor)
      : package(std::move(package)), handle(std::move(handle)), theVariant(std::move(variant)),
        functions(std::move(functions)), executor(std::move(executor)) {
    services.size = sizeof(services);
    services.context = this;
    services.launch = launch;
    constexpr size_t few = 4;
    const Manifest &manifest = this->package->manifest();
    for (const EntrySpec &entry : manifest.entries)
      launchesMuch.push_back(manifest.launchesOf(theVariant, entry.name).size() > few);
  }

  const std::string &variant() const override { return theVariant; }
  void observe(LaunchObserver *given) override { observer = given; }

  Result<int32_t> run(size_t entry, std::span<void *const> buffers) override {
    FlushDenormals flush;
    if (!launchesMuch[entry])
      return call(entry, buffers);
    int32_t code = 0;
    executor->gather([&] { code = call(entry, buffers); });
    return code;
  }

private:
  int32_t call(size_t entry, std::span<void *const> buffers) {
    if (!observer)
      return functions[entry](&services, buffers.data());
    running = entry;
    observer->beginEntry(entry, nanoseconds());
    int32_t code = functions[entry](&services, buffers.data());
    observer->endEntry(entry, nanoseconds());
    return code;
  }

  static void launch(void *context, int64_t id, int64_t step, int64_t tasks, Executor::Body body,
                     void *closure) {
    auto *self = static_cast<CpuProgram *>(context);
    if (self->observer) [[unlikely]]
      ObservedLaunch(body, closure)
          .run(*self->executor, tasks, {self->running, id, step, tasks, 0, 0, {}}, *self->observer);
    else if (tasks == 1)
      body(closure, 0, 1); // this thread flushes denormals already
    else
      self->executor->run(tasks, body, closure);
  }

  std::shared_ptr<const Package> package;
  Handle handle;
  std::string theVariant;
  std::vector<dreamer_entry_fn> functions; // in the manifest's order
  std::vector<bool> launchesMuch;          // so that it pays to gather threads for all of it
  std::shared_ptr<const Executor> executor;
  dreamer_services services = {};
  LaunchObserver *observer = nullptr;
  size_t running = 0; // the entry
};

class CpuDevice : public Device {
public:
  explicit CpuDevice(const DeviceOptions &options)
      : executor(std::make_shared<Executor>(options.threads, options.parallelFor,
                                            options.parallelContext)) {}

  std::string_view name() const override { return "cpu"; }
  int threads() const override { return executor->threads(); }
  std::shared_ptr<std::byte> allocate(size_t bytes) override { return allocateZeroed(bytes); }
  Result<std::unique_ptr<Program>> load(std::shared_ptr<const Package> package,
                                        std::string_view variant) override;
  void parallelFor(int64_t tasks, const std::function<void(int64_t, int64_t)> &body) override {
    auto call = [](void *closure, int64_t begin, int64_t end) {
      (*static_cast<const std::function<void(int64_t, int64_t)> *>(closure))(begin, end);
    };
    executor->run(tasks, call, const_cast<std::function<void(int64_t, int64_t)> *>(&body));
  }

private:
  std::shared_ptr<const Executor> executor;
};

} // namespace

//===-- Loading ---===//

static Result<Handle> openLibrary(const Package &package) {
  char *real = realpath(package.path().c_str(), nullptr); // dlopen searches for names without a '/'
  if (!real)
    return systemFailure(package.path(), "cannot find", errno);
  void *library = dlopen(real, RTLD_NOW | RTLD_LOCAL);
  std::free(real);
  if (!library) {
    const char *reason = dlerror();
    return failure(DREAMER_BAD_FILE, package.path(), "a shared object that can be loaded",
                   reason ? reason : "an unknown fault");
  }
  return Handle(library, [](void *handle) { dlclose(handle); });
}

/// The loader knows libraries by path and by inode: what it gave may be an older file of that name,
/// still in use. The header, with its checksum, tells.
static Status checkDescriptor(const dreamer_package_descriptor &descriptor,
                              const Package &package) {
  if (descriptor.abi_version != DREAMER_PACKAGE_ABI_VERSION)
    return failure(DREAMER_INCOMPATIBLE, package.path(),
                   "package ABI version " + std::to_string(DREAMER_PACKAGE_ABI_VERSION),
                   std::to_string(descriptor.abi_version),
                   "compiler and runtime are of different versions; compile the package again");
  if (!descriptor.header ||
      std::memcmp(descriptor.header, &package.header(), sizeof(dreamer_package_header)) != 0)
    return failure(
        DREAMER_BAD_FILE, package.path(), "the code of the file that was checked",
        "that of another file",
        "the file changed, or an older one of this name is still in use in this process: "
        "close its sessions first, or write the new one to another name");
  if (descriptor.variant_count == 0 || !descriptor.variants)
    return failure(DREAMER_BAD_FILE, package.path(), "at least one variant", "none");
  return {};
}

/// The variant of that name, or the last that this machine can run and may run: where Linux refuses
/// the tile registers, the next one.
static Result<const dreamer_variant *> chooseVariant(const dreamer_package_descriptor &descriptor,
                                                     std::string_view wanted,
                                                     const std::string &path) {
  const dreamer_variant *nearest = nullptr;
  std::vector<std::string> names;
  Status refused;
  // Variants come from the least to the most demanding.
  for (uint32_t i = descriptor.variant_count; i-- > 0;) {
    const dreamer_variant &variant = descriptor.variants[i];
    names.emplace(names.begin(), variant.name);
    if (!wanted.empty() && wanted != variant.name)
      continue;
    nearest = &variant;
    if ((variant.features & ~cpuFeatures()) != 0)
      continue;
    refused = requestCpuPermissions(variant.features);
    if (!refused.failed())
      return &variant;
  }
  if (!nearest)
    return failure(DREAMER_NOT_FOUND, path, "a variant " + inQuotes(wanted), listed(names));
  DREAMER_RETURN_IF_FAILED(refused);
  std::vector<std::string> missing = cpuFeatureNames(nearest->features & ~cpuFeatures());
  return failure(DREAMER_INCOMPATIBLE, path,
                 "a processor for variant '" + std::string(nearest->name) + "'",
                 "one without " + listed(missing, 32),
                 wanted.empty() ? "compile the package for this machine: --target=cpu:native"
                                : "leave the choice to the loader, or name another variant");
}

static Result<std::vector<dreamer_entry_fn>> findEntries(const dreamer_variant &variant,
                                                         const Package &package) {
  std::vector<dreamer_entry_fn> functions;
  for (const EntrySpec &entry : package.manifest().entries) {
    dreamer_entry_fn function = nullptr;
    for (uint32_t i = 0; i < variant.entry_count; ++i)
      if (entry.name == variant.entries[i].name)
        function = variant.entries[i].function;
    if (!function)
      return failure(DREAMER_BAD_FILE, package.path(),
                     "code of entry " + inQuotes(entry.name) + " in variant '" +
                         std::string(variant.name) + "'",
                     "none");
    functions.push_back(function);
  }
  return functions;
}

Result<std::unique_ptr<Program>> CpuDevice::load(std::shared_ptr<const Package> package,
                                                 std::string_view variant) {
  Result<Handle> library = openLibrary(*package);
  if (library.failed())
    return library.status();
  auto *descriptor = static_cast<const dreamer_package_descriptor *>(
      dlsym(library->get(), DREAMER_PACKAGE_SYMBOL));
  if (!descriptor)
    return failure(DREAMER_BAD_FILE, package->path(), "a symbol '" DREAMER_PACKAGE_SYMBOL "'",
                   "none");
  DREAMER_RETURN_IF_FAILED(checkDescriptor(*descriptor, *package));
  auto chosen = chooseVariant(*descriptor, variant, package->path());
  if (chosen.failed())
    return chosen.status();
  Result<std::vector<dreamer_entry_fn>> functions = findEntries(**chosen, *package);
  if (functions.failed())
    return functions.status();
  return std::unique_ptr<Program>(std::make_unique<CpuProgram>(
      std::move(package), std::move(*library), (*chosen)->name, std::move(*functions), executor));
}

Result<std::shared_ptr<Device>> createCpuDevice(const DeviceOptions &options) {
  if (options.threads < 0 || options.threads > 4096)
    return failure(DREAMER_INVALID_ARGUMENT, "threads", "0..4096", std::to_string(options.threads));
  return std::shared_ptr<Device>(std::make_shared<CpuDevice>(options));
}

} // namespace dreamer::runtime
