// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Arithmetic intrinsics, which libdevice is made of. What is called approximate on a GPU is as exact
// here as the host's libm: results differ within the errors that the PTX ISA states.

#include "lib/Emulator/Rewrite/Rewriter.h"
#include "lib/Emulator/Rewrite/WordFunctions.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/Intrinsics.h"

using namespace llvm;

namespace dreamer::emulator {

namespace {

class Math {
public:
  Math(Rewriter &rewriter, CallInst &call, StringRef name)
      : rewriter(rewriter), call(call), builder(&call), type(call.getType()) {
    name.split(words, '.');
    flushes = has("ftz");
    for (StringRef word : words)
      if (word.size() == 2 && (word == "rn" || word == "rz" || word == "rm" || word == "rp"))
        rounding = word;
  }

  bool run() {
    Value *value = words.empty() ? nullptr : make(words[0]);
    if (!value)
      return false;
    if (flushes)
      value = flushed(value);
    if (value->getType() != type)
      return false;
    call.replaceAllUsesWith(value);
    call.eraseFromParent();
    return true;
  }

private:
  bool has(StringRef word) const { return is_contained(words, word); }
  Value *operand(unsigned i) {
    Value *value = call.getArgOperand(i);
    return flushes ? flushed(value) : value;
  }

  /// Subnormal numbers become zeros of their sign.
  Value *flushed(Value *value) {
    Type *of = value->getType();
    if (!of->getScalarType()->isFloatTy())
      return value;
    Value *magnitude = builder.CreateUnaryIntrinsic(Intrinsic::fabs, value);
    Value *small = builder.CreateFCmpOLT(magnitude, ConstantFP::get(of, 0x1p-126));
    Value *zero =
        builder.CreateBinaryIntrinsic(Intrinsic::copysign, Constant::getNullValue(of), value);
    return builder.CreateSelect(small, zero, value);
  }

  bool isFloating(Type *of) { return of->isFPOrFPVectorTy(); }

  Value *unary(Intrinsic::ID id) { return builder.CreateUnaryIntrinsic(id, operand(0)); }
  Value *one() { return ConstantFP::get(type, 1.0); }

  /// How the rounding is named to the machine's functions, as in MXCSR.
  Value *directedMode() {
    return builder.getInt32(rounding == "rm" ? 1 : rounding == "rp" ? 2 : 3);
  }

  /// A result in another rounding than to nearest, by a function of the machine.
  Value *directed(StringRef operation, ArrayRef<Value *> operands) {
    if (!type->isFloatTy() && !type->isDoubleTy())
      return nullptr;
    SmallVector<Value *> arguments(operands);
    while (arguments.size() < 3)
      arguments.push_back(Constant::getNullValue(type));
    arguments.push_back(directedMode());
    return builder.CreateCall(
        rewriter.runtime((operation + (type->isFloatTy() ? "Float" : "Double")).str(), type,
                         {type, type, type, rewriter.i32}),
        arguments);
  }

  Value *rounded(StringRef operation, Value *nearest, ArrayRef<Value *> operands) {
    return rounding.empty() || rounding == "rn" ? nearest : directed(operation, operands);
  }

  Value *make(StringRef kind) {
    if (isFloating(type) && call.arg_size() > 0 && call.getArgOperand(0)->getType() == type)
      if (Value *value = floating(kind))
        return value;
    if (Value *value = conversion(kind))
      return value;
    return type->isIntegerTy() || type->isDoubleTy() ? bits(kind) : nullptr;
  }

  Value *saturated(Value *value) {
    Value *zero = Constant::getNullValue(type);
    // NaN becomes +0.
    Value *low = builder.CreateSelect(builder.CreateFCmpOGT(value, zero), value, zero);
    return builder.CreateSelect(builder.CreateFCmpOLT(low, one()), low, one());
  }

