// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Bulk copies of tiles of tensors. PTX ISA 8.x, "cp.async.bulk.tensor", "cp.reduce.async.bulk.tensor",
// "cp.async.bulk.prefetch.tensor". Tiles only: modes im2col and gather4 and pairs of blocks
// (cta_group) are refused.

#include "lib/Emulator/Machine/BulkFlight.h"
#include "lib/Emulator/Machine/BulkReduction.h"
#include "lib/Emulator/Machine/Operations/BulkTargets.h"
#include "lib/Emulator/Machine/Operations/Makers.h"
#include "lib/Emulator/Machine/Operations/NameReader.h"
#include "lib/Emulator/Machine/TensorTile.h"
#include "lib/Emulator/Machine/Worker.h"

#include <cstring>

namespace dreamer::emulator {

namespace {

constexpr uint32_t sharedAlignment = 128;

/// A copy with the slots of its operands; -1 for those that it does not have.
class TensorCopy : public Operation {
public:
  int map = -1, coordinates = -1, shared = -1, mbarrier = -1, mask = -1;
  unsigned rank = 0;

protected:
  /// The tensor map, or nothing (reported) when it is none for this instruction.
  std::optional<TensorMap> checkedMap(Thread &thread, const uint64_t *slots) const {
    const std::byte *bytes = thread.access(Space::Generic, slots[map], sizeof(TensorMap),
                                           Access::Read, *this, alignof(TensorMap));
    TensorMap found;
    std::memcpy(&found, bytes, sizeof(found));
    if (!found.isIntact()) {
      thread.report(Check::Operand, *this,
                    "expected a tensor map that the emulator made, found other bytes", "map");
      return std::nullopt;
    }
    if (found.rank != rank) {
      thread.report(Check::Operand, *this,
                    "expected a tensor map of rank " + std::to_string(rank) + ", found rank " +
                        std::to_string(found.rank),
                    "rank");
      return std::nullopt;
    }
    return found;
  }
  std::vector<TilePiece> pieces(const TensorMap &map, const uint64_t *slots) const {
    int32_t at[TensorMapRequest::mostRank];
    for (unsigned d = 0; d < rank; ++d)
      at[d] = int32_t(slots[coordinates + d]);
    return piecesOf(map, std::span(at, rank));
  }
  /// Says what the flight does to shared memory.
  static void touch(BulkFlight &flight, const SharedTile &tile, Block &block, Access kind) {
    for (SharedRange range : tile.ranges())
      flight.touches(SharedAddress{&block, range.offset}, range.bytes, kind);
  }
  /// Says what it does to global memory; drops pieces that cannot be reached.
  static void touch(BulkFlight &flight, std::vector<TilePiece> &pieces, Access kind) {
    std::erase_if(pieces, [&](const TilePiece &piece) {
      return !flight.touches(piece.global, piece.bytes, kind);
    });
  }
};

class TensorLoad : public TensorCopy {
public:
  void execute(Thread &thread, uint64_t *slots) const override {
    std::optional<TensorMap> found = checkedMap(thread, slots);
    if (!found)
      return;
    TensorMap map = *found;
    std::optional<uint16_t> blocks;
    if (mask >= 0)
      blocks = uint16_t(slots[mask]);
    for (BulkTarget target : bulkTargets(thread, slots[shared], SharedTile::extentOf(map),
                                         sharedAlignment, slots[mbarrier], blocks, *this)) {
      auto flight = std::make_shared<BulkFlight>(thread, *this);
      if (!flight->signal(target.mbarrier, map.tileBytes()))
        continue;
      SharedTile tile(map, target.to.block->memory, target.to.offset);
      std::vector<TilePiece> inside = pieces(map, slots);
      touch(*flight, inside, Access::Read);
      touch(*flight, tile, *target.to.block, Access::Write);
      flight->move = [map, tile, inside = std::move(inside)] {
        uint32_t bytes = 0;
        for (const TilePiece &piece : inside)
          bytes += piece.bytes;
        if (bytes < map.tileBytes())
          tile.fill(map);
        for (const TilePiece &piece : inside)
          tile.write(piece);
      };
      launchFlight(std::move(flight));
    }
  }
};

class TensorStore : public TensorCopy {
public:
  std::optional<BulkOperator> reduces;

