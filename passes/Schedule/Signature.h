// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How an entry is called: which buffers it takes and where its arguments and results lie in them.

#ifndef DREAMER_PASSES_SCHEDULE_SIGNATURE_H
#define DREAMER_PASSES_SCHEDULE_SIGNATURE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include <cstdint>
#include <optional>
#include <string>

namespace dreamer {

/// Bytes of a tensor (or one scalar) in memory.
int64_t bytesOf(mlir::Type type);

/// Gives an entry's buffer its size.
void setBufferBytes(mlir::func::FuncOp entry, unsigned buffer, int64_t bytes);

/// The layout of the buffer that parameters lie in. Gradients and moments have the same.
class ParameterLayout {
public:
  struct Parameter {
    std::string name;
    mlir::RankedTensorType type;
    std::string role;          ///< "parameter" or "balance"
    mlir::DictionaryAttr init; ///< {std = f64} or {fill = f64}
    int64_t offset = 0;        ///< bytes, a multiple of 64
  };

  /// Collects the parameters of all functions. Those that a `dreamer.stack` gathers become neighbours,
  /// so that the stack can be a view; otherwise the order is that of first appearance.
  static mlir::FailureOr<ParameterLayout> plan(mlir::ModuleOp module);

  /// Null if there is no parameter of that name.
  const Parameter *find(llvm::StringRef name) const;
  int64_t getBytes() const { return bytes; }

  /// The attribute `schedule.parameters`.
  mlir::ArrayAttr toAttribute(mlir::MLIRContext *context) const;

private:
  void placeInOrder(llvm::ArrayRef<llvm::SmallVector<unsigned>> stacks);

  llvm::SmallVector<Parameter> parameters; // in order of offsets
  llvm::StringMap<unsigned> byName;
  int64_t bytes = 0;
};

/// Bytes in one of an entry's buffers.
struct ExternalPlace {
  unsigned buffer = 0;
  int64_t offset = 0;

  bool operator==(const ExternalPlace &) const = default;
};

/// The buffers of an entry in the order in which it takes them, the arena first.
class Signature {
public:
  struct Buffer {
    std::string
        kind; ///< "arena", "parameters", "gradients", "moment1", "moment2", "kept", "tensor"
    std::string name; ///< of a "tensor"
    int64_t bytes = 0;
  };

  static mlir::FailureOr<Signature> plan(mlir::func::FuncOp function,
                                         const ParameterLayout &layout);

  static constexpr unsigned arena = 0;
  std::optional<unsigned> kept; ///< the buffer of KeptLayout, whose size is known last

  llvm::SmallVector<Buffer> buffers;
  llvm::SmallVector<ExternalPlace> arguments; ///< by argument of the function on tensors
  llvm::SmallVector<ExternalPlace> results;   ///< by result
  llvm::SmallVector<int> updates; ///< by result: the argument it is a new version of, or -1

  /// The attribute `schedule.entry`.
  mlir::DictionaryAttr toAttribute(mlir::func::FuncOp function) const;

private:
  unsigned bufferOf(llvm::StringRef kind, llvm::StringRef name, int64_t bytes);
  mlir::LogicalResult placeArguments(mlir::func::FuncOp function, const ParameterLayout &layout);
  mlir::LogicalResult placeResults(mlir::func::FuncOp function, const ParameterLayout &layout);
};

} // namespace dreamer

#endif // DREAMER_PASSES_SCHEDULE_SIGNATURE_H
