// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the families of kernels attach to the operations of the dialect.

#ifndef DREAMER_KERNELS_MODELS_H
#define DREAMER_KERNELS_MODELS_H

#include "dialects/Dreamer/DreamerOps.h"
#include "lib/Kernels/TileKernel.h"
#include "lib/Kernels/TunableOpInterface.h"

namespace dreamer::kernels {

/// Results and operands that may share a buffer.
enum class Sharing {
  None,        ///< no result overlaps an operand
  Elementwise, ///< any result may lie in any operand of its type
  First,       ///< result 0 may lie in operand 0
};

/// The kernel model of an operation made of a function that builds its launches.
template <typename OpT, void (*build)(OpT, ScheduleBuilder &), Sharing sharing = Sharing::None>
struct Model : KernelOpInterface::ExternalModel<Model<OpT, build, sharing>, OpT> {
  void buildKernels(mlir::Operation *op, ScheduleBuilder &schedule) const {
    build(llvm::cast<OpT>(op), schedule);
  }
  bool mayShareBuffer(mlir::Operation *, unsigned result, unsigned operand) const {
    return sharing == Sharing::Elementwise ||
           (sharing == Sharing::First && result == 0 && operand == 0);
  }
};

/// The same for an operation that can be computed on a tile of what it follows.
template <typename OpT, void (*build)(OpT, ScheduleBuilder &),
          void (*buildTile)(OpT, Kernel &, const OpTile &), Sharing sharing>
struct TileModel
    : KernelOpInterface::ExternalModel<TileModel<OpT, build, buildTile, sharing>, OpT> {
  void buildKernels(mlir::Operation *op, ScheduleBuilder &schedule) const {
    build(llvm::cast<OpT>(op), schedule);
  }
  bool mayShareBuffer(mlir::Operation *, unsigned result, unsigned operand) const {
    return sharing == Sharing::Elementwise ||
           (sharing == Sharing::First && result == 0 && operand == 0);
  }
  void buildOnTile(mlir::Operation *op, Kernel &kernel, const OpTile &tile) const {
    buildTile(llvm::cast<OpT>(op), kernel, tile);
  }
};

/// The same for results that are new versions of operands, given in order.
template <typename OpT, void (*build)(OpT, ScheduleBuilder &), unsigned... updated>
struct UpdatingModel
    : KernelOpInterface::ExternalModel<UpdatingModel<OpT, build, updated...>, OpT> {
  void buildKernels(mlir::Operation *op, ScheduleBuilder &schedule) const {
    build(llvm::cast<OpT>(op), schedule);
  }
  std::optional<unsigned> getUpdatedOperand(mlir::Operation *, unsigned result) const {
    return std::array{updated...}[result];
  }
};

/// The same for results that are sums where the operation is given some (AccumulatingOpInterface).
template <typename OpT, void (*build)(OpT, ScheduleBuilder &), Sharing sharing = Sharing::None>
struct AccumulatingModel
    : KernelOpInterface::ExternalModel<AccumulatingModel<OpT, build, sharing>, OpT> {
  void buildKernels(mlir::Operation *op, ScheduleBuilder &schedule) const {
    build(llvm::cast<OpT>(op), schedule);
  }
  std::optional<unsigned> getUpdatedOperand(mlir::Operation *op, unsigned result) const {
    auto accumulating = llvm::cast<OpT>(op);
    for (auto [sum, summed] :
         llvm::zip(accumulating.getSumsMutable(), accumulating.getSummedResults()))
      if (summed.getResultNumber() == result)
        return sum.getOperandNumber();
    return std::nullopt;
  }
  bool mayShareBuffer(mlir::Operation *, unsigned result, unsigned operand) const {
    return sharing == Sharing::First && result == 0 && operand == 0;
  }
};

/// The parameters of an operation's kernels, declared by a function; `bound` is that of its ids.
template <typename OpT, KernelParameters (*declare)(OpT, const KernelTarget &),
          int64_t (*bound)(OpT) = nullptr>
struct Tunable : TunableOpInterface::ExternalModel<Tunable<OpT, declare, bound>, OpT> {
  KernelParameters getKernelParameters(mlir::Operation *op, const KernelTarget &target) const {
    return declare(llvm::cast<OpT>(op), target);
  }
  int64_t getIdBound(mlir::Operation *op, unsigned) const {
    if constexpr (bound != nullptr)
      return bound(llvm::cast<OpT>(op));
    return 1;
  }
};

void attachElementwiseKernels(mlir::MLIRContext &context);
void attachEmbeddingKernels(mlir::MLIRContext &context);
void attachNormKernels(mlir::MLIRContext &context);
void attachRotaryKernels(mlir::MLIRContext &context);
void attachLinearKernels(mlir::MLIRContext &context);
void attachFusedKernels(mlir::MLIRContext &context);
void attachLinearLossKernels(mlir::MLIRContext &context);
void attachSequenceAttentionKernels(mlir::MLIRContext &context);
void attachSequenceAttentionGradKernels(mlir::MLIRContext &context);
void attachDepthAttentionKernels(mlir::MLIRContext &context);
void attachDecodeKernels(mlir::MLIRContext &context);
void attachMemoryKernels(mlir::MLIRContext &context);
void attachRoutingKernels(mlir::MLIRContext &context);
void attachExpertLinearKernels(mlir::MLIRContext &context);
void attachMixExpertsKernels(mlir::MLIRContext &context);
void attachMixExpertsGradKernels(mlir::MLIRContext &context);
void attachExpertWeightGradKernels(mlir::MLIRContext &context);
void attachLossKernels(mlir::MLIRContext &context);
void attachOptimizerKernels(mlir::MLIRContext &context);

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_MODELS_H
