// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Records as JSON:
//
//   {"dreamer_tuning": 1, "records": [{"device": "...", "target": "...", "kernel": "...",
//     "types": "...", "compiler": "...", "choice": {"key_block": 96}, "seconds": 1.5e-3,
//     "standard_seconds": 1.7e-3, "bound_seconds": 1.2e-3, "tried": 14, "threads": 2,
//     "finished": true}]}

#ifndef DREAMER_LIB_TUNINGDATABASE_JSON_H
#define DREAMER_LIB_TUNINGDATABASE_JSON_H

#include "lib/TuningDatabase/Database.h"

namespace dreamer::tuning {

std::string toJsonText(const KernelChoice &choice);
std::optional<KernelChoice> choiceFromJson(llvm::StringRef text);

llvm::json::Value recordsToJson(llvm::ArrayRef<std::pair<Key, Record>> records);
llvm::Expected<std::vector<std::pair<Key, Record>>> recordsFromJson(const llvm::json::Value &json);

} // namespace dreamer::tuning

#endif // DREAMER_LIB_TUNINGDATABASE_JSON_H