  void execute(Thread &thread, uint64_t *slots) const override {
    std::optional<TensorMap> map = checkedMap(thread, slots);
    if (!map)
      return;
    if (reduces && !isReducible(*reduces, map->type)) {
      thread.report(Check::Operand, *this,
                    "a tensor of " + std::string(nameOf(map->type)) + " cannot be reduced with " +
                        std::string(nameOf(*reduces)),
                    "type");
      return;
    }
    std::optional<SharedAddress> source =
        ownShared(thread, slots[shared], SharedTile::extentOf(*map), sharedAlignment, *this);
    if (!source)
      return;
    auto flight = std::make_shared<BulkFlight>(thread, *this);
    SharedTile tile(*map, source->block->memory, source->offset);
    std::vector<TilePiece> inside = pieces(*map, slots);
    touch(*flight, tile, *source->block, Access::Read);
    touch(*flight, inside, reduces ? Access::Atomic : Access::Write);
    flight->move = [tile, inside = std::move(inside), type = map->type, this] {
      for (const TilePiece &piece : inside)
        if (reduces)
          reducePiece(tile, piece, type);
        else
          tile.read(piece);
    };
    thread.block->state<BulkGroups>().add(thread, flight);
    launchFlight(std::move(flight));
  }

private:
  void reducePiece(const SharedTile &tile, const TilePiece &piece, ElementType type) const {
    tile.eachRun(piece.at, piece.bytes, [&](std::byte *from, uint32_t at, uint32_t count) {
      reduceBulk(*reduces, type, piece.global + at, from, count / bytesOf(type));
    });
  }
};

/// Only a hint; the map is checked, and that its tile can be reached.
class TensorPrefetch : public TensorCopy {
public:
  void execute(Thread &thread, uint64_t *slots) const override {
    std::optional<TensorMap> map = checkedMap(thread, slots);
    if (!map || !thread.block->checking())
      return;
    if (map->tileBytes() > sharedWindow) {
      thread.report(Check::Bounds, *this,
                    "prefetch of a tile of " + std::to_string(map->tileBytes()) +
                        " bytes, which no shared memory holds");
      return;
    }
    GlobalMemory &memory = thread.block->worker.launch.memory;
    for (const TilePiece &piece : pieces(*map, slots))
      if (!memory.holds(piece.global, piece.bytes)) {
        thread.report(Check::Bounds, *this, "prefetch of a tile outside of every allocation");
        return;
      }
  }
};

//===-- Names -----------------------------------------------------------------------------------------------------===//

unsigned takeRank(NameReader &name) {
  constexpr std::string_view ranks[] = {"1d", "2d", "3d", "4d", "5d"};
  for (unsigned i = 0; i < std::size(ranks); ++i)
    if (name.take(ranks[i]))
      return i + 1;
  return 0;
}

std::optional<BulkOperator> takeOperator(NameReader &name) {
  for (std::string_view op : {"add", "min", "max", "inc", "dec", "and", "or", "xor"})
    if (name.take(op))
      return bulkOperatorOf(op);
  return std::nullopt;
}

/// `made`, if the instruction has as many operands as it should.
std::unique_ptr<Operation> finish(std::unique_ptr<TensorCopy> made, const Instruction &instruction,
                                  NameReader name, unsigned inputs) {
  return name.done() && instruction.inputs == inputs ? std::move(made) : nullptr;
}

std::unique_ptr<Operation> makeOfIntrinsic(const Instruction &instruction, NameReader name) {
  std::unique_ptr<TensorCopy> copy;
  bool isLoad = name.take("g2s"), ownBlock = isLoad && name.take("cta");
  if (isLoad) { // (to, mbarrier, map, coordinates[, mask], hint[, has mask], has hint[, group])
    copy = std::make_unique<TensorLoad>();
    copy->shared = 0;
    copy->mbarrier = 1;
    copy->map = 2;
  } else if (name.take("prefetch")) { // (map, coordinates, hint, has hint)
    copy = std::make_unique<TensorPrefetch>();
    copy->map = 0;
  } else { // (from, map, coordinates, hint, has hint)
    auto store = std::make_unique<TensorStore>();
    if (name.take("reduce"))
      store->reduces = takeOperator(name);
    else if (!name.take("s2g"))
      return nullptr;
    store->shared = 0;
    store->map = 1;
    copy = std::move(store);
  }
  if (!name.take("tile"))
    return nullptr;
  copy->coordinates = copy->map + 1;
  copy->rank = takeRank(name);
  unsigned after = copy->coordinates + copy->rank; // the slot
  if (!copy->rank)
    return nullptr;
  if (!isLoad || ownBlock)
    return finish(std::move(copy), instruction, name, after + 2);
  if (instruction.constant(after + 2))
    copy->mask = after;
  if (instruction.constant(after + 4)) // a pair of blocks
    return nullptr;
  return finish(std::move(copy), instruction, name, after + 5);
}

std::unique_ptr<Operation> makePtxStore(const Instruction &instruction, NameReader name,
                                        unsigned rank, bool reduces) {
  // [map, {coordinates}], [from]{, policy}
  auto store = std::make_unique<TensorStore>();
  if (!name.take("global.shared::cta"))
    return nullptr;
  if (reduces) {
    store->reduces = takeOperator(name);
    if (!store->reduces)
      return nullptr;
  }
  name.take("tile");
  if (!name.take("bulk_group"))
    return nullptr;
  bool hint = name.take("L2::cache_hint");
  store->rank = rank;
  store->map = 0;
  store->coordinates = 1;
  store->shared = 1 + rank;
  return finish(std::move(store), instruction, name, rank + 2 + hint);
}

std::unique_ptr<Operation> makePtxLoad(const Instruction &instruction, NameReader name,
                                       unsigned rank) {
  // [to], [map, {coordinates}], [mbarrier]{, mask}{, policy}
  auto load = std::make_unique<TensorLoad>();
  bool cluster = name.take("shared::cluster");
  if ((!cluster && !name.take("shared::cta")) || !name.take("global"))
    return nullptr;
  name.take("tile");
  if (!name.take("mbarrier::complete_tx::bytes"))
    return nullptr;
  load->rank = rank;
  load->shared = 0;
  load->map = 1;
  load->coordinates = 2;
  load->mbarrier = 2 + rank;
  bool multicast = cluster && name.take("multicast::cluster");
  if (multicast)
    load->mask = load->mbarrier + 1;
  bool hint = name.take("L2::cache_hint");
  return finish(std::move(load), instruction, name, rank + 3 + multicast + hint);
}

std::unique_ptr<Operation> makePtxPrefetch(const Instruction &instruction, NameReader name) {
  // [map, {coordinates}]{, policy}
  auto prefetch = std::make_unique<TensorPrefetch>();
  prefetch->rank = takeRank(name);
  prefetch->map = 0;
  prefetch->coordinates = 1;
  if (!prefetch->rank || !name.take("L2.global"))
    return nullptr;
  name.take("tile");
  bool hint = name.take("L2::cache_hint");
  unsigned inputs = prefetch->rank + 1 + hint;
  return finish(std::move(prefetch), instruction, name, inputs);
}

} // namespace

std::unique_ptr<Operation> makeTensorCopy(const Instruction &instruction) {
  NameReader name(instruction);
  if (instruction.form == Instruction::Form::Intrinsic)
    return name.take("cp_async_bulk_tensor") ? makeOfIntrinsic(instruction, name) : nullptr;
  if (name.take("cp.async.bulk.prefetch.tensor"))
    return makePtxPrefetch(instruction, name);
  bool reduces = name.take("cp.reduce.async.bulk.tensor");
  if (!reduces && !name.take("cp.async.bulk.tensor"))
    return nullptr;
  unsigned rank = takeRank(name);
  if (!rank)
    return nullptr;
  if (std::unique_ptr<Operation> store = makePtxStore(instruction, name, rank, reduces))
    return store;
  return reduces ? nullptr : makePtxLoad(instruction, name, rank);
}

} // namespace dreamer::emulator
