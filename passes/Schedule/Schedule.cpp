// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Schedule/Schedule.h"
#include "dialects/Schedule/ScheduleDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "passes/Schedule/Emitter.h"

namespace dreamer {
#define GEN_PASS_DEF_SCHEDULEPASS
#include "passes/Schedule/Schedule.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;

namespace {

/// Schedules all entries of one module.
class Scheduler {
public:
  explicit Scheduler(ModuleOp module) : module(module), builder(module.getContext()) {}

  LogicalResult run(ArrayRef<std::string> targets) {
    FailureOr<ParameterLayout> layout = ParameterLayout::plan(module);
    if (failed(layout) || failed(planEntries(*layout)))
      return failure();
    for (StringRef name : targets) {
      std::string problem;
      std::optional<KernelTarget> target = KernelTarget::named(name, problem);
      if (!target)
        return module.emitError() << problem;
      if (failed(emitVariant(*target)))
        return failure();
    }
    for (const std::unique_ptr<Entry> &entry : entries)
      entry->function.erase();
    describe(*layout);
    return success();
  }

  unsigned launches = 0, kernels = 0, copies = 0;

private:
  /// What all targets share of an entry.
  struct Entry {
    Entry(func::FuncOp function, Signature planned, KeptLayout &kept)
        : function(function), signature(std::move(planned)), placement(function, signature, kept),
          work(function) {}

    func::FuncOp function;
    Signature signature;
    Placement placement;
    Work work;
  };

  LogicalResult planEntries(const ParameterLayout &layout) {
    for (auto function : module.getOps<func::FuncOp>()) {
      if (!function.getBody().hasOneBlock())
        return function.emitError() << "expected a function of one block";
      FailureOr<Signature> signature = Signature::plan(function, layout);
      if (failed(signature))
        return failure();
      entries.push_back(std::make_unique<Entry>(function, std::move(*signature), keptByAll));
    }
    return success();
  }

  LogicalResult emitVariant(const KernelTarget &target) {
    builder.setInsertionPointToEnd(module.getBody());
    auto variant = ModuleOp::create(builder, module.getLoc(), target.name);
    variant->setAttr(schedule::attribute::target, target.toAttribute(module.getContext()));
    KernelLibrary library(variant);
    KeptLayout kept = keptByAll;
    SmallVector<std::pair<func::FuncOp, unsigned>> keeping;
    for (const std::unique_ptr<Entry> &entry : entries) {
      Emitter emitter(entry->function, entry->signature, entry->placement, kept, entry->work,
                      target, library, errors);
      FailureOr<func::FuncOp> emitted = emitter.emit(variant);
      if (failed(emitted))
        return failure();
      if (entry->signature.kept)
        keeping.push_back({*emitted, *entry->signature.kept});
      launches += emitter.getLaunches();
      copies += emitter.getCopies();
    }
    for (auto [entry, buffer] : keeping)
      setBufferBytes(entry, buffer, kept.getBytes());
    kernels += library.size();
    return success();
  }

  void describe(const ParameterLayout &layout) {
    SmallVector<Attribute> messages;
    for (StringRef message : errors.getMessages())
      messages.push_back(builder.getStringAttr(message));
    module->setAttr(schedule::attribute::parameters, layout.toAttribute(module.getContext()));
    module->setAttr(schedule::attribute::parameterBytes,
                    builder.getI64IntegerAttr(layout.getBytes()));
    module->setAttr(schedule::attribute::errors, builder.getArrayAttr(messages));
  }

  ModuleOp module;
  OpBuilder builder;
  SmallVector<std::unique_ptr<Entry>> entries;
  KeptLayout keptByAll; ///< what all targets keep
  ErrorTable errors;
};

class Schedule : public dreamer::impl::SchedulePassBase<Schedule> {
public:
  using SchedulePassBase::SchedulePassBase;

  void runOnOperation() override {
    SmallVector<std::string> names(targets.begin(), targets.end());
    if (names.empty())
      llvm::append_range(names, KernelTarget::usualNames());
    Scheduler scheduler(getOperation());
    if (failed(scheduler.run(names)))
      return signalPassFailure();
    launches += scheduler.launches;
    kernels += scheduler.kernels;
    copies += scheduler.copies;
  }
};

} // namespace
