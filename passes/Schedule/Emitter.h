// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes the host schedule of one entry for one target.

#ifndef DREAMER_PASSES_SCHEDULE_EMITTER_H
#define DREAMER_PASSES_SCHEDULE_EMITTER_H

#include "dialects/Schedule/ScheduleDialect.h"
#include "lib/Cost/Work.h"
#include "lib/Kernels/KernelOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Schedule/Placement.h"

namespace dreamer {

/// Messages of the errors that entries can end with; codes count from 1.
class ErrorTable {
public:
  int32_t codeOf(llvm::StringRef message);
  llvm::ArrayRef<std::string> getMessages() const { return messages; }

private:
  llvm::SmallVector<std::string> messages;
};

/// The kernels of one variant's module; equal ones are built once.
class KernelLibrary {
public:
  explicit KernelLibrary(mlir::ModuleOp module) : module(module) {}

  /// The kernel of launch number `place` of `op`.
  mlir::func::FuncOp get(mlir::Operation *op, unsigned place, llvm::StringRef name,
                         mlir::TypeRange arguments, ScheduleBuilder::KernelBody body);
  /// A kernel that depends on `key` only; `op` is the first to ask for it.
  mlir::func::FuncOp get(mlir::Operation *op, const std::string &key, llvm::StringRef name,
                         mlir::TypeRange arguments, ScheduleBuilder::KernelBody body);
  unsigned size() const { return kernelCount; }

private:
  mlir::ModuleOp module;
  unsigned kernelCount = 0;
  llvm::StringMap<mlir::func::FuncOp> kernels; // by everything that a body may depend on
  llvm::StringMap<llvm::SmallVector<mlir::func::FuncOp>> built; // by name
};

/// Emits one entry. One object per entry and target.
class Emitter final : public ScheduleBuilder {
public:
  Emitter(mlir::func::FuncOp source, const Signature &signature, const Placement &placement,
          KeptLayout &kept, const Work &work, const KernelTarget &target, KernelLibrary &library,
          ErrorTable &errors);

  /// Adds the entry to the end of the library's module.
  mlir::FailureOr<mlir::func::FuncOp> emit(mlir::ModuleOp module);

  const ArenaPlan &getPlan() const { return plan; }
  unsigned getLaunches() const { return launches; }
  unsigned getCopies() const { return copies; }

  // ScheduleBuilder
  using ScheduleBuilder::launch;
  mlir::Operation *operation() const override { return current; }
  const KernelTarget &target() const override { return machine; }
  mlir::Value buffer(mlir::Value value) override;
  mlir::Value scratch(mlir::MemRefType type) override;
  mlir::OpBuilder &builder() override { return host; }
  mlir::Location loc() const override { return current->getLoc(); }
  void launch(llvm::StringRef name, mlir::OpFoldResult tasks, mlir::ValueRange arguments,
              KernelBody body, int64_t contractions) override;
  mlir::Value prepare(llvm::StringRef name, mlir::Value source, llvm::ArrayRef<int64_t> key,
                      mlir::MemRefType type, int64_t tasks, KernelBody body) override;
  void requireRange(mlir::Value ids, int64_t low, int64_t high, llvm::StringRef message) override;

private:
  mlir::LogicalResult emitBlock(mlir::Block &block);
  mlir::LogicalResult emitOperation(mlir::Operation *op);
  mlir::LogicalResult emitKernels(KernelOpInterface op);
  void emitKept(KernelOpInterface op);
  void unlessKept(int64_t header, llvm::function_ref<void()> make);
  mlir::LogicalResult emitConstant(mlir::arith::ConstantOp op);
  mlir::LogicalResult emitRecur(RecurOp recur);
  mlir::LogicalResult emitOutputs(mlir::func::ReturnOp ret);
  mlir::Value emitStepCount(RecurOp recur);
  void emitInits(RecurOp recur);
  void emitEndOfStep(RecurOp recur);
  void emitUnusedEntries(RecurOp recur, mlir::Value steps);
  void emitStack(StackOp stack);
  mlir::LogicalResult finish();
  /// A launch of `kernel` by the current operation, with what is known of it; in the operation's own
  /// loop or before it.
  schedule::LaunchOp createLaunch(mlir::func::FuncOp kernel, mlir::Value tasks,
                                  mlir::ValueRange arguments, bool inLoop);
  mlir::Value stepOf(RecurOp recur);
  void countBytes(schedule::LaunchOp launch, mlir::func::FuncOp kernel);
  void shareContractions();

  mlir::Value bufferOf(mlir::Value value);
  mlir::Value viewAt(const Place &place, mlir::Type type);
  mlir::Value arenaView(unsigned arenaBuffer, int64_t offset, mlir::Type type);
  mlir::Value external(ExternalPlace place, mlir::Type type);
  mlir::Value constant(int64_t value);
  void copy(mlir::Value from, mlir::Value to);
  void copyIfElsewhere(mlir::Value from, mlir::Value to);
  void fill(mlir::Value memref, int8_t byte);
  void openLoop(RecurOp recur, mlir::Operation *loop) { loops.push_back({recur, loop}); }
  void closeLoop();
  Interval lifeWithin(size_t loopsAround) const;

  /// A loop that is being emitted.
  struct OpenLoop {
    RecurOp recur;
    mlir::Operation *host;
  };
  /// What `prepare` made.
  struct Prepared {
    mlir::Value source;
    std::string key;
    mlir::Value memory;
    std::optional<unsigned> buffer; ///< of the arena; none: kept by the session
    size_t loops;                   ///< how many are open around the launch
    size_t validLoops;              ///< how many have to be open for it to be used
  };

  mlir::func::FuncOp source;
  const Signature &signature;
  const Placement &placement;
  KeptLayout &kept;
  const Work &work;
  const KernelTarget &machine;
  KernelLibrary &library;
  ErrorTable &errors;

  mlir::OpBuilder host;
  mlir::func::FuncOp entry;
  mlir::IRMapping indices; // index values of the source -> of the schedule
  ArenaPlan plan;
  llvm::SmallVector<unsigned> arenaOf; // by memory
  /// Constants that become the offset of an arena buffer plus some bytes.
  struct Shift {
    mlir::arith::ConstantOp constant;
    unsigned buffer;
    int64_t offset;
  };
  llvm::SmallVector<Shift> shifts;
  llvm::SmallVector<OpenLoop> loops; // outermost first
  llvm::SmallVector<Prepared> prepared;
  mlir::Operation *current = nullptr;
  /// Of the current operation: its launches with their shares of its FLOPs, and what its buffers
  /// hold.
  llvm::SmallVector<std::pair<schedule::LaunchOp, int64_t>> launchesOfOperation;
  llvm::SmallDenseMap<mlir::Value, mlir::Value> bufferValues;
  unsigned launches = 0, copies = 0;
};

} // namespace dreamer

#endif // DREAMER_PASSES_SCHEDULE_EMITTER_H
