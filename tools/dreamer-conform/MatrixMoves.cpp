// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// ldmatrix, stmatrix, movmatrix.

#include "tools/dreamer-conform/KernelText.h"
#include "tools/dreamer-conform/Values.h"

namespace dreamer::conform {

namespace {

constexpr unsigned sets = 4;

void addMove(Group &group, bool store, unsigned matrices, bool transposed) {
  std::string form = ".x" + std::to_string(matrices) + (transposed ? ".trans" : "");
  std::string name = std::string(store ? "stmatrix" : "ldmatrix") + form;
  Random random(name);
  KernelText text{.name = name, .imageWords = 1024};
  for (char &letter : text.name)
    letter = letter == '.' ? '_' : letter;
  std::string ptx = name.substr(0, 8) + ".sync.aligned.m8n8" + form + ".shared.b16 ";
  text.body = std::string(defineBase) + "  %at = add i32 %base, %i0\n";
  if (store) {
    text.afterWords = 1024;
    text.in = "r" + Registers(matrices, 'r');
    std::vector<std::string> values{"i32 %at"};
    std::string constraints = "r";
    for (unsigned i = 1; i <= matrices; ++i) {
      values.push_back("i32 %i" + std::to_string(i));
      constraints += ",r";
    }
    text.body += statement(ptx + "[$0], " + operands(1, matrices) + ";", values, constraints);
  } else {
    text.in = "r";
    text.out = Registers(matrices, 'r');
    text.body +=
        assembly("o", ptx + operands(0, matrices) + ", [$" + std::to_string(matrices) + "];",
                 text.out, {"i32 %at"}, "r");
  }
  // Rows of 16 bytes, each lane's own: those that are stored must not meet.
  std::vector<uint64_t> in;
  for (unsigned set = 0; set < sets; ++set)
    for (unsigned lane = 0; lane < 32; ++lane) {
      in.push_back((lane + 32 * random.below(8)) * 16);
      for (unsigned i = 1; i < text.in.size(); ++i)
        in.push_back(random.next() >> 32);
    }
  group.cases.push_back(
      makeCase("move/" + name, text, std::move(in), randomWords(text.imageWords, random)));
}

} // namespace

Group matrixMoveGroup() {
  Group group{.name = "move"};
  for (bool store : {false, true})
    for (unsigned matrices : {1, 2, 4})
      for (bool transposed : {false, true})
        addMove(group, store, matrices, transposed);
  Random random("movmatrix");
  std::vector<uint64_t> in;
  for (unsigned i = 0; i < sets * 32; ++i)
    in.push_back(random.next() >> 32);
  group.cases.push_back(makeCase(
      "move/movmatrix",
      registerKernel("movmatrix", "movmatrix.sync.aligned.m8n8.trans.b16 $0, $1;", "r", "r"),
      std::move(in)));
  return group;
}

} // namespace dreamer::conform
