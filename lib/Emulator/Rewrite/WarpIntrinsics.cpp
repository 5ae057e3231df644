// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A kernel's inner loop is a row of ldmatrix and mma.sync. Each alone costs 32 changes of threads,
// which takes longer than what it does. So what follows each other without anything between that
// others could notice becomes one operation. All of these are `.aligned`: a warp executes them
// together or not at all, so that no lane can be elsewhere in the row.

#include "lib/Emulator/Machine/Operations/Joined.h"
#include "lib/Emulator/Rewrite/Rewriter.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/Analysis/VectorUtils.h"

using namespace llvm;

namespace dreamer::emulator {

namespace {

/// An intrinsic that is to be joined with others.
struct Member {
  CallInst *call;
  std::unique_ptr<Operation> operation;
};

/// The row being gathered, in one basic block. It will be executed where its last member stands.
class Row {
public:
  explicit Row(Rewriter &rewriter) : rewriter(rewriter) {}

  /// Takes the next instruction of the block into account.
  void visit(llvm::Instruction &instruction) {
    auto *call = dyn_cast<CallInst>(&instruction);
    if (std::unique_ptr<Operation> operation = call ? joinableOf(*call) : nullptr) {
      if (!fits(*call))
        finish();
      slots += operation->inputs + operation->outputs;
      order[call] = members.size();
      members.push_back({call, std::move(operation)});
    } else if (!members.empty()) {
      if (instruction.mayHaveSideEffects() || instruction.mayReadFromMemory() ||
          instruction.isTerminator())
        finish();
      else if (llvm::any_of(instruction.operands(),
                            [&](Value *value) { return comesLater(value); }))
        dependent.insert(&instruction);
    }
  }

private:
  static constexpr unsigned mostSlots = 512; ///< they lie on each thread's stack

  std::unique_ptr<Operation> joinableOf(CallInst &call) {
    Function *callee = call.getCalledFunction();
    StringRef name = callee ? callee->getName() : "";
    if (!name.consume_front("llvm.nvvm."))
      return nullptr;
    Instruction instruction;
    instruction.name = name;
    std::unique_ptr<Operation> operation = rewriter.operationOf(
        instruction, SmallVector<Value *>(call.args()), resultTypesOf(call).size());
    if (!operation || !operation->joins())
      return nullptr;
    operation->site = *rewriter.siteOf(call, instruction.name);
    return operation;
  }

  /// Whether a value is there only once the row has been executed.
  bool comesLater(Value *value) const {
    auto *instruction = dyn_cast<llvm::Instruction>(value);
    return instruction && (order.contains(instruction) || dependent.contains(instruction));
  }

  /// A value's bits as they come from elsewhere: what only repacks them is seen through.
  static Value *origin(Value *value) {
    for (;;) {
      Value *from = nullptr;
      if (auto *cast = dyn_cast<BitCastInst>(value))
        from = cast->getOperand(0);
      else if (auto *extract = dyn_cast<ExtractValueInst>(value))
        from = FindInsertedValue(extract->getAggregateOperand(), extract->getIndices());
      else if (auto *element = dyn_cast<ExtractElementInst>(value))
        if (auto *index = dyn_cast<ConstantInt>(element->getIndexOperand()))
          from = findScalarElement(element->getVectorOperand(), index->getZExtValue());
      if (!from || from == value)
        return value;
      value = from;
    }
  }

  /// A member's result, by the numbers of the member and of the result.
  std::optional<std::pair<unsigned, unsigned>> resultOf(Value *value) const {
    unsigned number = 0;
    if (auto *extract = dyn_cast<ExtractValueInst>(value)) {
      value = extract->getAggregateOperand();
      if (!isa<CallInst>(value) || extract->getNumIndices() != 1)
        return std::nullopt;
      number = extract->getIndices()[0];
    }
    auto found = order.find(value);
    return found == order.end() ? std::nullopt : std::optional(std::pair(found->second, number));
  }

  /// Whether a call's operands are there before the row, or are results of it as they are.
  bool fits(CallInst &call) const {
    return slots <= mostSlots && llvm::all_of(call.args(), [&](Value *operand) {
             Value *from = origin(operand);
             return resultOf(from) || !comesLater(from);
           });
  }

  /// Ends the row: one call takes its place, where there are several members.
  void finish() {
    if (members.size() > 1)
      join();
    members.clear();
    order.clear();
    dependent.clear();
    slots = 0;
  }

  void join() {
    CallInst *last = members.back().call;
    // Operands from elsewhere come first, each once, then the results of all members.
    MapVector<Value *, unsigned> operands;
    for (Member &member : members)
      for (Value *operand : member.call->args())
        if (Value *from = origin(operand); !resultOf(from))
          operands.insert({from, operands.size()});
    SmallVector<unsigned> firstResult;
    SmallVector<Type *> types;
    for (Member &member : members) {
      firstResult.push_back(operands.size() + types.size());
      types.append(resultTypesOf(*member.call));
    }

    auto joined = std::make_unique<JoinedOperation>();
    joined->site = members.front().operation->site;
    joined->inputs = operands.size();
    joined->outputs = types.size();
    for (auto [i, member] : enumerate(members)) {
      std::vector<uint16_t> places;
      for (Value *operand : member.call->args()) {
        Value *from = origin(operand);
        auto result = resultOf(from);
        places.push_back(result ? firstResult[result->first] + result->second : operands[from]);
      }
      for (unsigned result = 0; result < member.operation->outputs; ++result)
        places.push_back(firstResult[i] + result);
      joined->add(std::move(member.operation), std::move(places));
    }

    auto after = std::next(last->getIterator());
    for (llvm::Instruction *instruction : dependent)
      if (instruction->comesBefore(last))
        instruction->moveBefore(after);
    IRBuilder<> builder(last);
    SmallVector<Value *> values, results;
    for (auto &[value, number] : operands)
      values.push_back(value);
    rewriter.callOperation(builder, std::move(joined), values, types, results);
    ArrayRef<Value *> rest = results;
    for (Member &member : members) {
      size_t count = resultTypesOf(*member.call).size();
      replaceCall(*member.call, rest.take_front(count), builder);
      rest = rest.drop_front(count);
    }
  }

  Rewriter &rewriter;
  std::vector<Member> members;
  DenseMap<Value *, unsigned> order; ///< of the members' calls
  SetVector<llvm::Instruction *> dependent;
  unsigned slots = 0;
};

} // namespace

void joinWarpIntrinsics(Rewriter &rewriter) {
  for (Function &function : rewriter.module)
    for (BasicBlock &block : function) {
      Row row(rewriter);
      for (llvm::Instruction &instruction : llvm::make_early_inc_range(block))
        row.visit(instruction);
    }
}

} // namespace dreamer::emulator
