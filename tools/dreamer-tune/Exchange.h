// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Databases as JSON files.

#ifndef DREAMER_TOOLS_TUNE_EXCHANGE_H
#define DREAMER_TOOLS_TUNE_EXCHANGE_H

#include "lib/TuningDatabase/Database.h"

namespace dreamer {

/// Both say how many records there were, on standard error.
llvm::Error importRecords(tuning::Database &database, llvm::StringRef path);
llvm::Error exportRecords(const tuning::Database &database, llvm::StringRef path);

} // namespace dreamer

#endif // DREAMER_TOOLS_TUNE_EXCHANGE_H
