// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The emulator on kernels that were right once and are damaged at random, but always alike: it may refuse them or report
// what they do wrong, but neither crash nor hang. Each runs in a process of its own.
//
//   fuzz-emulator COUNT FILES...     COUNT damaged copies of each file's module
//   fuzz-emulator FILE.ll            one module as it is, in this process (what a failure left)

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Machine/TensorMap.h"
#include "lib/Emulator/Source/Source.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>
#include <cstring>
#include <random>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace dreamer::emulator;
using llvm::StringRef;

namespace {

constexpr unsigned secondsAllowed = 60; ///< for a process; they take a fraction of one
constexpr size_t bufferBytes = 64 << 10;

/// A buffer that serves as numbers and, at its beginning, as a tensor map of itself.
std::byte *makeBuffer(GlobalMemory &memory) {
  std::byte *buffer = memory.allocate(bufferBytes);
  auto *words = reinterpret_cast<uint32_t *>(buffer);
  for (size_t i = 0; i < bufferBytes / 4; ++i)
    words[i] = uint32_t(i * 7 % 101);
  TensorMapRequest request;
  request.type = unsigned(ElementType::F16);
  request.rank = 2;
  request.address = reinterpret_cast<uint64_t>(buffer);
  request.dims = {128, 128};
  request.strides = {256};
  request.box = {64, 64};
  request.elementSteps = {1, 1};
  request.swizzle = 3;
  TensorMap map;
  if (encode(map, request).empty())
    std::memcpy(buffer, &map, sizeof map);
  memory.hostWrote(buffer, bufferBytes);
  return buffer;
}

/// How far a module came.
enum Outcome { Ran, NotValid, Refused, outcomes };

/// Loads the module and runs its kernels. What comes of that does not matter.
Outcome tryModule(StringRef text, uint64_t seed) {
  // A file without a place in the file system: LLVM's tolerant reader reads files only.
  int file = memfd_create("module", 0);
  if (file < 0 || write(file, text.data(), text.size()) != ssize_t(text.size()))
    return outcomes;
  std::string path = "/proc/self/fd/" + std::to_string(file);
  KernelModule source;
  llvm::SMDiagnostic diagnostic;
  source.module = readModule(path, diagnostic, *source.context);
  if (!source.module)
    return NotValid;
  RewriteOptions rewriting;
  rewriting.libdevice = findLibdevice();
  llvm::Expected<LoadedModule> loaded = load(std::move(source), rewriting);
  if (!loaded) {
    llvm::consumeError(loaded.takeError());
    return Refused;
  }
  for (const Kernel &kernel : loaded->kernels()) {
    GlobalMemory memory;
    for (const GlobalVariable &variable : loaded->variables())
      memory.adopt(variable.address, variable.bytes, variable.name, variable.isConstant);
    std::vector<std::byte *> buffers;
    std::vector<uint64_t> values(kernel.parameterBytes.size(), 64);
    std::vector<void *> arguments;
    for (size_t i = 0; i < values.size(); ++i) {
      buffers.push_back(makeBuffer(memory));
      if (kernel.parameterBytes[i] == 8)
        values[i] = reinterpret_cast<uint64_t>(buffers[i]);
      arguments.push_back(kernel.parameterBytes[i] > 8 ? static_cast<void *>(buffers[i])
                                                       : &values[i]);
    }
    Grid grid;
    grid.blocks = {4, 1, 1};
    grid.threads = kernel.requiredBlock[0] ? kernel.requiredBlock
                   : kernel.maxBlock[0]    ? kernel.maxBlock
                                           : Dim3{64, 1, 1};
    grid.cluster = kernel.requiredCluster[0] ? kernel.requiredCluster : Dim3{1, 1, 1};
    grid.dynamicSharedBytes = 65536;
    LaunchOptions options;
    options.seed = seed;
    options.completion = seed % 2 ? Completion::Lazy : Completion::Eager;
    options.patience = 1 << 18;
    Reports reports;
    launch(kernel, grid, arguments.data(), memory, options, reports);
  }
  return Ran;
}

/// Damages a few places of the text of a module: lines that are dropped, doubled or swapped, numbers
/// and names of values that are exchanged.
std::string damage(StringRef text, std::mt19937_64 &random) {
  std::vector<std::string> lines;
  llvm::SmallVector<StringRef> split;
  text.split(split, '\n');
  std::vector<size_t> inside; // functions' bodies
  for (StringRef line : split) {
    if (line.starts_with("  "))
      inside.push_back(lines.size());
    lines.push_back(line.str());
  }
  if (inside.empty())
    return text.str();
  auto pick = [&]() -> std::string & { return lines[inside[random() % inside.size()]]; };
  for (unsigned times = 1 + random() % 3; times; --times) {
    std::string &line = pick();
    switch (random() % 6) {
    case 0: // only what defines no value that others use keeps the module valid
      if (line.find(" = ") == line.npos)
        line.clear();
      break;
    case 1:
      if (line.find(" = ") == line.npos && line.find("br ") == line.npos &&
          line.find("ret ") == line.npos)
        line += "\n" + line;
      break;
    case 2:
      std::swap(line, pick());
      break;
    default: { // a number becomes another one
      std::vector<size_t> digits;
      for (size_t i = 1; i < line.size(); ++i)
        if (isdigit(line[i]) && line[i - 1] == ' ')
          digits.push_back(i);
      if (digits.empty())
        break;
      size_t at = digits[random() % digits.size()], end = at;
      while (end < line.size() && isdigit(line[end]))
        ++end;
      static const char *const numbers[] = {"0",  "1",   "2",    "3",     "7",         "31",
                                            "32", "255", "1024", "65535", "2147483647"};
      line.replace(at, end - at, numbers[random() % std::size(numbers)]);
    }
    }
  }
  std::string result;
  for (const std::string &line : lines)
    result += line + "\n";
  return result;
}

/// Nothing when the process crashed or did not end.
std::optional<Outcome> tryApart(const std::string &text, uint64_t seed) {
  pid_t child = fork();
  if (child == 0) {
    std::signal(SIGALRM, SIG_DFL);
    alarm(secondsAllowed);
    if (!freopen("/dev/null", "w", stderr))
      _exit(outcomes);
    _exit(tryModule(text, seed));
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child)
    return std::nullopt;
  if (!WIFEXITED(status) || WEXITSTATUS(status) >= outcomes)
    return std::nullopt;
  return Outcome(WEXITSTATUS(status));
}

std::string textOf(StringRef path) {
  mlir::DialectRegistry registry;
  registerKernelDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  KernelModule source;
  source.module = translateKernels(context, path, *source.context);
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (source.module)
    source.module->print(stream, nullptr);
  return text;
}

} // namespace

