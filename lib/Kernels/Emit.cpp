// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values and control flow of kernel bodies; memory is in EmitMemory.cpp.

#include "lib/Kernels/Emit.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace dreamer::kernels {

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static bool isFloat(Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); }

static Type withElement(Type like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like))
    return VectorType::get(vector.getShape(), element);
  return element;
}

/// Gives both operands one type: numbers become constants, scalars meet vectors by splat.
static Emitter &unify(Val &a, Val &b) {
  Emitter &e = a.isNumber() ? b.getEmitter() : a.getEmitter();
  if (a.isNumber())
    a = e.number(a, b.getType());
  if (b.isNumber())
    b = e.number(b, a.getType());
  if (auto vector = dyn_cast<VectorType>(a.getType()); vector && !isa<VectorType>(b.getType()))
    b = splat(b, vector.getNumElements());
  else if (auto vector = dyn_cast<VectorType>(b.getType()); vector && !isa<VectorType>(a.getType()))
    a = splat(a, vector.getNumElements());
  return e;
}

template <typename FloatOp, typename IntOp>
static Val binary(Val a, Val b) {
  Emitter &e = unify(a, b);
  if (isFloat(a.getType()))
    return {e, e.create<FloatOp>(a.get(), b.get())};
  return {e, e.create<IntOp>(a.get(), b.get())};
}

Val operator+(Val a, Val b) {
  if (a.isNumber() && b.isNumber())
    return a.isInteger() && b.isInteger() ? Val(a.getInteger() + b.getInteger())
                                          : Val(a.getNumber() + b.getNumber());
  if (a.isInteger(0))
    return b;
  if (b.isInteger(0))
    return a;
  return binary<arith::AddFOp, arith::AddIOp>(a, b);
}

Val operator-(Val a, Val b) {
  if (a.isNumber() && b.isNumber())
    return a.isInteger() && b.isInteger() ? Val(a.getInteger() - b.getInteger())
                                          : Val(a.getNumber() - b.getNumber());
  if (b.isInteger(0))
    return a;
  return binary<arith::SubFOp, arith::SubIOp>(a, b);
}

Val operator*(Val a, Val b) {
  if (a.isNumber() && b.isNumber())
    return a.isInteger() && b.isInteger() ? Val(a.getInteger() * b.getInteger())
                                          : Val(a.getNumber() * b.getNumber());
  if (a.isInteger(1))
    return b;
  if (b.isInteger(1))
    return a;
  if ((a.isInteger(0) && !isFloat(b.getType())) || (b.isInteger(0) && !isFloat(a.getType())))
    return 0;
  return binary<arith::MulFOp, arith::MulIOp>(a, b);
}

Val operator/(Val a, Val b) {
  if (a.isInteger() && b.isInteger())
    return a.getInteger() / b.getInteger();
  if (a.isNumber() && b.isNumber())
    return a.getNumber() / b.getNumber();
  if (b.isInteger(1))
    return a;
  return binary<arith::DivFOp, arith::DivUIOp>(a, b);
}

Val operator%(Val a, Val b) {
  if (a.isInteger() && b.isInteger())
    return a.getInteger() % b.getInteger();
  if (b.isInteger(1))
    return 0;
  return binary<arith::RemFOp, arith::RemUIOp>(a, b);
}

Val operator-(Val a) {
  if (a.isNumber())
    return a.isInteger() ? Val(-a.getInteger()) : Val(-a.getNumber());
  Emitter &e = a.getEmitter();
  return {e, e.create<arith::NegFOp>(a.get())};
}

static Val compare(Val a, Val b, arith::CmpFPredicate floats, arith::CmpIPredicate integers) {
  Emitter &e = unify(a, b);
  if (isFloat(a.getType()))
    return {e, e.create<arith::CmpFOp>(floats, a.get(), b.get())};
  return {e, e.create<arith::CmpIOp>(integers, a.get(), b.get())};
}

Val less(Val a, Val b) {
  if (a.isNumber() && b.isNumber())
    return static_cast<int64_t>(a.getNumber() < b.getNumber());
  return compare(a, b, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt);
}

Val equal(Val a, Val b) {
  if (a.isNumber() && b.isNumber())
    return static_cast<int64_t>(a.getNumber() == b.getNumber());
  return compare(a, b, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq);
}

Val both(Val a, Val b) {
  Emitter &e = unify(a, b);
  return {e, e.create<arith::AndIOp>(a.get(), b.get())};
}

Val select(Val condition, Val yes, Val no) {
  if (condition.isNumber())
    return condition.getInteger() ? yes : no;
  Emitter &e = unify(yes, no);
  return {e, e.create<arith::SelectOp>(condition.get(), yes.get(), no.get())};
}

Val min(Val a, Val b) {
  if (a.isInteger() && b.isInteger())
    return std::min(a.getInteger(), b.getInteger());
  Emitter &e = unify(a, b);
  if (isFloat(a.getType()))
    return select(less(a, b), a, b);
  return {e, e.create<arith::MinSIOp>(a.get(), b.get())};
}

