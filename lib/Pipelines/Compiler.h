// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The whole path from a model to a package, in phases.

#ifndef DREAMER_LIB_PIPELINES_COMPILER_H
#define DREAMER_LIB_PIPELINES_COMPILER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "passes/Passes.h"
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dreamer {

/// What a module of IR is; a package is no IR.
enum class Phase { Model, Program, Kernels, Target, Package };

inline constexpr llvm::StringLiteral phaseNames[] = {"model", "program", "kernels", "target",
                                                     "package"};

/// The phase of that name, if there is one.
std::optional<Phase> phaseNamed(llvm::StringRef name);

struct CompilerOptions {
  Phase from = Phase::Model; ///< what the module is
  Phase to = Phase::Package; ///< where to stop
  ProgramOptions program;
  std::vector<std::string> targets; ///< "cpu", "cpu:native", "cpu:x86-64-v3", ...; none: "cpu"
  std::string tuningDatabase;       ///< a file of dreamer-tune whose choices are used; "": none
  std::string dumpPhases;           ///< folder for 1-model.mlir, 2-program.mlir, ...; "": none
  std::string dumpArtifacts;        ///< folder for LLVM IR and assembly of the variants; "": none
  std::vector<std::string> flags;   ///< for the manifest: how the package was made
  /// Called before each phase with its name, and after the last one with "".
  std::function<void(llvm::StringRef phase)> progress;
  /// Called on each pass manager before it gets its passes: timing, printing, instrumentation.
  std::function<mlir::LogicalResult(mlir::PassManager &)> configurePasses;
};

/// Registers everything that compiling needs, and that IR of any phase may hold.
void registerCompilerDialects(mlir::DialectRegistry &registry);

/// Brings a module of the model phase to the program phase, within the memory budget if there is one.
mlir::LogicalResult buildProgram(mlir::ModuleOp module, const CompilerOptions &options);

/// Compiles the module as far as `options.to`. A package is written to `output`; before that phase,
/// `module` is the result. Diagnostics go to the module's context.
mlir::LogicalResult compile(mlir::ModuleOp module, const CompilerOptions &options,
                            llvm::StringRef output);

/// Whether all of these are entry points of the model family; else says in `problem` what was expected.
bool checkEntries(llvm::ArrayRef<std::string> entries, std::string &problem);

/// Whether the program has matrices of bf16.
bool multipliesNarrow(mlir::ModuleOp program);

/// The variants that a list of targets stands for, from the least to the most demanding, or an error
/// message in `problem`. "cpu" has those for products of bf16 if the program is `narrow`.
std::optional<std::vector<std::string>> variantsOf(llvm::ArrayRef<std::string> targets, bool narrow,
                                                   std::string &problem);

} // namespace dreamer

#endif // DREAMER_LIB_PIPELINES_COMPILER_H
