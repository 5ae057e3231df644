// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels written as C++ functions, for tests of single operations.

#ifndef DREAMER_TEST_UNIT_EMULATORASYNC_KERNELS_H
#define DREAMER_TEST_UNIT_EMULATORASYNC_KERNELS_H

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Machine/Machine.h"

#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace dreamer::emulator::test {

/// An instruction, made once and executed by all threads.
class Op {
public:
  /// `known`: values of operands that are constants, by their places.
  Op(const std::string &name, unsigned inputs, unsigned outputs = 0,
     std::vector<std::optional<int64_t>> known = {});
  /// Executes it for the running thread; the first result, if there are any.
  template <typename... Operands>
  uint64_t operator()(Operands... operands) const {
    uint64_t slots[32] = {uint64_t(operands)...};
    return run(slots, sizeof...(operands));
  }
  /// Names with a "%" in front are lines of PTX. Null when nobody knows such an instruction.
  static std::unique_ptr<Operation> make(std::string name, unsigned inputs, unsigned outputs = 0,
                                         std::vector<std::optional<int64_t>> known = {});

private:
  uint64_t run(uint64_t *slots, size_t given) const;
  std::shared_ptr<Operation> operation;
  unsigned inputs, outputs;
};

/// A try_wait in the loop that it needs, as it may give up early: waits until the phase is over.
class Loop {
public:
  explicit Loop(std::string name) : tries(std::move(name), 2, 1) {}
  void operator()(uint64_t object, uint64_t phase) const {
    while (!tries(object, phase)) {
    }
  }

private:
  Op tries;
};

inline uint64_t slotOf(const void *pointer) { return reinterpret_cast<uintptr_t>(pointer); }

/// Loads and stores of the running thread.
template <typename Value>
Value load(uint64_t address, Space space = Space::Shared);
template <typename Value>
void store(uint64_t address, Value value, Space space = Space::Shared);
std::byte *touch(Space space, uint64_t address, size_t bytes, Access kind);

template <typename Value>
Value load(uint64_t address, Space space) {
  Value value;
  std::memcpy(&value, touch(space, address, sizeof(Value), Access::Read), sizeof(Value));
  return value;
}
template <typename Value>
void store(uint64_t address, Value value, Space space) {
  std::memcpy(touch(space, address, sizeof(Value), Access::Write), &value, sizeof(Value));
}

/// bar.sync 0.
void syncThreads();
Thread &self();

/// A launch: global memory, and how to run.
struct Bench {
  Grid grid;
  GlobalMemory memory;
  std::function<void()> prepare; ///< before each run
  bool strict = false;           ///< whether checks are

  explicit Bench(unsigned threads = 32, unsigned cluster = 1, uint32_t sharedBytes = 4096);
  /// An allocation with these values, or with none.
  template <typename Value>
  Value *array(size_t count, std::function<Value(size_t)> value = nullptr) {
    auto *values = reinterpret_cast<Value *>(memory.allocate(count * sizeof(Value)));
    if (value) {
      for (size_t i = 0; i < count; ++i)
        values[i] = value(i);
      memory.hostWrote(reinterpret_cast<std::byte *>(values), count * sizeof(Value));
    }
    return values;
  }

  std::vector<Finding> run(const std::function<void(Thread &)> &kernel, LaunchOptions options);
  /// Runs it checked, eager and lazy, with several seeds: all findings, as text. `after` is called
  /// after each run.
  std::string findings(const std::function<void(Thread &)> &kernel,
                       const std::function<void()> &after = nullptr);
  /// Runs it without checks, too; no run may find anything.
  void expectRight(const std::function<void(Thread &)> &kernel,
                   const std::function<void()> &after = nullptr);
  /// Every run, eager or lazy, has to find this (or only lazy ones, or only eager ones).
  enum When { Always, Lazily, Eagerly };
  void expectFound(Check check, const std::string &text,
                   const std::function<void(Thread &)> &kernel, When when = Always);
};

} // namespace dreamer::emulator::test

#endif // DREAMER_TEST_UNIT_EMULATORASYNC_KERNELS_H
