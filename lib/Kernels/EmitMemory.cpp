// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory access of kernel bodies.

#include "lib/Kernels/Emit.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
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

Val toBF16(Val x) {
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
  return bitcast(half, b.getBF16Type());
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

Val Mem::widened(Val x) const { return converts ? widen(x) : x; }

Val Mem::narrowed(Val x) const {
  Type element = getType().getElementType();
  return element.isBF16() && !getElementTypeOrSelf(x.getType()).isBF16() ? toBF16(x) : x;
}

Val Mem::load(ArrayRef<Val> at) const {
  Emitter &e = *emitter;
  return widened({e, e.create<memref::LoadOp>(memref, materialize(e, at))});
}

void Mem::store(Val value, ArrayRef<Val> at) const {
  Emitter &e = *emitter;
  Type element = getType().getElementType();
  if (value.isNumber())
    value = e.number(value, element.isBF16() ? e.getBuilder().getF32Type() : element);
  e.create<memref::StoreOp>(narrowed(value).get(), memref, materialize(e, at));
}

Val Mem::load(ArrayRef<Val> at, Lanes lanes) const {
  Emitter &e = *emitter;
  Type element = getType().getElementType();
  auto type = VectorType::get(lanes.width, element);
  if (lanes.full())
    return widened({e, e.create<vector::LoadOp>(type, memref, materialize(e, at))});
  if (!element.isBF16()) {
    SmallVector<bool> present(lanes.width, false);
    std::fill_n(present.begin(), lanes.valid, true);
    auto maskType = VectorType::get(lanes.width, e.getBuilder().getI1Type());
    Value mask = e.create<arith::ConstantOp>(DenseElementsAttr::get(maskType, ArrayRef(present)));
    return {e, e.create<vector::MaskedLoadOp>(type, memref, materialize(e, at), mask,
                                              e.number(0, type).get())};
  }
  // Put together as integers: bf16 is no type of most processors.
  Type i16 = e.getBuilder().getI16Type();
  Value whole = e.number(0, VectorType::get(lanes.width, i16)).get();
  forPieces(lanes.valid, [&](int64_t first, int64_t count) {
    Val piece = {e, e.create<vector::LoadOp>(VectorType::get(count, element), memref,
                                             materialize(e, shifted(at, first)))};
    whole = e.create<vector::InsertStridedSliceOp>(bitcast(piece, i16).get(), whole,
                                                   ArrayRef(first), ArrayRef<int64_t>(1));
  });
  return widened(bitcast({e, whole}, element));
}

void Mem::store(Val value, ArrayRef<Val> at, Lanes lanes) const {
  Emitter &e = *emitter;
  Type element = getType().getElementType();
  if (value.isNumber())
    value =
        e.number(value, VectorType::get(lanes.width,
                                        element.isBF16() ? e.getBuilder().getF32Type() : element));
  Value whole = narrowed(value).get();
  if (lanes.full()) {
    e.create<vector::StoreOp>(whole, memref, materialize(e, at));
    return;
  }
  if (element.isBF16())
    whole = bitcast({e, whole}, e.getBuilder().getI16Type()).get();
  // Masked stores are slow where the mask does not fault for free: store the pieces.
  forPieces(lanes.valid, [&](int64_t first, int64_t count) {
    Val piece = {e, e.create<vector::ExtractStridedSliceOp>(whole, ArrayRef(first), ArrayRef(count),
                                                            ArrayRef<int64_t>(1))};
    if (element.isBF16())
      piece = bitcast(piece, element);
    e.create<vector::StoreOp>(piece.get(), memref, materialize(e, shifted(at, first)));
  });
}

/// Which lanes are below `valid`.
static Value maskOf(Emitter &e, int64_t width, Val valid) {
  auto type = VectorType::get(width, e.getBuilder().getI1Type());
  return e.create<vector::CreateMaskOp>(type, e.materializeIndex(max(valid, 0)));
}

Val Mem::load(ArrayRef<Val> at, int64_t width, Val valid) const {
  Emitter &e = *emitter;
  OpBuilder &b = e.getBuilder();
  Type element = getType().getElementType();
  auto type = VectorType::get(width, element);
  if (!element.isBF16())
    return {e, e.create<vector::MaskedLoadOp>(type, memref, materialize(e, at),
                                              maskOf(e, width, valid), e.number(0, type).get())};
  // Most processors have no masked access to 16-bit elements: lane by lane.
  Vals lanes;
  for (int64_t i = 0; i < width; ++i) {
    auto there = e.create<scf::IfOp>(b.getI16Type(), less(i, valid).get(), /*withElse=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(there.thenBlock());
    Val x = {e, e.create<memref::LoadOp>(memref, materialize(e, shifted(at, i)))};
    e.create<scf::YieldOp>(bitcast(x, b.getI16Type()).get());
    b.setInsertionPointToStart(there.elseBlock());
    e.create<scf::YieldOp>(e.number(0, b.getI16Type()).get());
    lanes.push_back({e, there.getResult(0)});
  }
  return widened(bitcast(fromLanes(lanes), element));
}

void Mem::store(Val value, ArrayRef<Val> at, int64_t width, Val valid) const {
  Emitter &e = *emitter;
  Type element = getType().getElementType();
  value = narrowed(value);
  if (!element.isBF16()) {
    e.create<vector::MaskedStoreOp>(memref, materialize(e, at), maskOf(e, width, valid),
                                    value.get());
    return;
  }
  Val bits = bitcast(value, e.getBuilder().getI16Type());
  for (int64_t i = 0; i < width; ++i)
    e.when(less(i, valid), [&] {
      e.create<memref::StoreOp>(bitcast(lane(bits, i), element).get(), memref,
                                materialize(e, shifted(at, i)));
    });
}

Mem Mem::asItIs() const {
  Mem result = *this;
  result.converts = false;
  return result;
}

Mem Mem::flatInner(unsigned count) const {
  ArrayRef<int64_t> shape = getType().getShape();
  SmallVector<int64_t> flat(shape.drop_back(count));
  flat.push_back(llvm::product_of(shape.take_back(count)));
  Mem result = view(flat);
  result.converts = converts;
  return result;
}

void Mem::prefetch(ArrayRef<Val> at) const {
  Emitter &e = *emitter;
  e.create<memref::PrefetchOp>(memref, materialize(e, at), /*isWrite=*/true, /*localityHint=*/3,
                               /*isDataCache=*/true);
}

void Mem::touch(ArrayRef<Val> at) const {
  Emitter &e = *emitter;
  OpBuilder &b = e.getBuilder();
  Val index = 0;
  for (auto [size, i] : llvm::zip_equal(getType().getShape(), at))
    index = index * size + i;
  Val start = {e, e.create<memref::ExtractAlignedPointerAsIndexOp>(memref)};
  Val address = start + index * static_cast<int64_t>(getType().getElementTypeBitWidth() / 8);
  Value number = e.create<arith::IndexCastOp>(b.getI64Type(), address.get());
  Value pointer = e.create<LLVM::IntToPtrOp>(LLVM::LLVMPointerType::get(b.getContext()), number);
  auto type = VectorType::get(e.vectorLanes(), b.getF32Type());
  e.create<LLVM::LoadOp>(type, pointer, /*alignment=*/1, /*isVolatile=*/true);
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
