// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Views, memory of the block, and what moves between places and values.

#include "lib/TileRun/Frame.h"
#include "lib/TileRun/Memory.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::tilerun;

static LogicalResult view(tile::ViewOp op, Frame &frame) {
  tile::MemType type = op.getType();
  Valid valid{type.getRows(), type.getColumns()};
  if (!op.getValid().empty())
    valid = {frame.index(op.getValid()[0]), frame.index(op.getValid()[1])};
  SmallVector<int64_t> offsets = frame.indices(op.getOffsets());
  Place place{type, nullptr, nullptr, nullptr, op};
  if (!isa<tile::MemType>(op.getBase().getType())) {
    if (frame.run.hasData()) {
      place.memory = frame.array(op.getBase());
      place.addresses = viewArray(*place.memory, type, offsets, valid);
    }
  } else {
    const Place &base = *frame.place(op.getBase());
    place.lease = base.lease;
    place.memory = base.memory;
    if (frame.run.hasData())
      place.addresses = viewPlace(base, type, offsets[0], offsets[1], valid);
  }
  frame.set(op.getResult(), std::make_shared<const Place>(std::move(place)));
  return success();
}

static LogicalResult rows(tile::RowsOp op, Frame &frame) {
  const Place &ids = *frame.place(op.getIds());
  Place place{op.getType(), nullptr, nullptr, nullptr, op};
  if (failed(checkLease(op, ids)))
    return failure();
  if (frame.run.hasData()) {
    FailureOr<TilePtr> numbers = read(op, ids);
    if (failed(numbers))
      return failure();
    place.memory = frame.array(op.getMatrix());
    int64_t valid = op.getValid() ? frame.index(op.getValid()) : op.getType().getColumns();
    place.addresses = viewRows(*place.memory, op.getType(), (*numbers)->elements,
                               frame.index(op.getColumn()), valid);
  }
  frame.set(op.getResult(), std::make_shared<const Place>(std::move(place)));
  return success();
}

static LogicalResult alloc(tile::AllocOp op, Frame &frame) {
  tile::MemType type = op.getType();
  Place place{type, nullptr, nullptr, nullptr, op};
  if (frame.run.hasData()) {
    place.memory = std::make_shared<Memory>(type.getElementType(), ArrayRef(type.getNumElements()),
                                            /*isDefined=*/false);
    place.addresses = addressesOf(type);
  }
  frame.set(op.getResult(), std::make_shared<const Place>(std::move(place)));
  return success();
}

/// What a place holds; without data, an empty tile.
static FailureOr<TilePtr> readIn(Frame &frame, Operation *op, const Place &place) {
  if (failed(checkLease(op, place)))
    return failure();
  return frame.run.hasData() ? read(op, place) : TilePtr(std::make_shared<const Tile>());
}

static LogicalResult writeIn(Frame &frame, Operation *op, const Place &place, const Tile &tile,
                             std::optional<tile::Combine> combine = std::nullopt) {
  if (failed(checkLease(op, place)))
    return failure();
  return frame.run.hasData() ? write(op, place, tile, combine) : success();
}

static LogicalResult load(tile::LoadOp op, Frame &frame) {
  FailureOr<TilePtr> tile = readIn(frame, op, *frame.place(op.getSource()));
  if (failed(tile))
    return failure();
  frame.set(op.getResult(), std::move(*tile));
  return success();
}

static LogicalResult store(tile::StoreOp op, Frame &frame) {
  return writeIn(frame, op, *frame.place(op.getTarget()), *frame.tile(op.getValue()),
                 op.getCombine());
}

static LogicalResult prefetch(tile::PrefetchOp, Frame &) { return success(); }

static LogicalResult copy(tile::CopyOp op, Frame &frame) {
  PlacePtr source = frame.place(op.getSource()), target = frame.place(op.getTarget());
  auto move = [&frame, op, source, target]() -> LogicalResult {
    FailureOr<TilePtr> tile = readIn(frame, op, *source);
    return failed(tile) ? failure() : writeIn(frame, op, *target, **tile);
  };
  if (!frame.lateCopies)
    return move();
  if (frame.run.hasData())
    frame.lateCopies->push_back([op, source, target]() mutable -> LogicalResult {
      FailureOr<TilePtr> tile = read(op, *source);
      return failed(tile) ? failure() : write(op, *target, **tile);
    });
  return success();
}

void tilerun::addPlaceModels(Models &models) {
  addModels<view, rows, alloc, load, store, prefetch, copy>(models);
}
