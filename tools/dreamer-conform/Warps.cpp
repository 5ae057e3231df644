// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What the threads of a warp tell each other: shfl, vote, match, redux, elect.

#include "tools/dreamer-conform/KernelText.h"
#include "tools/dreamer-conform/Values.h"

namespace dreamer::conform {

namespace {

constexpr unsigned sets = 32;

/// Rows for 32 lanes, `value(lane, operand)` each.
template <typename Value>
std::vector<uint64_t> rows(unsigned count, unsigned width, Value value) {
  std::vector<uint64_t> in;
  for (unsigned set = 0; set < count; ++set)
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned operand = 0; operand < width; ++operand)
        in.push_back(value(set, lane, operand));
  return in;
}

void addShuffles(Group &group) {
  for (std::string mode : {"up", "down", "bfly", "idx"}) {
    Random random("shfl" + mode);
    KernelText text = registerKernel("shfl_" + mode,
                                     "{ .reg .pred p; shfl.sync." + mode +
                                         ".b32 $0|p, $2, $3, $4, -1; selp.b32 $1, 1, 0, p; }",
                                     "rr", "rrr");
    // The clamp and the mask of segments are the warp's, as in practice; lanes choose for themselves.
    uint32_t control = 0;
    group.cases.push_back(
        makeCase("warp/shfl." + mode, text,
                 rows(2 * sets, 3, [&](unsigned, unsigned lane, unsigned operand) {
                   if (operand == 0 && lane == 0) {
                     uint32_t segment = 32 - (1u << random.below(6)), clamp = mode == "up" ? 0 : 31;
                     control = random.below(4) ? clamp | segment << 8
                                               : random.below(32) | random.below(32) << 8;
                   }
                   return operand == 0   ? random.next() >> 32
                          : operand == 1 ? uint64_t(random.below(40))
                                         : uint64_t(control);
                 })));
  }
}

void addVotes(Group &group) {
  for (std::string mode : {"all", "any", "uni", "ballot"}) {
    Random random("vote" + mode);
    std::string end = mode == "ballot"
                          ? "vote.sync.ballot.b32 $0, p, -1; }"
                          : "vote.sync." + mode + ".pred q, p, -1; selp.b32 $0, 1, 0, q; }";
    KernelText text =
        registerKernel("vote_" + mode, "{ .reg .pred p, q; setp.ne.b32 p, $1, 0; " + end, "r", "r");
    group.cases.push_back(
        makeCase("warp/vote." + mode, text, rows(sets, 1, [&](unsigned set, unsigned, unsigned) {
                   return set == 0 ? 0u : set == 1 ? 1u : random.below(set % 3 ? 2 : 32) != 0;
                 })));
  }
  for (char width : {'r', 'l'}) {
    std::string bits = width == 'r' ? "b32" : "b64";
    Random random("match" + bits);
    auto values = rows(sets, 1, [&](unsigned set, unsigned, unsigned) {
      uint64_t value = set < 2 ? 7 : random.below(1 + set % 5);
      return value << (width == 'l' && set % 2 ? 32 : 0); // only the upper half may differ
    });
    group.cases.push_back(
        makeCase("warp/match.any." + bits,
                 registerKernel("match_any_" + bits, "match.any.sync." + bits + " $0, $1, -1;", "r",
                                Registers(1, width)),
                 values));
    group.cases.push_back(makeCase("warp/match.all." + bits,
                                   registerKernel("match_all_" + bits,
                                                  "{ .reg .pred p; match.all.sync." + bits +
                                                      " $0|p, $2, -1; selp.b32 $1, 1, 0, p; }",
                                                  "rr", Registers(1, width)),
                                   values));
  }
}

/// Masks of some of the lanes: the others do not take part.
void addPartial(Group &group) {
  auto add = [&](const std::string &name, const std::string &ptx, const Registers &out) {
    Random random(name);
    std::string clear = "mov.b32 $0, 0;";
    if (out.size() == 2)
      clear += " mov.b32 $1, 0;";
    std::string member = "$" + std::to_string(out.size() + 1);
    std::string label = name;
    for (char &letter : label)
      letter = letter == '.' ? '_' : letter;
    KernelText text = registerKernel(label,
                                     "{ .reg .pred p, q; .reg .b32 t; " + clear +
                                         " setp.ne.b32 q, " + member + ", 0; " + ptx + " }",
                                     out, "rr");
    uint32_t mask = 0;
    group.cases.push_back(makeCase(
        "warp/" + name, text, rows(sets, 2, [&](unsigned set, unsigned lane, unsigned operand) {
          if (lane == 0 && operand == 0)
            mask = set == 0 ? ~0u : std::max(1u, uint32_t(random.next() >> 32));
          return operand == 0 ? random.next() >> 32 : mask >> lane & 1 ? uint64_t(mask) : 0;
        })));
  };
  for (std::string operation : {"add.u32", "add.s32", "min.u32", "min.s32", "max.u32", "max.s32",
                                "and.b32", "or.b32", "xor.b32"})
    add("redux." + operation, "@q redux.sync." + operation + " $0, $1, $2;", "r");
  add("elect", "@q elect.sync $0|p, $3; @q selp.b32 $1, 1, 0, p;", "rr");
}

} // namespace

Group warpGroup() {
  Group group{.name = "warp"};
  addShuffles(group);
  addVotes(group);
  addPartial(group);
  return group;
}

} // namespace dreamer::conform
