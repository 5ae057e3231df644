// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass: which entry points are built, and in which order.

#include "passes/BuildEntryPoints/BuildEntryPoints.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "passes/BuildEntryPoints/Entries.h"
#include "passes/Support/Recur.h"

namespace dreamer {
#define GEN_PASS_DEF_BUILDENTRYPOINTS
#include "passes/BuildEntryPoints/BuildEntryPoints.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;

namespace {

struct BuildEntryPointsPass : dreamer::impl::BuildEntryPointsBase<BuildEntryPointsPass> {
  using BuildEntryPointsBase::BuildEntryPointsBase;

  void runOnOperation() override {
    FailureOr<Model> model = Model::read(getOperation());
    if (failed(model) || failed(build(*model)))
      return signalPassFailure();
    model->forward.erase();
    for (auto func : getOperation().getOps<func::FuncOp>())
      eraseDeadOps(func.getBody().front());
    // What it asks for is done.
    getOperation().walk([](Operation *op) { op->removeDiscardableAttr(attribute::recompute); });
  }

private:
  LogicalResult build(Model &model);
};

LogicalResult BuildEntryPointsPass::build(Model &model) {
  using Build = std::function<LogicalResult()>;
  GradientOptions gradients{recompute, microBatches};
  Builder types(&getContext());
  Type cached = narrowCaches ? Type(types.getBF16Type()) : Type(types.getF32Type());
  std::pair<StringRef, Build> all[] = {
      {"score", [&] { return buildScore(model); }},
      {"gradients", [&] { return buildGradients(model, gradients); }},
      {"train_step", [&] { return buildTrainStep(model, gradients); }},
      {"prefill", [&] { return buildPrefill(model, cached); }},
      {"decode", [&] { return buildDecode(model, cached); }},
  };
  for (const std::string &name : entries)
    if (llvm::none_of(all, [&](const auto &entry) { return entry.first == name; }))
      return model.module.emitError() << "expected an entry point (score, gradients, train_step, "
                                         "prefill, decode), found '"
                                      << name << "'";
  for (const auto &[name, buildEntry] : all)
    if ((entries.empty() || llvm::is_contained(entries, name)) && failed(buildEntry()))
      return failure();
  return success();
}

} // namespace
