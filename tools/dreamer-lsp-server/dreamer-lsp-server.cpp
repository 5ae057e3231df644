// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A language server for .mlir files of any phase.

#include "dialects/Dreamer/DreamerDialect.h"
#include "dialects/Schedule/ScheduleDialect.h"
#include "dialects/Tile/TileDialect.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<dreamer::DreamerDialect, dreamer::schedule::ScheduleDialect,
                  dreamer::tile::TileDialect>();
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
