// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All passes on the Dreamer dialect.

#include "passes/Passes.h"
#include "mlir/Transforms/Passes.h"
#include "passes/AccumulateGradients/AccumulateGradients.h"
#include "passes/ApplyTuning/ApplyTuning.h"
#include "passes/BuildEntryPoints/BuildEntryPoints.h"
#include "passes/BuildNvidiaKernel/BuildNvidiaKernel.h"
#include "passes/CheckTileProtocol/CheckTileProtocol.h"
#include "passes/DeferGradients/DeferGradients.h"
#include "passes/Differentiate/Differentiate.h"
#include "passes/FuseProducts/FuseProducts.h"
#include "passes/FuseTiles/FuseTiles.h"
#include "passes/LowerTileToVector/LowerTileToVector.h"
#include "passes/LowerToLLVM/LowerToLLVM.h"
#include "passes/NarrowMatrices/NarrowMatrices.h"
#include "passes/Schedule/Schedule.h"

using namespace mlir;

void dreamer::addProgramPipeline(OpPassManager &passes, const ProgramOptions &options) {
  BuildEntryPointsOptions entryPoints;
  entryPoints.entries.assign(options.entries.begin(), options.entries.end());
  entryPoints.recompute = options.recompute;
  entryPoints.microBatches = options.microBatches;
  entryPoints.narrowCaches = options.narrowMatrices;
  passes.addPass(createBuildEntryPoints(std::move(entryPoints)));
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  FuseProductsOptions fuseProducts;
  fuseProducts.when = options.fuseProducts;
  passes.addPass(createFuseProducts(fuseProducts));
  if (options.accumulateGradients)
    passes.addPass(createAccumulateGradients());
  if (options.defer != Defer::None) {
    passes.addPass(
        createDeferGradients({options.defer, options.deferWindow, options.narrowMatrices}));
    passes.addPass(createCanonicalizerPass());
  }
  if (options.narrowMatrices) {
    passes.addPass(createNarrowMatrices());
    passes.addPass(createCSEPass()); // what is cached is cast for products as well
  }
}

void dreamer::addKernelsPipeline(OpPassManager &passes, const ProgramOptions &options,
                                 ArrayRef<std::string> targets) {
  FuseTilesOptions fuseTiles;
  fuseTiles.when = options.fuseTiles;
  passes.addPass(createFuseTiles(fuseTiles));
  SchedulePassOptions schedule;
  schedule.targets.assign(targets.begin(), targets.end());
  passes.addPass(createSchedulePass(std::move(schedule)));
}

void dreamer::registerDreamerPasses() {
  registerAccumulateGradientsPasses();
  registerApplyTuningPasses();
  registerBuildEntryPointsPasses();
  registerBuildNvidiaKernelPasses();
  registerCheckTileProtocolPasses();
  registerDeferGradientsPasses();
  registerDifferentiatePasses();
  registerFuseProductsPasses();
  registerFuseTilesPasses();
  registerLowerTileToVectorPasses();
  registerLowerToLLVMPasses();
  registerLowerToLLVMPipeline();
  registerNarrowMatricesPasses();
  registerSchedulePasses();
}
