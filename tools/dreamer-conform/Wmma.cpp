// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// wmma.load, wmma.mma and wmma.store together: who holds which element is not documented, so that only
// what goes in and comes out through memory can be compared.

#include "tools/dreamer-conform/KernelText.h"
#include "tools/dreamer-conform/Values.h"

namespace dreamer::conform {

namespace {

/// Bytes that a matrix has room for; shared memory has the result, then A, B and C of each set.
constexpr unsigned area = 2048, sets = 4;

struct Form {
  unsigned m, n, k;
  std::string_view d, a, c;
  std::string_view extra = "", before = ""; ///< ".satfinite"; ".and.popc"
};

/// A matrix in memory and in the registers of a lane.
struct Matrix {
  char part;
  unsigned rows, columns;
  const Element &type;
  bool columnMajor;

  std::string layout() const { return columnMajor ? "col" : "row"; }
  /// Elements from one line to the next: 16 bytes lie between the lines.
  unsigned stride() const { return (columnMajor ? rows : columns) + 128 / type.bits; }
  Registers registers() const {
    unsigned elements = rows * columns / 32;
    if (type.bits == 64)
      return Registers(elements, 'l');
    if (type.name == "f16" && part < 'c')
      return Registers(8, 'r');
    return Registers(elements * type.bits / 32, 'r');
  }
};

std::vector<std::string> valuesOf(const std::string &name, const Registers &registers) {
  std::vector<std::string> values;
  for (size_t i = 0; i < registers.size(); ++i)
    values.push_back((registers[i] == 'l' ? "i64 %" : "i32 %") + name + std::to_string(i));
  return values;
}

void append(std::vector<std::string> &values, std::string &constraints, const std::string &name,
            const Registers &registers) {
  for (const std::string &value : valuesOf(name, registers))
    values.push_back(value);
  for (char each : registers)
    constraints += (constraints.empty() ? "" : ",") + std::string(1, each);
}

std::string loadText(const Matrix &matrix, const std::string &shape, unsigned place) {
  Registers registers = matrix.registers();
  std::string part(1, matrix.part), count = std::to_string(registers.size());
  return "  %at." + part + " = add i32 %at, " + std::to_string(place * area) + "\n" +
         assembly("of." + part,
                  "wmma.load." + part + ".sync.aligned." + matrix.layout() + "." + shape +
                      ".shared." + std::string(matrix.type.name) + " " +
                      operands(0, unsigned(registers.size())) + ", [$" + count + "], $" +
                      std::to_string(registers.size() + 1) + ";",
                  registers, {"i32 %at." + part, "i32 " + std::to_string(matrix.stride())}, "r,r");
}

std::string productText(const Form &form, const std::string &shape, const Matrix &a,
                        const Matrix &b, const Matrix &c, const Matrix &d) {
  std::string types = "." + std::string(form.d);
  if (form.a != "f16")
    types += "." + std::string(form.a) + "." + std::string(form.a);
  types += "." + std::string(form.c) + std::string(form.extra);
  std::string ptx = "wmma.mma" + std::string(form.before) + ".sync.aligned." + a.layout() + "." +
                    b.layout() + "." + shape + types;
  std::vector<std::string> values;
  std::string constraints, separator = " ";
  unsigned at = 0;
  for (const Matrix *each : {&d, &a, &b, &c}) {
    unsigned count = unsigned(each->registers().size());
    ptx += separator + operands(at, count);
    at += count;
    separator = ", ";
    if (each != &d)
      append(values, constraints, "of." + std::string(1, each->part), each->registers());
  }
  return assembly("of.d", ptx + ";", d.registers(), values, constraints);
}

std::string storeText(const Matrix &d, const std::string &shape) {
  std::vector<std::string> values = {"i32 %base", "i32 " + std::to_string(d.stride())};
  std::string constraints = "r,r";
  append(values, constraints, "of.d", d.registers());
  return statement("wmma.store.d.sync.aligned." + d.layout() + "." + shape + ".shared." +
                       std::string(d.type.name) + " [$0], " +
                       operands(2, unsigned(d.registers().size())) + ", $1;",
                   values, constraints);
}

/// `columnMajor`: of A and of C and D; B has the other order, as mma has it.
void addCases(Group &group, const Form &form, bool columnMajor) {
  std::string shape =
      "m" + std::to_string(form.m) + "n" + std::to_string(form.n) + "k" + std::to_string(form.k);
  Matrix a{'a', form.m, form.k, element(form.a), columnMajor},
      b{'b', form.k, form.n, element(form.a), !columnMajor},
      c{'c', form.m, form.n, element(form.c), columnMajor},
      d{'d', form.m, form.n, element(form.d), columnMajor};
  std::string name = shape + "." + a.layout() + "." + std::string(form.d) + "." +
                     std::string(form.a) + "." + std::string(form.c) + std::string(form.extra) +
                     std::string(form.before);
  KernelText text{.name = "wmma_" + name,
                  .in = "r",
                  .imageWords = area / 4 * (1 + 3 * sets),
                  .afterWords = area / 4};
  for (char &letter : text.name)
    letter = letter == '.' ? '_' : letter;
  text.body = std::string(defineBase) + "  %at = add i32 %base, %i0\n" + loadText(a, shape, 0) +
              loadText(b, shape, 1) + loadText(c, shape, 2) + productText(form, shape, a, b, c, d) +
              storeText(d, shape);
  std::vector<uint64_t> in;
  for (unsigned set = 0; set < sets; ++set)
    in.insert(in.end(), text.threads, area * (1 + 3 * set));
  for (bool wild : {false, true}) {
    if (wild && !d.type.isFloat())
      continue;
    Random random(name + (wild ? "wild" : ""));
    std::vector<uint32_t> image = randomWords(area / 4, random);
    for (unsigned set = 0; set < sets; ++set)
      for (const Matrix *each : {&a, &b, &c})
        for (uint32_t word : wild ? wildWords(area / 4, each->type, random)
                                  : exactWords(area / 4, each->type, random))
          image.push_back(word);
    group.cases.push_back(
        makeCase("wmma/" + name + (wild ? "/rounding" : ""), text, in, std::move(image)));
    group.cases.back().informative = wild;
  }
}

} // namespace

Group wmmaGroup() {
  Group group{.name = "wmma"};
  for (bool columnMajor : {false, true}) {
    for (auto [m, n] : {std::pair(16u, 16u), {32u, 8u}, {8u, 32u}}) {
      for (std::string_view d : {"f16", "f32"})
        for (std::string_view c : {"f16", "f32"})
          addCases(group, {m, n, 16, d, "f16", c}, columnMajor);
      addCases(group, {m, n, 16, "f32", "bf16", "f32"}, columnMajor);
      for (std::string_view a : {"s8", "u8"})
        for (std::string_view extra : {"", ".satfinite"})
          addCases(group, {m, n, 16, "s32", a, "s32", extra}, columnMajor);
    }
    addCases(group, {16, 16, 8, "f32", "tf32", "f32"}, columnMajor);
    addCases(group, {8, 8, 4, "f64", "f64", "f64"}, columnMajor);
  }
  for (std::string_view a : {"s4", "u4"}) // A by rows, B by columns only
    addCases(group, {8, 8, 32, "s32", a, "s32"}, false);
  for (std::string_view how : {".and.popc", ".xor.popc"})
    addCases(group, {8, 8, 128, "s32", "b1", "s32", "", how}, false);
  return group;
}

} // namespace dreamer::conform