  Value *floating(StringRef kind) {
    unsigned count = call.arg_size();
    Value *a = operand(0),
          *b = count > 1 && isFloating(call.getArgOperand(1)->getType()) ? operand(1) : nullptr;
    Value *c = count > 2 && isFloating(call.getArgOperand(2)->getType()) ? operand(2) : nullptr;
    Value *value = nullptr;
    if (kind == "fma" && c)
      value = rounded("fma", builder.CreateIntrinsic(Intrinsic::fma, {type}, {a, b, c}), {a, b, c});
    else if (kind == "add" && b)
      value = rounded("add", builder.CreateFAdd(a, b), {a, b});
    else if (kind == "sub" && b)
      value = rounded("sub", builder.CreateFSub(a, b), {a, b});
    else if (kind == "mul" && b)
      value = rounded("mul", builder.CreateFMul(a, b), {a, b});
    else if (kind == "div" && b)
      value = rounded("div", builder.CreateFDiv(a, b), {a, b});
    else if (kind == "rcp")
      value = rounded("div", builder.CreateFDiv(one(), a), {one(), a});
    else if (kind == "sqrt")
      value = rounded("sqrt", unary(Intrinsic::sqrt), {a});
    else if (kind == "rsqrt")
      value = builder.CreateFDiv(one(), unary(Intrinsic::sqrt));
    else if (kind == "ex2")
      value = unary(Intrinsic::exp2);
    else if (kind == "lg2")
      value = unary(Intrinsic::log2);
    else if (kind == "sin")
      value = unary(Intrinsic::sin);
    else if (kind == "cos")
      value = unary(Intrinsic::cos);
    else if (kind == "tanh")
      value = unary(Intrinsic::tanh);
    else if (kind == "fabs" || kind == "abs")
      value = unary(Intrinsic::fabs);
    else if (kind == "neg")
      value = builder.CreateFNeg(a);
    else if (kind == "floor")
      value = unary(Intrinsic::floor);
    else if (kind == "ceil")
      value = unary(Intrinsic::ceil);
    else if (kind == "trunc")
      value = unary(Intrinsic::trunc);
    else if (kind == "round")
      value = unary(Intrinsic::roundeven); // cvt.rni
    else if (kind == "saturate")
      value = saturated(a);
    else if ((kind == "fmax" || kind == "fmin") && b)
      value = extreme(kind == "fmax", a, b);
    else
      return nullptr;
    if (value && has("sat"))
      value = saturated(value);
    if (value && has("relu"))
      value = builder.CreateSelect(builder.CreateFCmpUGT(value, Constant::getNullValue(type)),
                                   value, Constant::getNullValue(type));
    return value;
  }

  /// max.f32 and min.f32 with .NaN and .xorsign.abs.
  Value *extreme(bool largest, Value *a, Value *b) {
    Value *sign = nullptr;
    if (has("xorsign")) {
      Type *integers = integersLike(type);
      Value *both =
          builder.CreateXor(builder.CreateBitCast(a, integers), builder.CreateBitCast(b, integers));
      sign = builder.CreateBitCast(both, type);
      a = builder.CreateUnaryIntrinsic(Intrinsic::fabs, a);
      b = builder.CreateUnaryIntrinsic(Intrinsic::fabs, b);
    }
    Intrinsic::ID id = has("nan") || has("NaN")
                           ? (largest ? Intrinsic::maximum : Intrinsic::minimum)
                           : (largest ? Intrinsic::maximumnum : Intrinsic::minimumnum);
    Value *value = builder.CreateBinaryIntrinsic(id, a, b);
    return sign ? builder.CreateBinaryIntrinsic(Intrinsic::copysign, value, sign) : value;
  }

  Type *integersLike(Type *of) {
    Type *scalar = IntegerType::get(rewriter.context, of->getScalarSizeInBits());
    auto *vector = dyn_cast<FixedVectorType>(of);
    return vector ? FixedVectorType::get(scalar, vector->getNumElements()) : scalar;
  }

