// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// wgmma.mma_async: types, widths, majors, swizzles (in the descriptors, so a set of inputs each), A in
// shared memory and in registers.

#include "tools/dreamer-conform/KernelText.h"
#include "tools/dreamer-conform/Values.h"

namespace dreamer::conform {

namespace {

constexpr unsigned imageWords = 16384, bytesBeforeB = 16384;

struct Form {
  unsigned n, k;
  std::string_view d, a, b;
  bool registers = false;              ///< A
  bool aMajor = false, bMajor = false; ///< transposed: MN-major
  bool negate = false;
  std::string_view extra = "";

  bool hasMajors() const { return element(a).bits == 16; }
  bool hasScales() const { return element(a).isFloat(); }
  std::string name() const {
    std::string text = "m64n" + std::to_string(n) + "k" + std::to_string(k);
    for (std::string_view type : {d, a, b})
      text += "." + std::string(type);
    if (registers)
      text += ".registers";
    if (hasMajors())
      text += std::string(registers ? "." : aMajor ? ".mn" : ".k") + (bMajor ? "mn" : "k");
    return text + (negate ? ".negated" : "") + std::string(extra);
  }
};

/// Bits of the descriptor of `rows` rows from `start` on; `mode`: 0 none, 1 128, 2 64, 3 32 bytes. PTX
/// ISA, "Matrix Descriptor Format".
uint64_t descriptor(uint32_t start, unsigned rows, unsigned mode, bool mnMajor) {
  uint32_t line = mode == 0 ? 16 : 256 >> mode, leading = 16, stride = 8 * line;
  if (mode == 0) {
    leading = mnMajor ? rows / 8 * 128 : 128;
    stride = mnMajor ? 128 : 256;
  } else if (mnMajor) {
    leading = 16 * line;
  }
  return uint64_t(start >> 4) | uint64_t(leading >> 4) << 16 | uint64_t(stride >> 4) << 32 |
         uint64_t(mode) << 62;
}

std::string ptxOf(const Form &form, unsigned accumulators) {
  std::string types;
  for (std::string_view type : {form.d, form.a, form.b})
    types += "." + std::string(type);
  unsigned at = accumulators, aRegisters = form.registers ? 4 : 1;
  std::string a = form.registers ? operands(at, 4) : "$" + std::to_string(at);
  std::string b = "$" + std::to_string(at + aRegisters);
  std::string scale = "$" + std::to_string(at + aRegisters + 1);
  std::string text = "{ .reg .pred p; setp.ne.b32 p, " + scale +
                     ", 0; wgmma.fence.sync.aligned; wgmma.mma_async.sync.aligned.m64n" +
                     std::to_string(form.n) + "k" + std::to_string(form.k) + std::string(types) +
                     std::string(form.extra) + " " + operands(0, accumulators) + ", " + a + ", " +
                     b + ", p";
  if (form.hasScales())
    text += form.negate ? ", -1, 1" : ", 1, 1";
  if (form.hasMajors() && !form.registers)
    text += form.aMajor ? ", 1" : ", 0";
  if (form.hasMajors())
    text += form.bMajor ? ", 1" : ", 0";
  return text + "; wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0; }";
}

/// What the matrices hold.
enum class Filling : uint8_t {
  Exact,  ///< sums of any order are the same
  Sparse, ///< of A, which has few ones: a result is the sum of few elements of B
  Wild,   ///< order and precision of sums show
};

std::vector<uint32_t> wordsOf(Filling filling, size_t count, const Element &type, Random &random) {
  return filling == Filling::Exact    ? exactWords(count, type, random)
         : filling == Filling::Sparse ? sparseWords(count, type, random)
                                      : wildWords(count, type, random);
}

std::string nameOf(Filling filling) {
  return filling == Filling::Exact ? "" : filling == Filling::Sparse ? "/sparse" : "/rounding";
}

void addCase(Group &group, const Form &form, Filling filling = Filling::Exact) {
  const Element &a = element(form.a), &b = element(form.b), &d = element(form.d);
  unsigned accumulators = form.n * 64 * d.bits / 32 / 128;
  std::string name = form.name();
  Random random(name + nameOf(filling));
  KernelText text{
      .name = "wgmma_" + name, .threads = 128, .imageWords = imageWords, .asyncProxy = true};
  for (char &letter : text.name)
    letter = letter == '.' ? '_' : letter;
  text.in =
      (form.registers ? Registers(4, 'r') : Registers("l")) + "lr" + Registers(accumulators, 'r');
  text.out = Registers(accumulators, 'r');
  text.body = "  %base64 = ptrtoint ptr addrspace(3) @dynamic to i64\n"
              "  %base = lshr i64 %base64, 4\n";
  std::vector<std::string> values;
  std::string constraints;
  unsigned at = 0;
  auto give = [&](const std::string &value, char constraint) {
    values.push_back((constraint == 'l' ? "i64 " : "i32 ") + value);
    constraints += (constraints.empty() ? "" : ",") + std::string(1, constraint);
  };
  auto input = [&] { return "%i" + std::to_string(at++); };
  if (form.registers) {
    for (unsigned i = 0; i < 4; ++i)
      give(input(), 'r');
  } else {
    text.body += "  %da = add i64 " + input() + ", %base\n";
    give("%da", 'l');
  }
  text.body += "  %db = add i64 " + input() + ", %base\n";
  give("%db", 'l');
  give(input(), 'r');
  for (unsigned i = 0; i < accumulators; ++i)
    values.push_back("i32 " + input());
  text.body += assembly("o", ptxOf(form, accumulators), text.out, values, constraints, true);

  std::vector<uint64_t> in;
  for (unsigned mode = 0; mode < 4; ++mode)
    for (unsigned keep = 0; keep < 2; ++keep)
      for (unsigned thread = 0; thread < 128; ++thread) {
        if (form.registers)
          for (uint32_t word : wordsOf(filling, 4, a, random))
            in.push_back(word);
        else
          in.push_back(descriptor(0, 64, mode, form.aMajor));
        in.push_back(descriptor(bytesBeforeB, form.n, mode, form.bMajor));
        in.push_back(keep);
        for (uint32_t word : wordsOf(filling, accumulators, d, random))
          in.push_back(word);
      }
  // Where A is sparse, B is not: then each result is a sum of few elements of B.
  Filling fillingOfB = filling == Filling::Sparse ? Filling::Exact : filling;
  std::vector<uint32_t> image = wordsOf(filling, bytesBeforeB / 4, a, random);
  std::vector<uint32_t> rest = wordsOf(fillingOfB, imageWords - image.size(), b, random);
  image.insert(image.end(), rest.begin(), rest.end());
  group.cases.push_back(
      makeCase(group.name + "/" + name + nameOf(filling), text, std::move(in), std::move(image)));
  group.cases.back().informative = filling == Filling::Wild;
}

/// The same with few elements, and, for numbers that are rounded, with very different ones.
void addFillings(Group &group, Form form) {
  for (bool registers : {false, true}) {
    form.registers = registers;
    addCase(group, form, Filling::Sparse);
    if (element(form.d).isFloat())
      addCase(group, form, Filling::Wild);
  }
}

} // namespace

std::vector<Group> wgmmaGroups() {
  std::vector<Group> groups;
  constexpr unsigned widths[] = {8, 64, 128, 256};
  auto group = [&](const std::string &name) -> Group & {
    return groups.emplace_back(Group{.name = "wgmma." + name});
  };
  auto both = [](Group &group, Form form) {
    addCase(group, form);
    form.registers = true;
    addCase(group, form);
  };
  using Types = std::pair<std::string_view, std::string_view>;
  for (auto [d, a] : {Types("f32", "f16"), Types("f16", "f16"), Types("f32", "bf16")}) {
    Group &of = group(std::string(a) + "." + std::string(d));
    for (unsigned n : widths)
      for (bool bMajor : {false, true}) {
        both(of, {.n = n, .k = 16, .d = d, .a = a, .b = a, .bMajor = bMajor});
        addCase(of, {.n = n, .k = 16, .d = d, .a = a, .b = a, .aMajor = true, .bMajor = bMajor});
      }
    both(of, {.n = 16, .k = 16, .d = d, .a = a, .b = a, .negate = true});
    addFillings(of, {.n = 64, .k = 16, .d = d, .a = a, .b = a});
    addCase(of, {.n = 64, .k = 16, .d = d, .a = a, .b = a, .aMajor = true, .bMajor = true},
            Filling::Sparse);
  }
  Group &tf32 = group("tf32");
  for (unsigned n : widths)
    both(tf32, {.n = n, .k = 8, .d = "f32", .a = "tf32", .b = "tf32"});
  addFillings(tf32, {.n = 64, .k = 8, .d = "f32", .a = "tf32", .b = "tf32"});
  Group &fp8 = group("fp8");
  for (unsigned n : widths)
    for (std::string_view d : {"f32", "f16"})
      for (std::string_view a : {"e4m3", "e5m2"})
        for (std::string_view b : {"e4m3", "e5m2"})
          both(fp8, {.n = n, .k = 32, .d = d, .a = a, .b = b});
  for (std::string_view d : {"f32", "f16"})
    for (std::string_view a : {"e4m3", "e5m2"})
      addFillings(fp8, {.n = 64, .k = 32, .d = d, .a = a, .b = a});
  Group &int8 = group("int8");
  int8.ptx = 84; // for mixed types
  for (unsigned n : widths)
    for (std::string_view a : {"s8", "u8"})
      for (std::string_view b : {"s8", "u8"})
        both(int8, {.n = n, .k = 32, .d = "s32", .a = a, .b = b});
  both(int8, {.n = 16, .k = 32, .d = "s32", .a = "s8", .b = "s8", .extra = ".satfinite"});
  addFillings(int8, {.n = 64, .k = 32, .d = "s32", .a = "s8", .b = "u8"});
  Group &bits = group("b1");
  for (unsigned n : widths)
    both(bits, {.n = n, .k = 256, .d = "s32", .a = "b1", .b = "b1", .extra = ".and.popc"});
  addFillings(bits, {.n = 64, .k = 256, .d = "s32", .a = "b1", .b = "b1", .extra = ".and.popc"});
  return groups;
}

} // namespace dreamer::conform
