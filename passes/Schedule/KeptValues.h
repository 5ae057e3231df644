// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an entry makes of parameters alone, such as packed or narrowed weights, is kept by the session
// from call to call, in one memory for all entries.

#ifndef DREAMER_PASSES_SCHEDULE_KEPTVALUES_H
#define DREAMER_PASSES_SCHEDULE_KEPTVALUES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include <optional>
#include <string>

namespace dreamer {

/// The values of a function that follow from parameters alone.
class KeptValues {
public:
  explicit KeptValues(mlir::func::FuncOp function);

  /// Whether an entry keeps anything: not where it changes parameters or differentiates by them, since
  /// they would be others at the next call.
  static bool areKeptBy(mlir::func::FuncOp function);

  /// Tells what `value` is made of and how, in the same words for every entry; none if it does not
  /// follow from parameters alone.
  std::optional<llvm::StringRef> keyOf(mlir::Value value) const;

  /// Whether `value` is made by kernels, into memory that is kept.
  bool isKept(mlir::Value value) const;

private:
  llvm::DenseMap<mlir::Value, std::string> keys;
};

/// Where things lie in that memory. It begins with the generation of the parameters, an i64 that the
/// runtime counts up when they change. Each thing has a header before it, the generation that it was
/// made of; memory that is new is zero, and generations count from 1.
class KeptLayout {
public:
  static constexpr int64_t headerBytes = 64;

  /// The offset of the header of what `key` names; the contents follow it.
  int64_t headerOf(llvm::StringRef key, int64_t bytes);
  int64_t getBytes() const { return end; }

private:
  llvm::StringMap<int64_t> headers;
  int64_t end = headerBytes;
};

} // namespace dreamer

#endif // DREAMER_PASSES_SCHEDULE_KEPTVALUES_H
