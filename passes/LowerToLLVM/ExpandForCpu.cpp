// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Schedule/ScheduleDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/LowerToLLVM/LowerToLLVM.h"

namespace dreamer {
#define GEN_PASS_DEF_EXPANDFORCPUPASS
#include "passes/LowerToLLVM/LowerToLLVM.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;

namespace {

/// A loop over all ids, and one check at its end.
struct ExpandRequireRange : OpRewritePattern<schedule::RequireRangeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(schedule::RequireRangeOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<MemRefType>(op.getIds().getType());
    int64_t size = type.getNumElements();
    auto index = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(rewriter, loc, value);
    };
    auto id = [&](int64_t value) -> Value {
      return arith::ConstantIntOp::create(rewriter, loc, rewriter.getI32Type(), value);
    };
    Value flat = memref::ReinterpretCastOp::create(
        rewriter, loc, MemRefType::get({size}, type.getElementType()), op.getIds(), 0,
        ArrayRef<int64_t>{size}, ArrayRef<int64_t>{1});
    // id - low, compared without sign with high - low; counted, so that the loop is vectorised.
    Value low = id(op.getLow()), span = id(op.getHigh() - op.getLow());
    auto loop = scf::ForOp::create(
        rewriter, loc, index(0), index(size), index(1), ValueRange{id(0)},
        [&](OpBuilder &builder, Location loc, Value i, ValueRange count) {
          Value given = memref::LoadOp::create(builder, loc, flat, i);
          Value shifted = arith::SubIOp::create(builder, loc, given, low);
          Value outside =
              arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::uge, shifted, span);
          Value one = arith::ExtUIOp::create(builder, loc, builder.getI32Type(), outside);
          Value sum = arith::OrIOp::create(builder, loc, count[0], one);
          scf::YieldOp::create(builder, loc, sum);
        });
    Value valid =
        arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::eq, loop.getResult(0), id(0));
    rewriter.replaceOpWithNewOp<schedule::RequireOp>(op, valid, op.getCode());
    return success();
  }
};

bool isApproximated(StringRef name) {
  static constexpr StringLiteral names[] = {
      math::ExpOp::getOperationName(),   math::ExpM1Op::getOperationName(),
      math::LogOp::getOperationName(),   math::Log2Op::getOperationName(),
      math::Log1pOp::getOperationName(), math::SinOp::getOperationName(),
      math::CosOp::getOperationName(),   math::TanhOp::getOperationName(),
      math::ErfOp::getOperationName()};
  return llvm::is_contained(names, name);
}

class ExpandForCpu : public dreamer::impl::ExpandForCpuPassBase<ExpandForCpu> {
public:
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandRequireRange>(&getContext());
    populateMathPolynomialApproximationPatterns(patterns, isApproximated);
    arith::populateArithExpandOpsPatterns(patterns);
    arith::populateExpandBFloat16Patterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
