// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function an operation.

#include "lib/Target/Nvidia/TileBuilder.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::nvidia;

TileBuilder::TileBuilder(OpBuilder &outer, Location loc, StringRef name, ArrayRef<Type> arguments)
    : builder(outer), loc(loc) {
  MLIRContext *context = builder.getContext();
  context->loadDialect<arith::ArithDialect, memref::MemRefDialect, scf::SCFDialect,
                       tile::TileDialect>();
  function = func::FuncOp::create(builder, loc, name, builder.getFunctionType(arguments, {}));
  builder.setInsertionPointToStart(function.addEntryBlock());
}

func::FuncOp TileBuilder::finish() {
  func::ReturnOp::create(builder, loc);
  return function;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

tile::MemType TileBuilder::global(int64_t rows, int64_t columns, Type element, tile::Order order) {
  return tile::MemType::get(builder.getContext(), {rows, columns}, element, tile::Space::global,
                            order, tile::Form::plain);
}

tile::MemType TileBuilder::shared(int64_t rows, int64_t columns, Type element, tile::Order order,
                                  int64_t line) {
  tile::Form form = line % 128 == 0  ? tile::Form::swizzle128
                    : line % 64 == 0 ? tile::Form::swizzle64
                    : line % 32 == 0 ? tile::Form::swizzle32
                                     : tile::Form::plain;
  return tile::MemType::get(builder.getContext(), {rows, columns}, element, tile::Space::shared,
                            order, form);
}

tile::RegType TileBuilder::reg(int64_t rows, int64_t columns, Type element, tile::Layout layout,
                               ArrayRef<int64_t> warps) {
  return tile::RegType::get(builder.getContext(), {rows, columns}, element, layout,
                            /*slice=*/false, warps);
}

tile::RingType TileBuilder::ringOf(int64_t stages, ArrayRef<tile::MemType> slots,
                                   tile::Transport transport, int64_t readers) {
  int64_t bytes = 0;
  for (tile::MemType slot : slots)
    bytes += slot.getBytes();
  return tile::RingType::get(builder.getContext(), stages, slots, transport, /*arrivals=*/1, bytes,
                             readers);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Value TileBuilder::constant(TypedAttr value) {
  Value &known = constants[value];
  if (!known) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    known = arith::ConstantOp::create(builder, loc, value);
  }
  return known;
}

Value TileBuilder::index(int64_t value) { return constant(builder.getIndexAttr(value)); }
Value TileBuilder::real(double value) { return constant(builder.getF32FloatAttr(value)); }

/// The operation, or what it folds to; a constant goes to the start of the function as well.
template <typename Op, typename... Arguments>
Value TileBuilder::fold(Arguments... arguments) {
  Value result = builder.createOrFold<Op>(loc, arguments...);
  auto made = result.getDefiningOp<arith::ConstantOp>();
  if (!made)
    return result;
  Value known = constant(made.getValue());
  if (known != result && result.use_empty())
    made.erase();
  return known;
}

Value TileBuilder::add(Value a, Value b) { return fold<arith::AddIOp>(a, b); }
Value TileBuilder::subtract(Value a, Value b) { return fold<arith::SubIOp>(a, b); }
Value TileBuilder::multiply(Value a, Value b) { return fold<arith::MulIOp>(a, b); }
Value TileBuilder::divide(Value a, Value b) { return fold<arith::DivUIOp>(a, b); }
Value TileBuilder::remainder(Value a, Value b) { return fold<arith::RemUIOp>(a, b); }
Value TileBuilder::ceilDivide(Value a, Value b) { return fold<arith::CeilDivUIOp>(a, b); }
Value TileBuilder::min(Value a, Value b) { return fold<arith::MinSIOp>(a, b); }
Value TileBuilder::isLess(Value a, Value b) {
  return fold<arith::CmpIOp>(arith::CmpIPredicate::slt, a, b);
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

Values TileBuilder::loop(Value from, Value to, Value step, ValueRange carried,
                         llvm::function_ref<Values(Value, ValueRange)> body) {
  OpBuilder::InsertionGuard guard(builder);
  auto loop = scf::ForOp::create(builder, loc, from, to, step, carried);
  Block &block = *loop.getBody();
  if (!block.empty()) // a loop that carries nothing comes with its terminator
    block.back().erase();
  builder.setInsertionPointToEnd(&block);
  Values next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(builder, loc, next);
  return Values(loop.getResults());
}

void TileBuilder::when(Value condition, llvm::function_ref<void()> body) {
  OpBuilder::InsertionGuard guard(builder);
  auto choice = scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/false);
  builder.setInsertionPointToStart(choice.thenBlock());
  body();
}

Block &TileBuilder::startRegion(Region &region, TypeRange arguments) {
  SmallVector<Location> locations(arguments.size(), loc);
  return *builder.createBlock(&region, region.end(), arguments, locations);
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

Value TileBuilder::there(Span span, int64_t whole) {
  return span.isWhole() ? index(whole) : min(subtract(index(span.size), span.offset), index(whole));
}

Value TileBuilder::window(Value array, ValueRange leading, tile::MemType type, Span rows,
                          Span columns) {
  Values offsets(leading);
  bool isRows = type.getOrder() == tile::Order::rows;
  offsets.push_back(isRows ? rows.offset : columns.offset);
  offsets.push_back(isRows ? columns.offset : rows.offset);
  Values valid;
  if (!rows.isWhole() || !columns.isWhole())
    valid = {there(rows, type.getRows()), there(columns, type.getColumns())};
  return tile::ViewOp::create(builder, loc, type, array, offsets, valid);
}

Value TileBuilder::view(Value place, Value row, Value column, tile::MemType type) {
  return tile::ViewOp::create(builder, loc, type, place, ValueRange{row, column}, ValueRange{});
}

Value TileBuilder::alloc(tile::MemType type) { return tile::AllocOp::create(builder, loc, type); }

Value TileBuilder::load(Value place, tile::RegType type) {
  return tile::LoadOp::create(builder, loc, type, place);
}

void TileBuilder::store(Value tile, Value place) {
  tile::StoreOp::create(builder, loc, tile, place, tile::CombineAttr());
}

void TileBuilder::copy(Value from, Value to) { tile::CopyOp::create(builder, loc, from, to); }

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value TileBuilder::fill(Value scalar, tile::RegType type) {
  return tile::FillOp::create(builder, loc, type, scalar);
}

Value TileBuilder::mma(Value a, Value b, Value acc) {
  return tile::MmaOp::create(builder, loc, acc.getType(), a, b, acc);
}

Value TileBuilder::mmaStart(Value a, Value b, Value acc) {
  Type type = acc.getType();
  if (auto tile = dyn_cast<tile::RegType>(type))
    type = tile::PendingType::get(builder.getContext(), tile);
  return tile::MmaStartOp::create(builder, loc, type, a, b, acc);
}

Value TileBuilder::mmaWait(Value pending, int64_t outstanding) {
  auto type = cast<tile::PendingType>(pending.getType());
  Type result = outstanding == 0 ? Type(type.getTile()) : Type(type);
  return tile::MmaWaitOp::create(builder, loc, result, pending, outstanding);
}

Value TileBuilder::reduce(tile::Combine combine, Value tile) {
  Type column = cast<tile::RegType>(tile.getType()).getSliceType();
  return tile::ReduceOp::create(builder, loc, column, combine, tile);
}

Value TileBuilder::broadcast(Value column, tile::RegType type) {
  return tile::BroadcastOp::create(builder, loc, type, column);
}

Value TileBuilder::convert(Value tile, tile::RegType type) {
  return tile::ConvertLayoutOp::create(builder, loc, type, tile);
}

Value TileBuilder::map(ValueRange inputs, ValueRange scalars, tile::RegType type,
                       llvm::function_ref<Value(OpBuilder &, ValueRange)> body) {
  OpBuilder::InsertionGuard guard(builder);
  auto map = tile::MapOp::create(builder, loc, TypeRange{type}, inputs, scalars);
  SmallVector<Type> arguments;
  for (Value input : inputs)
    arguments.push_back(cast<tile::RegType>(input.getType()).getElementType());
  llvm::append_range(arguments, scalars.getTypes());
  Block &block = startRegion(map.getBody(), arguments);
  Value result = body(builder, block.getArguments());
  tile::YieldOp::create(builder, loc, result);
  return map.getResult(0);
}

Value TileBuilder::map(ValueRange inputs, tile::RegType type, Block &body) {
  OpBuilder::InsertionGuard guard(builder);
  auto map = tile::MapOp::create(builder, loc, TypeRange{type}, inputs, ValueRange{});
  Block &block = startRegion(map.getBody(), body.getArgumentTypes());
  IRMapping mapping;
  mapping.map(body.getArguments(), block.getArguments());
  for (Operation &op : body)
    builder.clone(op, mapping);
  return map.getResult(0);
}

//===----------------------------------------------------------------------===//
// Rings, roles, blocks
//===----------------------------------------------------------------------===//

Value TileBuilder::ring(tile::RingType type) { return tile::RingOp::create(builder, loc, type); }

void TileBuilder::put(Value ring, Value use, llvm::function_ref<void(ValueRange)> body) {
  OpBuilder::InsertionGuard guard(builder);
  auto put = tile::PutOp::create(builder, loc, ring, use);
  SmallVector<Type> slots(llvm::map_range(cast<tile::RingType>(ring.getType()).getSlots(),
                                          [](tile::MemType slot) { return Type(slot); }));
  body(startRegion(put.getBody(), slots).getArguments());
}

Values TileBuilder::get(Value ring, Value use) {
  SmallVector<Type> slots(llvm::map_range(cast<tile::RingType>(ring.getType()).getSlots(),
                                          [](tile::MemType slot) { return Type(slot); }));
  return Values(tile::GetOp::create(builder, loc, slots, ring, use).getResults());
}

void TileBuilder::release(Value ring, Value use) {
  tile::ReleaseOp::create(builder, loc, ring, use);
}

void TileBuilder::roles(llvm::function_ref<void()> body) {
  OpBuilder::InsertionGuard guard(builder);
  auto roles = tile::RolesOp::create(builder, loc);
  startRegion(roles.getBody(), {});
  body();
}

void TileBuilder::role(StringRef name, int64_t count, int64_t warps, int64_t registers,
                       llvm::function_ref<void(Value)> body) {
  OpBuilder::InsertionGuard guard(builder);
  auto role = tile::RoleOp::create(builder, loc, name, count, warps, registers);
  body(startRegion(role.getBody(), builder.getIndexType()).getArgument(0));
}

void TileBuilder::barrier() { tile::BarrierOp::create(builder, loc); }
Value TileBuilder::blockId() {
  return tile::BlockIdOp::create(builder, loc, builder.getIndexType());
}
Value TileBuilder::blockCount() {
  return tile::BlockCountOp::create(builder, loc, builder.getIndexType());
}
