// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/PtxMemory.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace dreamer::emulator::ptx {

//===-- Opcodes ---------------------------------------------------------------------------------------------------===//

static bool takeType(StringRef word, MemoryForm &form) {
  bool packed = word.consume_back("x2");
  StringRef digits = word.drop_while([](char c) { return !isDigit(c); });
  StringRef letters = word.drop_back(digits.size());
  if (digits.getAsInteger(10, form.bits) || !isPowerOf2_32(form.bits) || form.bits < 8 ||
      form.bits > 64)
    return false;
  form.of = letters == "s" ? MemoryForm::Signed : MemoryForm::Bits;
  if (letters == "f")
    form.of = form.bits == 16 ? MemoryForm::Half : MemoryForm::Float;
  else if (letters == "bf")
    form.of = MemoryForm::BFloat;
  else if (letters != "b" && letters != "s" && letters != "u")
    return false;
  if ((packed || form.of == MemoryForm::BFloat) && form.bits != 16)
    return false;
  if (packed) {
    form.bits = 32;
    form.lanes = 2;
  }
  return form.of != MemoryForm::Float || form.bits >= 32;
}

/// A word between the first and the last: where, how strong, for whom. Hints to caches are dropped.
static bool takeWord(StringRef word, MemoryForm &form) {
  if (int space = StringSwitch<int>(word)
                      .Case("global", 1)
                      .Cases({"shared", "shared::cta"}, 3)
                      .Case("const", 4)
                      .Case("local", 5)
                      .Case("shared::cluster", 7)
                      .Default(0)) {
    form.space = space;
    return true;
  }
  auto ordering = StringSwitch<AtomicOrdering>(word)
                      .Case("relaxed", AtomicOrdering::Monotonic)
                      .Case("acquire", AtomicOrdering::Acquire)
                      .Case("release", AtomicOrdering::Release)
                      .Case("acq_rel", AtomicOrdering::AcquireRelease)
                      .Default(AtomicOrdering::NotAtomic);
  if (ordering != AtomicOrdering::NotAtomic) {
    form.ordering = ordering;
    return true;
  }
  auto scope = StringSwitch<std::optional<StringRef>>(word)
                   .Case("cta", "block")
                   .Case("cluster", "cluster")
                   .Case("gpu", "device")
                   .Case("sys", "")
                   .Default(std::nullopt);
  if (scope) {
    form.scope = scope->str();
    return true;
  }
  bool isAccess = form.kind == MemoryForm::Load || form.kind == MemoryForm::Store;
  if (isAccess && word == "volatile")
    return form.isVolatile = true;
  if (isAccess && (word == "v2" || word == "v4")) {
    form.count = word[1] - '0';
    return true;
  }
  return is_contained({"weak", "ca", "cg", "cs", "cv", "wb", "wt", "nc", "noftz"}, word);
}

static AtomicRMWInst::BinOp operationOf(StringRef word, const MemoryForm &form) {
  bool isFloat = form.of > MemoryForm::Signed, isSigned = form.of == MemoryForm::Signed;
  if (isFloat)
    return word == "add" ? AtomicRMWInst::FAdd : AtomicRMWInst::BAD_BINOP;
  return StringSwitch<AtomicRMWInst::BinOp>(word)
      .Case("add", AtomicRMWInst::Add)
      .Case("min", isSigned ? AtomicRMWInst::Min : AtomicRMWInst::UMin)
      .Case("max", isSigned ? AtomicRMWInst::Max : AtomicRMWInst::UMax)
      .Case("inc", AtomicRMWInst::UIncWrap)
      .Case("dec", AtomicRMWInst::UDecWrap)
      .Case("and", AtomicRMWInst::And)
      .Case("or", AtomicRMWInst::Or)
      .Case("xor", AtomicRMWInst::Xor)
      .Case("exch", AtomicRMWInst::Xchg)
      .Default(AtomicRMWInst::BAD_BINOP);
}

