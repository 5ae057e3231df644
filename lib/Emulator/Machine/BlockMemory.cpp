// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/BlockMemory.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace dreamer::emulator {

namespace {

/// What no block uses, at most for so many threads in all.
struct Spare {
  static constexpr unsigned mostThreads = 8192;
  std::mutex mutex;
  std::vector<std::unique_ptr<BlockMemory>> memories;
  unsigned threads = 0;
};

Spare &spare() {
  static Spare theSpare;
  return theSpare;
}

} // namespace

std::unique_ptr<BlockMemory> BlockMemory::take(unsigned threads, size_t stackBytes) {
  Spare &all = spare();
  {
    std::lock_guard lock(all.mutex);
    auto found = std::find_if(all.memories.rbegin(), all.memories.rend(), [&](const auto &memory) {
      return memory->threads == threads && memory->stacks.bytes() >= stackBytes;
    });
    if (found != all.memories.rend()) {
      std::unique_ptr<BlockMemory> memory = std::move(*found);
      all.memories.erase(std::next(found).base());
      all.threads -= threads;
      return memory;
    }
  }
  return std::make_unique<BlockMemory>(threads, stackBytes);
}

void BlockMemory::giveBack(std::unique_ptr<BlockMemory> memory) {
  Spare &all = spare();
  std::lock_guard lock(all.mutex);
  all.threads += memory->threads;
  all.memories.push_back(std::move(memory));
  while (all.threads > Spare::mostThreads) { // the oldest
    all.threads -= all.memories.front()->threads;
    all.memories.erase(all.memories.begin());
  }
}

} // namespace dreamer::emulator
