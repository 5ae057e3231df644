// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Notices when parameters may have changed, so that what entries keep of them is made again.

#ifndef DREAMER_RUNTIME_CORE_PARAMETERWATCH_H
#define DREAMER_RUNTIME_CORE_PARAMETERWATCH_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace dreamer::runtime {

class ParameterWatch {
public:
  /// They were written.
  void changed() { ++state->generation; }

  /// `memory` for somebody who may write to it as long as a copy of the pointer lives.
  std::shared_ptr<std::byte> lend(std::shared_ptr<std::byte> memory) {
    ++state->lent;
    std::byte *start = memory.get();
    return {start, [watch = state, owner = std::move(memory)](std::byte *) {
              ++watch->generation;
              --watch->lent;
            }};
  }

  /// A number, from 1 on, that is another one if anything may have been written since the last time
  /// that it was asked for.
  int64_t generation() {
    if (state->lent > 0)
      changed();
    return state->generation;
  }

private:
  struct State {
    std::atomic<int64_t> generation{1}, lent{0};
  };
  std::shared_ptr<State> state = std::make_shared<State>(); // what was lent may outlive the session
};

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_PARAMETERWATCH_H
