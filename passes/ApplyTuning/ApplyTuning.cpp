// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/ApplyTuning/ApplyTuning.h"
#include "dialects/Dreamer/DreamerDialect.h"
#include "lib/Kernels/TunableOpInterface.h"
#include "lib/TuningDatabase/Database.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/Support/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace dreamer {
#define GEN_PASS_DEF_APPLYTUNING
#include "passes/ApplyTuning/ApplyTuning.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;

namespace {

struct ApplyTuningPass : dreamer::impl::ApplyTuningBase<ApplyTuningPass> {
  using ApplyTuningBase::ApplyTuningBase;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  struct Counts {
    int64_t found = 0, missed = 0, changed = 0;
  } counts;

  LogicalResult run();
  void summarize();
  LogicalResult apply(TunableOpInterface op, const KernelTarget &target,
                      const tuning::Database &measured);
};

remark::RemarkOpts optionsFor(Operation *op) { return remarkOptions(op, "ApplyTuning", "tune"); }

/// "0.85 of the standard time"
std::string gainOf(const tuning::Record &record) {
  return llvm::formatv("{0:f2} of the standard time", record.seconds / record.standardSeconds);
}

LogicalResult ApplyTuningPass::run() {
  auto fail = [&](const Twine &message) { return getOperation().emitError() << message; };
  if (database.empty())
    return fail("expected a database=FILE that dreamer-tune wrote, found none");
  llvm::Expected<tuning::Database> measured =
      tuning::Database::open(database, tuning::Database::Mode::Read);
  if (!measured)
    return fail(llvm::toString(measured.takeError()));
  if (device.empty())
    device = tuning::thisDevice();
  counts = {};
  SmallVector<std::string> names(targets.begin(), targets.end());
  if (names.empty())
    llvm::append_range(names, KernelTarget::usualNames());
  for (StringRef name : names) {
    std::string problem;
    std::optional<KernelTarget> target = KernelTarget::named(name, problem);
    if (!target)
      return fail(problem);
    WalkResult walked = getOperation().walk([&](TunableOpInterface op) {
      return failed(apply(op, *target, *measured)) ? WalkResult::interrupt()
                                                   : WalkResult::advance();
    });
    if (walked.wasInterrupted())
      return failure();
  }
  summarize();
  return success();
}

/// One line for all, at no place of the program.
void ApplyTuningPass::summarize() {
  std::string text =
      llvm::formatv("tuning: {0} of {1} operations are in {2}, {3} of them with other "
                    "than the standard parameters",
                    counts.found, counts.found + counts.missed, database, counts.changed);
  if (!counts.found && counts.missed)
    text += "; hint: has dreamer-tune measured this program, by this version, on this machine?";
  emitRemark(UnknownLoc::get(&getContext())) << text;
  found += counts.found;
  missed += counts.missed;
  changed += counts.changed;
}

LogicalResult ApplyTuningPass::apply(TunableOpInterface op, const KernelTarget &target,
                                     const tuning::Database &measured) {
  auto given = op->getAttrOfType<DictionaryAttr>(tunedAttribute);
  if (given && given.contains(target.name)) {
    remark::analysis(op->getLoc(), optionsFor(op))
        << remark::reason("{0}: what the program chooses is kept", target.name);
    return success();
  }
  auto missedBecause = [&](const std::string &reason) {
    ++counts.missed;
    remark::missed(op->getLoc(), optionsFor(op)) << remark::reason("{0}: {1}", target.name, reason);
    return success();
  };
  llvm::Expected<std::optional<tuning::Record>> record =
      measured.find(tuning::keyOf(op, target, device));
  if (!record)
    return op->emitError() << llvm::toString(record.takeError());
  if (!*record)
    return missedBecause("this kernel was not measured here");
  std::string problem = op.getKernelParameters(target).problemOf((*record)->choice);
  if (!problem.empty())
    return missedBecause("kernels have changed since: " + problem);
  ++counts.found;
  std::string best = "the standard values are the best";
  if ((*record)->isBetter()) {
    ++counts.changed;
    writeChoice(op, target.name, (*record)->choice);
    best = toString((*record)->choice) + ", " + gainOf(**record);
  }
  remark::passed(op->getLoc(), optionsFor(op)) << remark::reason("{0}: {1}", target.name, best);
  return success();
}

} // namespace
