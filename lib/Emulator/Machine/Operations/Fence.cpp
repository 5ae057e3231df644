// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Fences order memory. PTX ISA, "membar/fence".

#include "lib/Emulator/Machine/MBarrierState.h"
#include "lib/Emulator/Machine/Operations/Makers.h"
#include "lib/Emulator/Machine/Synchronization.h"

#include <algorithm>

namespace dreamer::emulator {

namespace {

class MemoryFence : public Operation {
public:
  explicit MemoryFence(Scope scope) : scope(scope) {}
  void execute(Thread &thread, uint64_t *) const override { fence(thread, scope); }

private:
  Scope scope;
};

/// fence.mbarrier_init: a release to the cluster of what the thread itself initialised and of nothing
/// else (PTX ISA 8.x, "membar/fence", .op_restrict).
class InitFence : public Operation {
public:
  void execute(Thread &thread, uint64_t *) const override {
    if (!thread.block->checking())
      return;
    if (auto *objects = thread.block->existingState<MBarrierState>())
      objects->fenceInits(thread);
    thread.fencedInits = thread.clock;
    thread.tick();
  }
};

/// What is ordered before it, by ordinary stores, may from here on be used by the engines.
class ProxyFence : public Operation {
public:
  void execute(Thread &thread, uint64_t *) const override {
    if (!thread.block->checking())
      return;
    thread.published.join(thread.clock);
    thread.tick();
  }
};

/// Fences whose effect the machine has anyway: it keeps one order for tensor maps and aliases.
class OtherFence : public Operation {
public:
  void execute(Thread &, uint64_t *) const override {}
};

std::optional<Scope> scopeOf(std::string_view word) {
  if (word == "cta" || word == "block")
    return Scope::Block;
  if (word == "cluster")
    return Scope::Cluster;
  if (word == "gl" || word == "gpu" || word == "device")
    return Scope::Device;
  if (word == "sys")
    return Scope::System;
  return std::nullopt;
}

} // namespace

std::unique_ptr<Operation> makeFence(const Instruction &instruction) {
  std::vector<std::string_view> words = instruction.words();
  if (words[0] != "membar" && words[0] != "fence")
    return nullptr;
  if (instruction.has("proxy")) {
    if (words.size() > 2 && words[2] == "async")
      return std::make_unique<ProxyFence>();
    if (words.size() > 2 &&
        (words[2] == "alias" || words[2] == "tensormap_generic" ||
         words[2] == "tensormap::generic" || words[2].starts_with("async_generic") ||
         words[2].starts_with("async::generic")))
      return std::make_unique<OtherFence>();
    return nullptr;
  }
  if (instruction.has("mbarrier_init"))
    return std::make_unique<InitFence>();
  std::optional<Scope> scope = scopeOf(words.back());
  if (!scope)
    return nullptr;
  return std::make_unique<MemoryFence>(*scope);
}

} // namespace dreamer::emulator
