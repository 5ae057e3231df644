// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One line an operation. Reals are computed in f32 (f64 where the type is) and rounded to the type;
// for the four operations on f16 and bf16 this is the correctly rounded result.

#include "lib/TileRun/Arithmetic.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <bit>
#include <cmath>

using namespace mlir;
using namespace dreamer;
using namespace dreamer::tilerun;

double tilerun::roundTo(Type type, double value) {
  if (type.isF64())
    return value;
  if (type.isF32())
    return static_cast<float>(value);
  llvm::APFloat number(value);
  bool losesInfo;
  number.convert(cast<FloatType>(type).getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return number.convertToDouble();
}

static unsigned widthOf(Type type) { return type.isIndex() ? 64 : type.getIntOrFloatBitWidth(); }

int64_t tilerun::wrapTo(Type type, int64_t value) {
  unsigned width = widthOf(type);
  if (width == 1)
    return value & 1;
  return width >= 64 ? value : llvm::SignExtend64(value, width);
}

/// The integer as an unsigned one of its type.
static uint64_t unsignedOf(Type type, int64_t value) {
  unsigned width = widthOf(type);
  return width >= 64 ? value : value & ((uint64_t(1) << width) - 1);
}

/// The integer as a signed one: a true i1 is -1.
static int64_t signedOf(Type type, int64_t value) { return widthOf(type) == 1 ? -value : value; }

namespace {

template <typename Number>
Number greater(Number a, Number b) {
  return std::isnan(a) || std::isnan(b) ? std::nan("") : std::max(a, b);
}
template <typename Number>
Number lesser(Number a, Number b) {
  return std::isnan(a) || std::isnan(b) ? std::nan("") : std::min(a, b);
}

class Table {
public:
  Table() {
    addReals();
    addMath();
    addIntegers();
    addDivisions();
    addChoices();
    addConversions();
  }

  const Arithmetic *find(TypeID kind) const {
    auto found = functions.find(kind);
    return found == functions.end() ? nullptr : &found->second;
  }

private:
  template <typename Op>
  void add(Arithmetic function) {
    functions[TypeID::get<Op>()] = std::move(function);
  }

  /// Calls `f` with as many of `x`, as Numbers, as it takes.
  template <typename Number, typename Function>
  static Number apply(Function f, ArrayRef<Scalar> x) {
    auto at = [&](unsigned i) { return static_cast<Number>(x[i].real); };
    if constexpr (std::is_invocable_v<Function, Number>)
      return f(at(0));
    else if constexpr (std::is_invocable_v<Function, Number, Number>)
      return f(at(0), at(1));
    else
      return f(at(0), at(1), at(2));
  }

  template <typename Op, typename Function>
  void reals(Function f) {
    add<Op>([f](Operation *op, ArrayRef<Scalar> x) -> FailureOr<Scalar> {
      Type type = op->getResult(0).getType();
      double result = type.isF64() ? apply<double>(f, x) : apply<float>(f, x);
      return Scalar::ofReal(roundTo(type, result));
    });
  }

  /// `f` of the operands: as signed numbers where it gives a signed one, else unsigned.
  template <typename Op, typename Function>
  void integers(Function f) {
    add<Op>([f](Operation *op, ArrayRef<Scalar> x) -> FailureOr<Scalar> {
      Type type = op->getOperand(0).getType();
      constexpr bool isSigned =
          std::is_same_v<std::invoke_result_t<Function, int64_t, int64_t>, int64_t>;
      int64_t result;
      if constexpr (isSigned)
        result = f(signedOf(type, x[0].integer), signedOf(type, x[1].integer));
      else
        result = f(unsignedOf(type, x[0].integer), unsignedOf(type, x[1].integer));
      return Scalar::ofInteger(wrapTo(op->getResult(0).getType(), result));
    });
  }

  /// The same for what is not defined where the right operand is 0.
  template <typename Op, typename Function>
  void divisions(Function f) {
    integers<Op>(f);
    add<Op>([divide = functions[TypeID::get<Op>()]](Operation *op,
                                                    ArrayRef<Scalar> x) -> FailureOr<Scalar> {
      if (x[1].integer == 0)
        return op->emitOpError("expected a divisor, found 0");
      if (x[1].integer == -1 && x[0].integer == std::numeric_limits<int64_t>::min())
        return op->emitOpError("expected a quotient of 64 bits, found 2^63");
      return divide(op, x);
    });
  }

  template <typename Op, typename Function>
  void shifts(Function f) {
    integers<Op>(f);
    add<Op>([shift = functions[TypeID::get<Op>()]](Operation *op,
                                                   ArrayRef<Scalar> x) -> FailureOr<Scalar> {
      unsigned width = widthOf(op->getResult(0).getType());
      if (unsignedOf(op->getOperand(1).getType(), x[1].integer) >= width)
        return op->emitOpError("expected a shift by less than ")
               << width << ", found " << x[1].integer;
      return shift(op, x);
    });
  }

  void addReals();
  void addMath();
  void addIntegers();
  void addDivisions();
  void addChoices();
  void addConversions();

  DenseMap<TypeID, Arithmetic> functions;
};

void Table::addReals() {
  reals<arith::AddFOp>([](auto a, auto b) { return a + b; });
  reals<arith::SubFOp>([](auto a, auto b) { return a - b; });
  reals<arith::MulFOp>([](auto a, auto b) { return a * b; });
  reals<arith::DivFOp>([](auto a, auto b) { return a / b; });
  reals<arith::RemFOp>([](auto a, auto b) { return std::fmod(a, b); });
  reals<arith::NegFOp>([](auto a) { return -a; });
  reals<arith::MaximumFOp>([](auto a, auto b) { return greater(a, b); });
  reals<arith::MinimumFOp>([](auto a, auto b) { return lesser(a, b); });
  reals<arith::MaxNumFOp>([](auto a, auto b) { return std::fmax(a, b); });
  reals<arith::MinNumFOp>([](auto a, auto b) { return std::fmin(a, b); });
}

void Table::addMath() {
  reals<math::AbsFOp>([](auto a) { return std::fabs(a); });
  reals<math::CeilOp>([](auto a) { return std::ceil(a); });
  reals<math::CosOp>([](auto a) { return std::cos(a); });
  reals<math::ErfOp>([](auto a) { return std::erf(a); });
  reals<math::ExpOp>([](auto a) { return std::exp(a); });
  reals<math::Exp2Op>([](auto a) { return std::exp2(a); });
  reals<math::ExpM1Op>([](auto a) { return std::expm1(a); });
  reals<math::FloorOp>([](auto a) { return std::floor(a); });
  reals<math::FmaOp>([](auto a, auto b, auto c) { return std::fma(a, b, c); });
  reals<math::LogOp>([](auto a) { return std::log(a); });
  reals<math::Log1pOp>([](auto a) { return std::log1p(a); });
  reals<math::Log2Op>([](auto a) { return std::log2(a); });
  reals<math::PowFOp>([](auto a, auto b) { return std::pow(a, b); });
  reals<math::RsqrtOp>([](auto a) { return 1 / std::sqrt(a); });
  reals<math::SinOp>([](auto a) { return std::sin(a); });
  reals<math::SqrtOp>([](auto a) { return std::sqrt(a); });
  reals<math::TanhOp>([](auto a) { return std::tanh(a); });
}

void Table::addIntegers() {
  // Sums and products of unsigned numbers are those of signed ones, without overflow.
  integers<arith::AddIOp>([](uint64_t a, uint64_t b) { return a + b; });
  integers<arith::SubIOp>([](uint64_t a, uint64_t b) { return a - b; });
  integers<arith::MulIOp>([](uint64_t a, uint64_t b) { return a * b; });
  integers<arith::AndIOp>([](uint64_t a, uint64_t b) { return a & b; });
  integers<arith::OrIOp>([](uint64_t a, uint64_t b) { return a | b; });
  integers<arith::XOrIOp>([](uint64_t a, uint64_t b) { return a ^ b; });
  integers<arith::MaxSIOp>([](int64_t a, int64_t b) { return std::max(a, b); });
  integers<arith::MinSIOp>([](int64_t a, int64_t b) { return std::min(a, b); });
  integers<arith::MaxUIOp>([](uint64_t a, uint64_t b) { return std::max(a, b); });
  integers<arith::MinUIOp>([](uint64_t a, uint64_t b) { return std::min(a, b); });
  shifts<arith::ShLIOp>([](uint64_t a, uint64_t b) { return a << b; });
  shifts<arith::ShRSIOp>([](int64_t a, int64_t b) { return a >> b; });
  shifts<arith::ShRUIOp>([](uint64_t a, uint64_t b) { return a >> b; });
}

void Table::addDivisions() {
  divisions<arith::DivSIOp>([](int64_t a, int64_t b) { return a / b; });
  divisions<arith::DivUIOp>([](uint64_t a, uint64_t b) { return a / b; });
  divisions<arith::RemSIOp>([](int64_t a, int64_t b) { return a % b; });
  divisions<arith::RemUIOp>([](uint64_t a, uint64_t b) { return a % b; });
  divisions<arith::CeilDivSIOp>(
      [](int64_t a, int64_t b) -> int64_t { return llvm::divideCeilSigned(a, b); });
  divisions<arith::CeilDivUIOp>(
      [](uint64_t a, uint64_t b) -> uint64_t { return a / b + (a % b != 0); });
  divisions<arith::FloorDivSIOp>(
      [](int64_t a, int64_t b) -> int64_t { return llvm::divideFloorSigned(a, b); });
}

void Table::addChoices() {
  add<arith::ConstantOp>([](Operation *op, ArrayRef<Scalar>) -> FailureOr<Scalar> {
    Attribute value = cast<arith::ConstantOp>(op).getValue();
    if (auto real = dyn_cast<FloatAttr>(value)) {
      llvm::APFloat number = real.getValue();
      bool losesInfo;
      number.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      return Scalar::ofReal(number.convertToDouble());
    }
    if (auto integer = dyn_cast<IntegerAttr>(value))
      return Scalar::ofInteger(wrapTo(integer.getType(), integer.getValue().getSExtValue()));
    return op->emitOpError("expected a number, found ") << value;
  });
  add<arith::SelectOp>([](Operation * /*op*/, ArrayRef<Scalar> x) -> FailureOr<Scalar> {
    return x[0].integer ? x[1] : x[2];
  });
  add<arith::CmpIOp>([](Operation *op, ArrayRef<Scalar> x) -> FailureOr<Scalar> {
    Type type = op->getOperand(0).getType();
    auto number = [&](unsigned i) {
      return llvm::APInt(64, static_cast<uint64_t>(signedOf(type, x[i].integer)));
    };
    return Scalar::ofInteger(
        arith::applyCmpPredicate(cast<arith::CmpIOp>(op).getPredicate(), number(0), number(1)));
  });
  add<arith::CmpFOp>([](Operation *op, ArrayRef<Scalar> x) -> FailureOr<Scalar> {
    return Scalar::ofInteger(arith::applyCmpPredicate(cast<arith::CmpFOp>(op).getPredicate(),
                                                      llvm::APFloat(x[0].real),
                                                      llvm::APFloat(x[1].real)));
  });
}

void Table::addConversions() {
  auto keepSign = [](Operation *op, ArrayRef<Scalar> x) -> FailureOr<Scalar> {
    int64_t value = signedOf(op->getOperand(0).getType(), x[0].integer);
    return Scalar::ofInteger(wrapTo(op->getResult(0).getType(), value));
  };
  auto dropSign = [](Operation *op, ArrayRef<Scalar> x) -> FailureOr<Scalar> {
    uint64_t value = unsignedOf(op->getOperand(0).getType(), x[0].integer);
    return Scalar::ofInteger(wrapTo(op->getResult(0).getType(), value));
  };
  auto toInteger = [](Operation *op, ArrayRef<Scalar> x) -> FailureOr<Scalar> {
    if (!(std::fabs(x[0].real) < 0x1p63))
      return op->emitOpError("expected a number that an integer can hold, found ") << x[0].real;
    return Scalar::ofInteger(wrapTo(op->getResult(0).getType(), static_cast<int64_t>(x[0].real)));
  };
  add<arith::ExtSIOp>(keepSign);
  add<arith::ExtUIOp>(dropSign);
  add<arith::TruncIOp>(keepSign);
  add<arith::IndexCastOp>(keepSign);
  add<arith::IndexCastUIOp>(dropSign);
  add<arith::FPToSIOp>(toInteger);
  add<arith::FPToUIOp>(toInteger);
  add<arith::SIToFPOp>([](Operation *op, ArrayRef<Scalar> x) -> FailureOr<Scalar> {
    double value = signedOf(op->getOperand(0).getType(), x[0].integer);
    return Scalar::ofReal(roundTo(op->getResult(0).getType(), value));
  });
  add<arith::UIToFPOp>([](Operation *op, ArrayRef<Scalar> x) -> FailureOr<Scalar> {
    double value = unsignedOf(op->getOperand(0).getType(), x[0].integer);
    return Scalar::ofReal(roundTo(op->getResult(0).getType(), value));
  });
  auto round = [](Operation *op, ArrayRef<Scalar> x) -> FailureOr<Scalar> {
    return Scalar::ofReal(roundTo(op->getResult(0).getType(), x[0].real));
  };
  add<arith::ExtFOp>(round);
  add<arith::TruncFOp>(round);
}

} // namespace

const Arithmetic *tilerun::findArithmetic(Operation *op) {
  static const Table table;
  return table.find(op->getName().getTypeID());
}

Scalar tilerun::combine(tile::Combine kind, Type type, Scalar a, Scalar b) {
  bool isReal = isa<FloatType>(type);
  switch (kind) {
  case tile::Combine::add:
    return isReal ? Scalar::ofReal(roundTo(type, a.real + b.real))
                  : Scalar::ofInteger(wrapTo(type, uint64_t(a.integer) + uint64_t(b.integer)));
  case tile::Combine::max:
    return isReal ? Scalar::ofReal(greater(a.real, b.real))
                  : Scalar::ofInteger(std::max(a.integer, b.integer));
  case tile::Combine::min:
    return isReal ? Scalar::ofReal(lesser(a.real, b.real))
                  : Scalar::ofInteger(std::min(a.integer, b.integer));
  }
  return a;
}