  /// "f2i", "d2ull", "i2f", "ull2d", "d2f", "f2h": with a rounding.
  Value *conversion(StringRef kind) {
    auto [from, to] = kind.split('2');
    if (to.empty() || call.arg_size() != 1)
      return nullptr;
    auto isInteger = [](StringRef text) {
      return text == "i" || text == "ui" || text == "ll" || text == "ull";
    };
    auto isFloat = [](StringRef text) { return text == "f" || text == "d"; };
    Value *a = operand(0);
    if (isFloat(from) && isInteger(to)) {
      if (!isFloating(a->getType()) || !type->isIntegerTy())
        return nullptr;
      Intrinsic::ID id = StringSwitch<Intrinsic::ID>(rounding)
                             .Case("rm", Intrinsic::floor)
                             .Case("rp", Intrinsic::ceil)
                             .Case("rz", Intrinsic::trunc)
                             .Default(Intrinsic::roundeven);
      Value *whole = builder.CreateUnaryIntrinsic(id, a);
      Intrinsic::ID convert = to.starts_with("u") ? Intrinsic::fptoui_sat : Intrinsic::fptosi_sat;
      return builder.CreateIntrinsic(convert, {type, a->getType()}, {whole});
    }
    if (isInteger(from) && isFloat(to)) {
      if (!a->getType()->isIntegerTy() || !isFloating(type))
        return nullptr;
      bool isUnsigned = from.starts_with("u");
      if (rounding.empty() || rounding == "rn")
        return isUnsigned ? builder.CreateUIToFP(a, type) : builder.CreateSIToFP(a, type);
      Value *wide =
          isUnsigned ? builder.CreateZExt(a, rewriter.i64) : builder.CreateSExt(a, rewriter.i64);
      StringRef name = type->isFloatTy() ? (isUnsigned ? "unsignedToFloat" : "signedToFloat")
                                         : (isUnsigned ? "unsignedToDouble" : "signedToDouble");
      return builder.CreateCall(rewriter.runtime(name, type, {rewriter.i64, rewriter.i32}),
                                {wide, directedMode()});
    }
    if (kind == "d2f" && type->isFloatTy()) {
      if (rounding.empty() || rounding == "rn")
        return builder.CreateFPTrunc(a, type);
      return builder.CreateCall(
          rewriter.runtime("doubleToFloat", type,
                           {Type::getDoubleTy(rewriter.context), rewriter.i32}),
          {a, directedMode()});
    }
    if (kind == "f2h" && type->isIntegerTy(16))
      return builder.CreateBitCast(builder.CreateFPTrunc(a, Type::getHalfTy(rewriter.context)),
                                   type);
    return nullptr;
  }

