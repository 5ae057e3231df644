// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A host schedule of one operation that only remembers what is launched.

#ifndef DREAMER_TEST_UNIT_KERNELS_RECORDEDSCHEDULE_H
#define DREAMER_TEST_UNIT_KERNELS_RECORDEDSCHEDULE_H

#include "lib/Kernels/KernelOpInterface.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include <string>
#include <vector>

namespace dreamer::test {

/// A schedule that remembers its launches and makes a function of each kernel.
class RecordedSchedule : public ScheduleBuilder {
public:
  struct Launch {
    std::string function;
    int64_t tasks;
    llvm::SmallVector<mlir::Value> arguments;
  };

  RecordedSchedule(mlir::Operation *op, mlir::ModuleOp kernels, const KernelTarget &kernelTarget)
      : op(op), kernels(kernels), kernelTarget(kernelTarget), hostBuilder(op->getContext()) {
    hostBuilder.setInsertionPointToStart(&host);
  }

  mlir::Operation *operation() const override { return op; }
  const KernelTarget &target() const override { return kernelTarget; }
  mlir::OpBuilder &builder() override { return hostBuilder; }
  mlir::Location loc() const override { return op->getLoc(); }

  mlir::Value buffer(mlir::Value value) override;

  mlir::Value scratch(mlir::MemRefType type) override {
    scratches.push_back(host.addArgument(type, loc()));
    return scratches.back();
  }

  void launch(llvm::StringRef name, mlir::OpFoldResult tasks, mlir::ValueRange arguments,
              KernelBody body, int64_t contractions) override;
  void requireRange(mlir::Value, int64_t, int64_t, llvm::StringRef) override {}

  mlir::Operation *op;
  mlir::ModuleOp kernels;
  const KernelTarget &kernelTarget;
  mlir::Block host;
  mlir::OpBuilder hostBuilder;
  llvm::DenseMap<mlir::Value, mlir::Value> buffers;
  llvm::SmallVector<mlir::Value> scratches;
  std::vector<Launch> launches;
};

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_KERNELS_RECORDEDSCHEDULE_H
