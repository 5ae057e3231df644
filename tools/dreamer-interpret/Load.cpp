// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files of any kind to a module with entry points.

#include "tools/dreamer-interpret/Load.h"

#include "lib/ModelDescription/Build.h"
#include "lib/ModelDescription/Parse.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "passes/BuildEntryPoints/BuildEntryPoints.h"
#include "runtime/core/Package.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace dreamer;

static std::nullptr_t fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "dreamer-interpret") << message << "\n";
  return nullptr;
}

/// B and T of the inputs: of tokens [B, T], or of token [B] and a cache [D, B, T, F].
static std::pair<int64_t, int64_t> sizesOf(const reference::Bundle &inputs) {
  int64_t batch = 0, positions = 0;
  for (auto &[name, tensor] : inputs) {
    ArrayRef<int64_t> shape = reference::shapeOf(tensor);
    if (name == "tokens" && shape.size() == 2)
      return {shape[0], shape[1]};
    if (name == "token" && shape.size() == 1)
      batch = shape[0];
    if (StringRef(name).contains(".cache.") && shape.size() == 4)
      positions = shape[2];
  }
  return {batch, positions};
}

/// The model phase of a description for the batch and context of the options or inputs.
static OwningOpRef<ModuleOp> build(MLIRContext &context, StringRef text, StringRef path,
                                   const reference::Bundle &inputs, const LoadOptions &options) {
  FailureOr<Description> description = parseDescription(text, path, &context, options.overrides);
  if (failed(description))
    return nullptr;
  auto [batch, positions] = sizesOf(inputs);
  batch = options.batch ? options.batch : std::max<int64_t>(batch, 1);
  positions = options.context ? options.context : positions;
  return buildModel(&context, *description, {.batch = batch, .context = positions});
}

/// The model phase that a package carries.
static OwningOpRef<ModuleOp> readPackage(MLIRContext &context, StringRef path) {
  auto package = runtime::Package::open(path.str());
  if (package.failed())
    return fail(package.status().message());
  std::span<const std::byte> model = (*package)->model();
  StringRef bytes(reinterpret_cast<const char *>(model.data()), model.size());
  return parseSourceString<ModuleOp>(bytes, &context, path);
}

static OwningOpRef<ModuleOp> readFile(MLIRContext &context, llvm::SourceMgr &sources,
                                      StringRef path, const reference::Bundle &inputs,
                                      const LoadOptions &options) {
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> buffer = openInputFile(path, &message);
  if (!buffer)
    return fail(message);
  StringRef text = buffer->getBuffer();
  bool isDescription = path.ends_with(".yaml") || path.ends_with(".yml");
  if (!isDescription && (!options.overrides.empty() || options.batch || options.context))
    return fail("--set, --batch and --context: expected a description (.yaml), found " + path);
  if (text.starts_with("\x7f"
                       "ELF"))
    return readPackage(context, path);
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  if (isDescription)
    return build(context, text, path, inputs, options);
  return parseSourceFile<ModuleOp>(sources, &context);
}

OwningOpRef<ModuleOp> dreamer::loadModule(MLIRContext &context, llvm::SourceMgr &sources,
                                          StringRef path, ArrayRef<std::string> entries,
                                          const reference::Bundle &inputs,
                                          const LoadOptions &options) {
  OwningOpRef<ModuleOp> module = readFile(context, sources, path, inputs, options);
  if (!module)
    return nullptr;
  auto has = [&](StringRef name) { return bool(module->lookupSymbol<func::FuncOp>(name)); };
  if (has("forward") && !llvm::all_of(entries, has)) {
    PassManager passes(&context);
    passes.addPass(createBuildEntryPoints());
    if (failed(passes.run(*module)))
      return nullptr;
  }
  return module;
}
