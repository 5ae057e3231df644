// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Families of layouts are looked up; everything else is tried by runs without data.

#include "passes/CheckTileProtocol/CheckTileProtocol.h"
#include "dialects/Tile/TileDialect.h"
#include "lib/TileRun/TileRun.h"

namespace dreamer {
#define GEN_PASS_DEF_CHECKTILEPROTOCOL
#include "passes/CheckTileProtocol/CheckTileProtocol.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;

namespace {
enum class Family { any, x86, nvidia };

Family familyOf(tile::Layout layout) {
  return layout == tile::Layout::vectors || layout == tile::Layout::amx_c ? Family::x86
                                                                          : Family::nvidia;
}

/// The family that an operation belongs to.
Family familyOf(Operation *op) {
  if (isa<tile::RingOp, tile::RolesOp, tile::MmaStartOp>(op))
    return Family::nvidia;
  for (Type type : op->getResultTypes())
    if (auto reg = dyn_cast<tile::RegType>(type))
      return familyOf(reg.getLayout());
  return Family::any;
}

StringRef nameOf(Family family) { return family == Family::x86 ? "x86" : "NVIDIA"; }

LogicalResult checkFamilies(func::FuncOp function) {
  Operation *first = nullptr;
  WalkResult walked = function.walk([&](Operation *op) {
    Family family = familyOf(op);
    if (family == Family::any || (first && familyOf(first) == family))
      return WalkResult::advance();
    if (!first) {
      first = op;
      return WalkResult::advance();
    }
    InFlightDiagnostic error = op->emitOpError("expected operations and layouts of one family of "
                                               "targets in a function, found those of ")
                               << nameOf(family) << " beside those of " << nameOf(familyOf(first));
    error.attachNote(first->getLoc()) << "the first of " << nameOf(familyOf(first)) << " is here";
    return WalkResult::interrupt();
  });
  return failure(walked.wasInterrupted());
}

struct CheckTileProtocolPass : dreamer::impl::CheckTileProtocolBase<CheckTileProtocolPass> {
  using CheckTileProtocolBase::CheckTileProtocolBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(checkTileProtocol(function, budget)))
        signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace

LogicalResult dreamer::checkTileProtocol(func::FuncOp function, int64_t budget) {
  bool hasTiles = false, hasProtocol = false;
  function.walk([&](Operation *op) {
    hasTiles |= isa<tile::TileDialect>(op->getDialect());
    hasProtocol |= isa<tile::RingOp, tile::RolesOp, tile::MmaStartOp, tile::BarrierOp>(op);
  });
  if (hasTiles && failed(checkFamilies(function)))
    return failure();
  for (unsigned trial = 0; hasProtocol && trial < tilerun::protocolTrials; ++trial)
    if (failed(tilerun::tryProtocol(function, trial, budget)))
      return failure();
  return success();
}
