// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Clock.h"

#include <algorithm>

namespace dreamer::emulator {

using Times = std::vector<uint32_t>;

static void joinTimes(Times &into, const Times &from) {
  if (into.size() < from.size())
    into.resize(from.size(), 0);
  for (size_t i = 0; i < from.size(); ++i)
    into[i] = std::max(into[i], from[i]);
}

/// Shared vectors are never changed, so that clocks can be copied cheaply.
static void joinShared(std::shared_ptr<const Times> &into, const Times &from) {
  if (!into) {
    into = std::make_shared<const Times>(from);
    return;
  }
  auto joined = std::make_shared<Times>(*into);
  joinTimes(*joined, from);
  into = std::move(joined);
}

void Clock::join(const Clock &other) {
  if (other.own.empty() && other.others.empty())
    return;
  if (own.empty() && others.empty()) {
    *this = other;
    return;
  }
  if (other.home == home)
    joinTimes(own, other.own);
  else
    joinShared(others[other.home], other.own);
  for (const auto &[block, times] : other.others) {
    if (block == home) {
      joinTimes(own, *times);
    } else if (std::shared_ptr<const Times> &mine = others[block]; mine != times) {
      if (mine)
        joinShared(mine, *times);
      else
        mine = times;
    }
  }
}

bool Clock::coversElsewhere(Agent agent, uint32_t time) const {
  auto found = others.find(agent.block);
  return found != others.end() && agent.index < found->second->size() &&
         (*found->second)[agent.index] >= time;
}

} // namespace dreamer::emulator
