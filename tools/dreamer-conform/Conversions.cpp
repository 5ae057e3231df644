// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// cvt between floating-point formats: all inputs of 16 bits, and of 32 bits all upper halves with
// lower halves around the ties of every narrower format.

#include "tools/dreamer-conform/KernelText.h"
#include "tools/dreamer-conform/Values.h"

namespace dreamer::conform {

namespace {

constexpr unsigned threads = 256, count = 65536;

std::vector<uint64_t> all16() {
  std::vector<uint64_t> in;
  for (unsigned i = 0; i < count; ++i)
    in.push_back(i);
  return in;
}

std::vector<uint64_t> some32(unsigned width, const std::string &seed) {
  static constexpr uint32_t lower[] = {0,      1,      0x7fff, 0x8000, 0x8001, 0xffff,
                                       0x0fff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x3001};
  Random random(seed);
  std::vector<uint64_t> in;
  for (unsigned i = 0; i < count; ++i)
    for (unsigned operand = 0; operand < width; ++operand) {
      uint32_t upper = operand ? uint32_t(random.next() >> 48) : i;
      uint32_t choice = random.below(2 * std::size(lower));
      in.push_back(upper << 16 |
                   (choice < std::size(lower) ? lower[choice] : uint32_t(random.next() >> 48)));
    }
  return in;
}

} // namespace

Group conversionGroup() {
  Group group{.name = "cvt", .ptx = 84};
  auto add = [&](const std::string &name, const Registers &out, const Registers &in,
                 std::vector<uint64_t> values) {
    std::string label = name, ptx = name + " $0";
    for (char &letter : label)
      letter = letter == '.' ? '_' : letter;
    for (unsigned i = 0; i < in.size(); ++i)
      ptx += ", $" + std::to_string(i + 1);
    group.cases.push_back(
        makeCase(name, registerKernel(label, ptx + ";", out, in, threads), std::move(values)));
    group.cases.back().name = "cvt/" + name.substr(4);
  };
  for (std::string type : {"f16", "bf16"}) {
    add("cvt.f32." + type, "r", "h", all16());
    for (std::string how : {"rn.", "rz.", "rn.relu.", "rz.relu."})
      add("cvt." + how + type + ".f32", "h", "r", some32(1, type + how));
    for (std::string how : {"rn.", "rz.", "rn.relu.", "rz.relu."})
      add("cvt." + how + type + "x2.f32", "r", "rr", some32(2, type + "x2" + how));
  }
  for (std::string how : {"rna", "rn", "rz", "rn.relu", "rz.relu"})
    add("cvt." + how + ".tf32.f32", "r", "r", some32(1, "tf32" + how));
  for (std::string type : {"e4m3x2", "e5m2x2"})
    for (std::string relu : {"", ".relu"}) {
      add("cvt.rn.satfinite" + relu + "." + type + ".f32", "h", "rr", some32(2, type + relu));
      // Pairs of f16, of which the lower goes through all.
      std::vector<uint64_t> pairs = all16();
      Random random(type + relu + "pairs");
      for (uint64_t &pair : pairs)
        pair |= random.next() >> 48 << 16;
      add("cvt.rn.satfinite" + relu + "." + type + ".f16x2", "h", "r", pairs);
      if (relu.empty())
        add("cvt.rn.f16x2." + type, "r", "h", all16());
    }
  return group;
}

} // namespace dreamer::conform
