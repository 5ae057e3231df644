// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Lanes ask each other. PTX ISA, "vote.sync", "match.sync", "elect.sync", "activemask".

#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Operations/Makers.h"

namespace dreamer::emulator {

namespace {

class Vote : public WarpOperation {
public:
  enum Kind : uint8_t { All, Any, Uniform, Ballot } kind = All;
  int maskAt = 0, predicateAt = 1;

  uint32_t members(const uint64_t *slots) const override { return slots[maskAt]; }
  void execute(Warp &warp, uint32_t lanes) const override {
    uint32_t ballot = 0;
    for (uint32_t rest = lanes; rest; rest &= rest - 1) {
      unsigned lane = __builtin_ctz(rest);
      ballot |= uint32_t(warp.lane(lane).slots[predicateAt] & 1) << lane;
    }
    uint32_t result = 0;
    switch (kind) {
    case All:
      result = ballot == lanes;
      break;
    case Any:
      result = ballot != 0;
      break;
    case Uniform:
      result = ballot == 0 || ballot == lanes;
      break;
    case Ballot:
      result = ballot;
      break;
    }
    for (uint32_t rest = lanes; rest; rest &= rest - 1)
      warp.lane(__builtin_ctz(rest)).slots[inputs] = result;
  }
};

class Match : public WarpOperation {
public:
  bool all = false;
  int maskAt = 0, valueAt = 1;

  uint32_t members(const uint64_t *slots) const override { return slots[maskAt]; }
  void execute(Warp &warp, uint32_t lanes) const override {
    for (uint32_t rest = lanes; rest; rest &= rest - 1) {
      uint64_t *slots = warp.lane(__builtin_ctz(rest)).slots;
      uint32_t same = 0;
      for (uint32_t others = lanes; others; others &= others - 1) {
        unsigned other = __builtin_ctz(others);
        same |= uint32_t(warp.lane(other).slots[valueAt] == slots[valueAt]) << other;
      }
      if (!all) {
        slots[inputs] = same;
      } else {
        slots[inputs] = same == lanes ? lanes : 0;
        if (outputs > 1)
          slots[inputs + 1] = same == lanes;
      }
    }
  }
};

class Elect : public WarpOperation {
public:
  uint32_t members(const uint64_t *slots) const override { return slots[0]; }
  void execute(Warp &warp, uint32_t lanes) const override {
    unsigned leader = __builtin_ctz(lanes); // the ISA leaves the choice open, but it is one
    for (uint32_t rest = lanes; rest; rest &= rest - 1) {
      unsigned lane = __builtin_ctz(rest);
      uint64_t *slots = warp.lane(lane).slots;
      slots[inputs] = leader;
      slots[inputs + 1] = lane == leader;
    }
  }
};

class ActiveMask : public Operation {
public:
  void execute(Thread &thread, uint64_t *slots) const override {
    slots[inputs] = thread.warp->alive;
  }
};

} // namespace

std::unique_ptr<Operation> makeVote(const Instruction &instruction) {
  std::vector<std::string_view> words = instruction.words();
  bool ptx = instruction.form == Instruction::Form::Ptx;
  if (words[0] == "activemask")
    return std::make_unique<ActiveMask>();
  if (words[0] == "elect" && words.size() == 2 && words[1] == "sync" && instruction.outputs == 2)
    return std::make_unique<Elect>();
  if (words.size() < 3)
    return nullptr;
  if (words[0] == "vote" && instruction.inputs == 2) { // vote.all.sync; in PTX vote.sync.all.pred
    std::string_view kind = ptx ? words[2] : words[1];
    if ((ptx ? words[1] : words[2]) != "sync")
      return nullptr;
    auto vote = std::make_unique<Vote>();
    if (ptx)
      vote->predicateAt = 0, vote->maskAt = 1;
    if (kind == "any")
      vote->kind = Vote::Any;
    else if (kind == "uni")
      vote->kind = Vote::Uniform;
    else if (kind == "ballot")
      vote->kind = Vote::Ballot;
    else if (kind != "all")
      return nullptr;
    return vote;
  }
  if (words[0] == "match" && instruction.inputs == 2 && words[2] == "sync") {
    auto match = std::make_unique<Match>();
    match->all = words[1] == "all";
    if (ptx)
      match->valueAt = 0, match->maskAt = 1;
    return match;
  }
  return nullptr;
}

} // namespace dreamer::emulator
