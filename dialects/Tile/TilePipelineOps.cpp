// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What rings and roles refuse. Whether puts and gets agree is for the protocol check, which sees the
// whole program.

#include "dialects/Tile/TileDialect.h"

using namespace mlir;

namespace dreamer::tile {

LogicalResult PutOp::verifyRegions() {
  RingType ring = getRing().getType();
  Block &block = getBody().front();
  SmallVector<Type> slots(ring.getSlots().begin(), ring.getSlots().end());
  if (block.getArgumentTypes() != TypeRange(slots))
    return emitOpError("expected a region with the slot's places ")
           << slots << " as arguments, found " << block.getArgumentTypes();
  SmallVector<unsigned> copies(slots.size(), 0);
  for (Operation &op : block) {
    auto copy = dyn_cast<CopyOp>(op);
    if (!copy) {
      if (!isMemoryEffectFree(&op))
        return emitOpError("expected copies and what they need in the region, found '")
               << op.getName() << "'";
      continue;
    }
    auto slot = dyn_cast<BlockArgument>(copy.getTarget());
    if (!slot || slot.getOwner() != &block)
      return copy.emitOpError("expected a place of the slot as target of a copy in tile.put");
    if (copy.getSource().getType().getSpace() != Space::global)
      return copy.emitOpError("expected a copy from global memory in tile.put, found ")
             << copy.getSource().getType();
    if (ring.getTransport() == Transport::tma && copy.getSource().getDefiningOp<RowsOp>())
      return copy.emitOpError("expected a ring by cp_async to gather rows, found tma");
    ++copies[slot.getArgNumber()];
  }
  for (auto [i, count] : llvm::enumerate(copies))
    if (count != 1)
      return emitOpError("expected one copy to place ") << i << " of the slot, found " << count;
  return success();
}

LogicalResult GetOp::verify() {
  RingType ring = getRing().getType();
  SmallVector<Type> slots(ring.getSlots().begin(), ring.getSlots().end());
  if (getSlots().getTypes() == TypeRange(slots))
    return success();
  return emitOpError("expected the slot's places ") << slots << ", found " << getSlots().getTypes();
}

LogicalResult RolesOp::verifyRegions() {
  if (getBody().front().empty())
    return emitOpError("expected at least one role, found none");
  for (Operation &op : getBody().front())
    if (!isa<RoleOp>(op))
      return emitOpError("expected only roles in the region, found '") << op.getName() << "'";
  return success();
}

LogicalResult RoleOp::verify() {
  if (getRegisters() % 8)
    return emitOpError("expected registers in multiples of 8, found ") << getRegisters();
  return success();
}

LogicalResult RoleOp::verifyRegions() {
  if (getBody().getArgumentTypes() != TypeRange{IndexType::get(getContext())})
    return emitOpError("expected a region with one index, which of the role runs, found ")
           << getBody().getArgumentTypes();
  return success();
}

} // namespace dreamer::tile
