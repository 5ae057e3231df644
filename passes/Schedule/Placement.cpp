// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Schedule/Placement.h"
#include "lib/Kernels/KeptValues.h"
#include "lib/Kernels/KernelOpInterface.h"

using namespace mlir;
using namespace dreamer;

Placement::Placement(func::FuncOp function, const Signature &signature, KeptLayout &layout)
    : function(function), signature(signature), timeline(function) {
  collect(layout);
  joinUpdates();
  joinCarried();
  placeOutputs();
  joinShared();
  placeStacked();
  assignMemories();
}

//===-- Values and their lives ---===//

/// A stack of parameters that are neighbours in memory is a view of the first.
static std::optional<View> viewOfNeighbours(StackOp stack, func::FuncOp function,
                                            const Signature &signature) {
  ExternalPlace first;
  for (auto [i, part] : llvm::enumerate(stack.getParts())) {
    auto argument = dyn_cast<BlockArgument>(part);
    if (!argument || argument.getOwner() != &function.getBody().front())
      return std::nullopt;
    ExternalPlace place = signature.arguments[argument.getArgNumber()];
    if (i == 0)
      first = place;
    if (place != ExternalPlace{first.buffer, first.offset + int64_t(i) * bytesOf(part.getType())})
      return std::nullopt;
  }
  return View{stack.getParts().front()};
}

void Placement::addNode(Value value) {
  if (!isa<RankedTensorType>(value.getType()))
    return;
  if (std::optional<View> view = viewOf(value)) {
    views[value] = *view;
    return;
  }
  // Zeros and histories that only loops begin with are made in the loop's memory.
  if (isa_and_nonnull<ZeroOp, HistoryOp>(value.getDefiningOp()) &&
      llvm::all_of(value.getUses(), isMadeInPlace))
    return;
  nodeOf[value] = nodes.size();
  nodes.push_back(
      {value, {timeline.definition(value), timeline.lastUse(value)}, unsigned(groups.size())});
  groups.emplace_back().members.push_back(nodes.size() - 1);
}

/// Gives what kernels make of parameters alone its place in the memory that the session keeps; nothing
/// else may be written there.
void Placement::keepIfPossible(Value value, KeptLayout &layout) {
  if (!isRoot(value) || !isa<KernelOpInterface>(value.getDefiningOp()))
    return;
  std::optional<std::string> form = keptFormOf(value);
  if (!form)
    return;
  kept.insert(value);
  Group &group = groupOf(value);
  int64_t header = layout.headerOf(*form, bytesOf(value.getType()));
  group.external = {*signature.kept, header + KeptLayout::headerBytes};
  group.keep = true;
}

void Placement::collect(KeptLayout &layout) {
  for (auto [i, argument] : llvm::enumerate(function.getArguments())) {
    addNode(argument);
    Group &group = groupOf(argument);
    group.external = signature.arguments[i];
    group.keep = !llvm::is_contained(signature.updates, int(i));
    if (group.keep)
      nodes.back().life.end = timeline.getEnd() + 1;
  }
  function.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto stack = dyn_cast<StackOp>(op))
      if (std::optional<View> view = viewOfNeighbours(stack, function, signature)) {
        views[stack.getResult()] = *view;
        // The parts are needed as long as the stack is.
        for (Value part : stack.getParts()) {
          Interval &life = nodes[nodeOf.lookup(part)].life;
          life.end = std::max(life.end, timeline.lastUse(stack.getResult()));
        }
        return WalkResult::advance();
      }
    for (Value result : op->getResults()) {
      addNode(result);
      keepIfPossible(result, layout);
    }
    if (isa<FusedOp>(op))
      return WalkResult::skip(); // what is inside is the kernel's
    if (auto recur = dyn_cast<RecurOp>(op))
      for (Value argument : recur.getBody().getArguments())
        addNode(argument);
    return WalkResult::advance();
  });
}

