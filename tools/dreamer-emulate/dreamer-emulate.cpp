// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a kernel for NVIDIA GPUs on this machine's processor, with checks that no GPU makes.

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Source/Source.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "tools/dreamer-emulate/Arguments.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

#include <chrono>

using namespace dreamer::emulator;
namespace cl = llvm::cl;

static cl::OptionCategory category("dreamer-emulate options");
static cl::opt<std::string> file(cl::Positional, cl::Required, cl::cat(category),
                                 cl::desc("<.mlir, .ll or .bc file>"));
static cl::opt<std::string> kernelName("kernel", cl::cat(category), cl::value_desc("name"),
                                       cl::desc("The kernel (default: the only one there is)"));
static cl::opt<std::string> blocks("grid", cl::cat(category), cl::value_desc("x,y,z"),
                                   cl::init("1"), cl::desc("Blocks (default: 1)"));
static cl::opt<std::string>
    threads("block", cl::cat(category), cl::value_desc("x,y,z"), cl::init(""),
            cl::desc("Threads of a block (default: what the kernel requires, or 1)"));
static cl::opt<std::string>
    cluster("cluster", cl::cat(category), cl::value_desc("x,y,z"), cl::init(""),
            cl::desc("Blocks of a cluster (default: what the kernel requires, or 1)"));
static cl::opt<unsigned> sharedBytes("shared", cl::cat(category), cl::value_desc("bytes"),
                                     cl::init(0),
                                     cl::desc("Dynamic shared memory of a block (default: 0)"));
static cl::opt<std::string> arguments(
    "args", cl::cat(category), cl::value_desc("list"),
    cl::desc("Arguments, separated by blanks: i32:5, f32[64x32], f32[64x32]:zeros, :ones, :iota,\n"
             ":random, :random(SEED), :FILE#TENSOR, or a tensor map of an earlier one:\n"
             "map(0,box=64x64,swizzle=128,fill=nan)"));
static cl::opt<std::string> outputs("outputs", cl::cat(category), cl::value_desc("file"),
                                    cl::desc("Write all buffers to this safetensors file"));
static cl::list<unsigned> shown("print", cl::CommaSeparated, cl::cat(category),
                                cl::value_desc("n,..."),
                                cl::desc("Print the first elements of these buffers"));
static cl::opt<unsigned> shownCount("print-count", cl::cat(category), cl::init(8),
                                    cl::value_desc("n"),
                                    cl::desc("How many elements to print (default: 8)"));
static cl::opt<bool>
    unchecked("unchecked", cl::cat(category),
              cl::desc("Run without checks: faster, and a fault may end this program"));
static cl::opt<bool>
    strict("strict", cl::cat(category),
           cl::desc("Check what PTX's memory model asks for and practice leaves out, too: fences\n"
                    "after mbarrier.init, scopes of operations on mbarriers"));
static cl::opt<Completion> completion(
    "completion", cl::cat(category), cl::init(Completion::Eager),
    cl::desc("When asynchronous copies are done:"),
    cl::values(clEnumValN(Completion::Eager, "eager", "at once (default)"),
               clEnumValN(Completion::Lazy, "lazy", "as late as the kernel's waits allow")));
static cl::opt<uint64_t> seed("seed", cl::cat(category), cl::init(0), cl::value_desc("n"),
                              cl::desc("Order of everything that may vary (0: threads in order)"));
static cl::opt<unsigned> workers("workers", cl::cat(category), cl::init(1), cl::value_desc("n"),
                                 cl::desc("Threads of this machine (default: 1)"));
static cl::opt<bool> list("list", cl::cat(category), cl::desc("Only list the kernels"));

static int fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "dreamer-emulate") << message << '\n';
  return 1;
}

/// "4", "4,2", "4,2,1"; `otherwise` for an empty text.
static bool readDims(llvm::StringRef text, const Dim3 &otherwise, Dim3 &dims) {
  dims = otherwise;
  if (text.empty())
    return true;
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',');
  dims = {1, 1, 1};
  if (parts.size() > 3)
    return false;
  for (unsigned i = 0; i < parts.size(); ++i)
    if (parts[i].trim().getAsInteger(10, dims[i]) || dims[i] == 0)
      return false;
  return true;
}

static const Kernel *choose(const LoadedModule &module) {
  std::string names;
  for (const Kernel &kernel : module.kernels())
    names += (names.empty() ? "" : ", ") + kernel.name;
  if (kernelName.empty()) {
    if (module.kernels().size() == 1)
      return &module.kernels().front();
    fail("expected --kernel, one of: " + names);
    return nullptr;
  }
  const Kernel *kernel = module.kernel(kernelName);
  if (!kernel)
    fail("--kernel: expected one of " + names + ", found '" + kernelName + "'");
  return kernel;
}

