// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From options to a call of a builder.

#include "passes/BuildNvidiaKernel/BuildNvidiaKernel.h"
#include "lib/Target/Nvidia/Attention.h"
#include "lib/Target/Nvidia/Gemm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace dreamer {
#define GEN_PASS_DEF_BUILDNVIDIAKERNEL
#include "passes/BuildNvidiaKernel/BuildNvidiaKernel.h.inc"
} // namespace dreamer

using namespace mlir;
using namespace dreamer;
using namespace dreamer::nvidia;

namespace {
struct BuildNvidiaKernelPass : dreamer::impl::BuildNvidiaKernelBase<BuildNvidiaKernelPass> {
  using BuildNvidiaKernelBase::BuildNvidiaKernelBase;

  void runOnOperation() override {
    if (failed(build()))
      signalPassFailure();
  }

private:
  LogicalResult build();
  LogicalResult fail(const Twine &expected, const Twine &found) {
    return getOperation().emitError() << "expected " << expected << ", found " << found;
  }

  /// Calls `builder` with the entry of `table` that the option asks for.
  template <typename Tiling, typename Problem, typename Builder>
  LogicalResult buildWith(ArrayRef<Tiling> table, const Problem &problem, Builder builder) {
    if (tiling >= table.size())
      return fail("a tiling below " + Twine(table.size()), Twine(tiling));
    OpBuilder at = OpBuilder::atBlockEnd(getOperation().getBody());
    return success(
        succeeded(builder(at, getOperation().getLoc(), StringRef(name), problem, table[tiling])));
  }
};
} // namespace

LogicalResult BuildNvidiaKernelPass::build() {
  MLIRContext *context = &getContext();
  Type type = element == "f16"    ? Type(Float16Type::get(context))
              : element == "bf16" ? Type(BFloat16Type::get(context))
                                  : Type();
  if (!type)
    return fail("element f16 or bf16", "'" + element + "'");
  if (getOperation().lookupSymbol(name))
    return fail("a name that is free", "'" + name + "'");
  GemmProblem product{rows, columns, depth, type, Float32Type::get(context)};
  product.a = transposeA ? tile::Order::columns : tile::Order::rows;
  product.b = plainB ? tile::Order::rows : tile::Order::columns;
  AttentionProblem attention{batch, queries, keys, heads, kvHeads, headSize, causal, type};
  if (kernel == "gemm-sm80")
    return buildWith(gemmTilingsSm80(), product, [](auto &&...x) { return buildGemmSm80(x...); });
  if (kernel == "gemm-sm90")
    return buildWith(gemmTilingsSm90(), product, [](auto &&...x) { return buildGemmSm90(x...); });
  if (kernel == "attention-sm80")
    return buildWith(attentionTilingsSm80(), attention, buildAttentionSm80);
  if (kernel == "attention-sm90")
    return buildWith(attentionTilingsSm90(), attention, buildAttentionSm90);
  return fail("kernel gemm-sm80, gemm-sm90, attention-sm80 or attention-sm90", "'" + kernel + "'");
}
