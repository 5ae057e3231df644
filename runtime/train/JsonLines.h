// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Files with one JSON object a line.

#ifndef DREAMER_RUNTIME_TRAIN_JSONLINES_H
#define DREAMER_RUNTIME_TRAIN_JSONLINES_H

#include "runtime/core/Json.h"
#include "runtime/train/Text.h"

#include <functional>
#include <string>
#include <string_view>

namespace dreamer::train {

/// Calls `visit` with each object of `content` and its line, counted from 1, until one fails. Empty
/// lines are passed over; a line that is no JSON object fails with `path` and the line.
Status forEachJsonLine(const std::string &path, std::string_view content,
                       const std::function<Status(const runtime::Json &, size_t)> &visit);

/// The keys of an object, for messages: `{"prompt", "reply"}`.
std::string describeKeys(const runtime::Json &object);

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_JSONLINES_H
