// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Schedule/ScheduleDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/LowerToLLVM/LowerToLLVM.h"

namespace dreamer {
#define GEN_PASS_DEF_ENDENTRIESPASS
#include "passes/LowerToLLVM/LowerToLLVM.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;

namespace {

/// Splits the block at the check: on to the rest, or to the block that returns the code.
void branchOnFailure(schedule::RequireOp op, Block *fail) {
  Block *block = op->getBlock();
  Block *rest = block->splitBlock(op->getNextNode());
  OpBuilder builder(op);
  Value code =
      arith::ConstantIntOp::create(builder, op.getLoc(), builder.getI32Type(), op.getCode());
  cf::CondBranchOp::create(builder, op.getLoc(), op.getCondition(), rest, ValueRange(), fail, code);
  op.erase();
}

void endEntry(func::FuncOp entry) {
  MLIRContext *context = entry.getContext();
  OpBuilder builder(context);
  Type i32 = builder.getI32Type();
  Location loc = entry.getLoc();
  (void)entry.insertArgument(0, LLVM::LLVMPointerType::get(context), DictionaryAttr(), loc);
  entry.setFunctionType(builder.getFunctionType(entry.getArgumentTypes(), i32));

  SmallVector<schedule::RequireOp> checks;
  SmallVector<func::ReturnOp> returns;
  entry.walk([&](Operation *op) {
    if (auto check = dyn_cast<schedule::RequireOp>(op))
      checks.push_back(check);
    else if (auto ret = dyn_cast<func::ReturnOp>(op))
      returns.push_back(ret);
  });
  for (func::ReturnOp ret : returns) {
    builder.setInsertionPoint(ret);
    Value zero = arith::ConstantIntOp::create(builder, loc, i32, 0);
    func::ReturnOp::create(builder, loc, zero);
    ret.erase();
  }
  if (checks.empty())
    return;
  Block *fail = builder.createBlock(&entry.getBody(), entry.getBody().end(), i32, loc);
  func::ReturnOp::create(builder, loc, fail->getArgument(0));
  for (schedule::RequireOp check : checks)
    branchOnFailure(check, fail);
}

class EndEntries : public dreamer::impl::EndEntriesPassBase<EndEntries> {
public:
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(schedule::attribute::entry))
        endEntry(function);
  }
};

} // namespace
