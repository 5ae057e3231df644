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
    : size(bytes), sets(readersKept), writers(bytes), readers(bytes), flags(bytes), reading(bytes) {
  reset(initialised);
}

void Shadow::reset(bool initialised) {
  sets.clear();
  std::fill(writers.begin(), writers.end(), 0);
  std::fill(readers.begin(), readers.end(), 0);
  std::fill(flags.begin(), flags.end(), initialised ? Initialised : 0);
  std::fill(reading.begin(), reading.end(), 0);
}

void Shadow::forgetEpochs() {
  sets.clear();
  std::fill(writers.begin(), writers.end(), 0);
  std::fill(readers.begin(), readers.end(), 0);
  for (uint8_t &flag : flags)
    flag &= Initialised | Red;
}

void Shadow::initialise(size_t offset, size_t count) {
  for (size_t i = offset; i < offset + count; ++i)
    flags[i] |= Initialised;
}

void Shadow::setRedZone(size_t offset, size_t count) {
  for (size_t i = offset; i < offset + count; ++i)
    flags[i] |= Red;
}

void Shadow::setObject(size_t offset, size_t count, bool object) {
  for (size_t i = offset; i < offset + count; ++i)
    flags[i] = object ? flags[i] | Object : flags[i] & ~Object;
}

void Shadow::clearRedZone(size_t offset, size_t count) {
  for (size_t i = offset; i < offset + count; ++i)
    flags[i] &= ~Red;
}

/// Bytes from `begin` on, below `end`, of which the same is known.
size_t Shadow::endOfRun(size_t begin, size_t end) const {
  size_t i = begin + 1;
  while (i < end && writers[i] == writers[begin] && readers[i] == readers[begin] &&
         flags[i] == flags[begin] && reading[i] == reading[begin])
    ++i;
  return i;
}

Conflict Shadow::access(size_t offset, size_t count, Access kind, const Accessor &who) {
  Conflict first;
  for (size_t begin = offset, end = offset + count; begin < end;) {
    size_t next = endOfRun(begin, end);
    Conflict conflict = check(begin, kind, who);
    if (conflict.kind == Conflict::None)
      note(begin, next, kind, who);
    else if (first.kind == Conflict::None)
      first = conflict;
    begin = next;
  }
  return first;
}

Conflict Shadow::check(size_t byte, Access kind, const Accessor &who) const {
  uint8_t known = flags[byte];
  bool writes = kind == Access::Write || kind == Access::Atomic;
  bool atomic = kind == Access::Atomic || kind == Access::AtomicRead;
  if (known & Red)
    return {Conflict::RedZone, byte, {}};
  if ((known & Object) && kind != Access::Atomic)
    return {Conflict::IsMBarrier, byte, {}};
  if (known & Writing)
    return {Conflict::BeingWritten, byte, {}};
  if (writes && reading[byte])
    return {Conflict::BeingRead, byte, {}};
  if (kind != Access::Write && !(known & Initialised))
    return {Conflict::Uninitialised, byte, {}};
  Epoch writer = Epoch::unpack(writers[byte]);
  if (!writer.never() && !(atomic && (known & ByAtomic)) && writer.agent() != who.now.agent() &&
      !who.seen.covers(writer))
    return {Conflict::RaceWithWrite, byte, writer};
  if (writes)
    for (Epoch reader : sets.of(readers[byte]))
      if (reader.agent() != who.now.agent() && !who.seen.covers(reader))
        return {Conflict::RaceWithRead, byte, reader};
  // What ordinary stores wrote is seen by the engines only after a proxy fence.
  if (who.proxy == Proxy::Async && !writer.never() && !(known & ByAsync) &&
      !(who.published && who.published->covers(writer)))
    return {Conflict::NotFenced, byte, writer};
  return {};
}

void Shadow::note(size_t begin, size_t end, Access kind, const Accessor &who) {
  if (kind == Access::AtomicRead)
    return; // what orders it is known when it is used
  if (kind == Access::Read) {
    uint32_t set = sets.with(readers[begin], who.now, who.seen);
    std::fill(readers.begin() + begin, readers.begin() + end, set);
    return;
  }
  std::fill(writers.begin() + begin, writers.begin() + end, who.now.packed());
  std::fill(readers.begin() + begin, readers.begin() + end, 0);
  uint8_t known = (flags[begin] & (Red | Object)) | Initialised;
  if (kind == Access::Atomic)
    known |= ByAtomic;
  if (who.proxy == Proxy::Async)
    known |= ByAsync;
  std::fill(flags.begin() + begin, flags.begin() + end, known);
}

//===-- What is in flight -----------------------------------------------------------------------------------------===//

void Shadow::beginWrite(size_t offset, size_t count) {
  for (size_t i = offset; i < offset + count; ++i)
    flags[i] |= Writing;
}

void Shadow::landed(size_t offset, size_t count, Epoch writer, Proxy proxy) {
  for (size_t i = offset; i < offset + count; ++i) {
    flags[i] = (flags[i] & (Red | Object)) | Initialised | (proxy == Proxy::Async ? ByAsync : 0);
    writers[i] = writer.packed();
    readers[i] = 0;
  }
}

void Shadow::beginRead(size_t offset, size_t count) {
  for (size_t i = offset; i < offset + count; ++i)
    if (reading[i] < 255)
      ++reading[i];
}

void Shadow::endRead(size_t offset, size_t count) {
  for (size_t i = offset; i < offset + count; ++i)
    if (reading[i] > 0)
      --reading[i];
}

} // namespace dreamer::emulator