Val max(Val a, Val b) {
  if (a.isInteger() && b.isInteger())
    return std::max(a.getInteger(), b.getInteger());
  Emitter &e = unify(a, b);
  if (isFloat(a.getType()))
    return select(less(b, a), a, b);
  return {e, e.create<arith::MaxSIOp>(a.get(), b.get())};
}

Val fma(Val a, Val b, Val c) {
  unify(a, b);
  unify(b, c);
  Emitter &e = unify(a, c);
  if (isa<VectorType>(a.getType()))
    return {e, e.create<vector::FMAOp>(a.get(), b.get(), c.get())};
  return {e, e.create<math::FmaOp>(a.get(), b.get(), c.get())};
}

template <typename OpT>
static Val unary(Val x) {
  Emitter &e = x.getEmitter();
  return {e, e.create<OpT>(x.get())};
}

Val sqrt(Val x) { return unary<math::SqrtOp>(x); }
Val exp(Val x) { return unary<math::ExpOp>(x); }
Val log(Val x) { return unary<math::LogOp>(x); }
Val roundEven(Val x) { return unary<math::RoundEvenOp>(x); }
Val sigmoid(Val x) { return 1.0 / (exp(-x) + 1.0); }

static Val reduce(Val x, vector::CombiningKind kind) {
  Emitter &e = x.getEmitter();
  if (cast<VectorType>(x.getType()).getNumElements() == 1)
    return lane(x, 0);
  // Reassociation permits a tree; the order is fixed when the kernel is compiled.
  return {e, e.create<vector::ReductionOp>(kind, x.get(), arith::FastMathFlags::reassoc)};
}

Val sumLanes(Val x) { return reduce(x, vector::CombiningKind::ADD); }
Val maxLanes(Val x) {
  return reduce(x, isFloat(x.getType()) ? vector::CombiningKind::MAXNUMF
                                        : vector::CombiningKind::MAXSI);
}
Val minLanes(Val x) {
  return reduce(x, isFloat(x.getType()) ? vector::CombiningKind::MINNUMF
                                        : vector::CombiningKind::MINSI);
}

