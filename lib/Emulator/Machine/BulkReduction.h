// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What cp.reduce.async.bulk does to each element of its destination.

#ifndef DREAMER_EMULATOR_MACHINE_BULKREDUCTION_H
#define DREAMER_EMULATOR_MACHINE_BULKREDUCTION_H

#include "lib/Emulator/Machine/TensorMap.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace dreamer::emulator {

enum class BulkOperator : uint8_t { Add, Min, Max, Inc, Dec, And, Or, Xor };

/// "add", ..., or nothing.
std::optional<BulkOperator> bulkOperatorOf(std::string_view name);
std::string_view nameOf(BulkOperator op);

/// Whether the engine combines such elements: PTX ISA 8.x, the table of "cp.reduce.async.bulk".
/// Bits (and, or, xor) are those of 32- or 64-bit integers, of either sign.
bool isReducible(BulkOperator op, ElementType type);

/// to[i] = op(to[i], from[i]) for `count` elements, each in one piece as other workers see it.
void reduceBulk(BulkOperator op, ElementType type, std::byte *to, const std::byte *from,
                size_t count);

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_BULKREDUCTION_H
