// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Inline PTX becomes LLVM IR: registers are variables, labels are blocks, a few instructions are
// IR's own, and all others are operations of the machine.

#include "lib/Emulator/Rewrite/AccumulatorUses.h"
#include "lib/Emulator/Rewrite/Ptx.h"
#include "lib/Emulator/Rewrite/PtxArithmetic.h"
#include "lib/Emulator/Rewrite/PtxMemory.h"
#include "lib/Emulator/Rewrite/Rewriter.h"

#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

namespace dreamer::emulator {

namespace {

class Inline {
public:
  Inline(Rewriter &rewriter, CallInst &call)
      : rewriter(rewriter), call(call), assembly(*cast<InlineAsm>(call.getCalledOperand())),
        builder(&call) {}

  void run() {
    std::string text(assembly.getAsmString());
    for (size_t at; (at = text.find("$$")) != text.npos;)
      text.erase(at, 1);
    Expected<ptx::Program> parsed = ptx::parse(text);
    if (!parsed) {
      refuse(llvm::toString(parsed.takeError()));
      return;
    }
    program = std::move(*parsed);
    if (!bindArguments())
      return;
    emit();
  }

private:
  void refuse(const Twine &why) { rewriter.unknown.insert("inline PTX: " + why.str()); }

  /// $N: the outputs first, then the inputs; an input tied to an output begins with its value.
  bool bindArguments() {
    if (auto *structure = dyn_cast<StructType>(call.getType()))
      resultTypes.assign(structure->element_begin(), structure->element_end());
    else if (!call.getType()->isVoidTy())
      resultTypes.push_back(call.getType());
    IRBuilder<> entry(&*call.getFunction()->getEntryBlock().begin());
    auto variable = [&](Type *type) { return entry.CreateAlloca(type); };
    unsigned argument = 0;
    for (const InlineAsm::ConstraintInfo &constraint : assembly.ParseConstraints()) {
      switch (constraint.Type) {
      case InlineAsm::isOutput:
        if (constraint.isIndirect || arguments.size() >= resultTypes.size()) {
          refuse("an indirect output");
          return false;
        }
        arguments.push_back(variable(resultTypes[arguments.size()]));
        break;
      case InlineAsm::isInput: {
        Value *value = call.getArgOperand(argument++);
        int tied = -1;
        if (!constraint.Codes.empty())
          (void)!StringRef(constraint.Codes[0]).getAsInteger(10, tied);
        AllocaInst *place =
            tied >= 0 && unsigned(tied) < resultTypes.size() ? arguments[tied] : nullptr;
        if (place)
          builder.CreateStore(value, place);
        AllocaInst *own = variable(value->getType());
        builder.CreateStore(value, own);
        arguments.push_back(own);
        constants[arguments.size() - 1] = dyn_cast<ConstantInt>(value);
        break;
      }
      case InlineAsm::isClobber:
        break;
      case InlineAsm::isLabel:
        refuse("a jump out of it");
        return false;
      }
    }
    for (const auto &[name, type] : program.registers)
      registers[name] = variable(
          type == "pred" ? rewriter.i1 : IntegerType::get(rewriter.context, ptx::bitsOf(type)));
    return true;
  }

  void emit() {
    BasicBlock *before = call.getParent();
    BasicBlock *after = before->splitBasicBlock(&call, "ptx.end");
    before->getTerminator()->eraseFromParent();
    Function *function = call.getFunction();
    BasicBlock *current = BasicBlock::Create(rewriter.context, "ptx", function, after);
    builder.SetInsertPoint(before);
    builder.SetCurrentDebugLocation(call.getDebugLoc());
    builder.CreateBr(current);
    for (const ptx::Statement &statement : program.statements)
      for (const std::string &label : statement.labels)
        labels[label] = BasicBlock::Create(rewriter.context, label, function, after);
    builder.SetInsertPoint(current);
    for (const ptx::Statement &statement : program.statements) {
      for (const std::string &label : statement.labels) {
        builder.CreateBr(labels[label]);
        builder.SetInsertPoint(labels[label]);
      }
      if (statement.opcode.empty())
        break;
      BasicBlock *skip = nullptr;
      if (!statement.guard.empty()) {
        Value *guard = readGuard(statement);
        if (!guard)
          return;
        BasicBlock *then = BasicBlock::Create(rewriter.context, "ptx.then", function, after);
        skip = BasicBlock::Create(rewriter.context, "ptx.skip", function, after);
        builder.CreateCondBr(guard, then, skip);
        builder.SetInsertPoint(then);
      }
      if (!one(statement))
        return;
      if (skip) {
        builder.CreateBr(skip);
        builder.SetInsertPoint(skip);
      }
    }
    builder.CreateBr(after);
    builder.SetInsertPoint(&call);
    builder.SetCurrentDebugLocation(call.getDebugLoc());
    finish();
  }

