// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Operations/Joined.h"

#include "lib/Emulator/Machine/Machine.h"

namespace dreamer::emulator {

void JoinedOperation::add(std::unique_ptr<Operation> part, std::vector<uint16_t> places) {
  std::unique_ptr<WarpOperation> operation(static_cast<WarpOperation *>(part.release()));
  if (operation->place(places))
    places.clear();
  parts.push_back({std::move(operation), std::move(places)});
}

void JoinedOperation::execute(Warp &warp, uint32_t lanes) const {
  for (const Part &part : parts)
    if (part.moved.empty())
      part.operation->execute(warp, lanes);
    else
      executeApart(part, warp, lanes);
}

void JoinedOperation::executeApart(const Part &part, Warp &warp, uint32_t lanes) const {
  unsigned first = part.operation->inputs, count = part.moved.size();
  uint64_t *joined[32];
  std::vector<uint64_t> own(32 * count);
  for (uint32_t rest = lanes; rest; rest &= rest - 1) {
    unsigned lane = __builtin_ctz(rest);
    joined[lane] = warp.lane(lane).slots;
    uint64_t *slots = warp.lane(lane).slots = &own[lane * count];
    for (unsigned i = 0; i < first; ++i)
      slots[i] = joined[lane][part.moved[i]];
  }
  part.operation->execute(warp, lanes);
  for (uint32_t rest = lanes; rest; rest &= rest - 1) {
    unsigned lane = __builtin_ctz(rest);
    for (unsigned i = first; i < count; ++i)
      joined[lane][part.moved[i]] = warp.lane(lane).slots[i];
    warp.lane(lane).slots = joined[lane];
  }
}

} // namespace dreamer::emulator
