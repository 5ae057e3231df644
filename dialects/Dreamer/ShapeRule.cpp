// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Dreamer/ShapeRule.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace dreamer;

ArrayRef<int64_t> dreamer::shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}
ArrayRef<int64_t> dreamer::leadOf(Value value) { return shapeOf(value).drop_back(); }
int64_t dreamer::featuresOf(Value value) { return shapeOf(value).back(); }

Shape dreamer::withFeatures(ArrayRef<int64_t> lead, int64_t features) {
  Shape shape(lead);
  shape.push_back(features);
  return shape;
}

Shape dreamer::stackedShape(int64_t first, ArrayRef<int64_t> rest) {
  Shape shape{first};
  llvm::append_range(shape, rest);
  return shape;
}

std::string dreamer::toText(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "a scalar";
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(shape, stream, "x");
  return text;
}

static std::string toText(Type type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << type;
  return text;
}

ShapeRule::ShapeRule(MLIRContext *context, std::optional<Location> location, StringRef operation,
                     ValueRange operands)
    : context(context), location(location), operation(operation) {
  for (auto [i, operand] : llvm::enumerate(operands)) {
    Type type = operand.getType();
    auto tensor = dyn_cast<RankedTensorType>(type);
    require(isa<IndexType>(type) || (tensor && tensor.hasStaticShape()),
            "a tensor of static shape (or an index) as operand " + Twine(i), ::toText(type));
  }
}

bool ShapeRule::require(bool condition, const Twine &expected, const Twine &found) {
  if (ok && !condition) {
    (void)emitOptionalError(location, "'", operation, "' expected ", expected, ", found ", found);
    ok = false;
  }
  return ok;
}

bool ShapeRule::attribute(StringRef name, Attribute value) {
  return require(static_cast<bool>(value), "the attribute '" + name + "'", "none");
}

bool ShapeRule::positive(StringRef name, int64_t value) {
  return require(value > 0, "a positive " + name, Twine(value));
}

bool ShapeRule::rank(StringRef name, Value value, int64_t rank) {
  if (!ok)
    return false;
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  return require(tensor && tensor.getRank() == rank,
                 name + " to be a tensor of " + Twine(rank) + " dimensions",
                 ::toText(value.getType()));
}

bool ShapeRule::minRank(StringRef name, Value value, int64_t rank) {
  if (!ok)
    return false;
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  return require(tensor && tensor.getRank() >= rank,
                 name + " to be a tensor of at least " + Twine(rank) + " dimensions",
                 ::toText(value.getType()));
}

bool ShapeRule::shape(StringRef name, Value value, ArrayRef<int64_t> shape) {
  if (!ok)
    return false;
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  return require(tensor && tensor.getShape() == shape, name + " of shape " + dreamer::toText(shape),
                 ::toText(value.getType()));
}

bool ShapeRule::elements(StringRef name, Value value, Type element) {
  Type found = getElementTypeOrSelf(value);
  return require(found == element, name + " of " + ::toText(element), ::toText(found));
}

bool ShapeRule::size(StringRef name, int64_t found, int64_t expected) {
  return require(found == expected, name + " = " + Twine(expected), Twine(found));
}

bool ShapeRule::divides(StringRef partName, int64_t part, StringRef wholeName, int64_t whole) {
  return require(part > 0 && whole % part == 0, partName + " to divide " + wholeName,
                 Twine(part) + " and " + Twine(whole));
}

bool ShapeRule::heads(IntegerAttr heads, IntegerAttr kvHeads, int64_t queryFeatures,
                      int64_t keyFeatures) {
  if (!attribute("heads", heads) || !attribute("kv_heads", kvHeads))
    return false;
  int64_t h = heads.getInt(), kv = kvHeads.getInt();
  if (!divides("kv_heads", kv, "heads", h) || !positive("heads", h) ||
      !divides("heads", h, "the query's features", queryFeatures))
    return false;
  return size("key and value features", keyFeatures, kv * (queryFeatures / h));
}

Type ShapeRule::f32(ArrayRef<int64_t> shape) const {
  return RankedTensorType::get(shape, Float32Type::get(context));
}

Type ShapeRule::i32(ArrayRef<int64_t> shape) const {
  return RankedTensorType::get(shape, IntegerType::get(context, 32));
}
