// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Support/Vectors.h"

#include "lib/Reference/Files.h"
#include "test/unit/Support/Program.h"
#include "test/unit/Support/TestSupport.h"
#include "llvm/Support/MemoryBuffer.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;
using namespace dreamer::test;

static Bundle readBundle(const std::string &path) {
  llvm::Expected<Bundle> bundle = readTensors(path);
  if (bundle)
    return *bundle;
  ADD_FAILURE() << llvm::toString(bundle.takeError());
  return {};
}

Vectors Vectors::read(const std::string &name) {
  std::string stem = "../../vectors/" + name; // tests run in the folder of their sources
  Vectors vectors;
  vectors.name = name;
  vectors.parameters = readBundle(stem + ".params.safetensors");
  vectors.inputs = readBundle(stem + ".inputs.safetensors");
  vectors.expected = readBundle(stem + ".expected.safetensors");
  auto text = llvm::MemoryBuffer::getFile(stem + ".yaml");
  EXPECT_TRUE(bool(text)) << stem << ".yaml";
  if (text)
    vectors.yaml = (*text)->getBuffer().str();
  return vectors;
}

Bundle Vectors::batch(const std::string &which) const {
  return {{"tokens", inputs.at("tokens" + which)}, {"targets", inputs.at("targets" + which)}};
}

Bundle Vectors::expertIds() const {
  Bundle ids;
  for (const auto &[name, tensor] : expected)
    if (StringRef(name).ends_with(".expert_ids"))
      ids[name] = tensor;
  return ids;
}

const Floats &Vectors::expectedFloats(const std::string &name) const {
  static const Floats none;
  auto found = expected.find(name);
  if (found != expected.end() && std::holds_alternative<Floats>(found->second))
    return std::get<Floats>(found->second);
  ADD_FAILURE() << "expected floats '" << name << "' in the vectors of " << this->name;
  return none;
}

InterpretedVectors::InterpretedVectors(MLIRContext &context, const Vectors &vectors)
    : theModule(buildProgram(context, vectors.yaml, {}, &theDescription)) {}

func::FuncOp InterpretedVectors::function(StringRef name) {
  return theModule->lookupSymbol<func::FuncOp>(name);
}

Bundle InterpretedVectors::withZeros(StringRef entry, StringRef part, const Bundle &parameters) {
  Bundle state = parameters;
  func::FuncOp target = function(entry);
  for (unsigned i = 0; i < target.getNumArguments(); ++i)
    if (std::string name = nameOfArgument(target, i); StringRef(name).contains(part))
      state[name] = filled(target.getArgumentTypes()[i], 0, 0);
  return state;
}

Bundle InterpretedVectors::trainStep(const Bundle &batch, int32_t step, double rate,
                                     Bundle &state) {
  Bundle arguments = state;
  for (const auto &[name, tensor] : batch)
    arguments[name] = tensor;
  arguments["step"] = Ints::scalar(step);
  arguments["rate"] = Floats::scalar(rate);
  Bundle results = run(module(), "train_step", arguments);
  applyUpdates(function("train_step"), results, state);
  return results;
}
