// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A language server for .mlir files with operations of the Dreamer dialect.

#include "dialects/Dreamer/DreamerDialect.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<dreamer::DreamerDialect>();
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
