// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which products exist: one function for each family of accumulators. The table is in the
// operation's description.

#include "dialects/Tile/TileDialect.h"

using namespace mlir;

namespace dreamer::tile {

using EmitError = llvm::function_ref<InFlightDiagnostic()>;

/// A factor, a place or a value.
namespace {
struct Factor {
  Type type;
  MemType mem;
  RegType reg;

  explicit Factor(Type type)
      : type(type), mem(dyn_cast<MemType>(type)), reg(dyn_cast<RegType>(type)) {}
  ArrayRef<int64_t> shape() const { return mem ? mem.getShape() : reg.getShape(); }
  Type element() const { return mem ? mem.getElementType() : reg.getElementType(); }
  bool isSixteenBit() const { return element().isBF16() || element().isF16(); }
  bool isPlace(Order order, Form form) const {
    return mem && mem.getOrder() == order && mem.getForm() == form;
  }
  bool isShared() const { return mem && mem.getSpace() == Space::shared; }
  bool isReg(Layout layout) const { return reg && reg.getLayout() == layout && !reg.getSlice(); }
};
} // namespace

static LogicalResult expectFactor(EmitError error, bool right, StringRef side, StringRef expected,
                                  const Factor &found) {
  if (right)
    return success();
  return error() << "expected " << expected << " as the " << side << " factor, found "
                 << found.type;
}

static LogicalResult checkVectors(EmitError error, const Factor &a, const Factor &b) {
  auto isFloat = [](const Factor &f) { return f.element().isF32() || f.element().isBF16(); };
  bool pairs = b.isPlace(Order::rows, Form::pairs) && a.element().isBF16();
  bool left = a.mem && a.mem.getForm() == Form::plain && isFloat(a);
  if (failed(expectFactor(error, left, "left", "a plain place of f32 or bf16", a)))
    return failure();
  bool right = isFloat(b) && (pairs || b.isPlace(Order::rows, Form::plain));
  return expectFactor(error, right, "right",
                      "a place of f32 or bf16 in the order rows (pairs: both bf16)", b);
}

static LogicalResult checkAmx(EmitError error, const Factor &a, const Factor &b) {
  bool left = a.isPlace(Order::rows, Form::plain) && a.element().isBF16() && a.shape()[1] % 32 == 0;
  if (failed(expectFactor(error, left, "left",
                          "a place of bf16 in the order rows, a multiple of 32 deep,", a)))
    return failure();
  return expectFactor(error, b.isPlace(Order::rows, Form::pairs) && b.element().isBF16(), "right",
                      "a place of bf16 in pairs", b);
}

static LogicalResult checkMma(EmitError error, const Factor &a, const Factor &b, RegType acc) {
  auto belongs = [&](const Factor &f, Layout layout) {
    return f.isReg(layout) && f.reg.getWarps() == acc.getWarps();
  };
  if (failed(expectFactor(error, belongs(a, Layout::mma_a) && a.isSixteenBit(), "left",
                          "a value in mma_a with the accumulators' warps", a)))
    return failure();
  return expectFactor(error, belongs(b, Layout::mma_b) && b.element() == a.element(), "right",
                      "a value in mma_b with the accumulators' warps", b);
}

static LogicalResult checkWgmma(EmitError error, const Factor &a, const Factor &b, RegType acc) {
  if (acc.getColumns() > 256)
    return error() << "expected at most 256 columns of wgmma_c, found " << acc.getColumns();
  bool left =
      a.isSixteenBit() && a.shape()[1] % 16 == 0 && (a.isReg(Layout::wgmma_a) || a.isShared());
  if (failed(expectFactor(error, left, "left",
                          "a shared place or a value in wgmma_a of 16-bit elements, a multiple of "
                          "16 deep,",
                          a)))
    return failure();
  return expectFactor(error, b.isShared() && b.element() == a.element(), "right",
                      "a shared place of the same elements", b);
}

LogicalResult MmaOp::check(EmitError error, Type aType, Type bType, RegType acc) {
  Factor a(aType), b(bType);
  if (a.shape()[0] != acc.getRows() || b.shape()[1] != acc.getColumns() ||
      a.shape()[1] != b.shape()[0])
    return error() << "expected factors MxK and KxN of accumulators MxN, found " << aType << ", "
                   << bType << " and " << acc;
  if (!acc.getElementType().isF32() || acc.getSlice())
    return error() << "expected accumulators of f32, found " << acc;
  switch (acc.getLayout()) {
  case Layout::vectors:
    return checkVectors(error, a, b);
  case Layout::amx_c:
    return checkAmx(error, a, b);
  case Layout::mma_c:
    return checkMma(error, a, b, acc);
  case Layout::wgmma_c:
    return checkWgmma(error, a, b, acc);
  case Layout::mma_a:
  case Layout::mma_b:
  case Layout::wgmma_a:
  case Layout::blocked:
    return error() << "expected accumulators in vectors, amx_c, mma_c or wgmma_c, found " << acc;
  }
  return failure();
}

LogicalResult MmaOp::verify() {
  return check([this] { return emitOpError(); }, getA().getType(), getB().getType(),
               getAcc().getType());
}

LogicalResult MmaStartOp::verify() {
  auto pending = dyn_cast<PendingType>(getAcc().getType());
  RegType acc = pending ? pending.getTile() : cast<RegType>(getAcc().getType());
  if (getType().getTile() != acc)
    return emitOpError("expected ") << acc << " in flight, found " << getType();
  return MmaOp::check([this] { return emitOpError(); }, getA().getType(), getB().getType(), acc);
}

LogicalResult MmaWaitOp::verify() {
  PendingType pending = getPending().getType();
  Type expected = getOutstanding() == 0 ? Type(pending.getTile()) : Type(pending);
  if (getResult().getType() == expected)
    return success();
  return emitOpError("expected ") << expected << " where " << getOutstanding()
                                  << " stay in flight, found " << getResult().getType();
}

} // namespace dreamer::tile
