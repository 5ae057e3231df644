// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Buffers and single operations; EmitLaunch.cpp has launches, EmitRecur.cpp the loop over depth.

#include "passes/Schedule/Emitter.h"
#include "dialects/Schedule/ScheduleDialect.h"
#include "lib/Kernels/TunableOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace dreamer;

Emitter::Emitter(func::FuncOp source, const Signature &signature, const Placement &placement,
                 KeptLayout &kept, const Work &work, const KernelTarget &target,
                 KernelLibrary &library, ErrorTable &errors)
    : source(source), signature(signature), placement(placement), kept(kept), work(work),
      machine(target), library(library), errors(errors), host(source.getContext()),
      current(source) {
  for (const Memory &memory : placement.getMemories())
    arenaOf.push_back(memory.external ? ~0u : plan.add(memory.bytes, memory.live, memory.label));
}

FailureOr<func::FuncOp> Emitter::emit(ModuleOp module) {
  host.setInsertionPointToEnd(module.getBody());
  SmallVector<Type> types;
  for (const Signature::Buffer &buffer : signature.buffers)
    types.push_back(MemRefType::get({buffer.bytes}, host.getI8Type()));
  entry = func::FuncOp::create(host, source.getLoc(), source.getName(),
                               host.getFunctionType(types, {}));
  entry->setAttr(schedule::attribute::entry, signature.toAttribute(source));
  for (auto [i, buffer] : llvm::enumerate(signature.buffers)) {
    entry.setArgAttr(i, schedule::attribute::buffer, host.getStringAttr(buffer.kind));
    if (!buffer.name.empty())
      entry.setArgAttr(i, schedule::attribute::name, host.getStringAttr(buffer.name));
  }
  host.setInsertionPointToStart(entry.addEntryBlock());
  if (failed(emitBlock(source.getBody().front())) || failed(finish()))
    return failure();
  return entry;
}

LogicalResult Emitter::emitBlock(Block &block) {
  for (Operation &op : block) {
    current = &op;
    launchesOfOperation.clear();
    bufferValues.clear();
    if (failed(emitOperation(&op)))
      return failure();
    shareContractions();
  }
  return success();
}

LogicalResult Emitter::emitOperation(Operation *op) {
  if (failed(checkChoice(op, machine)))
    return failure();
  if (auto recur = dyn_cast<RecurOp>(op))
    return emitRecur(recur);
  if (auto yield = dyn_cast<YieldOp>(op)) {
    emitEndOfStep(cast<RecurOp>(op->getParentOp()));
    return success();
  }
  if (auto ret = dyn_cast<func::ReturnOp>(op))
    return emitOutputs(ret);
  if (isa<HistoryOp>(op) || (op->getNumResults() && llvm::all_of(op->getResults(), [&](Value v) {
                               return placement.isView(v);
                             })))
    return success();
  if (auto zero = dyn_cast<ZeroOp>(op)) {
    if (!llvm::all_of(zero->getUses(), isMadeInPlace))
      fill(buffer(zero.getResult()), 0);
    return success();
  }
  if (auto stack = dyn_cast<StackOp>(op)) {
    emitStack(stack);
    return success();
  }
  if (auto kernels = dyn_cast<KernelOpInterface>(op))
    return emitKernels(kernels);
  if (auto constant = dyn_cast<arith::ConstantOp>(op);
      constant && isa<RankedTensorType>(constant.getType()))
    return emitConstant(constant);
  auto isScalar = [](Type type) { return type.isIntOrIndexOrFloat(); };
  if (isa<arith::ArithDialect>(op->getDialect()) && llvm::all_of(op->getOperandTypes(), isScalar) &&
      llvm::all_of(op->getResultTypes(), isScalar)) {
    host.clone(*op, indices);
    return success();
  }
  return op->emitError() << "expected an operation with kernels for " << machine.name << ", found '"
                         << op->getName() << "', which has none";
}

