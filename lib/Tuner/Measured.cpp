// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Tuner/Measured.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"
#include <cmath>
#include <random>

using namespace mlir;

namespace dreamer::tuning {

/// What is made before a loop serves all of its steps: it counts as this part of a step. The number of
/// steps is no part of a key, so that another depth needs no other measurements.
static constexpr double partOfPreparing = 1.0 / 8;

/// Adds up what launches take.
class Measured::Clock : public runtime::LaunchObserver {
public:
  explicit Clock(bool inLoop) : inLoop(inLoop) {}

  void beginEntry(size_t, int64_t) override {
    seconds = 0;
    executed.clear();
  }
  void launched(const runtime::LaunchRecord &record) override {
    double part = inLoop && record.step < 0 ? partOfPreparing : 1;
    seconds += part * 1e-9 * static_cast<double>(record.end - record.begin);
    executed.push_back({record.id, part});
  }
  void endEntry(size_t, int64_t) override {}

  const bool inLoop;
  double seconds = 0;
  std::vector<std::pair<int64_t, double>>
      executed; ///< launches of the last run, and what each counts
};

llvm::Expected<std::unique_ptr<Measured>> Measured::load(const Isolated &isolated,
                                                         const KernelChoice &choice,
                                                         const KernelTarget &target, int threads) {
  OwningOpRef<ModuleOp> program = isolated.program.get().clone();
  bool inLoop = false;
  program->walk([&](TunableOpInterface op) {
    writeChoice(op, target.name, choice);
    inLoop = !isa<func::FuncOp>(op->getParentOp());
  });
  size_t results = (*program->getOps<func::FuncOp>().begin()).getNumResults();
  std::unique_ptr<Measured> measured(new Measured);
  auto takeFingerprint = [&](ModuleOp kernels) {
    std::string text;
    llvm::raw_string_ostream(text) << kernels;
    measured->fingerprint = llvm::xxh3_64bits(text);
  };
  auto kernel = RunnableKernel::compile(*program, {target.name, threads, takeFingerprint});
  if (!kernel)
    return kernel.takeError();
  measured->choice = choice;
  measured->kernel = std::move(*kernel);
  measured->clock = std::make_shared<Clock>(inLoop);
  measured->resultCount = results;
  measured->kernel->getSession().observe(measured->clock);
  if (llvm::Error error = measured->fill(isolated))
    return std::move(error);
  return measured;
}

/// Numbers around 0; ids that differ in a row, as those of chosen experts do.
llvm::Error Measured::fill(const Isolated &isolated) {
  for (auto [i, bound] : llvm::enumerate(isolated.idBounds)) {
    std::string name = "in" + std::to_string(i);
    auto tensor = kernel->getCall().input(name);
    if (tensor.failed())
      return toError(tensor.status());
    std::mt19937 random(static_cast<unsigned>(i));
    int64_t elements = tensor->elements();
    if (bound) {
      int64_t row = tensor->shape().empty() ? 1 : std::max<int64_t>(tensor->shape().back(), 1);
      for (int64_t at = 0; at < elements; at += row) {
        int64_t first = static_cast<int64_t>(random()) % bound;
        for (int64_t j = 0; j < row; ++j)
          tensor->asMutable<int32_t>()[at + j] = static_cast<int32_t>((first + j) % bound);
      }
      continue;
    }
    std::vector<float> values(static_cast<size_t>(elements));
    for (float &value : values)
      value = static_cast<float>(random()) / 8.0e9f - 0.25f;
    auto source = runtime::Tensor::borrowConst(runtime::DType::F32, tensor->shape(), values.data(),
                                               values.size() * sizeof(float));
    if (source.failed())
      return toError(source.status());
    if (runtime::Status copied = source->copyTo(*tensor, name); copied.failed())
      return toError(copied);
  }
  return llvm::Error::success();
}

llvm::Expected<double> Measured::run() {
  if (runtime::Status status = kernel->getCall().run(); status.failed())
    return toError(status);
  return clock->seconds;
}

double Measured::bound(const measure::Machine &machine) const {
  const std::vector<runtime::LaunchSpec> &launches = kernel->launches();
  double seconds = 0;
  for (auto [id, part] : clock->executed)
    if (id >= 0 && static_cast<size_t>(id) < launches.size())
      seconds += part * machine.bound(launches[id]);
  return seconds;
}

llvm::Expected<std::vector<std::vector<float>>> Measured::results() const {
  std::vector<std::vector<float>> all;
  for (size_t i = 0; i < resultCount; ++i) {
    auto tensor = kernel->getCall().output("out" + std::to_string(i));
    if (tensor.failed())
      return toError(tensor.status());
    auto floats = tensor->convert(runtime::DType::F32);
    if (floats.failed())
      return toError(floats.status());
    all.emplace_back(floats->as<float>(), floats->as<float>() + floats->elements());
  }
  return all;
}

double roundingOf(int64_t terms) {
  // Each of n roundings is at most half of 2^-23 and they are as often up as down; some more for what is
  // not a sum.
  return std::ldexp(1.0, -23) *
         (8 + 2 * std::sqrt(static_cast<double>(std::max<int64_t>(terms, 1))));
}

bool agree(const std::vector<std::vector<float>> &a, const std::vector<std::vector<float>> &b,
           int64_t terms) {
  if (a.size() != b.size())
    return false;
  for (size_t i = 0; i < a.size(); ++i) {
    double difference = 0, norm = 0;
    if (a[i].size() != b[i].size())
      return false;
    for (size_t j = 0; j < a[i].size(); ++j) {
      double x = a[i][j], y = b[i][j];
      difference += (x - y) * (x - y);
      norm += x * x;
    }
    // False for NaN.
    if (!(std::sqrt(difference) <= roundingOf(terms) * std::sqrt(norm)) || !std::isfinite(norm))
      return false;
  }
  return true;
}

} // namespace dreamer::tuning
