// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// mma.sync: every shape and type, fragments filled so that sums are exact in any order; and fragments
// of very different numbers, which show order and precision of the sums.

#include "tools/dreamer-conform/KernelText.h"
#include "tools/dreamer-conform/Values.h"

namespace dreamer::conform {

namespace {

struct Form {
  unsigned m, n, k;
  std::string_view d, a, b, c;
  std::string_view extra = "";  ///< before the types: ".satfinite"
  std::string_view suffix = ""; ///< after them: ".xor.popc"
  std::string_view layouts = ".row.col";
  unsigned products = 1; ///< at a time
};

/// Registers of a thread's share of rows x columns elements.
Registers registersOf(const Element &type, unsigned elements) {
  unsigned bits = elements * type.bits / 32;
  return type.bits == 64 ? Registers(bits / 64, 'l') : Registers(std::max(1u, bits / 32), 'r');
}

class Fragments {
public:
  explicit Fragments(const Form &form)
      : a(element(form.a)), b(element(form.b)), c(element(form.c)),
        inA(registersOf(a, form.products * form.m * form.k)),
        inB(registersOf(b, form.products * form.k * form.n)),
        inC(registersOf(c, form.products * form.m * form.n)) {}

  const Element &a, &b, &c;
  const Registers inA, inB, inC;

  template <typename Value>
  void add(std::vector<uint64_t> &in, Value value) const {
    for (unsigned lane = 0; lane < 32; ++lane) {
      addOf(in, a, inA, value, lane, 0);
      addOf(in, b, inB, value, lane, 1);
      addOf(in, c, inC, value, lane, 2);
    }
  }
  unsigned elementsOf(const Element &type, const Registers &registers) const {
    return unsigned(registers.size()) * ((registers[0] == 'l' ? 64 : 32) / type.bits);
  }

private:
  template <typename Value>
  static void addOf(std::vector<uint64_t> &in, const Element &type, const Registers &registers,
                    Value value, unsigned lane, unsigned operand) {
    unsigned index = 0;
    for (char each : registers) {
      uint64_t slot = 0;
      for (unsigned bit = 0; bit < (each == 'l' ? 64 : 32); bit += type.bits)
        slot |= uint64_t(value(type, operand, lane, index++)) << bit;
      in.push_back(slot);
    }
  }
};

void addCases(Group &group, const Form &form) {
  Fragments fragments(form);
  std::string shape =
      "m" + std::to_string(form.m) + "n" + std::to_string(form.n) + "k" + std::to_string(form.k);
  std::string types;
  for (std::string_view type : {form.d, form.a, form.b, form.c})
    types += "." + std::string(type);
  std::string ptx = "mma.sync.aligned." + shape + std::string(form.layouts) +
                    std::string(form.extra) + types + std::string(form.suffix);
  std::string name = ptx;
  for (char &letter : name)
    letter = letter == '.' ? '_' : letter;
  Registers out = registersOf(element(form.d), form.products * form.m * form.n);
  unsigned first = unsigned(out.size()), second = first + unsigned(fragments.inA.size()),
           third = second + unsigned(fragments.inB.size());
  ptx += " " + operands(0, first) + ", " + operands(first, unsigned(fragments.inA.size())) + ", " +
         operands(second, unsigned(fragments.inB.size())) + ", " +
         operands(third, unsigned(fragments.inC.size())) + ";";
  KernelText text = registerKernel(name, ptx, out, fragments.inA + fragments.inB + fragments.inC);

  Random random(name);
  auto exact = [&](const Element &type, unsigned, unsigned, unsigned) {
    return exactValue(type, random);
  };
  std::vector<uint64_t> in;
  for (unsigned i = 0; i < 8; ++i)
    fragments.add(in, exact);
  // One element of A, then of B, beside the other operand's numbers: each place of a thread's
  // registers, the threads in turn.
  for (unsigned operand = 0; operand < 2; ++operand) {
    unsigned count = operand ? fragments.elementsOf(fragments.b, fragments.inB)
                             : fragments.elementsOf(fragments.a, fragments.inA);
    for (unsigned place = 0; place < count; ++place) {
      unsigned chosen = random.below(32);
      fragments.add(in, [&](const Element &type, unsigned of, unsigned lane, unsigned index) {
        if (of == operand)
          return lane == chosen && index == place ? encoded(type, 1) : uint64_t(0);
        return of == 2 ? uint64_t(0) : exactValue(type, random);
      });
    }
  }
  group.cases.push_back(makeCase(group.name + "/" + name.substr(17), text, std::move(in)));
  if (!element(form.d).isFloat())
    return;
  std::vector<uint64_t> wild;
  for (unsigned i = 0; i < 16; ++i)
    fragments.add(wild, [&](const Element &type, unsigned, unsigned, unsigned) {
      return wildValue(type, random);
    });
  group.cases.push_back(
      makeCase(group.name + "/" + name.substr(17) + "/rounding", text, std::move(wild)));
  group.cases.back().informative = true;
}

} // namespace

Group mmaGroup() {
  Group group{.name = "mma", .ptx = 84};
  for (unsigned k : {8, 16}) {
    addCases(group, {16, 8, k, "f32", "f16", "f16", "f32"});
    addCases(group, {16, 8, k, "f16", "f16", "f16", "f16"});
    addCases(group, {16, 8, k, "f32", "bf16", "bf16", "f32"});
    addCases(group, {16, 8, k / 2, "f32", "tf32", "tf32", "f32"});
  }
  for (std::string_view layouts : {".row.col", ".row.row", ".col.col", ".col.row"})
    for (std::string_view sum : {"f16", "f32"}) {
      Form quad{8, 8, 4, sum, "f16", "f16", sum};
      quad.layouts = layouts;
      quad.products = 4;
      addCases(group, quad);
    }
  addCases(group, {8, 8, 4, "f64", "f64", "f64", "f64"});
  for (unsigned k : {4, 8, 16})
    addCases(group, {16, 8, k, "f64", "f64", "f64", "f64"});
  for (std::string_view a : {"e4m3", "e5m2"})
    for (std::string_view b : {"e4m3", "e5m2"})
      addCases(group, {16, 8, 32, "f32", a, b, "f32"});
  for (std::string_view saturate : {"", ".satfinite"})
    for (const auto &types : {std::pair("s8", "u8"), std::pair("s4", "u4")})
      for (std::string_view a : {types.first, types.second})
        for (std::string_view b : {types.first, types.second}) {
          unsigned bits = element(a).bits;
          addCases(group, {8, 8, 128 / bits, "s32", a, b, "s32", saturate});
          addCases(group, {16, 8, 128 / bits, "s32", a, b, "s32", saturate});
          addCases(group, {16, 8, 256 / bits, "s32", a, b, "s32", saturate});
        }
  addCases(group, {8, 8, 128, "s32", "b1", "b1", "s32", "", ".and.popc"});
  addCases(group, {16, 8, 128, "s32", "b1", "b1", "s32", "", ".and.popc"});
  addCases(group, {16, 8, 256, "s32", "b1", "b1", "s32", "", ".and.popc"});
  return group;
}

Group mmaNewGroup() {
  Group group{.name = "mma87", .ptx = 87};
  for (std::string_view a : {"e4m3", "e5m2"})
    for (std::string_view b : {"e4m3", "e5m2"}) {
      addCases(group, {16, 8, 32, "f16", a, b, "f16"});
      addCases(group, {16, 8, 16, "f16", a, b, "f16"});
      addCases(group, {16, 8, 16, "f32", a, b, "f32"});
    }
  return group;
}

} // namespace dreamer::conform
