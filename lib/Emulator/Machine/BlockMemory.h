// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The host's memory behind a block: its shared memory and the stacks of its threads.

#ifndef DREAMER_EMULATOR_MACHINE_BLOCKMEMORY_H
#define DREAMER_EMULATOR_MACHINE_BLOCKMEMORY_H

#include "lib/Emulator/Machine/Fiber.h"
#include "lib/Emulator/Machine/SpecialRegisters.h"

#include <memory>
#include <new>
#include <sys/mman.h>

namespace dreamer::emulator {

/// A block takes it over from one that has ended, also of an earlier launch: new pages cost more
/// than what small kernels compute.
class BlockMemory {
public:
  /// For blocks of so many threads with stacks of at least so many bytes.
  static std::unique_ptr<BlockMemory> take(unsigned threads, size_t stackBytes);
  static void giveBack(std::unique_ptr<BlockMemory> memory);

  BlockMemory(unsigned threads, size_t stackBytes) : stacks(threads, stackBytes), threads(threads) {
    void *mapped = mmap(nullptr, 2 * sharedWindow, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED)
      throw std::bad_alloc();
    mapping = static_cast<std::byte *>(mapped);
    auto address = reinterpret_cast<uintptr_t>(mapping);
    shared = mapping + ((address + sharedWindow - 1) / sharedWindow * sharedWindow - address);
  }
  ~BlockMemory() { munmap(mapping, 2 * sharedWindow); }
  BlockMemory(const BlockMemory &) = delete;
  BlockMemory &operator=(const BlockMemory &) = delete;

  Stacks stacks;
  std::byte *shared = nullptr;

private:
  unsigned threads;
  std::byte *mapping = nullptr;
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_BLOCKMEMORY_H
