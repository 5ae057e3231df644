// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Atomics, each thread on a place of its own.

#include "tools/dreamer-conform/KernelText.h"
#include "tools/dreamer-conform/Values.h"

namespace dreamer::conform {

namespace {

std::vector<uint64_t> lanes(Random &random, unsigned bits) {
  std::vector<uint64_t> in;
  for (unsigned i = 0; i < 32; ++i)
    in.push_back(random.next() >> (64 - bits));
  return in;
}

/// In shared memory, of all types that IR names: the old value and the new one.
void addWords(Group &group) {
  struct Form {
    const char *operation, *type;
    unsigned bits;
    const char *element = nullptr; ///< of floating-point numbers
  };
  for (Form form : {Form{"add", "i32", 32},
                    {"and", "i32", 32},
                    {"or", "i32", 32},
                    {"xor", "i32", 32},
                    {"max", "i32", 32},
                    {"min", "i32", 32},
                    {"umax", "i32", 32},
                    {"umin", "i32", 32},
                    {"xchg", "i32", 32},
                    {"uinc_wrap", "i32", 32},
                    {"udec_wrap", "i32", 32},
                    {"add", "i64", 64},
                    {"and", "i64", 64},
                    {"umax", "i64", 64},
                    {"min", "i64", 64},
                    {"xchg", "i64", 64},
                    {"fadd", "float", 32, "f32"},
                    {"fadd", "double", 64, "f64"}}) {
    std::string name = std::string(form.operation) + "_" + form.type;
    Random random("atomic" + name);
    char width = form.bits == 64 ? 'l' : 'r';
    std::string integer = form.bits == 64 ? "i64" : "i32", type = form.type;
    KernelText text{.name = "atomic_" + name,
                    .in = Registers(1, width),
                    .out = Registers(1, width),
                    .imageWords = form.bits,
                    .afterWords = form.bits};
    text.body = "  %at = getelementptr " + integer + ", ptr addrspace(3) @dynamic, i32 %tid\n";
    if (form.element)
      text.body += "  %value = bitcast " + integer + " %i0 to " + type + "\n  %old = atomicrmw " +
                   form.operation + " ptr addrspace(3) %at, " + type +
                   " %value monotonic\n  %o0 = bitcast " + type + " %old to " + integer + "\n";
    else
      text.body += std::string("  %o0 = atomicrmw ") + form.operation + " ptr addrspace(3) %at, " +
                   type + " %i0 monotonic\n";
    std::vector<uint64_t> in;
    std::vector<uint32_t> image;
    if (form.element) {
      for (unsigned i = 0; i < 32; ++i)
        in.push_back(wildValue(element(form.element), random));
      for (unsigned i = 0; i < 32; ++i) {
        uint64_t value = wildValue(element(form.element), random);
        image.push_back(uint32_t(value));
        if (form.bits == 64)
          image.push_back(uint32_t(value >> 32));
      }
    } else {
      in = lanes(random, form.bits);
      image = randomWords(form.bits, random);
    }
    group.cases.push_back(makeCase("atomic/" + name, text, std::move(in), std::move(image)));
  }
}

/// add of f16 and bf16, alone and in pairs, rounded to nearest, subnormal numbers kept.
void addHalves(Group &group) {
  for (std::string_view type : {"f16", "bf16"})
    for (bool pair : {false, true})
      for (bool gives : {true, false}) {
        std::string suffix = std::string(type) + (pair ? "x2" : ""),
                    ptx = std::string(gives ? "atom" : "red") + ".shared::cta.add.noftz." + suffix,
                    name = std::string(gives ? "atom" : "red") + ".add." + suffix;
        Random random(name);
        char width = pair ? 'r' : 'h';
        unsigned words = pair ? 32 : 16;
        KernelText text{.name = name,
                        .in = Registers(1, width),
                        .out = Registers(gives, width),
                        .imageWords = words,
                        .afterWords = words};
        for (char &letter : text.name)
          letter = letter == '.' ? '_' : letter;
        std::string constraint(1, width), value = pair ? "i32 %i0" : "i16 %i0";
        text.body = std::string(defineBase) + "  %offset = mul i32 %tid, " + (pair ? "4" : "2") +
                    "\n  %at = add i32 %base, %offset\n";
        if (gives)
          text.body += assembly("o", ptx + " $0, [$1], $2;", text.out, {"i32 %at", value},
                                "r," + constraint);
        else
          text.body += statement(ptx + " [$0], $1;", {"i32 %at", value}, "r," + constraint);
        std::vector<uint64_t> in;
        for (uint32_t word : wildWords(words, element(type), random)) {
          in.push_back(pair ? word : word & 0xffff);
          if (!pair)
            in.push_back(word >> 16);
        }
        group.cases.push_back(makeCase("atomic/" + name, text, std::move(in),
                                       wildWords(words, element(type), random)));
      }
}

/// The same in global memory, whose bytes are 0xcd before.
void addGlobalHalves(Group &group) {
  for (std::string_view type : {"f16", "bf16"}) {
    std::string name = "red.global.add." + std::string(type) + "x2";
    Random random(name);
    KernelText text{
        .name = "red_global_" + std::string(type), .in = "r", .afterWords = 32, .ownAfter = true};
    text.body = "  %at = getelementptr i32, ptr addrspace(1) %after, i32 %row\n" +
                statement("red.global.add.noftz." + std::string(type) + "x2 [$0], $1;",
                          {"ptr addrspace(1) %at", "i32 %i0"}, "l,r");
    std::vector<uint64_t> in;
    for (uint32_t word : wildWords(32, element(type), random))
      in.push_back(word);
    group.cases.push_back(makeCase("atomic/" + name, text, std::move(in)));
  }
}

} // namespace

Group atomicGroup() {
  Group group{.name = "atomic"};
  addWords(group);
  addHalves(group);
  addGlobalHalves(group);
  return group;
}

} // namespace dreamer::conform
