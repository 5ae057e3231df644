// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory access of kernel bodies.

#include "lib/Kernels/Emit.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace dreamer::kernels {

static Type withElement(Type like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like))
    return VectorType::get(vector.getShape(), element);
  return element;
}

static Val bitcast(Val x, Type element) {
  Emitter &e = x.getEmitter();
  return {e, e.create<arith::BitcastOp>(withElement(x.getType(), element), x.get())};
}

/// bf16 is the upper half of an f32: widening is a shift, on every machine.
static Val widen(Val x) {
  if (!getElementTypeOrSelf(x.getType()).isBF16())
    return x;
  Emitter &e = x.getEmitter();
  OpBuilder &b = e.getBuilder();
  Val bits = bitcast(x, b.getI16Type());
  bits = {e, e.create<arith::ExtUIOp>(withElement(x.getType(), b.getI32Type()), bits.get())};
  bits = {e, e.create<arith::ShLIOp>(bits.get(), e.number(16, bits.getType()).get())};
  return bitcast(bits, b.getF32Type());
}

/// Rounds f32 to the nearest bf16, ties to even; not a number stays so.
static Val narrow(Val x, Type element) {
  if (!element.isBF16())
    return x;
  Emitter &e = x.getEmitter();
  OpBuilder &b = e.getBuilder();
  auto shift = [&](Val v) -> Val {
    return {e, e.create<arith::ShRUIOp>(v.get(), e.number(16, v.getType()).get())};
  };
  Val bits = bitcast(x, b.getI32Type());
  Val odd = both(shift(bits), 1);
  Val rounded = shift(bits + odd + 0x7fff);
  rounded = select(equal(x, x), rounded, 0x7fc0);
  Type halfType = withElement(x.getType(), b.getI16Type());
  Val half = {e, e.create<arith::TruncIOp>(halfType, rounded.get())};
  return bitcast(half, element);
}

static SmallVector<Value> materialize(Emitter &e, ArrayRef<Val> at) {
  SmallVector<Value> indices;
  for (Val i : at)
    indices.push_back(e.materializeIndex(i));
  return indices;
}

/// Runs `body(first, count)` for the powers of two that make up `valid`.
static void forPieces(int64_t valid, function_ref<void(int64_t, int64_t)> body) {
  for (int64_t first = 0; first < valid;) {
    auto count = static_cast<int64_t>(llvm::bit_floor(static_cast<uint64_t>(valid - first)));
    body(first, count);
    first += count;
  }
}

static SmallVector<Val> shifted(ArrayRef<Val> at, int64_t by) {
  SmallVector<Val> result(at);
  result.back() = result.back() + by;
  return result;
}

Val Mem::load(ArrayRef<Val> at) const {
  Emitter &e = *emitter;
  return widen({e, e.create<memref::LoadOp>(memref, materialize(e, at))});
}

void Mem::store(Val value, ArrayRef<Val> at) const {
  Emitter &e = *emitter;
  Type element = getType().getElementType();
  if (value.isNumber())
    value = e.number(value, element.isBF16() ? e.getBuilder().getF32Type() : element);
  e.create<memref::StoreOp>(narrow(value, element).get(), memref, materialize(e, at));
}

Val Mem::load(ArrayRef<Val> at, Lanes lanes) const {
  Emitter &e = *emitter;
  Type element = getType().getElementType();
  auto type = VectorType::get(lanes.width, element);
  if (lanes.full())
    return widen({e, e.create<vector::LoadOp>(type, memref, materialize(e, at))});
  if (!element.isBF16()) {
    SmallVector<bool> present(lanes.width, false);
    std::fill_n(present.begin(), lanes.valid, true);
    auto maskType = VectorType::get(lanes.width, e.getBuilder().getI1Type());
    Value mask = e.create<arith::ConstantOp>(DenseElementsAttr::get(maskType, ArrayRef(present)));
    return {e, e.create<vector::MaskedLoadOp>(type, memref, materialize(e, at), mask,
                                              e.number(0, type).get())};
  }
  Value whole = e.number(0, type).get();
  forPieces(lanes.valid, [&](int64_t first, int64_t count) {
    Value piece = e.create<vector::LoadOp>(VectorType::get(count, element), memref,
                                           materialize(e, shifted(at, first)));
    whole =
        e.create<vector::InsertStridedSliceOp>(piece, whole, ArrayRef(first), ArrayRef<int64_t>(1));
  });
  return widen({e, whole});
}

void Mem::store(Val value, ArrayRef<Val> at, Lanes lanes) const {
  Emitter &e = *emitter;
  Type element = getType().getElementType();
  if (value.isNumber())
    value =
        e.number(value, VectorType::get(lanes.width,
                                        element.isBF16() ? e.getBuilder().getF32Type() : element));
  Value whole = narrow(value, element).get();
  if (lanes.full()) {
    e.create<vector::StoreOp>(whole, memref, materialize(e, at));
    return;
  }
  // Masked stores are slow where the mask does not fault for free: store the pieces.
  forPieces(lanes.valid, [&](int64_t first, int64_t count) {
    Value piece = e.create<vector::ExtractStridedSliceOp>(whole, ArrayRef(first), ArrayRef(count),
                                                          ArrayRef<int64_t>(1));
    e.create<vector::StoreOp>(piece, memref, materialize(e, shifted(at, first)));
  });
}

Mem Mem::view(ArrayRef<int64_t> shape) const {
  Emitter &e = *emitter;
  MemRefType type = getType();
  if (type.getShape() == shape)
    return *this;
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  auto viewType = MemRefType::get(shape, type.getElementType(), MemRefLayoutAttrInterface(),
                                  type.getMemorySpace());
  return {e, e.create<memref::ReinterpretCastOp>(viewType, memref, /*offset=*/0, shape, strides)};
}

int64_t Mem::features() const { return getType().getRank() == 0 ? 1 : getType().getShape().back(); }

Mem Mem::rows() const { return view({size() / features(), features()}); }

} // namespace dreamer::kernels
