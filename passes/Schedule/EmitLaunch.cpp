// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Launches, and what is said of them for profiles: their part of the model and their work.

#include "lib/Cost/Parts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "passes/Schedule/Accesses.h"
#include "passes/Schedule/Emitter.h"

using namespace mlir;
using namespace dreamer;

void Emitter::launch(StringRef name, OpFoldResult tasks, ValueRange arguments, KernelBody body,
                     int64_t contractions) {
  func::FuncOp kernel =
      library.get(current, launchesOfOperation.size(), name, arguments.getTypes(), body);
  Value count = isa<Value>(tasks) ? cast<Value>(tasks) : constant(*getConstantIntValue(tasks));
  launchesOfOperation.push_back(
      {createLaunch(kernel, count, arguments, /*inLoop=*/true), contractions});
}

/// The step of `recur` that is being emitted, counted through windows.
Value Emitter::stepOf(RecurOp recur) {
  Value step = indices.lookup(recur.getIndex());
  auto windows = recur->getParentOfType<RecurOp>();
  if (!windows || !recur->hasAttr(attribute::window))
    return step;
  Value first = arith::MulIOp::create(host, recur.getLoc(), indices.lookup(windows.getIndex()),
                                      constant(recur.getBound()));
  return arith::AddIOp::create(host, recur.getLoc(), first, step);
}

schedule::LaunchOp Emitter::createLaunch(func::FuncOp kernel, Value tasks, ValueRange arguments,
                                         bool inLoop) {
  Value step;
  if (auto recur = current->getParentOfType<RecurOp>(); recur && inLoop)
    step = stepOf(recur);
  auto launch = schedule::LaunchOp::create(
      host, loc(), FlatSymbolRefAttr::get(kernel.getSymNameAttr()), tasks, step, arguments,
      host.getStringAttr(partOf(current)), host.getI64IntegerAttr(0), nullptr, nullptr, nullptr);
  countBytes(launch, kernel);
  ++launches;
  return launch;
}

/// Scratch counts whole, values of the operation as far as it touches them.
void Emitter::countBytes(schedule::LaunchOp launch, func::FuncOp kernel) {
  int64_t read = 0, written = 0;
  for (auto [argument, inside] : llvm::zip(launch.getArguments(), kernel.getArguments())) {
    auto type = dyn_cast<MemRefType>(argument.getType());
    if (!type)
      continue;
    Value value = bufferValues.lookup(argument);
    int64_t bytes = value ? work.touchedBytes(current, value)
                          : type.getNumElements() * type.getElementTypeBitWidth() / 8;
    Accesses accesses = Accesses::of(inside);
    read += accesses.reads ? bytes : 0;
    written += accesses.writes ? bytes : 0;
  }
  launch.setBytesRead(read);
  launch.setBytesWritten(written);
}

/// Divides the operation's FLOPs among its launches.
void Emitter::shareContractions() {
  int64_t left = work.flopsOf(current), total = 0;
  if (launchesOfOperation.empty() || left == 0)
    return;
  for (auto &[launch, contractions] : launchesOfOperation)
    total += contractions;
  if (total == 0)
    total = launchesOfOperation.back().second = 1;
  for (auto &[launch, contractions] : launchesOfOperation) {
    int64_t flops = total == contractions ? left : left / total * contractions;
    launch.setFlops(flops);
    left -= flops;
    total -= contractions;
  }
}
