// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The state of lowering one function: what has become of its tiles and places.

#ifndef DREAMER_PASSES_LOWERTILETOVECTOR_LOWERING_H
#define DREAMER_PASSES_LOWERTILETOVECTOR_LOWERING_H

#include "dialects/Tile/TileDialect.h"
#include "lib/Kernels/Emit.h"
#include "lib/Kernels/KernelTarget.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseMap.h"
#include <memory>

namespace dreamer::lowering {

using kernels::Lanes;
using kernels::Mem;
using kernels::Val;
using kernels::Vals;

/// Where a tile is: a memory and the indices of the tile's first element.
struct Place {
  tile::MemType type;
  Mem memory;
  Vals offsets;                      ///< one for each dimension of the memory
  Val validRows, validColumns;       ///< how much is there
  std::shared_ptr<const Place> rows; ///< the ids of gathered rows

  /// Indices of an element; of gathered rows, `row` is a row of the matrix.
  Vals at(Val row, Val column) const;
  bool hasAllRows() const { return !rows && validRows.isInteger(type.getRows()); }
  bool hasAllColumns() const { return validColumns.isInteger(type.getColumns()); }
};

/// A tile in registers: `perRow` vectors of `width` lanes for each row; scalars for a column; of AMX
/// accumulators, `perRow` tiles of 16 columns for each 16 rows.
struct Tile {
  int64_t perRow = 0, width = 0;
  Vals parts;

  Val &part(int64_t row, int64_t vector) { return parts[row * perRow + vector]; }
  int64_t rows() const { return static_cast<int64_t>(parts.size()) / perRow; }
};

class Lowering;

/// Handles one kind of operation.
using Handler = llvm::LogicalResult (*)(Lowering &, mlir::Operation *);
using Handlers = llvm::DenseMap<mlir::OperationName, Handler>;

/// `Fn` for operations of type `OpT`.
template <typename OpT, llvm::LogicalResult (*Fn)(Lowering &, OpT)>
void addHandler(Handlers &handlers, mlir::MLIRContext *context) {
  handlers[mlir::OperationName(OpT::getOperationName(), context)] =
      [](Lowering &lowering, mlir::Operation *op) { return Fn(lowering, llvm::cast<OpT>(op)); };
}

/// Lowers one function. Operations of the tile dialect are rewritten by handlers, control flow with
/// tiles by this class, and everything else is copied.
class Lowering {
public:
  /// The block's number and how many there are; null where the function cannot know.
  struct Grid {
    mlir::Value id, count;
  };

  Lowering(mlir::OpBuilder &builder, const Handlers &handlers, const KernelTarget &target,
           Grid grid)
      : builder(builder), handlers(handlers), target(target), grid(grid) {}

  /// Writes what the operations of `block` do at the insertion point, but for its terminator.
  llvm::LogicalResult lowerBody(mlir::Block &block);

  /// Writes at the location of the operation that is being lowered.
  kernels::Emitter &emit() { return *emitter; }
  mlir::IRMapping &mapping() { return values; }
  const Grid &getGrid() const { return grid; }
  const KernelTarget &getTarget() const { return target; }

  /// What has become of a scalar; a number if it is a constant.
  Val scalar(mlir::Value value);
  const Tile &tile(mlir::Value value) { return tiles.find(value)->second; }
  const Place &place(mlir::Value value) { return places.find(value)->second; }
  void set(mlir::Value value, Tile tile) { tiles[value] = std::move(tile); }
  void set(mlir::Value value, Place place) { places.insert_or_assign(value, std::move(place)); }

  /// The tile of a type, without its parts; fails, with an error at `op`, where it cannot be in
  /// vectors.
  llvm::FailureOr<Tile> vectorsOf(mlir::Operation *op, tile::RegType type);
  /// The same where it may be AMX accumulators as well.
  llvm::FailureOr<Tile> shapeOf(mlir::Operation *op, tile::RegType type);
  /// The type of one part.
  mlir::Type partType(const Tile &shape, tile::RegType type);

private:
  llvm::LogicalResult lower(mlir::Operation &op);
  llvm::LogicalResult lowerControlFlow(mlir::Operation &op);
  llvm::LogicalResult appendTypes(mlir::Operation &op, mlir::TypeRange types,
                                  llvm::SmallVectorImpl<mlir::Type> &parts);
  void appendParts(mlir::ValueRange values, llvm::SmallVectorImpl<mlir::Value> &parts);
  llvm::LogicalResult bindParts(mlir::Operation &op, mlir::ValueRange values,
                                mlir::ValueRange parts);

  mlir::OpBuilder &builder;
  const Handlers &handlers;
  const KernelTarget &target;
  Grid grid;
  std::optional<kernels::Emitter> emitter;
  mlir::IRMapping values;
  llvm::DenseMap<mlir::Value, Tile> tiles;
  llvm::DenseMap<mlir::Value, Place> places;
};

/// All of them.
Handlers makeHandlers(mlir::MLIRContext *context);

void addMemoryHandlers(Handlers &handlers, mlir::MLIRContext *context);
void addPlaceHandlers(Handlers &handlers, mlir::MLIRContext *context);
void addValueHandlers(Handlers &handlers, mlir::MLIRContext *context);
void addProductHandlers(Handlers &handlers, mlir::MLIRContext *context);

/// Operations on AMX accumulators (Amx.cpp).
bool isAmx(tile::RegType type);
llvm::FailureOr<Tile> amxShapeOf(const KernelTarget &target, mlir::Operation *op,
                                 tile::RegType type);
mlir::Type amxPartType(mlir::MLIRContext *context);
llvm::LogicalResult lowerAmxFill(Lowering &lowering, tile::FillOp op);
llvm::LogicalResult lowerAmxLoad(Lowering &lowering, tile::LoadOp op);
llvm::LogicalResult lowerAmxStore(Lowering &lowering, tile::StoreOp op);
llvm::LogicalResult lowerAmxMma(Lowering &lowering, tile::MmaOp op);

/// Whether a number is known to be a multiple of `n`: a constant, or made by operations that keep it.
bool isMultipleOf(Val x, int64_t n);
/// How deep a product is; fails, with an error at `op`, where that is not known to be a multiple of `n`.
llvm::FailureOr<Val> depthOf(tile::MmaOp op, const Place &a, const Place &b, int64_t n);

} // namespace dreamer::lowering

#endif // DREAMER_PASSES_LOWERTILETOVECTOR_LOWERING_H