static void print(const LoadedModule &module) {
  for (const Kernel &kernel : module.kernels()) {
    llvm::outs() << kernel.name << "(";
    llvm::interleaveComma(kernel.parameterBytes, llvm::outs(),
                          [](uint32_t bytes) { llvm::outs() << bytes << " bytes"; });
    llvm::outs() << ")";
    if (kernel.requiredBlock[0])
      llvm::outs() << ", blocks of " << toString(kernel.requiredBlock);
    else if (kernel.maxBlock[0])
      llvm::outs() << ", blocks of up to " << toString(kernel.maxBlock);
    if (kernel.requiredCluster[0])
      llvm::outs() << ", clusters of " << toString(kernel.requiredCluster);
    llvm::outs() << ", " << kernel.staticSharedBytes << " bytes of shared variables\n";
  }
}

static int run(const LoadedModule &module, const Kernel &kernel) {
  constexpr Dim3 one = {1, 1, 1};
  Grid grid;
  if (!readDims(blocks, one, grid.blocks))
    return fail("--grid: expected one to three positive numbers, found '" + blocks + "'");
  const Dim3 &usual = kernel.requiredBlock[0] ? kernel.requiredBlock
                      : kernel.maxBlock[0]    ? kernel.maxBlock
                                              : one;
  if (!readDims(threads, usual, grid.threads))
    return fail("--block: expected one to three positive numbers, found '" + threads + "'");
  if (!readDims(cluster, kernel.requiredCluster[0] ? kernel.requiredCluster : one, grid.cluster))
    return fail("--cluster: expected one to three positive numbers, found '" + cluster + "'");
  grid.dynamicSharedBytes = sharedBytes;
  GlobalMemory memory;
  for (const GlobalVariable &variable : module.variables())
    memory.adopt(variable.address, variable.bytes, variable.name, variable.isConstant);
  Arguments given(memory);
  if (llvm::Error error = given.parse(arguments))
    return fail(llvm::toString(std::move(error)));
  llvm::Expected<std::vector<void *>> values = given.forKernel(kernel);
  if (!values)
    return fail(llvm::toString(values.takeError()));
  for (unsigned i = 0; i < values->size(); ++i)
    if (kernel.parameterBytes[i] > 8) // by value: the kernel reads it through a pointer
      memory.adopt(static_cast<std::byte *>((*values)[i]), kernel.parameterBytes[i], "a parameter",
                   true);
  if (strict && unchecked)
    return fail("--strict: expected checks, found --unchecked");
  LaunchOptions options;
  options.check = !unchecked;
  options.strict = strict;
  options.completion = completion;
  options.seed = seed;
  options.workers = workers;
  Reports reports;
  auto begin = std::chrono::steady_clock::now();
  launch(kernel, grid, values->data(), memory, options, reports);
  std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
  std::vector<Finding> findings = reports.take();
  for (const Finding &finding : findings)
    llvm::errs() << toString(finding) << '\n';
  for (unsigned index : shown) {
    llvm::Expected<std::string> text = given.show(index, shownCount);
    if (!text)
      return fail(llvm::toString(text.takeError()));
    llvm::outs() << *text << '\n';
  }
  if (!outputs.empty())
    if (llvm::Error error = given.write(outputs))
      return fail(llvm::toString(std::move(error)));
  llvm::outs() << kernel.name << ": " << toString(grid.blocks) << " blocks of "
               << toString(grid.threads) << " threads, " << llvm::format("%.1f", time.count())
               << " ms, "
               << (unchecked          ? "not checked"
                   : findings.empty() ? "nothing found"
                                      : std::to_string(findings.size()) + " found")
               << '\n';
  return findings.empty() ? 0 : 1;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "Runs a kernel for NVIDIA GPUs on this machine's processor and tells races,\n"
      "accesses out of bounds, missing waits and fences, deadlocks and more.\n"
      "Exit status 1 when something was found.\n");
  RewriteOptions options;
  options.check = !unchecked;
  options.libdevice = findLibdevice();
  mlir::DialectRegistry registry;
  registerKernelDialects(registry);
  mlir::MLIRContext context(registry);
  llvm::SourceMgr sources;
  mlir::SourceMgrDiagnosticHandler handler(sources, &context);
  std::optional<LoadedModule> module = loadKernels(context, file, options);
  if (!module)
    return 1;
  if (list) {
    print(*module);
    return 0;
  }
  const Kernel *kernel = choose(*module);
  return kernel ? run(*module, *kernel) : 1;
}
