// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The protocol of rings.

#include "lib/TileRun/Ring.h"

#include "lib/TileRun/Memory.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::tilerun;

Ring::Ring(tile::RingOp op, bool hasData) : op(op), type(op.getType()), slots(type.getStages()) {
  if (!hasData)
    return;
  for (tile::MemType mem : type.getSlots())
    addresses.push_back(addressesOf(mem));
  for (Slot &slot : slots)
    for (tile::MemType mem : type.getSlots())
      slot.memories.push_back(std::make_shared<Memory>(
          mem.getElementType(), ArrayRef(mem.getNumElements()), /*isDefined=*/false));
}

LogicalResult Ring::expectNext(Operation *op, StringRef verb, Worker &worker,
                               llvm::MapVector<Worker *, int64_t> &next, int64_t use) {
  auto [entry, isFirst] = next.insert({&worker, 0});
  if (isFirst)
    (&next == &nextPut ? writers : readers).push_back(worker.name);
  if (use == entry->second) {
    ++entry->second;
    return success();
  }
  return op->emitOpError("expected use ") << entry->second << " of the ring, the next that "
                                          << worker.name << " " << verb << ", found use " << use;
}

LogicalResult Ring::beginPut(Operation *op, Worker &worker, int64_t use) {
  return expectNext(op, "puts", worker, nextPut, use);
}

bool Ring::isFree(int64_t use) const {
  return slot(use).generation == generationOf(use) && slot(use).arrived < type.getArrivals();
}

LogicalResult Ring::fillSlot(Operation *op, int64_t use) {
  if (slot(use).arrived > 0)
    return success();
  for (MemoryPtr &memory : slot(use).memories) {
    if (llvm::any_of(memory->pins, [](uint16_t pins) { return pins > 0; }))
      return op->emitOpError("expected no product in flight that reads the slot of ")
             << describe(use);
    memory->undefine();
  }
  return success();
}

void Ring::endPut(Operation *op, int64_t use) {
  ++slot(use).arrived;
  slot(use).put = op;
}

LogicalResult Ring::beginGet(Operation *op, Worker &worker, int64_t use) {
  return expectNext(op, "gets", worker, nextGet, use);
}

bool Ring::isFullOrPast(int64_t use) const {
  int64_t turns = slot(use).generation - generationOf(use);
  return turns > 0 || (turns == 0 && slot(use).arrived == type.getArrivals());
}

FailureOr<LeasePtr> Ring::lend(Operation *op, Worker &worker, int64_t use) {
  if (slot(use).generation > generationOf(use))
    return op->emitOpError("expected ")
           << type.getReaders() << " readers of the ring, as its type says, found one more, "
           << worker.name << ": " << describe(use) << " is free already";
  std::vector<std::function<LogicalResult()>> copies = std::move(slot(use).lateCopies);
  slot(use).lateCopies.clear();
  for (const std::function<LogicalResult()> &copy : copies)
    if (failed(copy()))
      return failure();
  auto lease = std::make_shared<Lease>(Lease{this, op, use});
  worker.held.push_back(lease);
  return lease;
}

LogicalResult Ring::release(Operation *op, Worker &worker, int64_t use) {
  auto *found = llvm::find_if(
      worker.held, [&](const LeasePtr &lease) { return lease->ring == this && lease->use == use; });
  if (found == worker.held.end())
    return op->emitOpError("expected a slot that ")
           << worker.name << " has got and not yet released, found " << describe(use);
  LeasePtr lease = *found;
  for (const ProductPtr &product : worker.flying)
    for (const Datum *factor : {&product->a, &product->b})
      if (auto *place = std::get_if<PlacePtr>(factor); place && (*place)->lease == lease) {
        InFlightDiagnostic error = op->emitOpError("expected no product in flight that reads ")
                                   << describe(use) << ", found one that " << worker.name
                                   << " has not waited for";
        error.attachNote(product->start->getLoc()) << "started here";
        return error;
      }
  worker.held.erase(found);
  lease->released = true;
  Slot &freed = slot(use);
  if (++freed.released < type.getReaders())
    return success();
  freed.released = freed.arrived = 0;
  ++freed.generation;
  for (MemoryPtr &memory : freed.memories)
    memory->undefine();
  return success();
}

PlacePtr Ring::place(int64_t use, unsigned i, LeasePtr lease) const {
  Operation *made = lease ? lease->get : nullptr;
  if (addresses.empty())
    return std::make_shared<Place>(
        Place{type.getSlots()[i], nullptr, nullptr, std::move(lease), made});
  return std::make_shared<Place>(
      Place{type.getSlots()[i], slot(use).memories[i], addresses[i], std::move(lease), made});
}

/// "2 (role 'consumer' 0, role 'consumer' 1)"
static std::string countOf(ArrayRef<std::string> names) {
  return std::to_string(names.size()) + " (" + llvm::join(names, ", ") + ")";
}

LogicalResult Ring::checkEnd() const {
  for (const Slot &slot : slots) {
    if (slot.arrived == 0)
      continue;
    int64_t use = slot.generation * type.getStages() + (&slot - slots.data());
    return slot.put->emitOpError("expected ")
           << describe(use) << " to be read before the block ends, found it released by "
           << slot.released << " of " << type.getReaders() << " readers";
  }
  if (!writers.empty() && static_cast<int64_t>(writers.size()) != type.getArrivals())
    return op->emitOpError("expected ")
           << type.getArrivals() << " writers, as 'arrivals' says, found " << countOf(writers);
  if (!readers.empty() && static_cast<int64_t>(readers.size()) != type.getReaders())
    return op->emitOpError("expected ")
           << type.getReaders() << " readers, as 'readers' says, found " << countOf(readers);
  return success();
}

std::string Ring::describe(int64_t use) const {
  return "use " + std::to_string(use) + " of the ring (slot " +
         std::to_string(use % type.getStages()) + ", phase " +
         std::to_string(generationOf(use) % 2) + ")";
}

std::string Ring::describeState(int64_t use) const {
  const Slot &state = slot(use);
  int64_t held = state.generation * type.getStages() + use % type.getStages();
  auto count = [](int64_t n, int64_t of) {
    return std::to_string(n) + " of " + std::to_string(of);
  };
  return "use " + std::to_string(held) + " was put by " + count(state.arrived, type.getArrivals()) +
         " writers and released by " + count(state.released, type.getReaders()) + " readers";
}
