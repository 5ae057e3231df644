// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Our products against OpenBLAS and oneDNN. Two contests for each product of a weight: with the
// weight packed before (ours kept, as in an entry that only answers; oneDNN's own packing), and all of
// it, from plain matrices. The adjoint of a weight has no operand that could be packed before.

#include "test/benchmark/Contest.h"
#include "test/benchmark/OurKernel.h"
#include "test/benchmark/Peers.h"
#include "test/benchmark/Products.h"
#include "test/benchmark/Values.h"
#include <benchmark/benchmark.h>

using namespace dreamer::benchmarking;

static std::string tensorType(int64_t rows, int64_t columns, const std::string &element) {
  return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) + "x" + element + ">";
}

/// The product as a program: `a` [rows, depth] (or its transpose), `b` as the operation takes it: a parameter
/// if `packed`, since what is made of one is kept.
static std::string programOf(const Product &p, bool narrow, bool packed) {
  std::string element = narrow ? "bf16" : "f32", operation = "dreamer.linear", attributes;
  std::string a = tensorType(p.rows, p.depth, element);
  std::string b = tensorType(p.depth, p.columns, element);
  if (p.kind == Product::Forward)
    b = tensorType(p.columns, p.depth, element);
  if (p.kind == Product::Input)
    attributes = " {transpose}";
  if (p.kind == Product::Weight) {
    operation = "dreamer.linear_weight_grad";
    a = tensorType(p.depth, p.rows, element);
  }
  std::string role = packed ? "parameter" : "input";
  return "module attributes {dreamer.model = \"product\", dreamer.description = \"\"} {\n"
         "  func.func @kernel(%a: " +
         a + " {dreamer.name = \"a\", dreamer.role = \"input\"}, %b: " + b +
         " {dreamer.name = \"b\", dreamer.role = \"" + role + "\"}) -> (" +
         tensorType(p.rows, p.columns, "f32") +
         " {dreamer.name = \"c\"}) {\n    %c = " + operation + " %a, %b" + attributes + " : " + a +
         ", " + b + "\n    return %c : " + tensorType(p.rows, p.columns, "f32") + "\n  }\n}\n";
}

/// One contest; with `packed`, what packs the weight counts for nobody.
static void measureProduct(benchmark::State &state, const Product &product, bool packed) {
  bool narrow = options().bf16;
  setPeerThreads(options().threads);
  std::unique_ptr<OurKernel> ours =
      OurKernel::compile(programOf(product, narrow, packed), options().threads);
  if (!ours)
    return state.SkipWithError("does not compile");
  Floats a = randomFloats(product.rows * product.depth, 1);
  Floats b = randomFloats(product.depth * product.columns, 2);
  Floats c(static_cast<size_t>(product.rows * product.columns));
  ours->fill("a", a.data());
  ours->fill("b", b.data());
  std::function<void()> openBlas = openBlasProduct(product, a.data(), b.data(), c.data());
  auto oneDnn = oneDnnProduct(product, narrow, packed, a.data(), b.data(), c.data());

  ours->run();
  openBlas();
  const double bound = narrow ? 2e-2 : 1e-5;
  if (!(difference(ours->output("c"), c.data(), c.size()) <= bound))
    return state.SkipWithError("our product is not OpenBLAS's");
  if (oneDnn) {
    (*oneDnn)();
    if (!(difference(ours->output("c"), c.data(), c.size()) <= bound))
      return state.SkipWithError("our product is not oneDNN's");
  }

  std::vector<Contender> contenders = {timed("ours", true, [&] { ours->run(); })};
  if (!narrow)
    contenders.push_back(timed("OpenBLAS", false, openBlas));
  if (oneDnn)
    contenders.push_back(timed("oneDNN", false, *oneDnn));
  contest(state, product.title() + (packed ? " packed" : ""), product.flops(), contenders);
}

static bool registerAll() {
  std::string path = options().products.empty() ? DREAMER_PRODUCTS : options().products;
  std::optional<std::vector<Product>> products = readProducts(path);
  if (!products)
    return false;
  for (const Product &product : *products)
    for (bool packed : {true, false})
      if (!packed || product.kind != Product::Weight)
        benchmark::RegisterBenchmark(
            (product.title() + (packed ? " packed" : "")).c_str(),
            [=](benchmark::State &state) { measureProduct(state, product, packed); })
            ->UseManualTime()
            ->Iterations(options().rounds)
            ->Unit(benchmark::kMicrosecond);
  return true;
}

int main(int argc, char **argv) {
  parseOptions(argc, argv);
  return registerAll() ? runBenchmarks() : 2;
}
