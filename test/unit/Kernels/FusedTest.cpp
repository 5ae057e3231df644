// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels of products with what follows them.

#include "test/unit/Kernels/OpCase.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

using namespace dreamer;
using namespace dreamer::test;
using llvm::formatv;

namespace {

/// The text of a function around one `dreamer.fused`, and its operands.
class FusedText {
public:
  explicit FusedText(Random &random) : random(random) {}

  /// An input of the given shape; its name inside.
  std::string input(llvm::ArrayRef<int64_t> shape, bool narrow = false) {
    std::string type = tensor(shape, narrow ? "bf16" : "f32");
    return add({random.floats(shape, 1, narrow), narrow}, type);
  }
  std::string add(Operand operand, const std::string &type) {
    operands.push_back(std::move(operand));
    types.push_back(type);
    return "%b" + std::to_string(types.size() - 1);
  }
  /// An operation of the region; the name of its result.
  std::string operation(const std::string &text) {
    std::string name = "%v" + std::to_string(count++);
    body += "    " + name + " = dreamer." + text + "\n";
    return name;
  }
  /// Makes `value` a result, once.
  void give(const std::string &value, const std::string &type) {
    if (llvm::is_contained(given, value))
      return;
    given.push_back(value);
    results.push_back(type);
  }

  static std::string tensor(llvm::ArrayRef<int64_t> shape, const char *element = "f32") {
    std::string text = "tensor<";
    for (int64_t size : shape)
      text += std::to_string(size) + "x";
    return text + element + ">";
  }

  OpCase test(double tolerance, int64_t bits) const {
    auto join = [](const std::vector<std::string> &items) { return llvm::join(items, ", "); };
    std::vector<std::string> outside, inside, arguments;
    for (size_t i = 0; i < types.size(); ++i) {
      outside.push_back(formatv("%a{0}: {1}", i, types[i]));
      arguments.push_back(formatv("%a{0}", i));
      inside.push_back(formatv("%b{0}: {1}", i, types[i]));
    }
    std::vector<std::string> returned;
    for (size_t i = 0; i < results.size(); ++i)
      returned.push_back(formatv("%r#{0}", i));
    std::string text = formatv(
        "func.func @test({0}) -> ({1}) {{\n  %r:{2} = dreamer.fused({3}) : ({4}) -> ({1}) {{\n  "
        "^bb0({5}):\n{6}    dreamer.give {7} : {1}\n  }\n  return {8} : {1}\n}\n",
        join(outside), join(results), results.size(), join(arguments), join(types), join(inside),
        body, join(given), join(returned));
    return {"fused", "", operands, tolerance, "", bits, text};
  }

private:
  Random &random;
  std::vector<Operand> operands;
  std::vector<std::string> types, given, results;
  std::string body;
  int count = 0;
};

/// Products of one operand and what follows them.
OpCase fused(Random &r, bool narrow, int64_t bits) {
  FusedText text(r);
  int64_t rows = r.oneOf<int64_t>({1, 3, 8, 13, 50, 400}), depth = r.oneOf<int64_t>({1, 8, 23, 70});
  std::string x = text.input({rows, depth}, narrow);
  std::string xType = FusedText::tensor({rows, depth}, narrow ? "bf16" : "f32");
  auto positions = text.add({r.ints({rows}, 0, 99)}, FusedText::tensor({rows}, "i32")),
       step = text.add({int64_t(3)}, "index");
  // What ends a chain may be bf16.
  auto attributes = [](bool rounds, const std::string &others = "") {
    std::string narrow = rounds ? "dreamer.narrow = array<i64: 0>" : "";
    return "{" + others + (rounds && !others.empty() ? ", " : "") + narrow + "}";
  };
  for (int64_t products = r.between(1, 3); products > 0; --products) {
    int64_t head = 2 * r.oneOf<int64_t>({1, 4, 8, 32}), columns = head * r.between(1, 5);
    std::string type = FusedText::tensor({rows, columns}), norm = FusedText::tensor({head});
    bool transposed = r.chance(30), sum = r.chance(30);
    int64_t followers = r.between(0, 4);
    bool rounds = r.chance(40) && !(sum && followers == 0);
    llvm::SmallVector<int64_t> shape{columns, depth};
    if (transposed)
      std::swap(shape[0], shape[1]);
    std::string w = text.input(shape, narrow), term = text.input({rows, columns});
    std::string value = text.operation(
        formatv("linear {0}, {1} {2}{3} : {4}, {5}{6}", x, w, sum ? "into(" + term + ")" : "",
                attributes(rounds && followers == 0, transposed ? "transpose" : ""), xType,
                FusedText::tensor(shape, narrow ? "bf16" : "f32"), sum ? ", " + type : ""));
    if (followers > 0 && r.chance(40))
      text.give(value, type);
    for (; followers > 0; --followers) {
      bool isRounded = rounds && followers == 1;
      switch (r.between(0, 4)) {
      case 0:
        value =
            text.operation(formatv("rms_norm {0}, {1} {2} : {3}, {4}", value, text.input({head}),
                                   attributes(isRounded, "eps = 1.0e-6 : f64"), type, norm));
        break;
      case 1: {
        bool byStep = r.chance(50);
        value = text.operation(
            formatv("rotary {0}, {1} {2} : {3}, {4}", value, byStep ? step : positions,
                    attributes(isRounded, formatv("head_dim = {0}, theta = 100.0 : f64", head)),
                    type, byStep ? "index" : FusedText::tensor({rows}, "i32")));
        break;
      }
      case 2:
        value = text.operation(
            formatv("add {0}, {1} {2} : {3}, {3}", value, term, attributes(isRounded), type));
        break;
      case 3:
        value = text.operation(formatv("scale {0} {1} : {2}", value,
                                       attributes(isRounded, "factor = 0.5 : f64"), type));
        break;
      default:
        value = text.operation(
            formatv("swiglu {0}, {1} {2} : {3}, {3}", term, value, attributes(isRounded), type));
        break;
      }
      if (followers > 1 && r.chance(30))
        text.give(value, type);
    }
    text.give(value, rounds ? FusedText::tensor({rows, columns}, "bf16") : type);
  }
  return text.test(3e-6, bits);
}

} // namespace

TEST(FusedKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Random r(seed);
    bool narrow = r.chance(20);
    check(fused(r, narrow, r.oneOf({256, 512})));
  }
}

TEST(FusedKernels, OfNarrowProductsMatchTheReference) {
  for (unsigned seed = 0; seed < 10; ++seed)
    for (NarrowProducts products : {NarrowProducts::pairs, NarrowProducts::tiles}) {
      Random r(seed);
      OpCase test = fused(r, /*narrow=*/true, 512);
      test.products = products;
      check(test);
    }
}

// What is not given is computed where it is replaced, or beside it if it is read again.
TEST(FusedKernels, KeepWhatIsReadTwice) {
  Random r(7);
  FusedText text(r);
  std::string x = text.input({9, 16}), w = text.input({32, 16}), n = text.input({16});
  std::string type = FusedText::tensor({9, 32});
  std::string a =
      text.operation("linear " + x + ", " + w + " : tensor<9x16xf32>, tensor<32x16xf32>");
  std::string b = text.operation(
      formatv("rms_norm {0}, {1} {{eps = 1.0e-6 : f64} : {2}, tensor<16xf32>", a, n, type));
  std::string c = text.operation(formatv("swiglu {0}, {1} : {2}, {2}", b, a, type));
  std::string d = text.operation(formatv("add {0}, {0} : {1}, {1}", c, type));
  text.give(d, type);
  check(text.test(3e-6, 256));
}