int main(int argc, char **argv) {
  if (argc == 2 && StringRef(argv[1]).ends_with(".ll")) {
    tryModule(textOf(argv[1]), 0);
    return 0;
  }
  unsigned count = 0, failures = 0;
  unsigned counts[outcomes] = {};
  if (argc < 3 || StringRef(argv[1]).getAsInteger(10, count) || count == 0) {
    llvm::errs() << "usage: fuzz-emulator COUNT FILES... | FILE.ll\n";
    return 2;
  }
  for (int i = 2; i < argc; ++i) {
    std::string original = textOf(argv[i]);
    if (original.empty()) {
      llvm::errs() << argv[i] << ": cannot be translated\n";
      return 1;
    }
    std::mt19937_64 random(12345 + i);
    for (unsigned k = 0; k < count; ++k) {
      std::string text = k == 0 ? original : damage(original, random);
      if (std::optional<Outcome> outcome = tryApart(text, random() % 8)) {
        ++counts[*outcome];
        continue;
      }
      ++failures;
      std::string left = "fuzz-emulator-" + std::to_string(i) + "-" + std::to_string(k) + ".ll";
      std::error_code error;
      llvm::raw_fd_ostream file(left, error);
      file << text;
      llvm::errs() << argv[i] << ": damaged copy " << k << " crashed or hung the emulator: " << left
                   << "\n";
    }
  }
  llvm::outs() << "fuzz-emulator: " << (argc - 2) << " modules, " << count
               << " copies each: " << counts[Ran] << " ran, " << counts[Refused]
               << " were refused, " << counts[NotValid] << " were no valid IR, " << failures
               << " failures\n";
  return failures ? 1 : 0;
}
