// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matrix products for NVIDIA GPUs, as tile programs: C[m, n] = f(sum over k of A[m, k] B[k, n], ...).

#ifndef DREAMER_LIB_TARGET_NVIDIA_GEMM_H
#define DREAMER_LIB_TARGET_NVIDIA_GEMM_H

#include "dialects/Tile/TileDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include <array>

namespace dreamer::nvidia {

struct GemmProblem {
  int64_t rows, columns, depth;
  mlir::Type element; ///< of A and B: f16 or bf16
  mlir::Type result;  ///< of C
  /// Which dimension of an array is contiguous: A is [rows][depth] or (columns) [depth][rows].
  tile::Order a = tile::Order::rows;
  /// B is [depth][columns] or (columns) [columns][depth], as weights are stored.
  tile::Order b = tile::Order::columns;
};

/// What is done to each sum before it is stored: a block whose arguments are the sum (f32) and an element of each
/// further array [rows][columns], and which ends with tile.yield of an element of C. Null: the sum is rounded to C's type.
struct Epilogue {
  mlir::Block *body = nullptr;

  /// Element types of the further arrays.
  llvm::SmallVector<mlir::Type> operandTypes() const;
};

/// sm_80: all warps copy by cp.async and multiply by mma.sync.
struct GemmTilingSm80 {
  int64_t rows = 128, columns = 128, depth = 32; ///< of a block's tile
  int64_t stages = 4;                            ///< slices of depth in shared memory
  std::array<int64_t, 2> warps = {2, 2};         ///< that share out rows and columns

  /// Fails, after an error at `loc`, where the machine cannot do it.
  llvm::LogicalResult check(mlir::Location loc, const GemmProblem &problem) const;
};

/// sm_90a: a producer copies by TMA, consumers of four warps multiply by wgmma.
struct GemmTilingSm90 {
  int64_t rows = 128, columns = 256, depth = 64;
  int64_t stages = 4;
  int64_t consumers = 2; ///< that share out the rows
  int64_t producerRegisters = 40, consumerRegisters = 232;
  bool overlap = true; ///< one product stays in flight while the next slice is waited for

  llvm::LogicalResult check(mlir::Location loc, const GemmProblem &problem) const;
};

/// Parameters worth trying, the default first.
llvm::ArrayRef<GemmTilingSm80> gemmTilingsSm80();
llvm::ArrayRef<GemmTilingSm90> gemmTilingsSm90();

/// Makes the function @`name`(A, B, C, further arrays), correct for any number of blocks. Fails, after an
/// error at `loc`, where `tiling` does not suit the problem.
llvm::FailureOr<mlir::func::FuncOp> buildGemmSm80(mlir::OpBuilder &builder, mlir::Location loc,
                                                  llvm::StringRef name, const GemmProblem &problem,
                                                  const GemmTilingSm80 &tiling,
                                                  const Epilogue &epilogue = {});
llvm::FailureOr<mlir::func::FuncOp> buildGemmSm90(mlir::OpBuilder &builder, mlir::Location loc,
                                                  llvm::StringRef name, const GemmProblem &problem,
                                                  const GemmTilingSm90 &tiling,
                                                  const Epilogue &epilogue = {});

} // namespace dreamer::nvidia

#endif // DREAMER_LIB_TARGET_NVIDIA_GEMM_H
