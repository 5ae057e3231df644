// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files of any kind to a module with entry points.

#include "tools/dreamer-interpret/Load.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace dreamer;

OwningOpRef<ModuleOp> dreamer::loadModule(MLIRContext &context, llvm::SourceMgr &sources,
                                          StringRef path, ArrayRef<std::string> entries,
                                          const reference::Bundle &inputs) {
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> buffer = openInputFile(path, &message);
  if (!buffer) {
    llvm::WithColor::error(llvm::errs(), "dreamer-interpret") << message << "\n";
    return nullptr;
  }
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  return parseSourceFile<ModuleOp>(sources, &context);
}
