// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Runs kernels of one instruction each on a GPU or on the emulator, stores what they give, and compares
// with what was stored: docs/emulator.md.

#include "runtime/core/Safetensors.h"
#include "runtime/gpu/OpenGpu.h"
#include "tools/dreamer-conform/Ptx.h"
#include "tools/dreamer-conform/Run.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

#include <deque>

using namespace dreamer;
using namespace dreamer::conform;
using namespace dreamer::runtime;
namespace cl = llvm::cl;

static cl::OptionCategory category("dreamer-conform options");
static cl::opt<std::string> deviceName("device", cl::init("emulator"), cl::cat(category),
                                       cl::value_desc("cuda|emulator"),
                                       cl::desc("Where to run (default: emulator)"));
static cl::opt<std::string> storeFolder("store", cl::cat(category), cl::value_desc("folder"),
                                        cl::desc("Write inputs and outputs there, a file a group"));
static cl::opt<bool>
    digestsOnly("digests", cl::cat(category),
                cl::desc("Store digests instead of values: small, says not where"));
static cl::opt<std::string> againstFolder("against", cl::cat(category), cl::value_desc("folder"),
                                          cl::desc("Compare with what is stored there"));
static cl::opt<std::string>
    dumpFolder("dump", cl::cat(category), cl::value_desc("folder"),
               cl::desc("Write each group's LLVM IR there and run nothing"));
static cl::opt<bool> ptxOnly("ptxas", cl::cat(category),
                             cl::desc("Only see whether ptxas takes the kernels"));
static cl::opt<bool> listOnly("list", cl::cat(category), cl::desc("Only list the cases"));
static cl::opt<std::string> filter("filter", cl::cat(category), cl::value_desc("text"),
                                   cl::desc("Only cases whose name holds this"));
static cl::opt<bool> lazy("lazy", cl::cat(category),
                          cl::desc("Emulator: asynchronous work is done as late as allowed"));
static cl::opt<uint64_t> seed("seed", cl::cat(category), cl::init(0), cl::value_desc("n"),
                              cl::desc("Emulator: of the order of whatever may vary"));
static cl::opt<unsigned> workers("workers", cl::cat(category), cl::init(1), cl::value_desc("n"),
                                 cl::desc("Emulator: threads"));
static cl::opt<bool> strict("strict", cl::cat(category), cl::desc("Emulator: strict checks"));
static cl::opt<bool> unchecked("no-check", cl::cat(category), cl::desc("Emulator: no checks"));

static unsigned problems = 0;

static void problem(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "dreamer-conform") << message << '\n';
  ++problems;
}

/// The groups with the cases that are asked for.
static std::vector<Group> chosenGroups() {
  std::vector<Group> groups;
  for (Group &group : allGroups()) {
    std::erase_if(group.cases, [](const Case &one) {
      return !llvm::StringRef(one.name).contains(filter.getValue());
    });
    if (!group.cases.empty())
      groups.push_back(std::move(group));
  }
  return groups;
}

static std::string fileIn(const std::string &folder, const Group &group, const char *ending) {
  return folder + "/" + group.name + ending;
}

static bool makeFolder(const std::string &folder) {
  std::error_code error = llvm::sys::fs::create_directories(folder);
  if (error)
    problem(folder + ": " + error.message());
  return !error;
}

/// Compares one case and says what differs.
static void compareOne(const Bundle &stored, const Case &one, const Outputs &outputs) {
  Result<Difference> difference = compare(stored, one, outputs);
  if (difference.failed())
    return problem(difference.status().message());
  if (difference->differing == 0)
    return;
  std::string text = one.name + ": " + std::to_string(difference->differing) + " of " +
                     std::to_string(difference->values) + " values differ; " + difference->first;
  if (one.informative)
    llvm::outs() << "note: " << text << '\n';
  else
    problem(text);
}

static void runGroup(Gpu &gpu, const Group &group) {
  LoadedGroup loaded(gpu, group, deviceName == "cuda");
  std::optional<Bundle> stored;
  if (!againstFolder.empty()) {
    Result<Bundle> read = readSafetensors(fileIn(againstFolder, group, ".safetensors"));
    if (read.failed())
      return problem(read.status().message());
    stored = std::move(*read);
  }
  std::deque<Outputs> kept; // what the bundle looks at
  Bundle bundle;
  unsigned right = 0;
  for (const Case &one : group.cases) {
    Result<Outputs> outputs = loaded.run(one);
    if (outputs.failed()) {
      problem(one.name + ": " + outputs.status().message());
      continue;
    }
    unsigned before = problems;
    if (stored)
      compareOne(*stored, one, *outputs);
    right += problems == before;
    kept.push_back(std::move(*outputs));
    if (!storeFolder.empty())
      if (Status status = digestsOnly ? storeDigests(bundle, one, kept.back())
                                      : store(bundle, one, kept.back());
          status.failed())
        problem(status.message());
  }
  if (!storeFolder.empty()) {
    (void)bundle.setMetadata("device", gpu.properties().name);
    if (Status status = writeSafetensors(bundle, fileIn(storeFolder, group, ".safetensors"));
        status.failed())
      problem(status.message());
  }
  llvm::outs() << group.name << ": " << right << " of " << group.cases.size() << " cases "
               << (stored ? "agree" : "ran") << '\n';
}

static void runAll(const std::vector<Group> &groups) {
  GpuOptions options;
  options.check = !unchecked;
  options.strict = strict;
  options.lazy = lazy;
  options.seed = seed;
  options.workers = workers;
  Result<std::shared_ptr<Gpu>> gpu = openGpu(deviceName, options);
  if (gpu.failed())
    return problem(gpu.status().message());
  if (!storeFolder.empty() && !makeFolder(storeFolder))
    return;
  llvm::outs() << "device: " << (*gpu)->properties().name << '\n';
  for (const Group &group : groups)
    runGroup(**gpu, group);
}

static void assembleAll(const std::vector<Group> &groups) {
  std::string ptxas = findPtxas();
  if (ptxas.empty()) {
    llvm::outs() << "SKIPPED: no ptxas (CUDA Toolkit): nothing says that the kernels are valid\n";
    return;
  }
  for (const Group &group : groups) {
    Result<std::string> ptx = compileToPtx(group.module(), group.name, group.ptx);
    Status status = ptx.ok() ? assemble(ptxas, *ptx, group.name) : ptx.status();
    if (status.failed())
      problem(status.message());
    else
      llvm::outs() << group.name << ": ptxas takes all " << group.cases.size() << " cases\n";
  }
}

static void dumpAll(const std::vector<Group> &groups) {
  if (!makeFolder(dumpFolder))
    return;
  for (const Group &group : groups) {
    std::error_code error;
    llvm::raw_fd_ostream stream(fileIn(dumpFolder, group, ".ll"), error);
    if (error)
      problem(fileIn(dumpFolder, group, ".ll") + ": " + error.message());
    else
      stream << group.module();
  }
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(argc, argv,
                                   "Runs kernels of one instruction each on a GPU or the emulator, "
                                   "stores what they give and compares.\n",
                                   &llvm::errs()))
    return 2;
  std::vector<Group> groups = chosenGroups();
  if (groups.empty())
    problem("--filter: expected a part of a case's name, found '" + filter + "'; hint: --list");
  else if (listOnly)
    for (const Group &group : groups)
      for (const Case &one : group.cases)
        llvm::outs() << one.name << (one.informative ? " (informative)" : "") << '\n';
  else if (!dumpFolder.empty())
    dumpAll(groups);
  else if (ptxOnly)
    assembleAll(groups);
  else
    runAll(groups);
  return problems != 0;
}
