// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Machine code for x86-64.

#ifndef DREAMER_LIB_TARGET_X86_OBJECTCODE_H
#define DREAMER_LIB_TARGET_X86_OBJECTCODE_H

#include "lib/Kernels/KernelTarget.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>
#include <string>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace dreamer {

/// The bytes of an ELF object file.
using ObjectCode = llvm::SmallVector<char, 0>;

/// One variant of a package, compiled.
struct VariantCode {
  KernelTarget target;
  std::vector<std::string> entries; ///< their names
  ObjectCode object;                ///< defines <entry>.<variant name> for each
};

/// The name of an entry's function in an object.
std::string entrySymbol(llvm::StringRef entry, llvm::StringRef variant);

/// Code generation for x86-64 Linux that uses the target's features; null on failure (no X86 backend
/// in this LLVM).
std::unique_ptr<llvm::TargetMachine> createTargetMachine(const KernelTarget &target);

/// Writes the object file of an LLVM module.
mlir::FailureOr<ObjectCode> emitObject(llvm::Module &module, llvm::TargetMachine &machine);

/// Compiles a variant in the LLVM dialect (module with `schedule.target`). If `artifacts` names a
/// folder, the optimised LLVM IR and the assembly are written there.
mlir::FailureOr<VariantCode> compileVariant(mlir::ModuleOp variant, llvm::StringRef artifacts = "");

} // namespace dreamer

#endif // DREAMER_LIB_TARGET_X86_OBJECTCODE_H
