// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Operation.h"

#include "lib/Emulator/Machine/Operations/Makers.h"

#include <algorithm>

namespace dreamer::emulator {

std::vector<std::string_view> Instruction::words() const {
  std::vector<std::string_view> words;
  std::string_view rest = name;
  for (size_t dot; (dot = rest.find('.')) != rest.npos; rest.remove_prefix(dot + 1))
    words.push_back(rest.substr(0, dot));
  words.push_back(rest);
  return words;
}

bool Instruction::has(std::string_view word) const {
  std::vector<std::string_view> all = words();
  return std::find(all.begin(), all.end(), word) != all.end();
}

std::unique_ptr<Operation> makeOperation(const Instruction &instruction) {
  static constexpr OperationMaker makers[] = {
      makeBarrier,   makeShuffle,    makeVote,       makeReduction,    makeFence,
      makeMisc,      makeMatrixMove, makeMma,        makeWarpgroupMma, makeConversion,
      makeAsyncCopy, makeMBarrier,   makeTensorCopy, makeBulkCopy,     makeCluster,
  };
  for (OperationMaker make : makers)
    if (std::unique_ptr<Operation> operation = make(instruction)) {
      operation->inputs = instruction.inputs;
      operation->outputs = instruction.outputs;
      return operation;
    }
  return nullptr;
}

} // namespace dreamer::emulator
