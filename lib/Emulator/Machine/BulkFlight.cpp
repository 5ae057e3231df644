// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/BulkFlight.h"

#include "lib/Emulator/Machine/Worker.h"

namespace dreamer::emulator {

//===-- At issue --------------------------------------------------------------------------------------------------===//

BulkFlight::BulkFlight(Thread &issuer, const Operation &operation)
    : operation(operation), issuer(issuer), checking(issuer.block->checking()) {
  Block &block = *issuer.block;
  if (checking && block.engineTime + 2 < Epoch::maxTime)
    block.engineTime += 2;
  reading = Epoch(block.engine(), block.engineTime);
  writing = Epoch(block.engine(), block.engineTime + 1);
}

static Access underWay(Access kind) {
  return kind == Access::Read    ? Access::AsyncRead
         : kind == Access::Write ? Access::AsyncWrite
                                 : kind;
}

Accessor BulkFlight::accessor(Access kind) const {
  return {kind == Access::Read ? reading : writing, issuer.clock, &issuer.published, Proxy::Async};
}

void BulkFlight::touches(SharedAddress at, uint32_t count, Access kind) {
  if (kind != Access::Read)
    destination = at.block;
  if (!checking || count == 0)
    return;
  Shadow &shadow = *at.block->shadow;
  if (Conflict conflict = shadow.access(at.offset, count, underWay(kind), accessor(kind));
      conflict.kind != Conflict::None)
    at.block->report(conflict, &issuer, operation.site, kind);
  if (kind == Access::Read)
    sharedReads.push_back({at.block, at.offset, count});
  else if (kind == Access::Write)
    sharedWrites.push_back({at.block, at.offset, count});
}

bool BulkFlight::touches(const std::byte *at, size_t count, Access kind) {
  if (!checking || count == 0)
    return true;
  Allocation *in = checkGlobal(issuer, at, count, underWay(kind), operation.site, accessor(kind));
  if (!in)
    return false;
  size_t offset = at - in->base;
  if (kind == Access::Read)
    globalReads.push_back({in, offset, count});
  else if (kind == Access::Write)
    globalWrites.push_back({in, offset, count});
  return true;
}

bool BulkFlight::signal(SharedAddress at, uint32_t count) {
  mbarrier = at;
  bytes = count;
  MBarrierState &state = at.block->state<MBarrierState>();
  if (!state.engineStarts(*at.block, at.offset, issuer, operation))
    return false;
  state.checkFenced(*at.block, at.offset, issuer, operation);
  return true;
}

namespace {

class BulkTransfer : public Transfer {
public:
  explicit BulkTransfer(std::shared_ptr<BulkFlight> flight) : flight(std::move(flight)) {}
  void complete(Block &) override { flight->complete(); }

private:
  std::shared_ptr<BulkFlight> flight;
};

} // namespace

void launchFlight(std::shared_ptr<BulkFlight> flight) {
  flight->self = flight;
  Block &block = *flight->issuer.block;
  block.start(std::make_unique<BulkTransfer>(std::move(flight)));
}

//===-- Later -----------------------------------------------------------------------------------------------------===//

Clock BulkFlight::clock(bool readsOnly) const {
  Block &block = *issuer.block;
  Clock clock(block.linear, block.agents());
  clock.set(block.engine().index, (readsOnly ? reading : writing).time());
  return clock;
}

void BulkFlight::complete() {
  if (moved)
    return;
  moved = true;
  Block *target = destination ? destination : mbarrier.block;
  if (target && target != issuer.block && target->live == 0) {
    issuer.report(Check::Exit, operation,
                  "bytes arrive in the shared memory of a block of the cluster that has ended",
                  "ended");
    return;
  }
  move();
  if (!mbarrier.block)
    return;
  EngineArrival arrival;
  arrival.bytes = bytes;
  Clock seen;
  if (checking) {
    seen = clock(false);
    arrival.clock = &seen;
    arrival.brought = self.lock();
  }
  mbarrier.block->state<MBarrierState>().engineArrives(*mbarrier.block, mbarrier.offset, arrival,
                                                       &issuer, operation);
}

void BulkFlight::settleReads() {
  if (readsSettled)
    return;
  readsSettled = true;
  for (const SharedBytes &range : sharedReads)
    range.block->shadow->endRead(range.offset, range.count);
  for (const GlobalBytes &range : globalReads)
    range.allocation->endRead(range.offset, range.count);
}

void BulkFlight::settle() {
  if (settled)
    return;
  settled = true;
  settleReads();
  for (const SharedBytes &range : sharedWrites)
    range.block->shadow->landed(range.offset, range.count, writing, Proxy::Async);
  for (const GlobalBytes &range : globalWrites)
    range.allocation->landed(range.offset, range.count, writing, Proxy::Async);
}

//===-- BulkGroups ------------------------------------------------------------------------------------------------===//

void BulkGroups::add(Thread &thread, std::shared_ptr<BulkFlight> flight) {
  threads[thread.index].open.push_back(std::move(flight));
}

void BulkGroups::commit(Thread &thread) {
  OfThread &own = threads[thread.index];
  own.committed.push_back(std::move(own.open));
  own.open.clear();
}

void BulkGroups::wait(Thread &thread, size_t newest, bool readsOnly) {
  OfThread &own = threads[thread.index];
  bool keeps = readsOnly && thread.block->checking();
  size_t count = own.committed.size() > newest ? own.committed.size() - newest : 0;
  for (size_t i = 0; i < count; ++i) {
    Group &group = keeps ? own.committed[i] : own.committed.front();
    for (const std::shared_ptr<BulkFlight> &flight : group) {
      flight->complete();
      flight->settleReads();
      if (!readsOnly)
        flight->settle();
      if (thread.block->checking())
        thread.acquire(flight->clock(readsOnly), Clock());
    }
    if (!keeps)
      own.committed.pop_front();
  }
}

void BulkGroups::threadExits(Thread &thread) {
  auto found = threads.find(thread.index);
  if (found == threads.end())
    return;
  OfThread own = std::move(found->second);
  threads.erase(found);
  own.committed.push_back(std::move(own.open));
  // Shared memory goes with the block, so that it has to have been read; global writes may go on.
  for (const Group &group : own.committed)
    for (const std::shared_ptr<BulkFlight> &flight : group) {
      if (!flight->readsAreSettled())
        thread.report(Check::Exit, flight->operation,
                      "the thread ends before its bulk copy from shared memory has been waited for",
                      "bulk");
      flight->complete();
      flight->settle();
    }
}

} // namespace dreamer::emulator
