// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Kernels.h"

#include "lib/Emulator/Machine/Worker.h"

#include <gmock/gmock.h>

namespace dreamer::emulator::test {

//===-- Operations ------------------------------------------------------------------------------------------------===//

std::unique_ptr<Operation> Op::make(std::string name, unsigned inputs, unsigned outputs,
                                    std::vector<std::optional<int64_t>> known) {
  Instruction instruction;
  if (name.starts_with("%")) {
    instruction.form = Instruction::Form::Ptx;
    name.erase(0, 1);
  }
  instruction.name = name;
  instruction.inputs = inputs;
  instruction.outputs = outputs;
  instruction.known = std::move(known);
  std::unique_ptr<Operation> operation = makeOperation(instruction);
  if (operation)
    operation->site = {"kernel", name, ""};
  return operation;
}

Op::Op(const std::string &name, unsigned inputs, unsigned outputs,
       std::vector<std::optional<int64_t>> known)
    : operation(make(name, inputs, outputs, std::move(known))), inputs(inputs), outputs(outputs) {
  if (!operation) {
    ADD_FAILURE() << "nobody knows " << name;
    std::abort();
  }
}

uint64_t Op::run(uint64_t *slots, size_t given) const {
  if (given != inputs) {
    ADD_FAILURE() << operation->site.text << " has " << inputs << " operands, given " << given;
    std::abort();
  }
  operation->execute(*currentThread(), slots);
  return outputs ? slots[inputs] : 0;
}

namespace {

class MemoryAccess : public Operation {
  void execute(Thread &, uint64_t *) const override {}
};

} // namespace

std::byte *touch(Space space, uint64_t address, size_t bytes, Access kind) {
  static const MemoryAccess reading, writing;
  static const bool named = [] {
    const_cast<MemoryAccess &>(reading).site = {"kernel", "load", ""};
    const_cast<MemoryAccess &>(writing).site = {"kernel", "store", ""};
    return true;
  }();
  (void)named;
  return currentThread()->access(space, address, bytes, kind,
                                 kind == Access::Read ? reading : writing);
}

void syncThreads() {
  static const Op barrier("barrier.cta.sync.aligned.all", 1);
  barrier(0);
}

Thread &self() { return *currentThread(); }

//===-- Launches --------------------------------------------------------------------------------------------------===//

static const std::function<void(Thread &)> *running;

static void enter(void *const *) { (*running)(*currentThread()); }

Bench::Bench(unsigned threads, unsigned cluster, uint32_t sharedBytes) {
  grid.threads = {threads, 1, 1};
  grid.blocks = grid.cluster = {cluster, 1, 1};
  grid.dynamicSharedBytes = sharedBytes;
}

std::vector<Finding> Bench::run(const std::function<void(Thread &)> &kernel,
                                LaunchOptions options) {
  Kernel compiled;
  compiled.name = "kernel";
  compiled.entry = enter;
  compiled.compiledWithChecks = options.check;
  options.patience = 1 << 16;
  options.strict = strict && options.check;
  running = &kernel;
  if (prepare)
    prepare();
  Reports reports;
  launch(compiled, grid, nullptr, memory, options, reports);
  return reports.take();
}

static std::string textOf(const std::vector<Finding> &findings) {
  std::string text;
  for (const Finding &finding : findings)
    text += toString(finding) + "\n";
  return text;
}

static std::vector<LaunchOptions> checkedWays() {
  std::vector<LaunchOptions> ways;
  for (Completion completion : {Completion::Eager, Completion::Lazy})
    for (uint64_t seed : {0, 1, 2, 3}) {
      LaunchOptions options;
      options.completion = completion;
      options.seed = seed;
      ways.push_back(options);
    }
  return ways;
}

std::string Bench::findings(const std::function<void(Thread &)> &kernel,
                            const std::function<void()> &after) {
  std::string text;
  for (const LaunchOptions &options : checkedWays()) {
    text += textOf(run(kernel, options));
    if (after)
      after();
  }
  return text;
}

void Bench::expectRight(const std::function<void(Thread &)> &kernel,
                        const std::function<void()> &after) {
  EXPECT_EQ(findings(kernel, after), "");
  for (LaunchOptions options : checkedWays()) {
    options.check = false;
    EXPECT_EQ(textOf(run(kernel, options)), "");
    if (after)
      after();
  }
}

void Bench::expectFound(Check check, const std::string &text,
                        const std::function<void(Thread &)> &kernel, When when) {
  for (const LaunchOptions &options : checkedWays()) {
    bool lazy = options.completion == Completion::Lazy;
    std::vector<Finding> found = run(kernel, options);
    if (when != Always && lazy != (when == Lazily))
      continue;
    bool any = false;
    for (const Finding &finding : found)
      any |= finding.check == check && toString(finding).find(text) != std::string::npos;
    EXPECT_TRUE(any) << (lazy ? "lazy" : "eager") << ", seed " << options.seed << ": expected "
                     << nameOf(check) << " with '" << text << "', found\n"
                     << textOf(found);
  }
}

} // namespace dreamer::emulator::test
