// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/Kernels.h"
#include "dialects/Dreamer/DreamerDialect.h"
#include "dialects/Tile/TileDialect.h"
#include "lib/Kernels/Models.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

void dreamer::registerKernelModels(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                  tile::TileDialect, vector::VectorDialect>();
  registry.addExtension(+[](MLIRContext *context, DreamerDialect *) {
    // Bodies are built by passes, which load nothing that they did not declare.
    context->loadDialect<arith::ArithDialect, math::MathDialect, memref::MemRefDialect,
                         scf::SCFDialect, tile::TileDialect, vector::VectorDialect>();
    kernels::attachElementwiseKernels(*context);
    kernels::attachNormKernels(*context);
    kernels::attachLinearKernels(*context);
    kernels::attachLinearLossKernels(*context);
    kernels::attachFusedKernels(*context);
    kernels::attachRotaryKernels(*context);
    kernels::attachEmbeddingKernels(*context);
    kernels::attachMemoryKernels(*context);
    kernels::attachSequenceAttentionKernels(*context);
    kernels::attachSequenceAttentionGradKernels(*context);
    kernels::attachDepthAttentionKernels(*context);
    kernels::attachDecodeKernels(*context);
    kernels::attachRoutingKernels(*context);
    kernels::attachExpertLinearKernels(*context);
    kernels::attachMixExpertsKernels(*context);
    kernels::attachMixExpertsGradKernels(*context);
    kernels::attachExpertWeightGradKernels(*context);
    kernels::attachLossKernels(*context);
    kernels::attachOptimizerKernels(*context);
  });
}
