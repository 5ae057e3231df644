// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// wgmma.fence, wgmma.commit_group, wgmma.wait_group: PTX ISA 8.x, sections of these names. They do
// nothing to values; all of this is for checks.

#include "lib/Emulator/Machine/Operations/WarpgroupMma.h"

#include <algorithm>

namespace dreamer::emulator {

//===-- State -----------------------------------------------------------------------------------------------------===//

WarpgroupMmaState::OfWarp &WarpgroupMmaState::of(const Warp &warp) {
  if (warps.empty())
    warps.resize(warp.block->warps.size());
  return warps[warp.index];
}

WarpgroupMmaState::OfWarpgroup &WarpgroupMmaState::ofGroup(const Warp &warp) {
  if (groups.empty())
    groups.resize(warp.block->warps.size() / 4 + 1);
  return groups[warp.group()];
}

void WarpgroupMmaState::fence(Warp &warp) {
  OfWarp &own = of(warp);
  own.fenced = true;
  own.waitedSinceFence = false;
  ofGroup(warp).results.clear();
}

void WarpgroupMmaState::commit(Warp &warp) {
  OfWarp &own = of(warp);
  own.committed.push_back(std::move(own.open));
  own.open = {};
}

/// The engine has read its operands: from now on it is a read of the past, which writes must be
/// ordered after.
void WarpgroupMmaState::release(Warp &warp, const WarpgroupMmaGroup &group) {
  Shadow &shadow = *warp.block->shadow;
  Thread &reader = warp.lane(0);
  for (auto [range, noted] : group.reads) {
    shadow.endRead(range.begin, range.count);
    if (noted != reader.now()) // Faults were told when it was issued.
      shadow.access(range.begin, range.count, Access::Read,
                    {reader.now(), reader.clock, &reader.published, Proxy::Async});
  }
}

void WarpgroupMmaState::wait(Warp &warp, size_t pending) {
  OfWarp &own = of(warp);
  while (own.committed.size() > pending) {
    if (!own.committed.front().empty())
      own.waitedSinceFence = true;
    release(warp, own.committed.front());
    own.committed.pop_front();
  }
}

void WarpgroupMmaState::threadExits(Thread &thread) {
  if (thread.laneid != 0 || warps.empty() || !thread.block->checking())
    return;
  OfWarp &own = of(*thread.warp);
  const Operation *left = nullptr;
  std::string_view lacks = "wgmma.wait_group";
  for (const WarpgroupMmaGroup &group : own.committed)
    if (!group.empty())
      left = group.writers.front();
  if (!own.open.empty()) {
    left = own.open.writers.front();
    lacks = "wgmma.commit_group and wgmma.wait_group";
  }
  if (left)
    thread.report(Check::Exit, *left,
                  "the warp ends before this wgmma is done; expected " + std::string(lacks), lacks);
  wait(*thread.warp, 0);
  release(*thread.warp, own.open);
  own.open = {};
}

bool accumulatorsPending(Thread &thread, std::span<const Operation *const> writers) {
  auto *state = thread.block->existingState<WarpgroupMmaState>();
  if (!state)
    return false;
  auto holds = [&](const WarpgroupMmaGroup &group) {
    return std::any_of(group.writers.begin(), group.writers.end(), [&](const Operation *writer) {
      return std::find(writers.begin(), writers.end(), writer) != writers.end();
    });
  };
  const WarpgroupMmaState::OfWarp &own = state->of(*thread.warp);
  return holds(own.open) || std::any_of(own.committed.begin(), own.committed.end(), holds);
}

//===-- Operations ------------------------------------------------------------------------------------------------===//

namespace {

class WarpgroupOrder final : public WarpOperation {
public:
  enum Kind : uint8_t { Fence, Commit, Wait };
  explicit WarpgroupOrder(Kind kind) : kind(kind) {}

  void execute(Warp &warp, uint32_t lanes) const override {
    if (!warp.block->checking())
      return;
    auto &state = warp.block->state<WarpgroupMmaState>();
    switch (kind) {
    case Fence:
      return state.fence(warp);
    case Commit:
      return state.commit(warp);
    case Wait:
      return state.wait(warp, warp.lane(__builtin_ctz(lanes)).slots[0]);
    }
  }

private:
  Kind kind;
};

} // namespace

std::unique_ptr<Operation> makeWarpgroupOrder(const Instruction &instruction) {
  if (instruction.outputs != 0)
    return nullptr;
  if (instruction.name == "wgmma.fence.sync.aligned" && instruction.inputs == 0)
    return std::make_unique<WarpgroupOrder>(WarpgroupOrder::Fence);
  if (instruction.name == "wgmma.commit_group.sync.aligned" && instruction.inputs == 0)
    return std::make_unique<WarpgroupOrder>(WarpgroupOrder::Commit);
  if (instruction.name == "wgmma.wait_group.sync.aligned" && instruction.inputs == 1)
    return std::make_unique<WarpgroupOrder>(WarpgroupOrder::Wait);
  return nullptr;
}

} // namespace dreamer::emulator
