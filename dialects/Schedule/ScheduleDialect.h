// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The Schedule dialect: host schedules over planned buffers, and their attributes.

#ifndef DREAMER_DIALECTS_SCHEDULE_SCHEDULEDIALECT_H
#define DREAMER_DIALECTS_SCHEDULE_SCHEDULEDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringRef.h"

#include "dialects/Schedule/ScheduleDialect.h.inc"

#define GET_OP_CLASSES
#include "dialects/Schedule/ScheduleOps.h.inc"

namespace dreamer::schedule {

/// The attributes of a schedule; the table in ScheduleOps.td says what they hold.
namespace attribute {
inline constexpr llvm::StringLiteral parameters = "schedule.parameters";
inline constexpr llvm::StringLiteral parameterBytes = "schedule.parameter_bytes";
inline constexpr llvm::StringLiteral errors = "schedule.errors";
inline constexpr llvm::StringLiteral cost = "schedule.cost";
inline constexpr llvm::StringLiteral manifest = "schedule.manifest";
inline constexpr llvm::StringLiteral target = "schedule.target";
inline constexpr llvm::StringLiteral entry = "schedule.entry";
inline constexpr llvm::StringLiteral plan = "schedule.plan";
inline constexpr llvm::StringLiteral buffer = "schedule.buffer";
inline constexpr llvm::StringLiteral name = "schedule.name";
inline constexpr llvm::StringLiteral kernel = "schedule.kernel";
inline constexpr llvm::StringLiteral shared = "schedule.shared";
} // namespace attribute

} // namespace dreamer::schedule

#endif // DREAMER_DIALECTS_SCHEDULE_SCHEDULEDIALECT_H
