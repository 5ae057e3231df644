// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels written in C++, to run one operation at a time.

#ifndef DREAMER_TEST_UNIT_EMULATORMATRIX_SUPPORT_H
#define DREAMER_TEST_UNIT_EMULATORMATRIX_SUPPORT_H

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Machine/Launch.h"
#include "lib/Emulator/Machine/Operation.h"
#include "lib/Emulator/Machine/Worker.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace dreamer::emulator::test {

using Body = std::function<void(Thread &)>;

/// Runs `body` in each thread of one block; gives what the checks found.
inline std::vector<Finding> run(unsigned threads, uint32_t sharedBytes, const Body &body,
                                LaunchOptions options = {}) {
  Kernel kernel;
  kernel.name = "test";
  kernel.entry = [](void *const *arguments) {
    (**static_cast<const Body *const *>(arguments[0]))(*currentThread());
  };
  kernel.parameterBytes = {sizeof(void *)};
  kernel.compiledWithChecks = true;
  Grid grid;
  grid.threads = {threads, 1, 1};
  grid.dynamicSharedBytes = sharedBytes;
  const Body *pointer = &body;
  void *arguments[] = {&pointer};
  GlobalMemory memory;
  Reports reports;
  launch(kernel, grid, arguments, memory, options, reports);
  return reports.take();
}

inline std::string text(const std::vector<Finding> &findings) {
  std::string all;
  for (const Finding &finding : findings)
    all += toString(finding) + "\n";
  return all;
}

/// Whether one of the findings is of this kind, and no other kind is among them.
inline bool only(const std::vector<Finding> &findings, Check check) {
  for (const Finding &finding : findings)
    if (finding.check != check)
      return false;
  return !findings.empty();
}

inline std::unique_ptr<Operation> make(Instruction::Form form, std::string name, unsigned inputs,
                                       unsigned outputs) {
  Instruction instruction;
  instruction.form = form;
  instruction.name = std::move(name);
  instruction.inputs = inputs;
  instruction.outputs = outputs;
  std::unique_ptr<Operation> operation = makeOperation(instruction);
  if (operation)
    operation->site = {"test", instruction.name, ""};
  return operation;
}
inline std::unique_ptr<Operation> intrinsic(std::string name, unsigned inputs, unsigned outputs) {
  return make(Instruction::Form::Intrinsic, std::move(name), inputs, outputs);
}
inline std::unique_ptr<Operation> ptx(std::string name, unsigned inputs, unsigned outputs) {
  return make(Instruction::Form::Ptx, std::move(name), inputs, outputs);
}

/// Instructions that tests need beside the one they test.
struct Common {
  std::unique_ptr<Operation> barrier = ptx("bar.sync", 1, 0);
  std::unique_ptr<Operation> proxyFence = ptx("fence.proxy.async", 0, 0);

  void sync(Thread &thread) const {
    uint64_t slots[] = {0};
    barrier->execute(thread, slots);
  }
  void fence(Thread &thread) const {
    uint64_t slots[] = {0};
    proxyFence->execute(thread, slots);
  }
  /// Ordinary stores and loads of shared memory.
  void store(Thread &thread, uint32_t offset, const void *from, size_t bytes) const {
    std::memcpy(thread.access(Space::Shared, offset, bytes, Access::Write, *barrier), from, bytes);
  }
  void load(Thread &thread, uint32_t offset, void *to, size_t bytes) const {
    std::memcpy(to, thread.access(Space::Shared, offset, bytes, Access::Read, *barrier), bytes);
  }
  /// The threads fill shared memory together, a piece of 16 bytes each in turn.
  void storeAll(Thread &thread, const std::vector<std::byte> &image) const {
    for (size_t at = thread.index * 16; at < image.size(); at += thread.ntid[0] * 16)
      store(thread, uint32_t(at), image.data() + at, 16);
  }
};

/// Every way to run a kernel that results must not depend on.
inline std::vector<LaunchOptions> variants() {
  std::vector<LaunchOptions> all;
  for (bool check : {false, true})
    for (Completion completion : {Completion::Eager, Completion::Lazy})
      for (uint64_t seed : {0, 1, 2, 3, 4}) {
        LaunchOptions options;
        options.check = check;
        options.completion = completion;
        options.seed = seed;
        all.push_back(options);
      }
  return all;
}

} // namespace dreamer::emulator::test

#endif // DREAMER_TEST_UNIT_EMULATORMATRIX_SUPPORT_H
