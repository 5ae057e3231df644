// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/FuseProducts/FuseProducts.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dominance.h"
#include "passes/Support/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

namespace dreamer {
#define GEN_PASS_DEF_FUSEPRODUCTS
#include "passes/FuseProducts/FuseProducts.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;

namespace {

/// A product y = x W^T, the operation that reduces it and, if there is one, its adjoint with
/// the two products of the cotangent dy.
struct Group {
  LinearOp product;
  ReducesProductOpInterface reduction;
  Operation *adjoint = nullptr;
  LinearOp dX = {};                // dy W
  LinearWeightGradOp dWeight = {}; // dy^T x

  /// Finds the rest, given product and reduction; otherwise why there is none.
  std::string complete();
  std::string completeAdjoint(Value cotangent);
  /// Whether all that the adjoint needs is known at the reduction.
  bool isKnownInTime(const DominanceInfo &dominance) const;
};

std::string readBy(StringRef what, Operation *reader) {
  return (what + " is also read by '" + reader->getName().getStringRef() + "'").str();
}

std::string Group::complete() {
  if (product.getTranspose() || !product.getSums().empty())
    return "the product is not of the form x W^T";
  Value cotangent;
  for (Operation *user : product->getUsers()) {
    if (user == reduction)
      continue;
    Value ofUser = reduction.getProductCotangent(user);
    if (!ofUser || (cotangent && ofUser != cotangent))
      return readBy("the product", user);
    cotangent = ofUser;
  }
  return cotangent ? completeAdjoint(cotangent) : "";
}

std::string Group::completeAdjoint(Value cotangent) {
  adjoint = cotangent.getDefiningOp();
  for (Operation *user : cotangent.getUsers()) {
    auto linear = dyn_cast<LinearOp>(user);
    auto weightGrad = dyn_cast<LinearWeightGradOp>(user);
    if (linear && !dX && linear.getTranspose() && linear.getSums().empty() &&
        linear.getX() == cotangent && linear.getWeight() == product.getWeight())
      dX = linear;
    else if (weightGrad && !dWeight && weightGrad.getSums().empty() &&
             weightGrad.getDResult() == cotangent && weightGrad.getX() == product.getX())
      dWeight = weightGrad;
    else
      return readBy("the product's cotangent", user);
  }
  if (!dX || !dWeight)
    return "the cotangent of one factor only is asked for";
  return "";
}

bool Group::isKnownInTime(const DominanceInfo &dominance) const {
  return !adjoint || llvm::all_of(adjoint->getOperands(), [&](Value operand) {
    Operation *definition = operand.getDefiningOp();
    return definition == product || definition == reduction ||
           dominance.properlyDominates(operand, reduction);
  });
}

struct FuseProductsPass : dreamer::impl::FuseProductsBase<FuseProductsPass> {
  using FuseProductsBase::FuseProductsBase;

  void runOnOperation() override {
    if (when == When::Never)
      return;
    SmallVector<ReducesProductOpInterface> reductions;
    getOperation().walk([&](ReducesProductOpInterface op) { reductions.push_back(op); });
    for (ReducesProductOpInterface reduction : reductions)
      if (auto product = reduction.getProduct().getDefiningOp<LinearOp>())
        visit({product, reduction});
  }

private:
  void visit(Group group) {
    std::string problem = group.complete();
    if (problem.empty() && !group.isKnownInTime(getAnalysis<DominanceInfo>()))
      problem = "the cotangent of the loss is not known where the loss is";
    int64_t bytes = bytesOf(group.product.getResult());
    if (problem.empty() && when == When::Auto && bytes < minBytes)
      problem =
          llvm::formatv("a product of {0} KiB stays in a cache while it is read; from {1} KiB "
                        "on, its memory is worth saving",
                        bytes / 1024, minBytes / 1024);
    if (!problem.empty()) {
      remarkRefused(group.reduction, "FuseProducts") << remark::reason("{0}", problem);
      return;
    }
    remarkMade(group.reduction, "FuseProducts")
        << remark::reason("{0} KiB{1} are made and reduced some rows at a time", bytes / 1024,
                          group.adjoint ? ", and as many of their cotangent," : "");
    fuse(group);
    ++fused;
  }

  void fuse(Group group) {
    OpBuilder builder(group.reduction);
    SmallVector<Value> values =
        group.reduction.buildFromFactors(builder, group.product.getX(), group.product.getWeight(),
                                         group.product.getFullPrecision(), group.adjoint);
    ArrayRef<Value> results(values);
    unsigned own = group.reduction->getNumResults();
    group.reduction->replaceAllUsesWith(results.take_front(own));
    if (group.adjoint) {
      group.dX.replaceAllUsesWith(results[own]);
      group.dWeight.replaceAllUsesWith(results[own + 1]);
      group.dX.erase();
      group.dWeight.erase();
      group.adjoint->erase();
    }
    group.reduction->erase();
    group.product.erase();
  }
};

} // namespace
