// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A lane reads another lane's value. PTX ISA, "shfl.sync".

#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Operations/Makers.h"

namespace dreamer::emulator {

namespace {

enum class From : uint8_t { Up, Down, Butterfly, Index };

class Shuffle : public WarpOperation {
public:
  From from = From::Index;
  /// Slots of the mask, the value, the lane or distance, and the clamp with the segment mask.
  int maskAt = 0, valueAt = 1, laneAt = 2, clampAt = 3;
  bool tellsValidity = false; ///< a second result: the lane it was to read is in range

  uint32_t members(const uint64_t *slots) const override { return slots[maskAt]; }

  void execute(Warp &warp, uint32_t lanes) const override {
    uint64_t values[32];
    for (uint32_t rest = lanes; rest; rest &= rest - 1) {
      unsigned lane = __builtin_ctz(rest);
      values[lane] = warp.lane(lane).slots[valueAt];
    }
    for (uint32_t rest = lanes; rest; rest &= rest - 1) {
      int lane = __builtin_ctz(rest);
      Thread &thread = warp.lane(lane);
      uint64_t *slots = thread.slots;
      int distance = slots[laneAt] & 0x1f, clamp = slots[clampAt] & 0x1f;
      int segment = slots[clampAt] >> 8 & 0x1f;
      int highest = (lane & segment) | (clamp & ~segment), lowest = lane & segment;
      int source = lane;
      bool valid = true;
      switch (from) {
      case From::Up:
        source = lane - distance;
        valid = source >= highest;
        break;
      case From::Down:
        source = lane + distance;
        valid = source <= highest;
        break;
      case From::Butterfly:
        source = lane ^ distance;
        valid = source <= highest;
        break;
      case From::Index:
        source = lowest | (distance & ~segment);
        valid = source <= highest;
        break;
      }
      if (!valid)
        source = lane;
      if (!(lanes >> source & 1)) {
        thread.report(Check::Operand, *this, "reads the value of a lane that does not take part",
                      "lane");
        source = lane;
      }
      slots[inputs] = values[source];
      if (tellsValidity)
        slots[inputs + 1] = valid;
    }
  }
};

} // namespace

std::unique_ptr<Operation> makeShuffle(const Instruction &instruction) {
  std::vector<std::string_view> words = instruction.words();
  if (words.size() != 4 || words[0] != "shfl" || words[1] != "sync" || instruction.inputs != 4)
    return nullptr;
  auto shuffle = std::make_unique<Shuffle>();
  if (words[2] == "up")
    shuffle->from = From::Up;
  else if (words[2] == "down")
    shuffle->from = From::Down;
  else if (words[2] == "bfly")
    shuffle->from = From::Butterfly;
  else if (words[2] != "idx")
    return nullptr;
  shuffle->tellsValidity = instruction.outputs == 2;
  if (instruction.form == Instruction::Form::Ptx) { // d|p, a, b, c, membermask
    shuffle->valueAt = 0;
    shuffle->laneAt = 1;
    shuffle->clampAt = 2;
    shuffle->maskAt = 3;
  }
  return shuffle;
}

} // namespace dreamer::emulator
