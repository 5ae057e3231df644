// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/TunableOpInterface.h"

using namespace mlir;

#include "lib/Kernels/TunableOpInterface.cpp.inc"

FailureOr<dreamer::KernelChoice> dreamer::checkChoice(Operation *op, const KernelTarget &target) {
  std::string problem;
  KernelChoice choice = readChoice(op, target.name, problem);
  auto tunable = dyn_cast<TunableOpInterface>(op);
  if (!tunable && op->hasAttr(tunedAttribute))
    problem = ("expected no '" + tunedAttribute + "' on an operation without parameters, found " +
               toString(choice))
                  .str();
  if (problem.empty() && tunable)
    problem = tunable.getKernelParameters(target).problemOf(choice);
  if (!problem.empty())
    return op->emitError() << problem << " (for " << target.name << ")";
  return choice;
}
