// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/TunableOpInterface.h"

using namespace mlir;

#include "lib/Kernels/TunableOpInterface.cpp.inc"

/// Why a choice is for no variant that there is; a misspelt one would not be used, and nobody would know.
static std::string problemOfTargets(Operation *op, const dreamer::KernelTarget &target) {
  auto byTarget = op->getAttrOfType<DictionaryAttr>(dreamer::tunedAttribute);
  std::string problem;
  for (NamedAttribute of : byTarget ? byTarget.getValue() : ArrayRef<NamedAttribute>())
    if (StringRef name = of.getName(); name != target.name && name != "native")
      if (!dreamer::KernelTarget::named(name, problem))
        return problem + " in '" + dreamer::tunedAttribute.str() + "'";
  return "";
}

FailureOr<dreamer::KernelChoice> dreamer::checkChoice(Operation *op, const KernelTarget &target) {
  std::string problem;
  KernelChoice choice = readChoice(op, target.name, problem);
  auto tunable = dyn_cast<TunableOpInterface>(op);
  if (!tunable && op->hasAttr(tunedAttribute))
    problem = ("expected no '" + tunedAttribute + "' on an operation without parameters, found " +
               toString(choice))
                  .str();
  if (problem.empty())
    problem = problemOfTargets(op, target);
  if (problem.empty() && tunable)
    problem = tunable.getKernelParameters(target).problemOf(choice);
  if (!problem.empty())
    return op->emitError() << problem << " (for " << target.name << ")";
  return choice;
}
