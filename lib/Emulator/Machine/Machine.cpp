// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Machine.h"

#include "lib/Emulator/Machine/BlockMemory.h"
#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Machine/Worker.h"

#include <algorithm>

namespace dreamer::emulator {

//===-- Thread: order and waiting ---------------------------------------------------------------------------------===//

Agent Thread::agent() const { return {block->linear, index}; }

void Thread::tick() {
  if (clock.of(index) + 1 < Epoch::maxTime)
    clock.advance(index);
}

void Thread::acquire(const Clock &otherClock, const Clock &otherPublished) {
  clock.join(otherClock);
  if (!otherPublished.empty())
    published.join(otherPublished);
  tick();
}

void Thread::wait(const Operation &operation, std::string what) {
  waitsFor = std::move(what);
  wait(operation);
}

void Thread::wait(const Operation &operation) {
  waiting = &operation;
  warp->runnable &= ~(1u << laneid);
  if (warp->runnable == 0)
    block->runnableWarps &= ~(1u << warp->index);
  block->worker.suspend();
}

void Thread::wake() {
  waiting = nullptr;
  waitsFor.clear();
  warp->runnable |= 1u << laneid;
  block->runnableWarps |= 1u << warp->index;
}

void Thread::yield() { block->worker.yieldNow(); }

//===-- Thread: memory --------------------------------------------------------------------------------------------===//

static std::string bytesText(size_t count) {
  return std::to_string(count) + (count == 1 ? " byte" : " bytes");
}

static std::string_view verb(Access kind) {
  switch (kind) {
  case Access::Read:
  case Access::AsyncRead:
    return "read";
  case Access::Write:
  case Access::AsyncWrite:
    return "write";
  case Access::AtomicRead:
    return "atomic read";
  case Access::Atomic:
    break;
  }
  return "atomic";
}

std::optional<SharedAddress> Thread::sharedAddress(uint64_t slot, size_t count, const Site &site,
                                                   size_t alignment) {
  SharedAddress address{block, 0};
  if (slot >> (sharedRankShift + 8)) { // a generic pointer
    address.block = block->worker.blockAt(reinterpret_cast<void *>(slot));
    if (!address.block) {
      report(Check::Bounds, site, "expected an address in shared memory, found another");
      return std::nullopt;
    }
    address.offset = slot & (sharedWindow - 1);
  } else {
    uint32_t rank = slot >> sharedRankShift;
    uint32_t offset = slot & ((1u << sharedRankShift) - 1);
    if (rank > block->cluster.blocks.size()) {
      report(Check::Bounds, site,
             "shared memory of block " + std::to_string(rank - 1) + " of the cluster, which has " +
                 std::to_string(block->cluster.blocks.size()),
             "rank");
      return std::nullopt;
    }
    if (rank)
      address.block = block->cluster.blocks[rank - 1].get();
    address.offset = offset;
  }
  if (address.offset + count > address.block->memoryBytes) {
    report(Check::Bounds, site,
           "shared access to " + bytesText(count) + " at " + std::to_string(address.offset) +
               ", where the block has " + bytesText(address.block->memoryBytes));
    return std::nullopt;
  }
  if (address.block->live == 0 && address.block != block) {
    report(Check::Exit, site,
           "access to the shared memory of a block of the cluster that has ended", "ended");
    return std::nullopt;
  }
  if (address.offset % alignment) {
    report(Check::Alignment, site,
           "expected a shared address that is a multiple of " + std::to_string(alignment) +
               ", found " + std::to_string(address.offset));
    return std::nullopt;
  }
  return address;
}

/// The message for a conflict in global memory; shared memory's is Block::report.
static std::string globalConflictText(const Conflict &conflict, Access kind, const Allocation &in) {
  std::string text = "global " + std::string(verb(kind)) + " of byte " +
                     std::to_string(conflict.byte) + " of " +
                     (in.name.empty() ? "an allocation" : in.name) + " of " + bytesText(in.bytes);
  return text;
}

static std::pair<Check, std::string> explain(const Conflict &conflict, const Block &home) {
  auto who = [&] {
    Agent agent = conflict.other.agent();
    std::string text = agent.index == home.engine().index ? "the copy engine"
                                                          : "thread " + std::to_string(agent.index);
    if (agent.block != home.linear)
      text += " of block " + std::to_string(agent.block);
    return text;
  };
  switch (conflict.kind) {
  case Conflict::RaceWithWrite:
    return {Check::Race, ", not ordered after the write by " + who()};
  case Conflict::RaceWithRead:
    return {Check::Race, ", not ordered after the read by " + who()};
  case Conflict::Uninitialised:
    return {Check::Uninitialised, ", which nobody wrote"};
  case Conflict::RedZone:
    return {Check::Bounds, ", which is outside of every variable"};
  case Conflict::BeingWritten:
    return {Check::InFlight, ", which an asynchronous copy is still writing"};
  case Conflict::BeingRead:
    return {Check::InFlight, ", which asynchronous work is still reading"};
  case Conflict::NotFenced:
    return {Check::ProxyFence,
            ", written by " + who() + " with ordinary stores and no fence.proxy.async since"};
  case Conflict::IsMBarrier:
    return {Check::Operand, ", which is of an mbarrier: only mbarrier instructions may touch it"};
  case Conflict::None:
    break;
  }
  return {Check::Race, ""};
}

Allocation *checkGlobal(Thread &thread, const std::byte *pointer, size_t count, Access kind,
                        const Site &site, const Accessor &who) {
  Block &block = *thread.block;
  Allocation *in = block.worker.launch.memory.find(pointer);
  if (!in) {
    thread.report(Check::Bounds, site,
                  "global " + std::string(verb(kind)) + " of " + bytesText(count) +
                      " outside of every allocation",
                  verb(kind));
    return nullptr;
  }
  size_t offset = pointer - in->base;
  if (in->freed || pointer < in->base || offset + count > in->bytes) {
    thread.report(Check::Bounds, site,
                  "global " + std::string(verb(kind)) + " of " + bytesText(count) + " at byte " +
                      std::to_string(int64_t(offset)) + " of " +
                      (in->name.empty() ? "an allocation" : in->name) + " of " +
                      bytesText(in->bytes) + (in->freed ? ", which was freed" : ""),
                  verb(kind));
    return nullptr;
  }
  if (in->readOnly && kind != Access::Read && kind != Access::AsyncRead &&
      kind != Access::AtomicRead) {
    thread.report(Check::Bounds, site, "write to " + in->name + ", which is constant", verb(kind));
    return nullptr;
  }
  if (Conflict conflict = in->access(offset, count, kind, who); conflict.kind != Conflict::None) {
    auto [check, why] = explain(conflict, block);
    thread.report(check, site, globalConflictText(conflict, kind, *in) + why, why.substr(0, 24));
  }
  return in;
}

std::byte *Thread::accessElsewhere(Space space, uint64_t slot, size_t count, Access kind,
                                   const Site &site, size_t alignment, Proxy proxy) {
  Worker &worker = block->worker;
  auto *pointer = reinterpret_cast<std::byte *>(slot);
  bool inShared = space == Space::Shared || space == Space::Cluster ||
                  (space == Space::Generic && worker.blockAt(pointer));
  if (inShared) {
    std::optional<SharedAddress> address = sharedAddress(slot, count, site, alignment);
    return address ? accessShared(*address, count, kind, site, proxy) : worker.scratch();
  }
  if (slot % alignment) {
    report(Check::Alignment, site,
           "expected a global address that is a multiple of " + std::to_string(alignment) +
               ", found one that is " + std::to_string(slot % alignment) + " above");
    return worker.scratch();
  }
  if (!block->checking() || (worker.onStack(pointer) && worker.onStack(pointer + count - 1)))
    return pointer;
  Accessor who{now(), clock, &published, proxy};
  return checkGlobal(*this, pointer, count, kind, site, who) ? pointer : worker.scratch();
}

//===-- Thread and Block: reports ---------------------------------------------------------------------------------===//

void Thread::report(Check check, const Operation &operation, std::string message,
                    std::string_view kind) {
  block->report(check, this, operation.site, std::move(message), kind);
}

void Thread::report(Check check, const Site &site, std::string message, std::string_view kind) {
  block->report(check, this, site, std::move(message), kind);
}

void Block::report(Check check, Thread *thread, const Site &site, std::string message,
                   std::string_view kind) {
  Finding finding;
  finding.check = check;
  finding.kernel = worker.launch.kernel.name;
  finding.block = thread ? thread->ctaid : index;
  finding.thread = thread ? int(thread->index) : -1;
  finding.site = site;
  finding.message = std::move(message);
  worker.launch.reports.add(std::move(finding), kind);
}

void Block::report(const Conflict &conflict, Thread *thread, const Site &site, Access kind) {
  auto [check, why] = explain(conflict, thread ? *thread->block : *this);
  report(check, thread, site,
         std::string(verb(kind)) + " of shared byte " + std::to_string(conflict.byte) + why,
         why.substr(0, 24));
}

//===-- Block -----------------------------------------------------------------------------------------------------===//

Block::Block(Worker &worker, Cluster &cluster, uint32_t rank)
    : worker(worker), cluster(cluster), options(worker.launch.options), rank(rank) {}

Block::~Block() = default;

void Block::start(std::unique_ptr<Transfer> transfer) {
  if (options.completion == Completion::Eager)
    transfer->complete(*this);
  else
    transfers.push_back(std::move(transfer));
}

//===-- Operations of a warp --------------------------------------------------------------------------------------===//

bool Operation::agreesWith(const Operation &other) const {
  return site.text == other.site.text && inputs == other.inputs && outputs == other.outputs;
}

void WarpOperation::execute(Thread &thread, uint64_t *slots) const {
  Warp &warp = *thread.warp;
  uint32_t own = 1u << thread.laneid, mask = members(slots);
  if (!(mask & own)) {
    thread.report(Check::Operand, *this, "the mask of lanes leaves out the lane that executes it");
    mask |= own;
  }
  if (mask & ~warp.alive) {
    // All 32 lanes are meant where no mask is given, and a block's last warp may have fewer.
    thread.report(Check::Divergence, *this, "the mask of lanes names some that have exited",
                  "exited");
    mask &= warp.alive;
  }
  thread.slots = slots;
  thread.waiting = this;
  warp.arrived |= own;
  if ((warp.arrived & mask) != mask) {
    thread.wait(*this);
    return;
  }
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    Thread &other = warp.lane(__builtin_ctz(rest));
    if (other.waiting == this || other.waiting->agreesWith(*this))
      continue;
    thread.report(Check::Divergence, *this,
                  "lane " + std::to_string(other.laneid) + " of the same warp is at " +
                      toString(other.waiting->site));
    thread.block->worker.launch.abandoned = true;
    thread.block->worker.abandon();
  }
  execute(warp, mask);
  warp.arrived &= ~mask;
  warp.runnable |= mask;
  thread.block->runnableWarps |= 1u << warp.index;
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    warp.lane(__builtin_ctz(rest)).waiting = nullptr;
}

} // namespace dreamer::emulator