LogicalResult Emitter::emitKernels(KernelOpInterface op) {
  for (OpResult result : op->getResults()) {
    std::optional<unsigned> updated = op.getUpdatedOperand(result.getResultNumber());
    if (updated)
      copyIfElsewhere(op->getOperand(*updated), result);
  }
  if (op->getNumResults() && placement.isKept(op->getResult(0)))
    emitKept(op);
  else
    op.buildKernels(*this);
  return success();
}

LogicalResult Emitter::emitConstant(arith::ConstantOp op) {
  auto splat = dyn_cast<SplatElementsAttr>(op.getValue());
  if (!splat)
    return op.emitError() << "expected one value for all elements of a constant tensor, found "
                          << op.getType();
  launch("fill", 1, buffer(op.getResult()),
         [&](OpBuilder &builder, Location loc, Value, ValueRange arguments) {
           Value value = arith::ConstantOp::create(
               builder, loc, cast<TypedAttr>(splat.getSplatValue<Attribute>()));
           linalg::FillOp::create(builder, loc, value, arguments[0]);
         });
  return success();
}

void Emitter::emitStack(StackOp stack) {
  Place place = placement.placeOf(stack.getResult());
  for (Value part : stack.getParts()) {
    copy(buffer(part), viewAt(place, part.getType()));
    place.offset += bytesOf(part.getType());
  }
}

LogicalResult Emitter::emitOutputs(func::ReturnOp ret) {
  struct Output {
    Value value;
    ExternalPlace place;
  };
  SmallVector<Output> outputs;
  for (bool update : {false, true}) // an output may be the old value of an argument that is updated
    for (auto [i, value] : llvm::enumerate(ret.getOperands())) {
      if ((signature.updates[i] >= 0) != update)
        continue;
      Place place = placement.placeOf(value);
      const std::optional<ExternalPlace> &at = placement.getMemories()[place.memory].external;
      if (at && place.terms.empty() &&
          ExternalPlace{at->buffer, at->offset + place.offset} == signature.results[i])
        continue;
      for (const Output &before : outputs)
        if (at && before.place.buffer == at->buffer &&
            before.place.offset < at->offset + place.offset + bytesOf(value.getType()) &&
            at->offset + place.offset < before.place.offset + bytesOf(before.value.getType()))
          return ret.emitError()
                 << "expected results that do not exchange the values of arguments, "
                    "found result "
                 << i << " computed from an argument that another result updates";
      outputs.push_back({value, signature.results[i]});
      copy(buffer(value), external(signature.results[i], value.getType()));
    }
  func::ReturnOp::create(host, ret.getLoc());
  return success();
}

/// Plans the arena and writes its offsets into the views.
LogicalResult Emitter::finish() {
  plan.solve();
  if (auto conflict = plan.findConflict())
    return source.emitError() << "internal error: the memory plan overlaps '"
                              << plan[conflict->first].label << "' with '"
                              << plan[conflict->second].label << "'";
  for (Shift &shift : shifts)
    shift.constant.setValueAttr(host.getIndexAttr(plan[shift.buffer].offset + shift.offset));

  setBufferBytes(entry, Signature::arena, plan.getBytes());

  SmallVector<const ArenaBuffer *> largest;
  for (const ArenaBuffer &buffer : plan.getBuffers())
    largest.push_back(&buffer);
  llvm::sort(largest,
             [](auto *a, auto *b) { return std::pair(-a->bytes, a) < std::pair(-b->bytes, b); });
  largest.truncate(std::min<size_t>(largest.size(), 12));
  SmallVector<Attribute> list;
  for (const ArenaBuffer *buffer : largest) {
    NamedAttrList item;
    item.set("name", host.getStringAttr(buffer->label));
    item.set("bytes", host.getI64IntegerAttr(buffer->bytes));
    item.set("offset", host.getI64IntegerAttr(buffer->offset));
    list.push_back(item.getDictionary(host.getContext()));
  }
  NamedAttrList report;
  report.set("arena_bytes", host.getI64IntegerAttr(plan.getBytes()));
  report.set("largest", host.getArrayAttr(list));
  entry->setAttr(schedule::attribute::plan, report.getDictionary(host.getContext()));
  return success();
}

