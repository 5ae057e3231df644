// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the ops' shape rules check their operands: each check that fails says what was
// expected and what was found. Type inference runs before the generated verifiers and
// on unverified text, so that the rules may take nothing for granted.

#ifndef DREAMER_DIALECTS_DREAMER_SHAPERULE_H
#define DREAMER_DIALECTS_DREAMER_SHAPERULE_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ValueRange.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include <optional>

namespace dreamer {

using Shape = llvm::SmallVector<int64_t>;

class ShapeRule {
public:
  ShapeRule(mlir::MLIRContext *context, std::optional<mlir::Location> location,
            llvm::StringRef operation, mlir::ValueRange operands);

  /// False once a check has failed (and its error was emitted).
  explicit operator bool() const { return ok; }
  mlir::LogicalResult result() const { return mlir::success(ok); }

  /// Each check returns whether all is well so far, and checks nothing once it is not.
  bool require(bool condition, const llvm::Twine &expected, const llvm::Twine &found);
  bool attribute(llvm::StringRef name, mlir::Attribute value);
  bool positive(llvm::StringRef name, int64_t value);
  bool rank(llvm::StringRef name, mlir::Value value, int64_t rank);
  bool minRank(llvm::StringRef name, mlir::Value value, int64_t rank);
  bool shape(llvm::StringRef name, mlir::Value value, llvm::ArrayRef<int64_t> shape);
  bool elements(llvm::StringRef name, mlir::Value value, mlir::Type element);
  bool size(llvm::StringRef name, int64_t found, int64_t expected);
  bool divides(llvm::StringRef partName, int64_t part, llvm::StringRef wholeName, int64_t whole);
  /// `heads * c` query and `kv_heads * c` key features with one head dimension c.
  bool heads(mlir::IntegerAttr heads, mlir::IntegerAttr kvHeads, int64_t queryFeatures,
             int64_t keyFeatures);

  mlir::Type f32(llvm::ArrayRef<int64_t> shape) const;
  mlir::Type i32(llvm::ArrayRef<int64_t> shape) const;

private:
  mlir::MLIRContext *context;
  std::optional<mlir::Location> location;
  llvm::StringRef operation;
  bool ok = true;
};

/// The shape of a value that a ShapeRule has accepted as a tensor.
llvm::ArrayRef<int64_t> shapeOf(mlir::Value value);
/// All dimensions but the last.
llvm::ArrayRef<int64_t> leadOf(mlir::Value value);
/// The last dimension.
int64_t featuresOf(mlir::Value value);
/// `lead` and then `features`.
Shape withFeatures(llvm::ArrayRef<int64_t> lead, int64_t features);
/// `first` and then `rest`.
Shape stackedShape(int64_t first, llvm::ArrayRef<int64_t> rest);
/// "2x3x4"; "a scalar" for no dimension.
std::string toText(llvm::ArrayRef<int64_t> shape);

} // namespace dreamer

#endif // DREAMER_DIALECTS_DREAMER_SHAPERULE_H