/// Whether `after` may begin where `before` ends: it is computed from it in place, or it is the same
/// value handed on by a loop.
bool Placement::mayTouch(Value before, Value after) const {
  if (auto argument = dyn_cast<BlockArgument>(after)) {
    auto recur = dyn_cast<RecurOp>(argument.getOwner()->getParentOp());
    return recur && recur.getInits()[argument.getArgNumber() - 1] == before;
  }
  auto result = cast<OpResult>(after);
  if (auto recur = dyn_cast<RecurOp>(result.getOwner()))
    return result.getResultNumber() < recur.getInits().size() &&
           recur.getYield().getCarried()[result.getResultNumber()] == before;
  auto kernels = dyn_cast<KernelOpInterface>(result.getOwner());
  if (!kernels)
    return false;
  for (OpOperand &operand : result.getOwner()->getOpOperands()) {
    Value read = operand.get();
    while (auto view = viewOf(read))
      read = view->base;
    if (read != before)
      continue;
    bool shares =
        read == operand.get() &&
        (kernels.getUpdatedOperand(result.getResultNumber()) == operand.getOperandNumber() ||
         kernels.mayShareBuffer(result.getResultNumber(), operand.getOperandNumber()));
    if (!shares)
      return false;
  }
  return true;
}

bool Placement::interfere(const Node &a, const Node &b) const {
  if (!a.life.overlaps(b.life))
    return false;
  if (a.life.end == b.life.begin && mayTouch(a.value, b.value))
    return false;
  if (b.life.end == a.life.begin && mayTouch(b.value, a.value))
    return false;
  return true;
}

bool Placement::join(Value a, Value b, bool force) {
  if (!isRoot(a) || !isRoot(b) || bytesOf(a.getType()) != bytesOf(b.getType()))
    return false;
  unsigned first = nodes[nodeOf.lookup(a)].group, second = nodes[nodeOf.lookup(b)].group;
  if (first == second)
    return true;
  Group &kept = groups[first], &joined = groups[second];
  if (kept.keep || joined.keep || (kept.external && joined.external) || kept.inside ||
      joined.inside)
    return false;
  if (!force)
    for (unsigned x : kept.members)
      for (unsigned y : joined.members)
        if (interfere(nodes[x], nodes[y]))
          return false;
  for (unsigned node : joined.members)
    nodes[node].group = first;
  kept.members.append(joined.members);
  if (joined.external)
    kept.external = joined.external;
  joined.members.clear();
  return true;
}

//===-- Who shares memory with whom ---===//

void Placement::joinUpdates() {
  function.walk([&](KernelOpInterface op) {
    for (unsigned i = 0; i < op->getNumResults(); ++i)
      if (std::optional<unsigned> operand = op.getUpdatedOperand(i))
        join(op->getOperand(*operand), op->getResult(i));
  });
}

void Placement::joinCarried() {
  function.walk([&](RecurOp recur) {
    for (unsigned i = 0; i < recur.getInits().size(); ++i)
      join(recur.getCarriedArguments()[i], recur.getCarriedResults()[i], /*force=*/true);
    for (unsigned i = 0; i < recur.getInits().size(); ++i)
      join(recur.getCarriedArguments()[i], recur.getYield().getCarried()[i]);
    for (unsigned i = 0; i < recur.getInits().size(); ++i)
      if (!isMadeInPlace(recur.getInitsMutable()[i]))
        join(recur.getCarriedArguments()[i], recur.getInits()[i]);
  });
}

void Placement::placeOutputs() {
  auto ret = cast<func::ReturnOp>(function.getBody().front().getTerminator());
  for (auto [i, value] : llvm::enumerate(ret.getOperands()))
    if (signature.updates[i] >= 0)
      join(function.getArgument(signature.updates[i]), value);
  for (auto [i, value] : llvm::enumerate(ret.getOperands())) {
    if (signature.updates[i] >= 0)
      continue;
    if (!isRoot(value))
      placeUnstackedOutput(ret, i);
    else if (Group &group = groupOf(value); !group.external && !group.keep)
      group.external = signature.results[i];
  }
}