  void finish() {
    Value *result = nullptr;
    if (isa<StructType>(call.getType())) {
      result = PoisonValue::get(call.getType());
      for (unsigned i = 0; i < resultTypes.size(); ++i)
        result =
            builder.CreateInsertValue(result, builder.CreateLoad(resultTypes[i], arguments[i]), i);
    } else if (!resultTypes.empty()) {
      result = builder.CreateLoad(resultTypes[0], arguments[0]);
    }
    if (result)
      call.replaceAllUsesWith(result);
    call.eraseFromParent();
  }

  Value *readGuard(const ptx::Statement &statement) {
    Value *value = nullptr;
    if (auto found = registers.find(statement.guard); found != registers.end()) {
      value = builder.CreateLoad(found->second->getAllocatedType(), found->second);
    } else if (unsigned index = 0;
               StringRef(statement.guard).starts_with("$") &&
               !StringRef(statement.guard).drop_front().getAsInteger(10, index) &&
               index < arguments.size()) {
      value = builder.CreateLoad(arguments[index]->getAllocatedType(), arguments[index]);
    }
    if (!value || !value->getType()->isIntegerTy()) {
      refuse("the guard " + statement.guard);
      return nullptr;
    }
    Value *holds = builder.CreateICmpNE(value, Constant::getNullValue(value->getType()));
    return statement.guardIsNegated ? builder.CreateNot(holds) : holds;
  }

  AllocaInst *placeOf(const ptx::Operand &operand) {
    if (operand.kind == ptx::Operand::Argument)
      return operand.argument < arguments.size() ? arguments[operand.argument] : nullptr;
    if (operand.kind == ptx::Operand::Register)
      return registers[operand.name];
    return nullptr;
  }

  Value *read(const ptx::Operand &operand) {
    Value *value = nullptr;
    if (AllocaInst *place = placeOf(operand)) {
      ConstantInt *constant =
          operand.kind == ptx::Operand::Argument ? constants.lookup(operand.argument) : nullptr;
      value = constant ? static_cast<Value *>(constant)
                       : builder.CreateLoad(place->getAllocatedType(), place);
    } else if (operand.kind == ptx::Operand::Immediate) {
      value = builder.getInt64(operand.value);
    } else if (operand.kind == ptx::Operand::Nothing) {
      value = builder.getInt64(0);
    } else if (operand.kind == ptx::Operand::Special) {
      if (std::optional<size_t> offset = offsetOfSpecialRegister(operand.name.substr(1)))
        value = rewriter.threadField(builder, rewriter.i32, *offset);
    }
    if (value && operand.offset) {
      Type *type = value->getType();
      if (type->isPointerTy())
        value = builder.CreatePtrAdd(value, builder.getInt64(operand.offset));
      else
        value = builder.CreateAdd(value, ConstantInt::get(type, operand.offset));
    }
    if (!value)
      refuse("the operand " + operand.name);
    return value;
  }

  bool write(const ptx::Operand &operand, Value *value) {
    if (operand.kind == ptx::Operand::Nothing)
      return true;
    AllocaInst *place = placeOf(operand);
    if (!place) {
      refuse("the destination " + operand.name);
      return false;
    }
    builder.CreateStore(fitted(value, place->getAllocatedType()), place);
    return true;
  }

  /// The bits of a value as another type: registers have no types but their size.
  Value *fitted(Value *value, Type *type) {
    if (value->getType() == type)
      return value;
    return rewriter.fromSlot(builder, rewriter.toSlot(builder, value), type);
  }

  /// All of them as slots; none when one cannot be read.
  std::optional<SmallVector<Value *>> readSlots(ArrayRef<ptx::Operand> operands) {
    SmallVector<Value *> slots;
    for (const ptx::Operand &operand : operands) {
      Value *value = read(operand);
      if (!value)
        return std::nullopt;
      slots.push_back(rewriter.toSlot(builder, value));
    }
    return slots;
  }