std::optional<MemoryForm> memoryForm(StringRef opcode) {
  SmallVector<StringRef> words;
  opcode.split(words, '.');
  MemoryForm form;
  bool isUpdate = words[0] == "atom" || words[0] == "red";
  if (words[0] == "st")
    form.kind = MemoryForm::Store;
  else if (isUpdate)
    form.kind = MemoryForm::Update;
  else if (words[0] != "ld")
    return std::nullopt;
  form.gives = words[0] == "ld" || words[0] == "atom";
  if (words.size() < 2 || !takeType(words.back(), form))
    return std::nullopt;
  if (isUpdate) { // relaxed for the GPU, unless it says more
    form.ordering = AtomicOrdering::Monotonic;
    form.scope = "device";
  }
  for (StringRef word : ArrayRef(words).slice(1).drop_back()) {
    if (isUpdate && word == "cas")
      form.kind = MemoryForm::Exchange;
    else if (isUpdate && operationOf(word, form) != AtomicRMWInst::BAD_BINOP)
      form.operation = operationOf(word, form);
    else if (!takeWord(word, form))
      return std::nullopt;
  }
  bool strongVector = form.count > 1 && form.ordering != AtomicOrdering::NotAtomic;
  bool noUpdate = form.kind == MemoryForm::Update && form.operation == AtomicRMWInst::BAD_BINOP;
  if (strongVector || noUpdate || form.count * form.bits > 128 ||
      (isUpdate && form.lanes == 1 && form.bits < 32 && form.of < MemoryForm::Half &&
       form.kind != MemoryForm::Exchange))
    return std::nullopt;
  return form;
}

//===-- IR --------------------------------------------------------------------------------------------------------===//

/// The type that arithmetic of atomics is done in; of others an integer.
static Type *typeOf(const MemoryForm &form, LLVMContext &context) {
  Type *integer = IntegerType::get(context, form.bits), *type = integer;
  if (form.kind != MemoryForm::Update)
    return type;
  if (form.of == MemoryForm::Half)
    type = Type::getHalfTy(context);
  else if (form.of == MemoryForm::BFloat)
    type = Type::getBFloatTy(context);
  else if (form.of == MemoryForm::Float)
    type = form.bits == 64 ? Type::getDoubleTy(context) : Type::getFloatTy(context);
  return form.lanes > 1 ? FixedVectorType::get(type, form.lanes) : type;
}

SmallVector<Value *> emit(IRBuilder<> &builder, const MemoryForm &form, ArrayRef<Value *> slots) {
  LLVMContext &context = builder.getContext();
  Type *integer = IntegerType::get(context, form.bits), *type = typeOf(form, context);
  Type *whole = form.count > 1 ? FixedVectorType::get(type, form.count) : type;
  Align align(form.bits / 8 * form.count);
  SyncScope::ID scope = context.getOrInsertSyncScopeID(form.scope);
  Value *place = builder.CreateIntToPtr(slots[0], PointerType::get(context, form.space));
  auto value = [&](unsigned i) {
    return builder.CreateBitCast(builder.CreateTrunc(slots[i], integer), type);
  };
  auto slot = [&](Value *read) {
    read = builder.CreateBitCast(read, integer);
    return form.of == MemoryForm::Signed ? builder.CreateSExt(read, builder.getInt64Ty())
                                         : builder.CreateZExt(read, builder.getInt64Ty());
  };
  SmallVector<Value *> results;
  if (form.kind == MemoryForm::Load) {
    LoadInst *load = builder.CreateAlignedLoad(whole, place, align, form.isVolatile);
    if (form.ordering != AtomicOrdering::NotAtomic)
      load->setAtomic(form.ordering, scope);
    for (unsigned i = 0; i < form.count; ++i)
      results.push_back(
          slot(form.count > 1 ? builder.CreateExtractElement(load, uint64_t(i)) : load));
  } else if (form.kind == MemoryForm::Store) {
    Value *stored = form.count > 1 ? PoisonValue::get(whole) : value(1);
    for (unsigned i = 0; form.count > 1 && i < form.count; ++i)
      stored = builder.CreateInsertElement(stored, value(1 + i), uint64_t(i));
    StoreInst *store = builder.CreateAlignedStore(stored, place, align, form.isVolatile);
    if (form.ordering != AtomicOrdering::NotAtomic)
      store->setAtomic(form.ordering, scope);
  } else if (form.kind == MemoryForm::Exchange) {
    Value *both = builder.CreateAtomicCmpXchg(
        place, value(1), value(2), align, form.ordering,
        AtomicCmpXchgInst::getStrongestFailureOrdering(form.ordering), scope);
    results.push_back(slot(builder.CreateExtractValue(both, 0)));
  } else {
    results.push_back(slot(
        builder.CreateAtomicRMW(form.operation, place, value(1), align, form.ordering, scope)));
  }
  return results;
}

} // namespace dreamer::emulator::ptx
