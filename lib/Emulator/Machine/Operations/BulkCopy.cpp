// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Bulk copies of plain bytes. PTX ISA 8.x, "cp.async.bulk", "cp.reduce.async.bulk",
// "cp.async.bulk.prefetch", "cp.async.bulk.commit_group / wait_group".

#include "lib/Emulator/Machine/BulkFlight.h"
#include "lib/Emulator/Machine/BulkReduction.h"
#include "lib/Emulator/Machine/Operations/BulkTargets.h"
#include "lib/Emulator/Machine/Operations/Makers.h"
#include "lib/Emulator/Machine/Operations/NameReader.h"
#include "lib/Emulator/Machine/Worker.h"

#include <cstring>

namespace dreamer::emulator {

namespace {

constexpr uint32_t unit = 16; ///< of addresses and sizes

/// A copy with the slots of its operands; -1 for those that it does not have.
class BulkCopy : public Operation {
public:
  int to = 0, from = 1, size = 2, mbarrier = -1, mask = -1, byteMask = -1;
  std::optional<BulkOperator> reduces;
  ElementType type = ElementType::U8; ///< of the elements it reduces

protected:
  uint32_t checkedSize(Thread &thread, const uint64_t *slots) const {
    uint32_t bytes = uint32_t(slots[size]);
    if (bytes % unit)
      thread.report(Check::Alignment, *this,
                    "expected a size that is a multiple of 16, found " + std::to_string(bytes),
                    "size");
    return bytes / unit * unit;
  }
  /// Null (reported) when there can be nothing.
  std::byte *checkedGlobal(Thread &thread, uint64_t slot) const {
    if (slot == 0) {
      thread.report(Check::Bounds, *this, "expected a global address, found null", "null");
      return nullptr;
    }
    if (slot % unit == 0)
      return reinterpret_cast<std::byte *>(slot);
    thread.report(Check::Alignment, *this,
                  "expected a global address that is a multiple of 16, found one that is " +
                      std::to_string(slot % unit) + " above",
                  "global");
    return nullptr;
  }
};

class BulkLoad : public BulkCopy {
public:
  void execute(Thread &thread, uint64_t *slots) const override {
    uint32_t bytes = checkedSize(thread, slots);
    const std::byte *source = checkedGlobal(thread, slots[from]);
    if (!source)
      return;
    std::optional<uint16_t> blocks;
    if (mask >= 0)
      blocks = uint16_t(slots[mask]);
    for (BulkTarget target :
         bulkTargets(thread, slots[to], bytes, unit, slots[mbarrier], blocks, *this)) {
      auto flight = std::make_shared<BulkFlight>(thread, *this);
      if (!flight->signal(target.mbarrier, bytes))
        continue;
      bool reachable = flight->touches(source, bytes, Access::Read);
      flight->touches(target.to, bytes, Access::Write);
      std::byte *destination = target.to.block->memory + target.to.offset;
      flight->move = [=] {
        if (reachable)
          std::memcpy(destination, source, bytes);
      };
      launchFlight(std::move(flight));
    }
  }
};

/// From one block's shared memory to that of another, or the same.
class BulkSend : public BulkCopy {
public:
  void execute(Thread &thread, uint64_t *slots) const override {
    uint32_t bytes = checkedSize(thread, slots);
    std::optional<SharedAddress> source = ownShared(thread, slots[from], bytes, unit, *this);
    if (!source)
      return;
    for (BulkTarget target :
         bulkTargets(thread, slots[to], bytes, unit, slots[mbarrier], std::nullopt, *this)) {
      auto flight = std::make_shared<BulkFlight>(thread, *this);
      if (!flight->signal(target.mbarrier, bytes))
        return;
      flight->touches(*source, bytes, Access::Read);
      flight->touches(target.to, bytes, reduces ? Access::Atomic : Access::Write);
      const std::byte *read = source->block->memory + source->offset;
      std::byte *written = target.to.block->memory + target.to.offset;
      flight->move = [=, this] {
        if (reduces)
          reduceBulk(*reduces, type, written, read, bytes / bytesOf(type));
        else
          std::memmove(written, read, bytes);
      };
      launchFlight(std::move(flight));
    }
  }
};

class BulkStore : public BulkCopy {
public:
  void execute(Thread &thread, uint64_t *slots) const override {
    uint32_t bytes = checkedSize(thread, slots);
    std::byte *written = checkedGlobal(thread, slots[to]);
    std::optional<SharedAddress> source = ownShared(thread, slots[from], bytes, unit, *this);
    if (!source || !written)
      return;
    auto flight = std::make_shared<BulkFlight>(thread, *this);
    flight->touches(*source, bytes, Access::Read);
    const std::byte *read = source->block->memory + source->offset;
    if (byteMask >= 0)
      storeSome(*flight, written, read, bytes, slots[byteMask]);
    else if (flight->touches(written, bytes, reduces ? Access::Atomic : Access::Write))
      flight->move = [=, this] {
        if (reduces)
          reduceBulk(*reduces, type, written, read, bytes / bytesOf(type));
        else
          std::memcpy(written, read, bytes);
      };
    else
      flight->move = [] {};
    thread.block->state<BulkGroups>().add(thread, flight);
    launchFlight(std::move(flight));
  }

private:
  /// Bit i of `mask`: byte i of every 16 is copied.
  static void storeSome(BulkFlight &flight, std::byte *written, const std::byte *read,
                        uint32_t bytes, uint32_t mask) {
    std::vector<std::pair<uint32_t, uint32_t>> runs; // in a unit: begin, end
    for (uint32_t i = 0; i < unit; ++i)
      if (mask >> i & 1) {
        if (!runs.empty() && runs.back().second == i)
          ++runs.back().second;
        else
          runs.push_back({i, i + 1});
      }
    bool reachable = true;
    for (uint32_t at = 0; at < bytes; at += unit)
      for (auto [begin, end] : runs)
        reachable = reachable && flight.touches(written + at + begin, end - begin, Access::Write);
    flight.move = [=] {
      for (uint32_t at = 0; reachable && at < bytes; at += unit)
        for (auto [begin, end] : runs)
          std::memcpy(written + at + begin, read + at + begin, end - begin);
    };
  }
};

/// Only a hint; the addresses are checked, as a wrong one is rarely meant.
class BulkPrefetch : public BulkCopy {
public:
  void execute(Thread &thread, uint64_t *slots) const override {
    uint32_t bytes = checkedSize(thread, slots);
    const std::byte *source = checkedGlobal(thread, slots[from]);
    if (source && thread.block->checking() &&
        !thread.block->worker.launch.memory.holds(source, bytes))
      thread.report(Check::Bounds, *this,
                    "prefetch of " + std::to_string(bytes) + " bytes outside of every allocation");
  }
};

class CommitBulkGroup : public Operation {
public:
  void execute(Thread &thread, uint64_t *) const override {
    thread.block->state<BulkGroups>().commit(thread);
  }
};

class WaitBulkGroup : public Operation {
public:
  bool readsOnly = false;
  void execute(Thread &thread, uint64_t *slots) const override {
    thread.block->state<BulkGroups>().wait(thread, uint32_t(slots[0]), readsOnly);
  }
};

//===-- Names -----------------------------------------------------------------------------------------------------===//

/// `made`, if the instruction has as many operands as it should.
std::unique_ptr<Operation> finish(std::unique_ptr<BulkCopy> made, const Instruction &instruction,
                                  NameReader name, unsigned inputs) {
  return name.done() && instruction.inputs == inputs ? std::move(made) : nullptr;
}

std::unique_ptr<Operation> makeOfIntrinsic(const Instruction &instruction, NameReader name) {
  if (bool cluster = name.take("global_to_shared_cluster");
      cluster || name.take("global_to_shared_cta")) {
    // (to, mbarrier, from, size[, mask], cache hint[, has mask], has hint)
    auto load = std::make_unique<BulkLoad>();
    load->mbarrier = 1;
    load->from = 2;
    load->size = 3;
    if (cluster && instruction.constant(6))
      load->mask = 4;
    return finish(std::move(load), instruction, name, cluster ? 8 : 6);
  }
  if (name.take("shared_cta_to_cluster")) { // (to, mbarrier, from, size)
    auto send = std::make_unique<BulkSend>();
    send->mbarrier = 1;
    send->from = 2;
    send->size = 3;
    return finish(std::move(send), instruction, name, 4);
  }
  if (name.take("shared_cta_to_global")) { // (to, from, size, cache hint, has hint[, byte mask])
    auto store = std::make_unique<BulkStore>();
    bool masked = name.take("bytemask");
    if (masked)
      store->byteMask = 5;
    return finish(std::move(store), instruction, name, masked ? 6 : 5);
  }
  if (name.take("prefetch_L2")) { // (from, size, cache hint, has hint)
    auto prefetch = std::make_unique<BulkPrefetch>();
    prefetch->from = 0;
    prefetch->size = 1;
    return finish(std::move(prefetch), instruction, name, 4);
  }
  return nullptr;
}

/// ".add.noftz.f16" and the like, at the end of a cp.reduce.
bool takeReduction(NameReader &name, BulkCopy &copy, bool intoShared) {
  constexpr std::string_view operators[] = {"add", "min", "max", "inc", "dec", "and", "or", "xor"};
  for (std::string_view op : operators)
    if (name.take(op)) {
      copy.reduces = bulkOperatorOf(op);
      break;
    }
  if (!copy.reduces)
    return false;
  name.take("noftz");
  constexpr std::pair<std::string_view, ElementType> types[] = {
      {"u32", ElementType::U32}, {"s32", ElementType::S32}, {"u64", ElementType::U64},
      {"s64", ElementType::S64}, {"f16", ElementType::F16}, {"bf16", ElementType::BF16},
      {"f32", ElementType::F32}, {"f64", ElementType::F64}, {"b32", ElementType::U32},
      {"b64", ElementType::U64}};
  for (auto [text, type] : types)
    if (name.take(text)) {
      copy.type = type;
      // Into shared memory there is less: no floats, and of 64 bits only sums.
      bool small = type == ElementType::U32 || type == ElementType::S32 ||
                   (type == ElementType::U64 && copy.reduces == BulkOperator::Add);
      return isReducible(*copy.reduces, type) && (small || !intoShared);
    }
  return false;
}

std::unique_ptr<Operation> makeOfPtx(const Instruction &instruction, NameReader name,
                                     bool reduces) {
  if (!reduces && name.take("prefetch.L2.global")) { // [from], size{, policy}
    auto prefetch = std::make_unique<BulkPrefetch>();
    prefetch->from = 0;
    prefetch->size = 1;
    bool hint = name.take("L2::cache_hint");
    return finish(std::move(prefetch), instruction, name, 2 + hint);
  }
  if (name.take("global.shared::cta.bulk_group")) { // [to], [from], size{, policy}{, byte mask}
    auto store = std::make_unique<BulkStore>();
    bool hint = name.take("L2::cache_hint"), masked = !reduces && name.take("cp_mask");
    if (masked)
      store->byteMask = 3 + hint;
    if (reduces && !takeReduction(name, *store, false))
      return nullptr;
    return finish(std::move(store), instruction, name, 3 + hint + masked);
  }
  // [to], [from], size, [mbarrier]{, mask}{, policy}
  bool cluster = name.take("shared::cluster");
  if (!cluster && (reduces || !name.take("shared::cta")))
    return nullptr;
  std::unique_ptr<BulkCopy> copy;
  if (!reduces && name.take("global"))
    copy = std::make_unique<BulkLoad>();
  else if (cluster && name.take("shared::cta"))
    copy = std::make_unique<BulkSend>();
  bool isLoad = dynamic_cast<BulkLoad *>(copy.get());
  if (!copy || !name.take("mbarrier::complete_tx::bytes"))
    return nullptr;
  copy->mbarrier = 3;
  bool multicast = isLoad && name.take("multicast::cluster");
  if (multicast)
    copy->mask = 4;
  bool hint = (isLoad || reduces) && name.take("L2::cache_hint");
  if (reduces && !takeReduction(name, *copy, true))
    return nullptr;
  return finish(std::move(copy), instruction, name, 4 + multicast + hint);
}

} // namespace

std::unique_ptr<Operation> makeBulkCopy(const Instruction &instruction) {
  NameReader name(instruction);
  bool isPtx = instruction.form == Instruction::Form::Ptx;
  if (isPtx && name.take("cp.reduce.async.bulk"))
    return makeOfPtx(instruction, name, true);
  if (!name.take("cp_async_bulk"))
    return nullptr;
  if (name.take("commit_group"))
    return name.done() ? std::make_unique<CommitBulkGroup>() : nullptr;
  if (name.take("wait_group")) {
    auto wait = std::make_unique<WaitBulkGroup>();
    wait->readsOnly = name.take("read");
    return name.done() && instruction.inputs == 1 ? std::move(wait) : nullptr;
  }
  return isPtx ? makeOfPtx(instruction, name, false) : makeOfIntrinsic(instruction, name);
}

} // namespace dreamer::emulator
