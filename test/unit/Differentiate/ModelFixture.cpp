// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs of whole models.

#include "test/unit/Differentiate/ModelFixture.h"
#include "dialects/Dreamer/DreamerDialect.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;

Bundle test::randomInputs(ModuleOp module, StringRef entry, uint32_t seed) {
  auto function = module.lookupSymbol<func::FuncOp>(entry);
  int32_t vocabulary = 0;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (nameOfArgument(function, i) == "embed.weight")
      vocabulary = cast<RankedTensorType>(function.getArgumentTypes()[i]).getDimSize(0);
  Bundle inputs;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    if (function.getArgAttr(i, attribute::defaultValue))
      continue;
    std::string name = nameOfArgument(function, i);
    auto type = cast<RankedTensorType>(function.getArgumentTypes()[i]);
    if (type.getElementType().isF32()) {
      Floats values = randomFloats(type.getShape(), seed + i, type.getRank() == 1 ? 0.3 : 0.6);
      if (StringRef(name).ends_with("norm.weight") || StringRef(name).contains(".norm"))
        for (double &value : values.data())
          value += 1;
      inputs[name] = values;
    } else {
      inputs[name] = randomInts(type.getShape(), seed + i, vocabulary);
    }
  }
  if (auto targets = inputs.find("targets"); targets != inputs.end())
    std::get<Ints>(targets->second).data().front() = -1;
  return inputs;
}

Bundle test::chosenExperts(const Bundle &results) {
  Bundle ids;
  for (auto &[name, value] : results)
    if (StringRef(name).ends_with(".expert_ids"))
      ids[name] = value;
  return ids;
}
