// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types of the Tile dialect: syntax, what is refused, where elements lie.

#include "dialects/Tile/TileDialect.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;

namespace dreamer::tile {

using EmitError = llvm::function_ref<InFlightDiagnostic()>;

/// 128x64xbf16
static ParseResult parseShape(AsmParser &parser, SmallVector<int64_t> &shape, Type &element) {
  return failure(parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
                 parser.parseType(element));
}

static void printShape(AsmPrinter &printer, ArrayRef<int64_t> shape, Type element) {
  for (int64_t size : shape)
    printer << size << 'x';
  printer << element;
}

/// One of the words of an enumeration.
template <typename Enum>
static ParseResult parseWord(AsmParser &parser, StringRef what,
                             std::optional<Enum> (*named)(StringRef), Enum &value) {
  StringRef word;
  llvm::SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&word))
    return failure();
  std::optional<Enum> found = named(word);
  if (!found)
    return parser.emitError(loc) << "expected " << what << ", found '" << word << "'";
  value = *found;
  return success();
}

static LogicalResult checkTile(EmitError error, ArrayRef<int64_t> shape, Type element) {
  if (shape.size() != 2 || shape[0] <= 0 || shape[1] <= 0)
    return error() << "expected a tile of rows x columns, found " << shape.size() << " dimensions";
  if (!isa<FloatType>(element) && !element.isSignlessInteger())
    return error() << "expected a floating-point or integer element, found " << element;
  return success();
}

//===----------------------------------------------------------------------===//
// Mem
//===----------------------------------------------------------------------===//

static constexpr const char *spaces = "a space (global, shared)";
static constexpr const char *orders = "an order (rows, columns)";
static constexpr const char *forms = "a form (swizzle32, swizzle64, swizzle128, pairs)";

Type MemType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type element;
  Space space;
  Order order;
  Form form = Form::plain;
  llvm::SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parseShape(parser, shape, element) || parser.parseComma() ||
      parseWord<Space>(parser, spaces, symbolizeSpace, space) || parser.parseComma() ||
      parseWord<Order>(parser, orders, symbolizeOrder, order))
    return {};
  if (succeeded(parser.parseOptionalComma()) && parseWord<Form>(parser, forms, symbolizeForm, form))
    return {};
  if (parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(), ArrayRef(shape),
                    element, space, order, form);
}

void MemType::print(AsmPrinter &printer) const {
  printer << '<';
  printShape(printer, getShape(), getElementType());
  printer << ", " << stringifySpace(getSpace()) << ", " << stringifyOrder(getOrder());
  if (getForm() != Form::plain)
    printer << ", " << stringifyForm(getForm());
  printer << '>';
}

static int64_t swizzleBytes(Form form) {
  switch (form) {
  case Form::swizzle32:
    return 32;
  case Form::swizzle64:
    return 64;
  case Form::swizzle128:
    return 128;
  case Form::plain:
  case Form::pairs:
    return 0;
  }
  return 0;
}

LogicalResult MemType::verify(EmitError error, ArrayRef<int64_t> shape, Type element, Space space,
                              Order order, Form form) {
  if (failed(checkTile(error, shape, element)))
    return failure();
  if (int64_t bytes = swizzleBytes(form)) {
    if (space != Space::shared)
      return error() << "expected a swizzle in shared memory, found it in "
                     << stringifySpace(space);
    int64_t line =
        (order == Order::rows ? shape[1] : shape[0]) * element.getIntOrFloatBitWidth() / 8;
    if (line % bytes)
      return error() << "expected lines of a multiple of " << bytes << " bytes, found " << line;
  }
  if (form == Form::pairs &&
      (element.getIntOrFloatBitWidth() != 16 || shape[0] % 2 || order != Order::rows))
    return error() << "expected an even number of rows of 16-bit elements in pairs, found "
                   << shape[0] << " rows of " << element << " in " << stringifyOrder(order);
  return success();
}

int64_t MemType::getBytes() const {
  return getNumElements() * llvm::divideCeil(getElementType().getIntOrFloatBitWidth(), 8);
}

int64_t MemType::getSwizzleBytes() const { return swizzleBytes(getForm()); }

/// Swizzles as TMA and wgmma know them: the tile is made of slabs as wide as the swizzle; in line
/// `l` of a slab the 16-byte pieces are exchanged by xor with the number of the line's 128-byte
/// row, modulo the pieces of a line (PTX ISA, "Shared memory matrix layout, swizzling modes").
int64_t MemType::getOffset(int64_t row, int64_t column) const {
  int64_t lines = getOrder() == Order::rows ? getRows() : getColumns();
  int64_t line = getOrder() == Order::rows ? row : column;
  int64_t at = getOrder() == Order::rows ? column : row;
  switch (getForm()) {
  case Form::plain:
    return line * getContiguous() + at;
  case Form::pairs:
    return (row / 2 * getColumns() + column) * 2 + row % 2;
  case Form::swizzle32:
  case Form::swizzle64:
  case Form::swizzle128:
    break;
  }
  int64_t swizzle = std::max<int64_t>(getSwizzleBytes(), 32);
  int64_t width = swizzle * 8 / getElementType().getIntOrFloatBitWidth();
  int64_t perPiece = 128 / getElementType().getIntOrFloatBitWidth();
  int64_t slab = at / width, inLine = at % width;
  int64_t piece = inLine / perPiece;
  int64_t row128 = line * swizzle / 128;
  piece ^= row128 % (swizzle / 16);
  return (slab * lines + line) * width + piece * perPiece + inLine % perPiece;
}

