// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Contexts, random values, errors and finite differences for unit tests.

#include "test/unit/Support/TestSupport.h"

#include "dialects/Dreamer/DreamerDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <random>

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;

std::unique_ptr<MLIRContext> test::makeContext() {
  DialectRegistry registry;
  registry.insert<DreamerDialect, arith::ArithDialect, func::FuncDialect>();
  registerReferenceModels(registry);
  auto context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  return context;
}

OwningOpRef<ModuleOp> test::parse(MLIRContext &context, StringRef text) {
  return parseSourceString<ModuleOp>(text, &context);
}

test::Errors::Errors(MLIRContext &context)
    : handler(&context, [this](Diagnostic &diagnostic) { messages += diagnostic.str() + "\n"; }) {}

/// A number in [0, 1): std's distributions differ between libraries, its engines do not.
static double uniform(std::mt19937 &engine) { return engine() / 4294967296.0; }

Floats test::randomFloats(ArrayRef<int64_t> shape, uint32_t seed, double scale) {
  std::mt19937 engine(seed);
  Floats result(shape);
  for (double &value : result.data())
    value = scale * (2 * uniform(engine) - 1);
  return result;
}

Ints test::randomInts(ArrayRef<int64_t> shape, uint32_t seed, int32_t bound) {
  std::mt19937 engine(seed);
  Ints result(shape);
  for (int32_t &value : result.data())
    value = int32_t(bound * uniform(engine));
  return result;
}

Ints test::randomIds(ArrayRef<int64_t> shape, uint32_t seed, int32_t bound) {
  std::mt19937 engine(seed);
  Ints result(shape);
  for (int64_t r = 0; r < result.rows(); ++r) {
    std::vector<int32_t> ids(bound);
    std::iota(ids.begin(), ids.end(), 0);
    for (int64_t i = 0; i < result.width(); ++i) {
      std::swap(ids[i], ids[i + int64_t((bound - i) * uniform(engine))]);
      result.row(r)[i] = ids[i];
    }
  }
  return result;
}

double test::norm(const Floats &x) {
  double squares = 0;
  for (double value : x.data())
    squares += value * value;
  return std::sqrt(squares);
}

double test::normOfGradients(const Bundle &results) {
  double squares = 0;
  for (auto &[name, value] : results)
    if (StringRef(name).starts_with("grad."))
      squares += std::pow(norm(std::get<Floats>(value)), 2);
  return std::sqrt(squares);
}

double test::relativeError(const Floats &out, const Floats &ref) {
  if (out.shape() != ref.shape())
    return std::numeric_limits<double>::infinity();
  Floats difference = out;
  for (int64_t i = 0; i < out.size(); ++i)
    difference.data()[i] -= ref.data()[i];
  double error = norm(difference), scale = norm(ref);
  if (std::isnan(error))
    return std::numeric_limits<double>::infinity();
  return scale == 0 ? error : error / scale;
}

double test::differentiateAlong(ScalarFunction f, const Floats &x, const Floats &direction,
                                double h) {
  auto at = [&](double steps) {
    Floats moved = x;
    for (int64_t i = 0; i < x.size(); ++i)
      moved.data()[i] += steps * h * direction.data()[i];
    return f(moved);
  };
  return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h);
}

Floats test::differentiate(ScalarFunction f, const Floats &x, double h) {
  Floats gradient(x.shape()), direction(x.shape());
  for (int64_t i = 0; i < x.size(); ++i) {
    direction.data()[i] = 1;
    gradient.data()[i] = differentiateAlong(f, x, direction, h);
    direction.data()[i] = 0;
  }
  return gradient;
}

double test::contract(const Bundle &results, const Bundle &cotangents) {
  double sum = 0;
  for (auto &[name, cotangent] : cotangents) {
    auto found = results.find(name);
    if (found == results.end() ||
        reference::shapeOf(found->second) != reference::shapeOf(cotangent)) {
      ADD_FAILURE() << "expected a result '" << name << "' " << describe(cotangent).c_str();
      return std::numeric_limits<double>::quiet_NaN();
    }
    const Floats &a = std::get<Floats>(cotangent), &b = std::get<Floats>(found->second);
    sum += std::inner_product(a.data().begin(), a.data().end(), b.data().begin(), 0.0);
  }
  return sum;
}

Bundle test::run(ModuleOp module, StringRef entry, const Bundle &inputs) {
  Errors errors(*module.getContext());
  FailureOr<Bundle> results = Interpreter(module).run(entry, inputs);
  if (succeeded(results))
    return *results;
  ADD_FAILURE() << "@" << entry.str() << ": " << errors.text();
  return {};
}

Floats test::differentiateEntry(ModuleOp module, StringRef entry, const Bundle &inputs,
                                const Bundle &cotangents, const std::string &argument, double h) {
  auto found = inputs.find(argument);
  if (found == inputs.end() || !std::holds_alternative<Floats>(found->second)) {
    ADD_FAILURE() << "expected an input '" << argument << "' of floats";
    return {};
  }
  Bundle moved = inputs;
  auto f = [&](const Floats &x) {
    moved[argument] = x;
    return contract(run(module, entry, moved), cotangents);
  };
  return differentiate(f, std::get<Floats>(found->second), h);
}
