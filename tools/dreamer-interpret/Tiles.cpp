// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Between names and arguments.

#include "tools/dreamer-interpret/Tiles.h"

#include "dialects/Tile/TileDialect.h"
#include "lib/Reference/Interpreter.h"

using namespace mlir;
using namespace dreamer;

/// Of an array that is not among the inputs.
static constexpr int64_t mostElements = int64_t(1) << 30;

bool dreamer::isTileProgram(func::FuncOp function) {
  WalkResult walked = function.walk([](Operation *op) {
    return isa<tile::TileDialect>(op->getDialect()) ? WalkResult::interrupt()
                                                    : WalkResult::advance();
  });
  return walked.wasInterrupted();
}

FailureOr<reference::Bundle> dreamer::runTileProgram(func::FuncOp function,
                                                     const reference::Bundle &inputs,
                                                     const tilerun::Options &options) {
  SmallVector<tilerun::Argument> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::string name = reference::nameOfArgument(function, i);
    auto type = dyn_cast<MemRefType>(function.getArgumentTypes()[i]);
    bool isSized = type && type.hasStaticShape() && type.getNumElements() <= mostElements;
    if (auto found = inputs.find(name); found != inputs.end())
      arguments.push_back({found->second});
    else if (isSized && isa<FloatType>(type.getElementType()))
      arguments.push_back({reference::Floats(type.getShape()), /*isDefined=*/false});
    else if (isSized)
      arguments.push_back({reference::Ints(type.getShape()), /*isDefined=*/false});
    else
      return function.emitError() << "'" << function.getName() << "': expected input '" << name
                                  << "' " << function.getArgumentTypes()[i]
                                  << ", found none of that name";
  }
  if (failed(tilerun::run(function, arguments, options)))
    return failure();
  reference::Bundle arrays;
  for (auto [i, argument] : llvm::enumerate(arguments))
    if (isa<MemRefType>(function.getArgumentTypes()[i]))
      arrays[reference::nameOfArgument(function, i)] = std::move(argument.value);
  return arrays;
}
