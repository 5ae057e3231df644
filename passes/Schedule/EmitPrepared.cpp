// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values in another form, such as packed weights: made once, before the loops that do not change them;
// what is made of parameters alone is kept from call to call where it can be (KeptValues.h).

#include "dialects/Schedule/ScheduleDialect.h"
#include "lib/Kernels/KeptValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "passes/Schedule/Emitter.h"

using namespace mlir;
using namespace dreamer;

static std::string keyOf(StringRef name, ArrayRef<int64_t> key, TypeRange types) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "prepare " << name << ' ';
  llvm::interleaveComma(key, out);
  out << " : ";
  llvm::interleaveComma(types, out);
  return text;
}

/// How long memory is needed that is filled inside of the outer `loopsAround` open loops and read by
/// the current operation.
Interval Emitter::lifeWithin(size_t loopsAround) const {
  const Timeline &timeline = placement.getTimeline();
  if (loopsAround == loops.size())
    return {timeline.at(current), timeline.at(current)};
  RecurOp recur = loops[loopsAround].recur;
  return {timeline.at(recur), timeline.endOf(recur)};
}

Value Emitter::prepare(StringRef name, Value source, ArrayRef<int64_t> key, MemRefType type,
                       int64_t tasks, KernelBody body) {
  Place place = placement.placeOf(source);
  std::string text = keyOf(name, key, {source.getType(), type});
  for (const Prepared &known : prepared)
    if (known.source == source && known.key == text) {
      if (known.buffer)
        plan.extend(*known.buffer, lifeWithin(known.loops).end);
      return known.memory;
    }

  size_t around = 0;
  while (around < loops.size() &&
         loops[around].recur.getBody().isAncestor(source.getParentRegion()))
    ++around;
  OpBuilder::InsertionGuard guard(host);
  if (around < loops.size())
    host.setInsertionPoint(loops[around].host);
  auto fill = [&](Value memory) {
    Value from = viewAt(place, source.getType());
    func::FuncOp kernel =
        library.get(current, text, name, TypeRange(ValueRange{from, memory}), body);
    bufferValues[from] = source;
    createLaunch(kernel, constant(tasks), ValueRange{from, memory}, around == loops.size());
  };
  if (std::optional<std::string> form = keptFormOf(source)) {
    int64_t header = kept.headerOf(*form + " " + text, bytesOf(type));
    Value memory = external({*signature.kept, header + KeptLayout::headerBytes}, type);
    unlessKept(header, [&] { fill(memory); });
    prepared.push_back({source, text, memory, std::nullopt, around, 0});
    return memory;
  }
  std::string label = (current->getName().stripDialect() + " " + name).str();
  unsigned buffer = plan.add(bytesOf(type), lifeWithin(around), label);
  Value memory = arenaView(buffer, 0, type);
  fill(memory);
  // What is made before a loop is for that loop: held longer, it would take the place of what the
  // next one needs.
  size_t validLoops = std::min(around + 1, loops.size());
  prepared.push_back({source, text, memory, buffer, around, validLoops});
  return memory;
}

/// Emits what `make` emits for when the thing with that header was made of other parameters, or never.
void Emitter::unlessKept(int64_t header, function_ref<void()> make) {
  Location loc = current->getLoc();
  auto generation = MemRefType::get({}, host.getI64Type());
  Value of = external({*signature.kept, header}, generation);
  Value now = memref::LoadOp::create(host, loc, external({*signature.kept, 0}, generation));
  Value then = memref::LoadOp::create(host, loc, of);
  Value stale = arith::CmpIOp::create(host, loc, arith::CmpIPredicate::ne, now, then);
  auto when = scf::IfOp::create(host, loc, stale, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(host);
  host.setInsertionPointToStart(&when.getThenRegion().front());
  make();
  memref::StoreOp::create(host, loc, now, of);
}

/// Emits an operation on parameters alone. What it prepares itself is not for anybody else: it is made
/// only when this is.
void Emitter::emitKept(KernelOpInterface op) {
  Place place = placement.placeOf(op->getResult(0));
  int64_t contents = placement.getMemories()[place.memory].external->offset;
  size_t before = prepared.size();
  unlessKept(contents - KeptLayout::headerBytes, [&] { op.buildKernels(*this); });
  prepared.truncate(before);
}

void Emitter::closeLoop() {
  loops.pop_back();
  llvm::erase_if(prepared, [&](const Prepared &known) { return known.validLoops > loops.size(); });
}
