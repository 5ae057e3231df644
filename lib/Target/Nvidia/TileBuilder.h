// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tile programs written in C++: one function an operation, regions as lambdas.

#ifndef DREAMER_LIB_TARGET_NVIDIA_TILEBUILDER_H
#define DREAMER_LIB_TARGET_NVIDIA_TILEBUILDER_H

#include "dialects/Tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace dreamer::nvidia {

using mlir::Type;
using mlir::Value;
using mlir::ValueRange;
using Values = llvm::SmallVector<Value>;

/// Where a tile begins along one dimension of a matrix of `size`, which is cut into parts of `part`.
struct Span {
  Value offset;
  int64_t size, part;

  bool isWhole() const { return size % part == 0; }
};

/// Builds the body of one function.
class TileBuilder {
public:
  /// Makes the function at the insertion point of `builder`. Its body is built until `finish`.
  TileBuilder(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef name,
              llvm::ArrayRef<Type> arguments);

  Value argument(unsigned i) { return function.getArgument(i); }
  mlir::func::FuncOp finish();

  /// Types.
  tile::MemType global(int64_t rows, int64_t columns, Type element, tile::Order order);
  /// In lines that TMA and ldmatrix read without conflicts: the widest swizzle that `line` bytes allow.
  tile::MemType shared(int64_t rows, int64_t columns, Type element, tile::Order order,
                       int64_t line);
  tile::RegType reg(int64_t rows, int64_t columns, Type element, tile::Layout layout,
                    llvm::ArrayRef<int64_t> warps = {});
  /// A ring of one writer, by TMA or cp.async.
  tile::RingType ringOf(int64_t stages, llvm::ArrayRef<tile::MemType> slots,
                        tile::Transport transport, int64_t readers);
  Type f32() { return builder.getF32Type(); }

  /// Numbers. Constants are made once, at the start of the function.
  Value index(int64_t value);
  Value real(double value);
  Value add(Value a, Value b);
  Value subtract(Value a, Value b);
  Value multiply(Value a, Value b);
  Value divide(Value a, Value b);
  Value remainder(Value a, Value b);
  Value ceilDivide(Value a, Value b);
  Value min(Value a, Value b);
  Value isLess(Value a, Value b);

  /// Control.
  Values loop(Value from, Value to, Value step, ValueRange carried,
              llvm::function_ref<Values(Value, ValueRange)> body);
  void when(Value condition, llvm::function_ref<void()> body);

  /// A window of an array at `leading` of its first dimensions. Rows and columns are the tile's; `valid` is
  /// said where the matrix has no whole number of parts.
  Value window(Value array, ValueRange leading, tile::MemType type, Span rows, Span columns);
  Value view(Value place, Value row, Value column, tile::MemType type);

  Value fill(Value scalar, tile::RegType type);
  Value load(Value place, tile::RegType type);
  void store(Value tile, Value place);
  void copy(Value from, Value to);
  Value mma(Value a, Value b, Value acc);
  Value mmaStart(Value a, Value b, Value acc);
  /// Gives a value where `outstanding` is 0.
  Value mmaWait(Value pending, int64_t outstanding);
  Value reduce(tile::Combine combine, Value tile);
  Value broadcast(Value column, tile::RegType type);
  Value convert(Value tile, tile::RegType type);
  /// One result; `body` gets the elements and the scalars.
  Value map(ValueRange inputs, ValueRange scalars, tile::RegType type,
            llvm::function_ref<Value(mlir::OpBuilder &, ValueRange)> body);
  /// A map whose body is a clone of `body`.
  Value map(ValueRange inputs, tile::RegType type, mlir::Block &body);

  Value ring(tile::RingType type);
  void put(Value ring, Value use, llvm::function_ref<void(ValueRange)> body);
  Values get(Value ring, Value use);
  void release(Value ring, Value use);
  void roles(llvm::function_ref<void()> body);
  void role(llvm::StringRef name, int64_t count, int64_t warps, int64_t registers,
            llvm::function_ref<void(Value)> body);
  void barrier();
  Value alloc(tile::MemType type);
  Value blockId();
  Value blockCount();

  mlir::OpBuilder &getBuilder() { return builder; }
  mlir::Location getLoc() const { return loc; }

private:
  mlir::Block &startRegion(mlir::Region &region, mlir::TypeRange arguments);
  Value constant(mlir::TypedAttr value);
  template <typename Op, typename... Arguments>
  Value fold(Arguments... arguments);
  /// How much of a part is there; `whole` where nothing is missing.
  Value there(Span span, int64_t whole);

  mlir::OpBuilder builder;
  mlir::Location loc;
  mlir::func::FuncOp function;
  llvm::DenseMap<mlir::Attribute, Value> constants;
};

} // namespace dreamer::nvidia

#endif // DREAMER_LIB_TARGET_NVIDIA_TILEBUILDER_H
