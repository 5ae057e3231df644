// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention forward for NVIDIA GPUs, as tile programs: softmax(scale Q K^T + mask) V, without a matrix of scores in
// memory (Dao 2023, Shah et al. 2024). Arrays have flat features:
// q, out [batch][queries][heads * headSize]; k, v [batch][keys][kvHeads * headSize]; lse f32 [batch][heads][queries].

#ifndef DREAMER_LIB_TARGET_NVIDIA_ATTENTION_H
#define DREAMER_LIB_TARGET_NVIDIA_ATTENTION_H

#include "dialects/Tile/TileDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace dreamer::nvidia {

struct AttentionProblem {
  int64_t batch, queries, keys;
  int64_t heads, kvHeads, headSize; ///< heads in groups of heads / kvHeads share keys and values
  bool causal;                      ///< query i sees keys 0 .. i + keys - queries
  mlir::Type element;               ///< of q, k, v and out: f16 or bf16
  double scale = 0;                 ///< of the scores; 0: 1 / sqrt(headSize)
};

/// sm_80: all warps copy by cp.async and multiply by mma.sync.
struct AttentionTilingSm80 {
  int64_t queries = 64, keys = 64; ///< of a block, and of one step
  int64_t stages = 2;              ///< steps in shared memory
  int64_t warps = 4;               ///< that share out the queries

  /// Fails, after an error at `loc`, where the machine cannot do it.
  llvm::LogicalResult check(mlir::Location loc, const AttentionProblem &problem) const;
};

/// sm_90a: a producer copies by TMA, consumers of four warps multiply by wgmma.
struct AttentionTilingSm90 {
  int64_t queries = 128, keys = 128;
  int64_t stages = 2;
  int64_t consumers = 2; ///< that share out the queries
  int64_t producerRegisters = 24, consumerRegisters = 240;

  llvm::LogicalResult check(mlir::Location loc, const AttentionProblem &problem) const;
};

/// Parameters worth trying, the default first.
llvm::ArrayRef<AttentionTilingSm80> attentionTilingsSm80();
llvm::ArrayRef<AttentionTilingSm90> attentionTilingsSm90();

/// Makes the function @`name`(q, k, v, out, lse), correct for any number of blocks. Fails, after an error
/// at `loc`, where `tiling` does not suit the problem.
llvm::FailureOr<mlir::func::FuncOp> buildAttentionSm80(mlir::OpBuilder &builder, mlir::Location loc,
                                                       llvm::StringRef name,
                                                       const AttentionProblem &problem,
                                                       const AttentionTilingSm80 &tiling);
llvm::FailureOr<mlir::func::FuncOp> buildAttentionSm90(mlir::OpBuilder &builder, mlir::Location loc,
                                                       llvm::StringRef name,
                                                       const AttentionProblem &problem,
                                                       const AttentionTilingSm90 &tiling);

} // namespace dreamer::nvidia

#endif // DREAMER_LIB_TARGET_NVIDIA_ATTENTION_H
