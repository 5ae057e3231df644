// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Addresses and accesses, element by element.

#include "lib/TileRun/Memory.h"

#include "lib/TileRun/Arithmetic.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::tilerun;

static int64_t product(ArrayRef<int64_t> shape) {
  int64_t elements = 1;
  for (int64_t extent : shape)
    elements *= extent;
  return elements;
}

Memory::Memory(Type element, ArrayRef<int64_t> shape, bool isDefined)
    : element(element), shape(shape), elements(product(shape), Scalar::ofInteger(0)),
      defined(elements.size(), isDefined), pins(elements.size(), 0) {}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

/// The addresses of a tile, `at(row, column)` for what is valid.
static Addresses makeAddresses(tile::MemType type, Valid valid,
                               llvm::function_ref<int64_t(int64_t, int64_t)> at) {
  std::vector<int64_t> addresses;
  addresses.reserve(type.getNumElements());
  for (int64_t r = 0; r < type.getRows(); ++r)
    for (int64_t c = 0; c < type.getColumns(); ++c)
      addresses.push_back(r < valid.rows && c < valid.columns ? at(r, c) : absent);
  return std::make_shared<const std::vector<int64_t>>(std::move(addresses));
}

Addresses tilerun::addressesOf(tile::MemType type) {
  return makeAddresses(type, {type.getRows(), type.getColumns()}, [&](int64_t r, int64_t c) {
    int64_t offset = type.getOffset(r, c);
    return offset >= 0 && offset < type.getNumElements() ? offset : outside;
  });
}

/// a + b; far outside of any array it does not matter where.
static int64_t plus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

std::optional<int64_t> tilerun::addressIn(const Memory &array, ArrayRef<int64_t> index) {
  int64_t address = 0;
  for (auto [i, extent] : llvm::zip_equal(index, array.shape)) {
    if (i < 0 || i >= extent)
      return std::nullopt;
    address = address * extent + i;
  }
  return address;
}

Addresses tilerun::viewArray(const Memory &array, tile::MemType type, ArrayRef<int64_t> offsets,
                             Valid valid) {
  size_t rank = offsets.size();
  return makeAddresses(type, valid, [&](int64_t r, int64_t c) {
    SmallVector<int64_t> index(offsets);
    if (type.getForm() == tile::Form::pairs) { // [rows / 2][columns][2]
      index[rank - 3] = plus(offsets[rank - 3], r / 2);
      index[rank - 2] = plus(offsets[rank - 2], c);
      index[rank - 1] = plus(offsets[rank - 1], r % 2);
    } else {
      bool isRows = type.getOrder() == tile::Order::rows;
      index[rank - 2] = plus(offsets[rank - 2], isRows ? r : c);
      index[rank - 1] = plus(offsets[rank - 1], isRows ? c : r);
    }
    return addressIn(array, index).value_or(outside);
  });
}

Addresses tilerun::viewPlace(const Place &base, tile::MemType type, int64_t row, int64_t column,
                             Valid valid) {
  bool isTransposed = base.type.getOrder() != type.getOrder();
  return makeAddresses(type, valid, [&](int64_t r, int64_t c) {
    int64_t baseRow = plus(row, isTransposed ? c : r);
    int64_t baseColumn = plus(column, isTransposed ? r : c);
    bool isInside = baseRow >= 0 && baseRow < base.type.getRows() && baseColumn >= 0 &&
                    baseColumn < base.type.getColumns();
    return isInside ? (*base.addresses)[baseRow * base.type.getColumns() + baseColumn] : outside;
  });
}

Addresses tilerun::viewRows(const Memory &matrix, tile::MemType type, ArrayRef<Scalar> ids,
                            int64_t column, int64_t validColumns) {
  return makeAddresses(type, {type.getRows(), validColumns}, [&](int64_t r, int64_t c) {
    int64_t id = ids[r].integer;
    return id < 0 ? absent : addressIn(matrix, {id, plus(column, c)}).value_or(outside);
  });
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

/// An error about element `i` of a place.
static LogicalResult failAt(Operation *op, const Place &place, int64_t i, const Twine &expected,
                            const Twine &found) {
  InFlightDiagnostic error = op->emitOpError("expected ")
                             << expected << " at [" << i / place.type.getColumns() << ", "
                             << i % place.type.getColumns() << "] of " << place.type << ", found "
                             << found;
  if (place.made && place.made != op)
    error.attachNote(place.made->getLoc()) << "the place is made here";
  return error;
}

static LogicalResult failOutside(Operation *op, const Place &place, int64_t i) {
  std::string shape;
  for (int64_t extent : place.memory->shape)
    shape += (shape.empty() ? "" : "x") + std::to_string(extent);
  return failAt(op, place, i, "an element of the array or place of " + shape,
                "one outside of it; say by 'valid' what is there");
}

LogicalResult tilerun::checkLease(Operation *op, const Place &place) {
  if (!place.lease || !place.lease->released)
    return success();
  InFlightDiagnostic error = op->emitOpError("expected a slot between its get and its release, "
                                             "found use ")
                             << place.lease->use << " after its release";
  error.attachNote(place.lease->get->getLoc()) << "the slot was got here";
  return error;
}

FailureOr<TilePtr> tilerun::read(Operation *op, const Place &place) {
  auto tile = std::make_shared<Tile>();
  tile->columns = place.type.getColumns();
  tile->elements.reserve(place.addresses->size());
  bool isReal = isa<FloatType>(place.type.getElementType());
  Scalar zero = isReal ? Scalar::ofReal(0) : Scalar::ofInteger(0);
  for (auto [i, address] : llvm::enumerate(*place.addresses)) {
    if (address == outside)
      return failOutside(op, place, i);
    if (address != absent && !place.memory->defined[address])
      return failAt(op, place, i, "an element that was written", "one that was not");
    tile->elements.push_back(address == absent ? zero : place.memory->elements[address]);
  }
  return TilePtr(std::move(tile));
}

LogicalResult tilerun::write(Operation *op, const Place &place, const Tile &tile,
                             std::optional<tile::Combine> kind) {
  Memory &memory = *place.memory;
  for (auto [i, address] : llvm::enumerate(*place.addresses)) {
    if (address == absent)
      continue;
    if (address == outside)
      return failOutside(op, place, i);
    if (memory.pins[address])
      return failAt(op, place, i, "no write while a product in flight reads",
                    "one before tile.mma_wait");
    if (kind && !memory.defined[address])
      return failAt(op, place, i, "an element that was written, to combine with",
                    "one that was not");
    Scalar value = tile.elements[i];
    memory.elements[address] =
        kind ? combine(*kind, memory.element, memory.elements[address], value) : value;
    memory.defined[address] = true;
  }
  return success();
}

void tilerun::pin(const Place &place, int by) {
  for (int64_t address : *place.addresses)
    if (address >= 0)
      place.memory->pins[address] += by;
}