Val convert(Val x, Type element) {
  if (x.isNumber()) // takes the type of what it meets
    return x;
  Emitter &e = x.getEmitter();
  Type from = getElementTypeOrSelf(x.getType()), to = withElement(x.getType(), element);
  if (from == element)
    return x;
  bool fromFloat = isa<FloatType>(from), toFloat = isa<FloatType>(element);
  if (fromFloat && toFloat) {
    if (from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
      return {e, e.create<arith::ExtFOp>(to, x.get())};
    return {e, e.create<arith::TruncFOp>(to, x.get())};
  }
  if (fromFloat)
    return {e, e.create<arith::FPToSIOp>(to, x.get())};
  if (toFloat) {
    if (isa<IndexType>(from))
      return convert(convert(x, e.getBuilder().getI64Type()), element);
    return {e, e.create<arith::SIToFPOp>(to, x.get())};
  }
  if (isa<IndexType>(from) || isa<IndexType>(element))
    return {e, e.create<arith::IndexCastOp>(to, x.get())};
  if (from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
    return {e, e.create<arith::ExtSIOp>(to, x.get())};
  return {e, e.create<arith::TruncIOp>(to, x.get())};
}

Val splat(Val x, int64_t width) {
  Emitter &e = x.getEmitter();
  return {e, e.create<vector::BroadcastOp>(VectorType::get(width, x.getType()), x.get())};
}

Val lane(Val x, int64_t i) {
  Emitter &e = x.getEmitter();
  return {e, e.create<vector::ExtractOp>(x.get(), i)};
}

Val fromLanes(ArrayRef<Val> lanes) {
  Emitter &e = lanes.front().getEmitter();
  SmallVector<Value> elements;
  for (Val x : lanes)
    elements.push_back(x.get());
  auto type = VectorType::get(static_cast<int64_t>(lanes.size()), elements.front().getType());
  return {e, e.create<vector::FromElementsOp>(type, elements)};
}

Val dotPairs(Val acc, Val a, Val b) {
  Emitter &e = acc.getEmitter();
  auto dot = e.create<LLVM::CallIntrinsicOp>(
      acc.getType(), e.getBuilder().getStringAttr("llvm.x86.avx512bf16.dpbf16ps.512"),
      ValueRange{acc.get(), a.get(), b.get()});
  return {e, dot.getResult(0)};
}

Val splatPair(Val pair, int64_t pairs) {
  Emitter &e = pair.getEmitter();
  OpBuilder &b = e.getBuilder();
  Val bits = {e, e.create<vector::BitCastOp>(VectorType::get(1, b.getI32Type()), pair.get())};
  return {e, e.create<vector::BitCastOp>(VectorType::get(2 * pairs, b.getBF16Type()),
                                         splat(lane(bits, 0), pairs).get())};
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

int64_t Emitter::lanesFor(int64_t n) const {
  return std::min<int64_t>(vectorLanes(), llvm::PowerOf2Ceil(n));
}

Val Emitter::index(int64_t n) { return {*this, create<arith::ConstantIndexOp>(n)}; }

Val Emitter::number(Val n, Type type) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr attr;
  if (isa<FloatType>(element))
    attr = FloatAttr::get(element, n.getNumber());
  else
    attr = IntegerAttr::get(element, n.getInteger());
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return {*this, create<arith::ConstantOp>(attr)};
}

Val Emitter::f32(double x) { return number(x, builder.getF32Type()); }

Val Emitter::f32(double x, int64_t width) {
  return number(x, VectorType::get(width, builder.getF32Type()));
}

Val Emitter::f64(ArrayRef<double> lanes) {
  auto type = VectorType::get(static_cast<int64_t>(lanes.size()), builder.getF64Type());
  return {*this, create<arith::ConstantOp>(DenseElementsAttr::get(type, lanes))};
}

Val Emitter::iota(int64_t width) {
  SmallVector<int32_t> lanes;
  for (int64_t i = 0; i < width; ++i)
    lanes.push_back(static_cast<int32_t>(i));
  auto type = VectorType::get(width, builder.getI32Type());
  return {*this, create<arith::ConstantOp>(DenseElementsAttr::get(type, ArrayRef(lanes)))};
}

Value Emitter::materialize(Val v, Type like) {
  return v.isNumber() ? number(v, like).get() : v.get();
}

Value Emitter::materializeIndex(Val v) { return materialize(v, builder.getIndexType()); }

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

void Emitter::loop(Val from, Val to, Val step, function_ref<void(Val)> body) {
  loop(from, to, step, {}, [&](Val i, ArrayRef<Val>) -> Vals {
    body(i);
    return {};
  });
}

Vals Emitter::loop(Val from, Val to, Val step, ArrayRef<Val> initial,
                   function_ref<Vals(Val, ArrayRef<Val>)> body) {
  if (from.isInteger() && to.isInteger() && step.isInteger()) {
    int64_t trips = std::max<int64_t>(
        0, llvm::divideCeilSigned(to.getInteger() - from.getInteger(), step.getInteger()));
    if (trips == 0)
      return Vals(initial);
    if (trips == 1)
      return body(from, initial);
  }
  SmallVector<Value> operands;
  for (Val v : initial)
    operands.push_back(v.get());
  auto loop = create<scf::ForOp>(materializeIndex(from), materializeIndex(to),
                                 materializeIndex(step), operands);
  OpBuilder::InsertionGuard guard(builder);
  if (operands.empty())
    builder.setInsertionPoint(loop.getBody()->getTerminator());
  else
    builder.setInsertionPointToStart(loop.getBody());
  Vals carried;
  for (Value v : loop.getRegionIterArgs())
    carried.push_back({*this, v});
  Vals next = body({*this, loop.getInductionVar()}, carried);
  if (!operands.empty()) {
    SmallVector<Value> yielded;
    for (Val v : next)
      yielded.push_back(v.get());
    create<scf::YieldOp>(yielded);
  }
  Vals results;
  for (Value v : loop.getResults())
    results.push_back({*this, v});
  return results;
}

void Emitter::when(Val condition, function_ref<void()> body) {
  if (condition.isInteger()) {
    if (condition.getInteger())
      body();
    return;
  }
  auto branch = create<scf::IfOp>(condition.get(), /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(branch.thenBlock()->getTerminator());
  body();
}

void Emitter::pick(Val which, int64_t cases, function_ref<void(int64_t)> body) {
  if (cases == 1)
    return body(0);
  SmallVector<int64_t> values;
  for (int64_t i = 0; i + 1 < cases; ++i)
    values.push_back(i);
  auto choice = create<scf::IndexSwitchOp>(TypeRange(), which.get(), values,
                                           static_cast<unsigned>(values.size()));
  OpBuilder::InsertionGuard guard(builder);
  for (auto [i, region] : llvm::enumerate(choice->getRegions())) {
    builder.createBlock(&region);
    // The default region is the first and serves the last case.
    body(i == 0 ? cases - 1 : static_cast<int64_t>(i) - 1);
    create<scf::YieldOp>();
  }
}

Mem Emitter::stack(ArrayRef<int64_t> shape, Type element) {
  auto type = MemRefType::get(shape, element ? element : builder.getF32Type());
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.getInsertionBlock();
  while (!isa<FunctionOpInterface>(block->getParentOp()))
    block = block->getParentOp()->getBlock();
  builder.setInsertionPointToStart(block);
  return {*this, create<memref::AllocaOp>(type, builder.getI64IntegerAttr(64))};
}

} // namespace dreamer::kernels