  bool one(const ptx::Statement &statement) {
    StringRef opcode = statement.opcode;
    if (opcode == "bra" || opcode.starts_with("bra."))
      return branch(statement);
    if (opcode == "ret" || opcode.starts_with("ret.")) { // of the block of assembly: its end
      refuse("ret");
      return false;
    }
    if (std::optional<ptx::MemoryForm> form = ptx::memoryForm(opcode))
      return access(statement, *form);
    if (auto form = ptx::arithmeticForm(opcode, statement.operands.size())) {
      auto slots = readSlots(ArrayRef(statement.operands).drop_front());
      return slots && write(statement.operands[0], ptx::emit(builder, *form, *slots));
    }
    return operation(statement);
  }

  /// Loads, stores, atomics: what they give, if anything, stands before the address.
  bool access(const ptx::Statement &statement, const ptx::MemoryForm &form) {
    ArrayRef<ptx::Operand> operands = statement.operands;
    unsigned given = form.gives ? form.count : 0;
    if (operands.size() != given + 1 + form.values()) {
      refuse(statement.opcode + " with " + Twine(operands.size()) + " operands");
      return false;
    }
    auto slots = readSlots(operands.drop_front(given));
    if (!slots)
      return false;
    SmallVector<Value *> results = ptx::emit(builder, form, *slots);
    for (unsigned i = 0; i < given; ++i)
      if (!write(operands[i], results[i]))
        return false;
    return true;
  }

  bool branch(const ptx::Statement &statement) {
    auto found =
        statement.operands.size() == 1 ? labels.find(statement.operands[0].name) : labels.end();
    if (found == labels.end()) {
      refuse("a branch to an unknown label");
      return false;
    }
    builder.CreateBr(found->second);
    builder.SetInsertPoint(
        BasicBlock::Create(rewriter.context, "ptx.next", call.getFunction(), call.getParent()));
    return true;
  }

  bool operation(const ptx::Statement &statement) {
    StringRef opcode = statement.opcode;
    Instruction instruction;
    instruction.form = Instruction::Form::Ptx;
    instruction.name = opcode;
    // Destinations: the first operand as written, and the predicate beside it. wgmma adds to its
    // destination, which therefore is both.
    unsigned written = ptx::hasNoDestination(opcode) ? 0 : statement.firstGroup;
    bool accumulates = opcode.starts_with("wgmma.mma_async");
    SmallVector<Value *> inputs, results;
    SmallVector<Type *> types;
    for (unsigned i = accumulates ? 0 : written; i < statement.operands.size(); ++i) {
      Value *value = read(statement.operands[i]);
      if (!value)
        return false;
      inputs.push_back(value);
    }
    for (unsigned i = 0; i < written; ++i) {
      AllocaInst *place = placeOf(statement.operands[i]);
      types.push_back(place ? place->getAllocatedType() : rewriter.i64);
    }
    if (!rewriter.callOperation(builder, instruction, inputs, types, results, call))
      return false;
    if (accumulates)
      rewriter.accumulating[&call] = rewriter.result.instructions->operations.back().get();
    for (unsigned i = 0; i < written; ++i)
      if (!write(statement.operands[i], results[i]))
        return false;
    return true;
  }

  Rewriter &rewriter;
  CallInst &call;
  InlineAsm &assembly;
  IRBuilder<> builder;
  ptx::Program program;
  SmallVector<Type *> resultTypes;
  SmallVector<AllocaInst *> arguments;
  DenseMap<unsigned, ConstantInt *> constants;
  std::map<std::string, AllocaInst *> registers;
  std::map<std::string, BasicBlock *> labels;
};

} // namespace

void rewriteInlinePtx(Rewriter &rewriter) {
  AccumulatorUses uses(rewriter);
  for (Function &function : rewriter.module) {
    SmallVector<CallInst *> calls;
    for (llvm::Instruction &instruction : instructions(function))
      if (auto *call = dyn_cast<CallInst>(&instruction); call && call->isInlineAsm())
        calls.push_back(call);
    if (rewriter.options.check)
      for (CallInst *call : calls)
        uses.find(*call);
    for (CallInst *call : calls)
      Inline(rewriter, *call).run();
  }
  uses.name();
}

} // namespace dreamer::emulator
