// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/PtxArithmetic.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace dreamer::emulator::ptx {

unsigned bitsOf(StringRef type) {
  unsigned bits = 32;
  StringRef digits = type.drop_while([](char c) { return !isDigit(c); });
  if (digits.getAsInteger(10, bits) || bits == 0 || bits > 64)
    return 32;
  return bits;
}

//===-- Opcodes ---------------------------------------------------------------------------------------------------===//

static CmpInst::Predicate predicateOf(StringRef word, bool isSigned) {
  return StringSwitch<CmpInst::Predicate>(word)
      .Case("eq", CmpInst::ICMP_EQ)
      .Case("ne", CmpInst::ICMP_NE)
      .Case("lt", isSigned ? CmpInst::ICMP_SLT : CmpInst::ICMP_ULT)
      .Case("le", isSigned ? CmpInst::ICMP_SLE : CmpInst::ICMP_ULE)
      .Case("gt", isSigned ? CmpInst::ICMP_SGT : CmpInst::ICMP_UGT)
      .Case("ge", isSigned ? CmpInst::ICMP_SGE : CmpInst::ICMP_UGE)
      .Default(CmpInst::BAD_ICMP_PREDICATE);
}

/// Of two operands; `words` has the opcode's.
static std::optional<llvm::Instruction::BinaryOps> operationOf(ArrayRef<StringRef> words) {
  if (words[0] == "mul") {
    if (words.size() == 3 && words[1] == "lo")
      return llvm::Instruction::Mul;
    return std::nullopt;
  }
  if (words.size() != 2)
    return std::nullopt;
  return StringSwitch<std::optional<llvm::Instruction::BinaryOps>>(words[0])
      .Case("add", llvm::Instruction::Add)
      .Case("sub", llvm::Instruction::Sub)
      .Case("and", llvm::Instruction::And)
      .Case("or", llvm::Instruction::Or)
      .Case("xor", llvm::Instruction::Xor)
      .Default(std::nullopt);
}

static bool isInteger(StringRef type) { return type.starts_with("u") || type.starts_with("s"); }

std::optional<ArithmeticForm> arithmeticForm(StringRef opcode, size_t operands) {
  SmallVector<StringRef> words;
  opcode.split(words, '.');
  StringRef type = words.back();
  ArithmeticForm form;
  form.bits = type == "pred" ? 1 : bitsOf(type);
  form.isSigned = type.starts_with("s");
  bool isFloat = type.starts_with("f") || type.starts_with("bf");
  auto is = [&](StringRef name, size_t count) { return words[0] == name && operands == count; };
  if (is("mov", 2)) {
    form.bits = 64; // whatever it is
  } else if (is("cvt", 2) && words.size() == 3 && isInteger(type) && isInteger(words[1])) {
    form.kind = ArithmeticForm::Convert;
    form.resultBits = bitsOf(words[1]);
  } else if (is("setp", 3) && words.size() == 3 && !isFloat) {
    form.kind = ArithmeticForm::Compare;
    form.predicate = predicateOf(words[1], form.isSigned);
    if (form.predicate == CmpInst::BAD_ICMP_PREDICATE)
      return std::nullopt;
  } else if (is("selp", 4)) {
    form.kind = ArithmeticForm::Select;
  } else if (is("shl", 3) || is("shr", 3)) {
    form.kind = words[0] == "shl" ? ArithmeticForm::ShiftLeft : ArithmeticForm::ShiftRight;
  } else if (is("not", 2)) {
    form.kind = ArithmeticForm::Not;
  } else if (auto operation = operationOf(words); operation && operands == 3 && !isFloat) {
    form.kind = ArithmeticForm::Combine;
    form.operation = *operation;
  } else {
    return std::nullopt;
  }
  return form;
}

//===-- IR --------------------------------------------------------------------------------------------------------===//

/// Amounts are clamped to the size.
static Value *emitShift(IRBuilder<> &builder, const ArithmeticForm &form, Value *value,
                        Value *amount) {
  Type *type = value->getType();
  Value *most = ConstantInt::get(type, form.bits - 1);
  Value *large = builder.CreateICmpUGT(amount, most);
  amount = builder.CreateSelect(large, most, amount);
  if (form.kind == ArithmeticForm::ShiftRight && form.isSigned)
    return builder.CreateAShr(value, amount);
  Value *shifted = form.kind == ArithmeticForm::ShiftLeft ? builder.CreateShl(value, amount)
                                                          : builder.CreateLShr(value, amount);
  return builder.CreateSelect(large, Constant::getNullValue(type), shifted);
}

Value *emit(IRBuilder<> &builder, const ArithmeticForm &form, ArrayRef<Value *> slots) {
  LLVMContext &context = builder.getContext();
  Type *type = IntegerType::get(context, form.bits);
  auto operand = [&](unsigned i) { return builder.CreateTrunc(slots[i], type); };
  switch (form.kind) {
  case ArithmeticForm::Move:
    return slots[0];
  case ArithmeticForm::Convert: {
    Type *to = IntegerType::get(context, form.resultBits);
    return form.isSigned ? builder.CreateSExtOrTrunc(operand(0), to)
                         : builder.CreateZExtOrTrunc(operand(0), to);
  }
  case ArithmeticForm::Compare:
    return builder.CreateICmp(form.predicate, operand(0), operand(1));
  case ArithmeticForm::Select: {
    Value *holds = builder.CreateTrunc(slots[2], builder.getInt1Ty());
    return builder.CreateSelect(holds, slots[0], slots[1]);
  }
  case ArithmeticForm::Combine:
    return builder.CreateBinOp(form.operation, operand(0), operand(1));
  case ArithmeticForm::ShiftLeft:
  case ArithmeticForm::ShiftRight:
    return emitShift(builder, form, operand(0), operand(1));
  case ArithmeticForm::Not:
    return builder.CreateNot(operand(0));
  }
  llvm_unreachable("all kinds are above");
}

} // namespace dreamer::emulator::ptx
