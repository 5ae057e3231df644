// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/GlobalMemory.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <sys/mman.h>

namespace dreamer::emulator {

/// Readers of a byte that are remembered: blocks are rarely ordered, so that sets are not pruned.
static constexpr size_t readersKept = 8;
/// Unused addresses after an allocation, so that what runs over the end meets nothing else.
static constexpr size_t gap = 4096;

//===-- Allocation ------------------------------------------------------------------------------------------------===//

Allocation::Allocation(std::byte *base, size_t bytes, std::string name, bool readOnly,
                       bool initialised)
    : base(base), bytes(bytes), name(std::move(name)), readOnly(readOnly) {
  size_t count = (bytes + partBytes - 1) / partBytes;
  for (size_t i = 0; i < count; ++i)
    parts.push_back(std::make_unique<Part>(initialised));
}

Shadow &Allocation::Part::known() {
  if (!shadow)
    shadow = std::make_unique<Shadow>(partBytes, readersKept, initialised);
  return *shadow;
}

template <typename Function>
void Allocation::eachPart(size_t offset, size_t count, Function function) {
  for (size_t done = 0; done < count;) {
    size_t at = offset + done, inPart = at % partBytes;
    size_t length = std::min(count - done, partBytes - inPart);
    Part &part = *parts[at / partBytes];
    std::lock_guard lock(part.lock);
    function(part, inPart, length, at - inPart);
    done += length;
  }
}

Conflict Allocation::access(size_t offset, size_t count, Access kind, const Accessor &who) {
  Conflict first;
  eachPart(offset, count, [&](Part &part, size_t at, size_t length, size_t begin) {
    Conflict conflict = part.known().access(at, length, kind, who);
    if (first.kind == Conflict::None && conflict.kind != Conflict::None) {
      first = conflict;
      first.byte += begin;
    }
  });
  return first;
}

void Allocation::initialise(size_t offset, size_t count) {
  eachPart(offset, count, [&](Part &part, size_t at, size_t length, size_t begin) {
    bool whole = at == 0 && length == std::min(partBytes, bytes - begin);
    if (!part.shadow && whole)
      part.initialised = true; // needs no shadow
    else
      part.known().initialise(at, length);
  });
}

void Allocation::landed(size_t offset, size_t count, Epoch writer, Proxy proxy) {
  eachPart(offset, count, [&](Part &part, size_t at, size_t length, size_t) {
    part.known().landed(at, length, writer, proxy);
  });
}

void Allocation::endRead(size_t offset, size_t count) {
  eachPart(offset, count,
           [](Part &part, size_t at, size_t length, size_t) { part.known().endRead(at, length); });
}

void Allocation::forgetEpochs() {
  for (auto &part : parts)
    if (part->shadow)
      part->shadow->forgetEpochs();
}

//===-- GlobalMemory ----------------------------------------------------------------------------------------------===//

static size_t mappedBytes(size_t bytes) {
  constexpr size_t page = 4096;
  return (std::max<size_t>(bytes, 1) + page - 1) / page * page + gap;
}

GlobalMemory::~GlobalMemory() {
  for (auto &[base, allocation] : allocations)
    if (allocation->owned)
      munmap(allocation->base, mappedBytes(allocation->bytes));
}

std::byte *GlobalMemory::allocate(size_t bytes) {
  if (bytes > size_t(1) << 46)
    return nullptr;
  void *mapped = mmap(nullptr, mappedBytes(bytes), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    return nullptr;
  auto *base = static_cast<std::byte *>(mapped);
  auto allocation = std::make_unique<Allocation>(base, bytes, "", false, false);
  allocation->owned = true;
  allocations[base] = std::move(allocation);
  changed();
  return base;
}

bool GlobalMemory::free(std::byte *pointer) {
  auto found = allocations.find(pointer);
  if (found == allocations.end() || found->second->freed || !found->second->owned)
    return false;
  // The addresses stay taken, so that a use after this is found; the memory behind them goes.
  Allocation &allocation = *found->second;
  allocation.freed = true;
  madvise(allocation.base, mappedBytes(allocation.bytes), MADV_DONTNEED);
  allocation.dropShadow();
  return true;
}

void GlobalMemory::adopt(std::byte *base, size_t bytes, std::string name, bool readOnly) {
  changed();
  allocations[base] = std::make_unique<Allocation>(base, bytes, std::move(name), readOnly, true);
}

void GlobalMemory::release(std::byte *base) {
  changed();
  allocations.erase(base);
}

bool GlobalMemory::hostWrote(const std::byte *pointer, size_t bytes) {
  Allocation *in = holding(pointer, bytes);
  if (!in)
    return false;
  in->initialise(pointer - in->base, bytes);
  return true;
}

/// What a thread of the host found last: accesses keep to few allocations.
struct LastFound {
  uint64_t version = 0;
  Allocation *allocation = nullptr;
};
static thread_local LastFound recent[4];

void GlobalMemory::changed() {
  static std::atomic<uint64_t> versions{0};
  version = ++versions;
}

Allocation *GlobalMemory::find(const std::byte *pointer) {
  // Another allocation may begin in the gap of one: variables of modules lie side by side. So only
  // bytes of an allocation itself are found without looking.
  for (const LastFound &found : recent)
    if (found.version == version && found.allocation && pointer >= found.allocation->base &&
        pointer < found.allocation->base + found.allocation->bytes)
      return found.allocation;
  auto above = allocations.upper_bound(pointer);
  if (above == allocations.begin())
    return nullptr;
  Allocation *below = std::prev(above)->second.get();
  if (pointer >= below->base + below->bytes + gap)
    return nullptr;
  static thread_local unsigned next = 0;
  recent[next++ % std::size(recent)] = {version, below};
  return below;
}

Allocation *GlobalMemory::holding(const std::byte *pointer, size_t bytes) {
  Allocation *in = find(pointer);
  return in && !in->freed && pointer >= in->base && bytes <= in->bytes &&
                 size_t(pointer - in->base) <= in->bytes - bytes
             ? in
             : nullptr;
}

void GlobalMemory::launchEnds() {
  for (auto &[base, allocation] : allocations)
    allocation->forgetEpochs();
}

} // namespace dreamer::emulator
