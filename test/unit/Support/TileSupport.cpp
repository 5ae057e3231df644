// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain loops in f64.

#include "test/unit/Support/TileSupport.h"

#include "dialects/Tile/TileDialect.h"
#include "lib/TileRun/Arithmetic.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace mlir;
using namespace dreamer;
using namespace dreamer::test;
using reference::Floats;

std::unique_ptr<MLIRContext> test::makeTileContext() {
  DialectRegistry registry;
  registry.insert<arith::ArithDialect, func::FuncDialect, math::MathDialect, memref::MemRefDialect,
                  scf::SCFDialect, tile::TileDialect>();
  auto context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  context->printOpOnDiagnostic(false);
  return context;
}

tilerun::Argument test::output(ArrayRef<int64_t> shape) {
  return {Floats(shape), /*isDefined=*/false};
}

std::vector<reference::Tensor> test::runTiles(ModuleOp module, StringRef name,
                                              std::vector<tilerun::Argument> arguments,
                                              const tilerun::Options &options) {
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function || failed(tilerun::run(function, arguments, options))) {
    ADD_FAILURE() << "@" << name.str() << " failed, seed " << options.seed << ", late "
                  << options.late;
    return {};
  }
  std::vector<reference::Tensor> arrays;
  for (tilerun::Argument &argument : arguments)
    arrays.push_back(std::move(argument.value));
  return arrays;
}

Floats test::roundToBF16(Floats x) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  Type type = BFloat16Type::get(&context);
  for (double &element : x.data())
    element = tilerun::roundTo(type, element);
  return x;
}

Floats test::transpose(const Floats &x) {
  Floats result({x.dim(1), x.dim(0)});
  for (int64_t r = 0; r < x.dim(0); ++r)
    for (int64_t c = 0; c < x.dim(1); ++c)
      result(c, r) = x(r, c);
  return result;
}

Floats test::firstRows(const Floats &x, int64_t rows) {
  std::vector<double> data(x.data().begin(), x.data().begin() + rows * x.dim(1));
  return Floats({rows, x.dim(1)}, std::move(data));
}

Floats test::multiply(const Floats &a, const Floats &b) {
  Floats c({a.dim(0), b.dim(1)});
  for (int64_t m = 0; m < a.dim(0); ++m)
    for (int64_t k = 0; k < a.dim(1); ++k)
      for (int64_t n = 0; n < b.dim(1); ++n)
        c(m, n) += a(m, k) * b(k, n);
  return c;
}

Attended test::attend(const Floats &q, const Floats &k, const Floats &v, int64_t heads,
                      int64_t kvHeads, bool causal) {
  int64_t batch = q.dim(0), queries = q.dim(1), keys = k.dim(1), size = q.dim(2) / heads;
  Attended result = {Floats(q.shape()), Floats({batch, heads, queries})};
  std::vector<double> p(keys);
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t i = 0; i < queries; ++i) {
        int64_t from = h / (heads / kvHeads) * size;
        int64_t seen = causal ? i + keys - queries + 1 : keys;
        double max = -INFINITY, sum = 0;
        for (int64_t j = 0; j < seen; ++j) {
          p[j] = 0;
          for (int64_t d = 0; d < size; ++d)
            p[j] += q(b, i, h * size + d) * k(b, j, from + d) / std::sqrt(double(size));
          max = std::max(max, p[j]);
        }
        for (int64_t j = 0; j < seen; ++j)
          sum += p[j] = std::exp(p[j] - max);
        for (int64_t j = 0; j < seen; ++j)
          for (int64_t d = 0; d < size; ++d)
            result.out(b, i, h * size + d) += p[j] / sum * v(b, j, from + d);
        result.lse(b, h, i) = max + std::log(sum);
      }
  return result;
}
