// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/dreamer-compile/Input.h"
#include "dialects/Dreamer/DreamerDialect.h"
#include "lib/ModelDescription/Parse.h"
#include "lib/Package/Package.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace dreamer;

namespace {

class Reader {
public:
  Reader(MLIRContext &context, llvm::SourceMgr &sources, const ToolOptions &options)
      : context(context), sources(sources), options(options) {}

  std::optional<Input> read(std::unique_ptr<llvm::MemoryBuffer> file) {
    StringRef text = file->getBuffer(), name = file->getBufferIdentifier();
    if (isPackage(text))
      return readPackage(text, name);
    sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
    if (!StringRef(options.input).ends_with(".mlir"))
      return readDescription(text, name);
    if (options.changesModel || options.printDescription)
      return refuse("--set, --depth, --batch, --context and --print-description: expected a "
                    "description (.yaml) or a package, found " +
                    name);
    return module(parseSourceFile<ModuleOp>(sources, &context));
  }

private:
  std::optional<Input> refuse(const llvm::Twine &message) {
    fail(message);
    return std::nullopt;
  }

  std::optional<Input> module(OwningOpRef<ModuleOp> parsed) {
    if (!parsed)
      return std::nullopt;
    return Input{std::nullopt, std::move(parsed)};
  }

  std::optional<Input> readDescription(StringRef text, StringRef name) {
    if (options.compiler.from != Phase::Model)
      return refuse("--compile-from: expected an .mlir file, found " + name);
    sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(
                                   llvm::join(options.overrides, "\n"), overridesFileName),
                               llvm::SMLoc());
    FailureOr<Description> description = parseDescription(text, name, &context, options.overrides);
    if (failed(description))
      return std::nullopt;
    Input input{std::move(description), nullptr};
    if (!options.printDescription) {
      input.module = buildModel(&context, *input.description, options.build);
      if (!input.module)
        return std::nullopt;
    }
    return input;
  }

  /// The model in a package, from its description where the options change the model.
  std::optional<Input> readPackage(StringRef bytes, StringRef name) {
    llvm::Expected<std::string> model = readPackageModel(bytes, name);
    if (!model)
      return refuse(llvm::toString(model.takeError()));
    OwningOpRef<ModuleOp> parsed = parseSourceString<ModuleOp>(*model, &context, name);
    if (!parsed || (!options.changesModel && !options.printDescription))
      return module(std::move(parsed));
    auto text = (*parsed)->getAttrOfType<StringAttr>(attribute::description);
    if (!text || text.empty())
      return refuse(name + ": expected a package with a description, found none in it");
    return readDescription(text, name);
  }

  MLIRContext &context;
  llvm::SourceMgr &sources;
  const ToolOptions &options;
};

} // namespace

std::optional<Input> dreamer::readInput(MLIRContext &context, llvm::SourceMgr &sources,
                                        const ToolOptions &options) {
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file = openInputFile(options.input, &message);
  if (file)
    return Reader(context, sources, options).read(std::move(file));
  fail(message);
  return std::nullopt;
}
