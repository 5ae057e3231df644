// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/LowerTileToVector/LowerTileToVector.h"
#include "passes/LowerToLLVM/LowerToLLVM.h"

using namespace mlir;

void dreamer::addLowerToLLVMPipeline(OpPassManager &outer) {
  outer.nest<ModuleOp>().addPass(createLowerTileToVector());
  outer.addPass(createShareKernelsPass());
  OpPassManager &pm = outer.nest<ModuleOp>();
  pm.addPass(createConvertLinalgToLoopsPass());
  pm.addPass(createConvertVectorToSCFPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createExpandForCpuPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createEndEntriesPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createScheduleToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void dreamer::registerLowerToLLVMPipeline() {
  PassPipelineRegistration<>("dreamer-lower-to-llvm",
                             "From the kernels phase to the LLVM dialect, for processors",
                             addLowerToLLVMPipeline);
}
