// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Shadow.h"

#include <algorithm>

namespace dreamer::emulator {

//===-- ReaderSets ------------------------------------------------------------------------------------------------===//

void ReaderSets::clear() {
  sets.assign(1, {});
  known.clear();
}

uint32_t ReaderSets::with(uint32_t set, Epoch reader, const Clock &clock) {
  // Reading again at the same moment says nothing new.
  const std::vector<Epoch> &before = sets[set];
  if (std::find(before.begin(), before.end(), reader) != before.end())
    return set;
  // An epoch names its agent's clock, which changes with every moment: the result can be kept.
  uint64_t key = (reader.packed() * 0x9e3779b97f4a7c15u) ^ (uint64_t(set) * 0xc2b2ae3d27d4eb4fu);
  if (auto found = known.find(key); found != known.end())
    if (const std::vector<Epoch> &known = sets[found->second];
        !known.empty() && known.back() == reader)
      return found->second;
  std::vector<Epoch> result;
  for (Epoch epoch : sets[set])
    if (!clock.covers(epoch) && epoch.agent() != reader.agent())
      result.push_back(epoch);
  if (result.size() >= most)
    result.erase(result.begin());
  result.push_back(reader);
  sets.push_back(std::move(result));
  uint32_t number = sets.size() - 1;
  known[key] = number;
  return number;
}

//===-- Shadow ----------------------------------------------------------------------------------------------------===//

Shadow::Shadow(size_t bytes, size_t readersKept, bool initialised)
    : size(bytes), sets(readersKept) {
  reset(initialised);
}

void Shadow::reset(bool initialised) {
  Cell cell;
  cell.flags = initialised ? Initialised : 0;
  cells.assign((size + cellBytes - 1) / cellBytes, cell);
  parts.assign(4, Cell()); // number 0 means none
  unused.clear();
  sets.clear();
}

template <typename Function>
void Shadow::visit(uint32_t number, bool isPart, size_t base, size_t bytes, size_t begin,
                   size_t end, Function &function) {
  // By number, as making parts moves all of them.
  auto cell = [&]() -> Cell & { return isPart ? parts[number] : cells[number]; };
  bool whole = begin <= base && base + bytes <= end;
  if (whole && !cell().parts) {
    function(cell(), base);
    return;
  }
  if (!cell().parts) {
    Cell copy = cell();
    uint32_t four = 0;
    if (unused.empty()) {
      four = parts.size();
      parts.resize(parts.size() + 4);
    } else {
      four = unused.back();
      unused.pop_back();
    }
    std::fill_n(parts.begin() + four, 4, copy);
    cell().parts = four;
  }
  uint32_t four = cell().parts;
  size_t quarter = bytes / 4;
  for (unsigned i = 0; i < 4; ++i)
    if (size_t at = base + i * quarter; at < end && begin < at + quarter)
      visit(four + i, true, at, quarter, begin, end, function);
  const Cell &first = parts[four];
  if (whole && !first.parts && first == parts[four + 1] && first == parts[four + 2] &&
      first == parts[four + 3]) {
    cell() = first;
    unused.push_back(four);
  }
}

template <typename Function>
void Shadow::each(size_t offset, size_t count, Function function) {
  for (size_t base = offset / cellBytes * cellBytes; base < offset + count; base += cellBytes) {
    size_t number = base / cellBytes;
    if (offset <= base && base + cellBytes <= offset + count && !cells[number].parts) // most of all
      function(cells[number], base);
    else
      visit(number, false, base, cellBytes, offset, offset + count, function);
  }
}

void Shadow::forgetEpochs() {
  sets.clear();
  auto forget = [](Cell &cell) {
    cell.writer = 0;
    std::fill(std::begin(cell.readers), std::end(cell.readers), 0);
    cell.more = cell.reading = 0;
    cell.flags &= Initialised | Red;
  };
  std::for_each(cells.begin(), cells.end(), forget);
  std::for_each(parts.begin(), parts.end(), forget);
}

void Shadow::initialise(size_t offset, size_t count) {
  each(offset, count, [](Cell &cell, size_t) { cell.flags |= Initialised; });
}

void Shadow::setRedZone(size_t offset, size_t count) {
  each(offset, count, [](Cell &cell, size_t) { cell.flags |= Red; });
}

void Shadow::clearRedZone(size_t offset, size_t count) {
  each(offset, count, [](Cell &cell, size_t) { cell.flags &= ~Red; });
}

void Shadow::setObject(size_t offset, size_t count, bool object) {
  each(offset, count, [&](Cell &cell, size_t) {
    cell.flags = object ? cell.flags | Object : cell.flags & ~Object;
  });
}

static bool reads(Access kind) { return kind == Access::Read || kind == Access::AsyncRead; }
static bool plainlyWrites(Access kind) {
  return kind == Access::Write || kind == Access::AsyncWrite;
}

/// Whether the accessor is ordered after an epoch of others.
static bool ordered(Epoch epoch, const Accessor &who) {
  return epoch.never() || epoch.agent() == who.now.agent() || who.seen.covers(epoch);
}

bool Shadow::surelyFine(const Cell &cell, Access kind, const Accessor &who) {
  return reads(kind) && who.proxy == Proxy::Generic &&
         (cell.flags & (Red | Object | Writing | Initialised)) == Initialised &&
         ordered(Epoch::unpack(cell.writer), who);
}

Conflict Shadow::access(size_t offset, size_t count, Access kind, const Accessor &who) {
  Conflict first;
  each(offset, count, [&](Cell &cell, size_t byte) {
    if (surelyFine(cell, kind, who)) {
      note(cell, kind, who);
    } else {
      Conflict conflict = check(cell, std::max(byte, offset), kind, who);
      if (conflict.kind == Conflict::None)
        note(cell, kind, who);
      else if (first.kind == Conflict::None)
        first = conflict;
    }
    begin(cell, kind);
  });
  return first;
}

Conflict Shadow::check(const Cell &cell, size_t byte, Access kind, const Accessor &who) const {
  bool writes = plainlyWrites(kind) || kind == Access::Atomic;
  bool atomic = kind == Access::Atomic || kind == Access::AtomicRead;
  if (cell.flags & Red)
    return {Conflict::RedZone, byte, {}};
  if ((cell.flags & Object) && kind != Access::Atomic)
    return {Conflict::IsMBarrier, byte, {}};
  if (cell.flags & Writing)
    return {Conflict::BeingWritten, byte, {}};
  if (writes && cell.reading)
    return {Conflict::BeingRead, byte, {}};
  if (!plainlyWrites(kind) && !(cell.flags & Initialised))
    return {Conflict::Uninitialised, byte, {}};
  Epoch writer = Epoch::unpack(cell.writer);
  if (!(atomic && (cell.flags & ByAtomic)) && !ordered(writer, who))
    return {Conflict::RaceWithWrite, byte, writer};
  if (writes) {
    for (uint64_t reader : cell.readers)
      if (!ordered(Epoch::unpack(reader), who))
        return {Conflict::RaceWithRead, byte, Epoch::unpack(reader)};
    for (Epoch reader : sets.of(cell.more))
      if (!ordered(reader, who))
        return {Conflict::RaceWithRead, byte, reader};
  }
  // What ordinary stores wrote is seen by the engines only after a proxy fence.
  if (who.proxy == Proxy::Async && !writer.never() && !(cell.flags & ByAsync) &&
      !(who.published && who.published->covers(writer)))
    return {Conflict::NotFenced, byte, writer};
  return {};
}

void Shadow::note(Cell &cell, Access kind, const Accessor &who) {
  if (kind == Access::AtomicRead)
    return; // what orders it is known when it is used
  if (reads(kind)) {
    for (uint64_t &slot : cell.readers)
      if (ordered(Epoch::unpack(slot), who)) { // whoever comes after this one comes after that one
        slot = who.now.packed();
        return;
      }
    cell.more = sets.with(cell.more, who.now, who.seen);
    return;
  }
  cell.writer = who.now.packed();
  std::fill(std::begin(cell.readers), std::end(cell.readers), 0);
  cell.more = 0;
  cell.flags = (cell.flags & (Red | Object)) | Initialised |
               (kind == Access::Atomic ? ByAtomic : 0) | (who.proxy == Proxy::Async ? ByAsync : 0);
}

//===-- What is in flight -----------------------------------------------------------------------------------------===//

void Shadow::begin(Cell &cell, Access kind) {
  if (kind == Access::AsyncWrite)
    cell.flags |= Writing;
  else if (kind == Access::AsyncRead)
    cell.reading += cell.reading < 255;
}

void Shadow::landed(size_t offset, size_t count, Epoch writer, Proxy proxy) {
  each(offset, count, [&](Cell &cell, size_t) {
    cell.flags =
        (cell.flags & (Red | Object)) | Initialised | (proxy == Proxy::Async ? ByAsync : 0);
    cell.writer = writer.packed();
    std::fill(std::begin(cell.readers), std::end(cell.readers), 0);
    cell.more = 0;
  });
}

void Shadow::endRead(size_t offset, size_t count) {
  each(offset, count, [](Cell &cell, size_t) { cell.reading -= cell.reading > 0; });
}

} // namespace dreamer::emulator
