// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs passes on IR of any phase: those of this project and all upstream ones.

#include "dialects/Dreamer/DreamerDialect.h"
#include "dialects/Schedule/ScheduleDialect.h"
#include "dialects/Tile/TileDialect.h"
#include "lib/Kernels/Kernels.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "passes/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<dreamer::DreamerDialect, dreamer::schedule::ScheduleDialect,
                  dreamer::tile::TileDialect>();
  dreamer::registerKernelModels(registry);
  mlir::registerAllPasses();
  dreamer::registerDreamerPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Dreamer pass driver\n", registry));
}