/// Gradients of stacked parameters are entries of one tensor; where the outputs are neighbours, that
/// tensor is placed over them.
void Placement::placeUnstackedOutput(func::ReturnOp ret, unsigned result) {
  auto unstack = ret.getOperand(result).getDefiningOp<UnstackOp>();
  if (!unstack || !isRoot(unstack.getStack()))
    return;
  Group &group = groupOf(unstack.getStack());
  if (group.external || group.keep)
    return;
  ExternalPlace base;
  for (auto [k, part] : llvm::enumerate(unstack.getParts())) {
    std::optional<ExternalPlace> place;
    for (auto [i, value] : llvm::enumerate(ret.getOperands()))
      if (value == part && signature.updates[i] < 0)
        place = signature.results[i];
    if (!place)
      return;
    if (k == 0)
      base = *place;
    if (*place != ExternalPlace{base.buffer, base.offset + int64_t(k) * bytesOf(part.getType())})
      return;
  }
  group.external = base;
}

void Placement::joinShared() {
  function.walk([&](KernelOpInterface op) {
    for (Value result : op->getResults()) {
      if (!isRoot(result))
        continue;
      for (OpOperand &operand : op->getOpOperands()) {
        if (!isRoot(operand.get()) || !op.mayShareBuffer(cast<OpResult>(result).getResultNumber(),
                                                         operand.getOperandNumber()))
          continue;
        // What the caller gave stays as it is until the step is known to succeed.
        auto isArgument = [&](unsigned node) {
          return llvm::is_contained(function.getArguments(), nodes[node].value);
        };
        if (llvm::any_of(groupOf(operand.get()).members, isArgument) ||
            llvm::any_of(groupOf(result).members, isArgument))
          continue;
        if (join(operand.get(), result))
          break;
      }
    }
  });
}

void Placement::placeStacked() {
  function.walk([&](RecurOp recur) {
    for (auto [yielded, stacked] :
         llvm::zip(recur.getYield().getStacked(), recur.getStackedResults())) {
      if (!isRoot(yielded) || !isRoot(stacked))
        continue;
      Group &group = groupOf(yielded);
      auto isOfStep = [&](unsigned node) {
        Value value = nodes[node].value;
        return recur.getBody().isAncestor(value.getParentRegion()) &&
               !llvm::is_contained(recur.getBody().getArguments(), value);
      };
      if (!group.external && !group.keep && !group.inside && llvm::all_of(group.members, isOfStep))
        group.inside = View{stacked, 0, recur.getIndex(), bytesOf(yielded.getType())};
    }
  });
}

//===-- Memories ---===//

/// "core rms_norm #0" or the name of an argument.
static std::string labelOf(Value value, func::FuncOp function) {
  if (auto result = dyn_cast<OpResult>(value))
    return (result.getOwner()->getName().stripDialect() + " #" + Twine(result.getResultNumber()))
        .str();
  auto argument = cast<BlockArgument>(value);
  if (argument.getOwner() == &function.getBody().front())
    return function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), attribute::name).str();
  return ("carried #" + Twine(argument.getArgNumber() - 1)).str();
}

void Placement::assignMemories() {
  for (Group &group : groups) {
    if (group.members.empty() || group.inside)
      continue;
    group.memory = memories.size();
    Value first = nodes[group.members.front()].value;
    Memory &memory = memories.emplace_back(
        Memory{bytesOf(first.getType()), group.external, {}, labelOf(first, function)});
    for (unsigned node : group.members)
      memory.live.push_back(nodes[node].life);
  }
}

Place Placement::placeOf(Value value) const {
  Place place;
  auto step = [&](const View &view) {
    place.offset += view.offset;
    if (view.index)
      place.terms.push_back({view.index, view.stride});
    value = view.base;
  };
  while (true) {
    if (auto view = views.find(value); view != views.end()) {
      step(view->second);
      continue;
    }
    const Group &group = groups[nodes[nodeOf.lookup(value)].group];
    if (!group.inside) {
      place.memory = group.memory;
      return place;
    }
    step(*group.inside);
  }
}