//===----------------------------------------------------------------------===//
// Reg
//===----------------------------------------------------------------------===//

static constexpr const char *layouts =
    "a layout (vectors, amx_c, mma_a, mma_b, mma_c, wgmma_a, wgmma_c, blocked)";

Type RegType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape, warps;
  Type element;
  Layout layout;
  llvm::SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parseShape(parser, shape, element) || parser.parseComma())
    return {};
  bool slice = succeeded(parser.parseOptionalKeyword("slice"));
  if (parseWord<Layout>(parser, layouts, symbolizeLayout, layout))
    return {};
  if (succeeded(parser.parseOptionalComma()) &&
      (parser.parseKeyword("warps") ||
       parser.parseDimensionList(warps, /*allowDynamic=*/false, /*withTrailingX=*/false)))
    return {};
  if (parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(), ArrayRef(shape),
                    element, layout, slice, ArrayRef(warps));
}

void RegType::print(AsmPrinter &printer) const {
  printer << '<';
  printShape(printer, getShape(), getElementType());
  printer << ", " << (getSlice() ? "slice " : "") << stringifyLayout(getLayout());
  if (!getWarps().empty())
    printer << ", warps " << getWarps()[0] << 'x' << getWarps()[1];
  printer << '>';
}

/// Rows and columns that a fragment of the layout is made of, for one warp or warpgroup.
static std::array<int64_t, 2> granule(Layout layout) {
  switch (layout) {
  case Layout::vectors:
  case Layout::blocked:
    return {1, 1};
  case Layout::amx_c:
    return {16, 16};
  case Layout::mma_a:
    return {16, 16};
  case Layout::mma_b:
    return {16, 8};
  case Layout::mma_c:
    return {16, 8};
  case Layout::wgmma_a:
    return {64, 16};
  case Layout::wgmma_c:
    return {64, 8};
  }
  return {1, 1};
}

static bool isWarpLayout(Layout layout) {
  return layout == Layout::mma_a || layout == Layout::mma_b || layout == Layout::mma_c;
}

LogicalResult RegType::verify(EmitError error, ArrayRef<int64_t> shape, Type element, Layout layout,
                              bool slice, ArrayRef<int64_t> warps) {
  if (failed(checkTile(error, shape, element)))
    return failure();
  StringRef name = stringifyLayout(layout);
  if (slice && shape[1] != 1)
    return error() << "expected one column in a slice, found " << shape[1];
  if (isWarpLayout(layout) != !warps.empty())
    return error() << (warps.empty() ? "expected 'warps RxC' with the layout "
                                     : "expected no 'warps' with the layout ")
                   << name;
  if (!warps.empty() && (warps.size() != 2 || warps[0] < 1 || warps[1] < 1))
    return error() << "expected warps in rows x columns";
  auto [rows, columns] = granule(layout);
  // Warps share out the rows of left factors, the columns of right factors, both of accumulators.
  if (!warps.empty() && layout != Layout::mma_b)
    rows *= warps[0];
  if (!warps.empty() && layout != Layout::mma_a)
    columns *= warps[1];
  if (shape[0] % rows || (!slice && shape[1] % columns))
    return error() << "expected a multiple of " << rows << "x" << columns << " in the layout "
                   << name << ", found " << shape[0] << "x" << shape[1];
  unsigned bits = element.getIntOrFloatBitWidth();
  bool isFactor = layout == Layout::mma_a || layout == Layout::mma_b || layout == Layout::wgmma_a;
  if (isFactor && bits != 16)
    return error() << "expected 16-bit elements in the layout " << name << ", found " << element;
  return success();
}

RegType RegType::withElement(Type element) const {
  return get(getContext(), getShape(), element, getLayout(), getSlice(), getWarps());
}

RegType RegType::getSliceType() const {
  return get(getContext(), {getRows(), 1}, getElementType(), getLayout(), /*slice=*/true,
             getWarps());
}

//===----------------------------------------------------------------------===//
// Ring and Pending
//===----------------------------------------------------------------------===//

LogicalResult RingType::verify(EmitError error, int64_t stages, ArrayRef<MemType> slots,
                               Transport transport, int64_t arrivals, int64_t bytes,
                               int64_t readers) {
  if (stages < 1 || slots.empty() || arrivals < 1 || readers < 1)
    return error() << "expected at least one stage, slot, arrival and reader";
  int64_t total = 0;
  for (MemType slot : slots) {
    if (slot.getSpace() != Space::shared)
      return error() << "expected slots in shared memory, found " << slot;
    total += slot.getBytes();
  }
  if (bytes != total)
    return error() << "expected " << total << " bytes, as the slots hold, found " << bytes;
  if (transport == Transport::tma)
    for (MemType slot : slots)
      if (slot.getSwizzleBytes() == 0 &&
          slot.getContiguous() * slot.getElementType().getIntOrFloatBitWidth() % 128)
        return error() << "expected lines of a multiple of 16 bytes for tma, found " << slot;
  return success();
}

LogicalResult PendingType::verify(EmitError error, RegType tile) {
  if (tile.getLayout() != Layout::wgmma_c || tile.getSlice())
    return error() << "expected accumulators in the layout wgmma_c, found " << tile;
  return success();
}

} // namespace dreamer::tile