//===-- What operations see ---===//

Value Emitter::buffer(Value value) {
  if (!isa<RankedTensorType>(value.getType()))
    return indices.lookupOrDefault(value);
  Value buffer = bufferOf(value);
  bufferValues[buffer] = value;
  return buffer;
}

Value Emitter::bufferOf(Value value) {
  // An operand that is updated is where the result is.
  if (auto kernels = dyn_cast<KernelOpInterface>(current))
    for (OpResult result : current->getResults())
      if (std::optional<unsigned> updated = kernels.getUpdatedOperand(result.getResultNumber());
          updated && current->getOperand(*updated) == value && !placement.isView(result))
        return viewAt(placement.placeOf(result), value.getType());
  return viewAt(placement.placeOf(value), value.getType());
}

Value Emitter::scratch(MemRefType type) {
  int64_t time = placement.getTimeline().at(current);
  std::string label = (current->getName().stripDialect() + " scratch").str();
  return arenaView(plan.add(bytesOf(type), Interval{time, time}, label), 0, type);
}

void Emitter::requireRange(Value ids, int64_t low, int64_t high, StringRef message) {
  schedule::RequireRangeOp::create(host, loc(), ids, low, high, errors.codeOf(message));
}

//===-- Memory ---===//

Value Emitter::constant(int64_t value) {
  return arith::ConstantIndexOp::create(host, current->getLoc(), value);
}

static MemRefType memrefOf(Type type) {
  auto shaped = cast<ShapedType>(type);
  return MemRefType::get(shaped.getShape(), shaped.getElementType());
}

Value Emitter::external(ExternalPlace place, Type type) {
  return memref::ViewOp::create(host, current->getLoc(), memrefOf(type),
                                entry.getArgument(place.buffer), constant(place.offset),
                                ValueRange());
}

Value Emitter::arenaView(unsigned arenaBuffer, int64_t offset, Type type) {
  auto shift = arith::ConstantOp::create(host, current->getLoc(), host.getIndexAttr(0));
  shifts.push_back({shift, arenaBuffer, offset});
  return memref::ViewOp::create(host, current->getLoc(), memrefOf(type),
                                entry.getArgument(Signature::arena), shift, ValueRange());
}

Value Emitter::viewAt(const Place &place, Type type) {
  const Memory &memory = placement.getMemories()[place.memory];
  Location loc = current->getLoc();
  if (place.terms.empty())
    return memory.external
               ? external({memory.external->buffer, memory.external->offset + place.offset}, type)
               : arenaView(arenaOf[place.memory], place.offset, type);
  Value shift;
  if (memory.external) {
    shift = constant(memory.external->offset + place.offset);
  } else {
    auto base = arith::ConstantOp::create(host, loc, host.getIndexAttr(0));
    shifts.push_back({base, arenaOf[place.memory], place.offset});
    shift = base;
  }
  for (auto [index, stride] : place.terms) {
    Value bytes =
        arith::MulIOp::create(host, loc, indices.lookupOrDefault(index), constant(stride));
    shift = arith::AddIOp::create(host, loc, shift, bytes);
  }
  unsigned buffer = memory.external ? memory.external->buffer : Signature::arena;
  return memref::ViewOp::create(host, loc, memrefOf(type), entry.getArgument(buffer), shift,
                                ValueRange());
}

void Emitter::copy(Value from, Value to) {
  memref::CopyOp::create(host, current->getLoc(), from, to);
  ++copies;
}

void Emitter::copyIfElsewhere(Value from, Value to) {
  Place source = placement.placeOf(from), target = placement.placeOf(to);
  if (source != target)
    copy(viewAt(source, from.getType()), viewAt(target, to.getType()));
}

void Emitter::fill(Value memref, int8_t byte) {
  schedule::FillOp::create(host, current->getLoc(), memref, byte);
}
