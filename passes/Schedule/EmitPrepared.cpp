// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values in another form, such as packed weights: made once, before the loops that do not
// change them.

#include "dialects/Schedule/ScheduleDialect.h"
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
      plan.extend(known.buffer, lifeWithin(known.loops).end);
      return known.memory;
    }

  size_t around = 0;
  while (around < loops.size() &&
         loops[around].recur.getBody().isAncestor(source.getParentRegion()))
    ++around;
  OpBuilder::InsertionGuard guard(host);
  if (around < loops.size())
    host.setInsertionPoint(loops[around].host);
  std::string label = (current->getName().stripDialect() + " " + name).str();
  unsigned buffer = plan.add(bytesOf(type), lifeWithin(around), label);
  Value from = viewAt(place, source.getType()), memory = arenaView(buffer, 0, type);
  func::FuncOp kernel = library.get(current, text, name, TypeRange(ValueRange{from, memory}), body);
  bufferValues[from] = source;
  createLaunch(kernel, constant(tasks), ValueRange{from, memory}, around == loops.size());
  // What is made before a loop is for that loop: kept longer, it would take the place of what the
  // next one needs.
  size_t validLoops = std::min(around + 1, loops.size());
  prepared.push_back({source, text, memory, buffer, around, validLoops});
  return memory;
}

void Emitter::closeLoop() {
  loops.pop_back();
  llvm::erase_if(prepared, [&](const Prepared &known) { return known.validLoops > loops.size(); });
}