  /// Products' high halves, and pieces of doubles.
  Value *bits(StringRef kind) {
    unsigned count = call.arg_size();
    Value *a = count > 0 ? call.getArgOperand(0) : nullptr,
          *b = count > 1 ? call.getArgOperand(1) : nullptr;
    Value *c = count > 2 ? call.getArgOperand(2) : nullptr;
    StringRef last = words.back();
    if (kind == "mulhi" && b) {
      bool isUnsigned = last.starts_with("u");
      unsigned width = type->getIntegerBitWidth();
      Type *wide = IntegerType::get(rewriter.context, 2 * width);
      auto extend = [&](Value *value) {
        return isUnsigned ? builder.CreateZExt(value, wide) : builder.CreateSExt(value, wide);
      };
      return builder.CreateTrunc(builder.CreateLShr(builder.CreateMul(extend(a), extend(b)), width),
                                 type);
    }
    if (kind == "mul24" && b) {
      bool isUnsigned = last.starts_with("u");
      auto low = [&](Value *value) {
        Value *up = builder.CreateShl(value, 8);
        return isUnsigned ? builder.CreateLShr(up, 8) : builder.CreateAShr(up, 8);
      };
      return builder.CreateMul(low(a), low(b));
    }
    if (kind == "d2i" && last == "hi")
      return builder.CreateTrunc(builder.CreateLShr(builder.CreateBitCast(a, rewriter.i64), 32),
                                 rewriter.i32);
    if (kind == "d2i" && last == "lo")
      return builder.CreateTrunc(builder.CreateBitCast(a, rewriter.i64), rewriter.i32);
    if (kind == "lohi" && b) {
      Value *low = builder.CreateZExt(a, rewriter.i64), *high = builder.CreateZExt(b, rewriter.i64);
      return builder.CreateBitCast(builder.CreateOr(low, builder.CreateShl(high, 32)), type);
    }
    if (kind == "sad" && c) {
      bool isUnsigned = last.starts_with("u");
      Value *less = isUnsigned ? builder.CreateICmpULT(a, b) : builder.CreateICmpSLT(a, b);
      Value *distance =
          builder.CreateSelect(less, builder.CreateSub(b, a), builder.CreateSub(a, b));
      return builder.CreateAdd(distance, c);
    }
    if (kind == "prmt" && c && words.size() == 1)
      return permuted(a, b, c);
    if (kind == "brev" || kind == "bitreverse")
      return builder.CreateUnaryIntrinsic(Intrinsic::bitreverse, a);
    return nullptr;
  }

  /// prmt.b32: four bytes of eight, each with its sign spread if asked.
  Value *permuted(Value *a, Value *b, Value *selector) {
    Value *all = builder.CreateOr(builder.CreateZExt(a, rewriter.i64),
                                  builder.CreateShl(builder.CreateZExt(b, rewriter.i64), 32));
    Value *result = builder.getInt32(0);
    for (unsigned i = 0; i < 4; ++i) {
      Value *choice = builder.CreateAnd(builder.CreateLShr(selector, 4 * i), 15);
      Value *shift =
          builder.CreateShl(builder.CreateZExt(builder.CreateAnd(choice, 7), rewriter.i64), 3);
      Value *byte = builder.CreateTrunc(builder.CreateLShr(all, shift), rewriter.i8);
      Value *sign = builder.CreateAShr(byte, 7);
      Value *spread = builder.CreateICmpNE(builder.CreateAnd(choice, 8), builder.getInt32(0));
      Value *chosen = builder.CreateZExt(builder.CreateSelect(spread, sign, byte), rewriter.i32);
      result = builder.CreateOr(result, builder.CreateShl(chosen, 8 * i));
    }
    return result;
  }

  Rewriter &rewriter;
  CallInst &call;
  IRBuilder<> builder;
  Type *type;
  SmallVector<StringRef> words;
  StringRef rounding;
  bool flushes = false;
};

} // namespace

/// Instructions of 32-bit words, by functions of the host.
static bool rewriteWordFunction(Rewriter &rewriter, CallInst &call, StringRef name) {
  for (const WordFunction &function : wordFunctions()) {
    if (name != function.intrinsic || call.arg_size() != function.operands)
      continue;
    IRBuilder<> builder(&call);
    SmallVector<Value *> operands;
    for (Value *operand : call.args())
      operands.push_back(builder.CreateZExt(operand, rewriter.i32));
    SmallVector<Type *> types(function.operands, rewriter.i32);
    call.replaceAllUsesWith(
        builder.CreateCall(rewriter.runtime(name, rewriter.i32, types), operands));
    call.eraseFromParent();
    return true;
  }
  return false;
}

bool rewriteMath(Rewriter &rewriter, CallInst &call, StringRef name) {
  if (name.starts_with("move.") && call.arg_size() == 1) {
    call.replaceAllUsesWith(call.getArgOperand(0));
    call.eraseFromParent();
    return true;
  }
  return rewriteWordFunction(rewriter, call, name) || Math(rewriter, call, name).run();
}

} // namespace dreamer::emulator
