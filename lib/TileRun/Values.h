// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the values of a tile program are while it runs: numbers, tiles, places, rings, products.

#ifndef DREAMER_LIB_TILERUN_VALUES_H
#define DREAMER_LIB_TILERUN_VALUES_H

#include "dialects/Tile/TileDialect.h"
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace dreamer::tilerun {

/// A number; its type says which member. A real is rounded to its type; an integer is
/// sign-extended from its type (i1 is 0 or 1).
union Scalar {
  double real;
  int64_t integer;

  static Scalar ofReal(double value) { return {.real = value}; }
  static Scalar ofInteger(int64_t value) { return {.integer = value}; }
};

/// A tile in registers, row by row. In a run without data it has no elements.
struct Tile {
  int64_t columns = 0;
  std::vector<Scalar> elements;
};
using TilePtr = std::shared_ptr<const Tile>;

/// An array that the program was given, or one place in shared memory.
struct Memory {
  mlir::Type element;
  llvm::SmallVector<int64_t> shape; ///< of an array; of a place, its number of elements
  std::vector<Scalar> elements;
  std::vector<uint8_t> defined; ///< whether an element was ever written
  std::vector<uint16_t> pins;   ///< products in flight that read an element

  Memory(mlir::Type element, llvm::ArrayRef<int64_t> shape, bool isDefined);
  int64_t size() const { return elements.size(); }
  /// Forgets what is in it.
  void undefine() { std::fill(defined.begin(), defined.end(), false); }
};
using MemoryPtr = std::shared_ptr<Memory>;

class Ring;

/// That a reader may read a slot of a ring: from `get` to `release`.
struct Lease {
  const Ring *ring;
  mlir::Operation *get;
  int64_t use;
  bool released = false;
};
using LeasePtr = std::shared_ptr<Lease>;

/// Addresses that are none: beyond `valid`, and beyond the array.
constexpr int64_t absent = -1, outside = -2;

/// Where the elements of a tile lie, row by row. In a run without data there are no addresses.
struct Place {
  tile::MemType type;
  MemoryPtr memory;
  std::shared_ptr<const std::vector<int64_t>> addresses;
  LeasePtr lease;        ///< of a slot that was got
  mlir::Operation *made; ///< the operation that made the place
};
using PlacePtr = std::shared_ptr<const Place>;

using RingPtr = std::shared_ptr<Ring>;

struct Product;
using ProductPtr = std::shared_ptr<Product>;

/// A value of the program.
using Datum = std::variant<Scalar, TilePtr, PlacePtr, MemoryPtr, RingPtr, ProductPtr>;

/// A product in flight.
struct Product {
  mlir::Operation *start;
  Datum a, b, acc;
  TilePtr result;           ///< once it has ended
  bool isContinued = false; ///< another product has taken the accumulators
};

} // namespace dreamer::tilerun

#endif // DREAMER_LIB_TILERUN_VALUES_H
