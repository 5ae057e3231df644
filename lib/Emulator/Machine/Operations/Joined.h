// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DREAMER_EMULATOR_MACHINE_OPERATIONS_JOINED_H
#define DREAMER_EMULATOR_MACHINE_OPERATIONS_JOINED_H

#include "lib/Emulator/Machine/Operation.h"

#include <memory>
#include <vector>

namespace dreamer::emulator {

/// Instructions of a warp that follow each other, executed as one: the lanes come once for all of
/// them, where they would come 32 times for each. Parts take operands and results of each other from
/// one row of slots.
class JoinedOperation final : public WarpOperation {
public:
  /// Adds what is executed next; it joins(). Its operand i is slot places[i], its result i is slot
  /// places[part->inputs + i].
  void add(std::unique_ptr<Operation> part, std::vector<uint16_t> places);

  using WarpOperation::execute;
  void execute(Warp &warp, uint32_t lanes) const override;

private:
  struct Part {
    std::unique_ptr<WarpOperation> operation;
    std::vector<uint16_t> moved; ///< its places, where it cannot use them itself
  };
  /// Through slots of the part's own.
  void executeApart(const Part &part, Warp &warp, uint32_t lanes) const;

  std::vector<Part> parts;
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_OPERATIONS_JOINED_H
