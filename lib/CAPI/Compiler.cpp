// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dreamer-c/Compiler.h"
#include "lib/ModelDescription/Build.h"
#include "lib/ModelDescription/Parse.h"
#include "lib/Pipelines/Compiler.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace mlir;
using namespace dreamer;

namespace {

/// The caller's options, whole, and what was made of them.
struct Request {
  dreamer_compile_options given{};
  BuildOptions build;
  CompilerOptions compiler;
  std::vector<std::string> overrides;

  void say(dreamer_severity severity, const std::string &message) const {
    static constexpr StringLiteral names[] = {"note", "warning", "error"};
    if (given.on_diagnostic)
      given.on_diagnostic(given.user, severity, message.c_str());
    else
      llvm::errs() << "dreamer: " << names[severity] << ": " << message << "\n";
  }

  /// Reads the options; false after a message.
  bool read(const dreamer_compile_options *options);

private:
  bool refuse(const llvm::Twine &message) const {
    say(DREAMER_SEVERITY_ERROR, message.str());
    return false;
  }
  bool readList(StringRef what, const char *const *list, size_t count,
                std::vector<std::string> &strings) const;
};

bool Request::readList(StringRef what, const char *const *list, size_t count,
                       std::vector<std::string> &strings) const {
  for (size_t i = 0; i < count; ++i) {
    if (!list || !list[i])
      return refuse(what + ": expected " + llvm::Twine(count) + " strings, found a null pointer");
    strings.push_back(list[i]);
  }
  return true;
}

bool Request::read(const dreamer_compile_options *options) {
  if (options) {
    if (options->size < offsetof(dreamer_compile_options, batch))
      return refuse("dreamer_compile_options: expected `size` to be the size of the structure");
    std::memcpy(&given, options, std::min(options->size, sizeof(given)));
  }
  if (given.batch)
    build.batch = given.batch;
  build.context = given.context;
  StringRef dtype = given.dtype ? given.dtype : "f32";
  StringRef recompute = given.recompute ? given.recompute : "cheap";
  if (dtype != "f32" && dtype != "bf16")
    return refuse("dtype: expected f32 or bf16, found " + dtype);
  if (recompute != "none" && recompute != "cheap" && recompute != "depth")
    return refuse("recompute: expected none, cheap or depth, found " + recompute);
  compiler.program.narrowMatrices = dtype == "bf16";
  if (given.memory_budget < 0)
    return refuse("memory_budget: expected a number of bytes, or 0 for any, found " +
                  llvm::Twine(given.memory_budget));
  compiler.program.memoryBudget = given.memory_budget;
  compiler.program.recomputeCheap = recompute == "cheap";
  compiler.program.recompute = recompute == "depth" ? Recompute::Depth : Recompute::None;
  std::string problem;
  if (!readList("entries", given.entries, given.entry_count, compiler.program.entries) ||
      !readList("targets", given.targets, given.target_count, compiler.targets) ||
      !readList("overrides", given.overrides, given.override_count, overrides))
    return false;
  if (!checkEntries(compiler.program.entries, problem) ||
      !variantsOf(compiler.targets, /*narrow=*/true, problem))
    return refuse(problem);
  if (given.tuning_database)
    compiler.tuningDatabase = given.tuning_database;
  if (given.on_progress)
    compiler.progress = [this](StringRef phase) {
      given.on_progress(given.user, phase.str().c_str());
    };
  return true;
}

/// Hands diagnostics on as one line each.
LogicalResult tell(const Request &request, Diagnostic &diagnostic) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (auto place = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
    stream << place.getFilename().getValue() << ":" << place.getLine() << ":" << place.getColumn()
           << ": ";
  stream << diagnostic;
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    request.say(DREAMER_SEVERITY_ERROR, text);
    break;
  case DiagnosticSeverity::Warning:
    request.say(DREAMER_SEVERITY_WARNING, text);
    break;
  default:
    request.say(DREAMER_SEVERITY_NOTE, text);
  }
  return success();
}

dreamer_compile_status compileText(StringRef text, StringRef name, StringRef output,
                                   const Request &request) {
  DialectRegistry registry;
  registerCompilerDialects(registry);
  MLIRContext context(registry);
  ScopedDiagnosticHandler handler(
      &context, [&](Diagnostic &diagnostic) { return tell(request, diagnostic); });
  FailureOr<Description> description = parseDescription(text, name, &context, request.overrides);
  if (failed(description))
    return DREAMER_COMPILE_FAILED;
  OwningOpRef<ModuleOp> module = buildModel(&context, *description, request.build);
  if (!module || failed(compile(*module, request.compiler, output)))
    return DREAMER_COMPILE_FAILED;
  return DREAMER_COMPILE_OK;
}

} // namespace

uint32_t dreamer_compiler_api_version(void) {
  return DREAMER_COMPILER_API_MAJOR * 1000 + DREAMER_COMPILER_API_MINOR;
}

const char *dreamer_compiler_version(void) { return DREAMER_VERSION; }

dreamer_compile_status dreamer_compile_text(const char *text, size_t length, const char *name,
                                            const char *output,
                                            const dreamer_compile_options *options) {
  if ((!text && length) || !output)
    return DREAMER_COMPILE_INVALID_ARGUMENT;
  Request request;
  if (!request.read(options))
    return DREAMER_COMPILE_INVALID_ARGUMENT;
  return compileText(StringRef(text, length), name ? name : "description", output, request);
}

dreamer_compile_status dreamer_compile_file(const char *path, const char *output,
                                            const dreamer_compile_options *options) {
  if (!path || !output)
    return DREAMER_COMPILE_INVALID_ARGUMENT;
  Request request;
  if (!request.read(options))
    return DREAMER_COMPILE_INVALID_ARGUMENT;
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file) {
    request.say(DREAMER_SEVERITY_ERROR,
                "cannot read '" + std::string(path) + "': " + file.getError().message());
    return DREAMER_COMPILE_FAILED;
  }
  return compileText((*file)->getBuffer(), path, output, request);
}
