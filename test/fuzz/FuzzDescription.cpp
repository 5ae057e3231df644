// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any text is a description, or refused with an error: never a crash, never silence. What
// is read prints and reads back as the same, and small models build.

#include "lib/ModelDescription/Build.h"
#include "lib/ModelDescription/Parse.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include <cstdlib>

using namespace dreamer;

namespace {

void require(bool condition, const char *message) {
  if (condition)
    return;
  llvm::errs() << message << "\n";
  abort();
}

} // namespace

extern "C" __attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *data,
                                                                             size_t size) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  unsigned errors = 0;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    errors += diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
  });
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  auto description = parseDescription(text, "fuzz.yaml", &context);
  require(mlir::succeeded(description) == (errors == 0), "an error and a result, or neither");
  if (mlir::failed(description))
    return 0;

  std::string printed = printDescription(*description);
  auto again = parseDescription(printed, "printed.yaml", &context);
  require(mlir::succeeded(again) && printDescription(*again) == printed, "reads back differently");
  int64_t layers = 0;
  for (const Block &block : description->stack)
    layers += block.kind == Block::Kind::Layers ? block.depth : block.layers.size();
  if (layers < 64)
    require(bool(buildModel(&context, *description)) == (errors == 0), "builds in silence");
  return 0;
}
