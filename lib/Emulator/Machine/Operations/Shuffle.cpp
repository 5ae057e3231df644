// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A lane reads another lane's value. PTX ISA, "shfl.sync".

#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Operations/Makers.h"

#include <optional>

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
      std::optional<int> asked = asks(lane, slots[laneAt] & 0x1f, slots[clampAt]);
      int source = asked.value_or(lane);
      if (!(lanes >> source & 1)) {
        thread.report(Check::Operand, *this, "reads the value of a lane that does not take part",
                      "lane");
        source = lane;
      }
      slots[inputs] = values[source];
      if (tellsValidity)
        slots[inputs + 1] = asked.has_value();
    }
  }

private:
  /// The lane that `lane` asks for, by the lane or distance and by the clamp with the segment mask;
  /// none when it is not in range.
  std::optional<int> asks(int lane, int distance, uint64_t control) const {
    int clamp = control & 0x1f, segment = control >> 8 & 0x1f;
    int lowest = lane & segment, highest = lowest | (clamp & ~segment);
    switch (from) {
    case From::Up:
      return lane - distance >= highest ? std::optional(lane - distance) : std::nullopt;
    case From::Down:
      return upTo(highest, lane + distance);
    case From::Butterfly:
      return upTo(highest, lane ^ distance);
    case From::Index:
      return upTo(highest, lowest | (distance & ~segment));
    }
    __builtin_unreachable();
  }
  static std::optional<int> upTo(int highest, int source) {
    return source <= highest ? std::optional(source) : std::nullopt;
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
