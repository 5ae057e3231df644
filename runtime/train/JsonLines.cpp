// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/JsonLines.h"

#include "runtime/train/Text.h"

namespace dreamer::train {

Status forEachJsonLine(const std::string &path, std::string_view content,
                       const std::function<Status(const runtime::Json &, size_t)> &visit) {
  size_t number = 0;
  while (!content.empty()) {
    ++number;
    size_t end = content.find('\n');
    std::string_view line = content.substr(0, end);
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos)
      continue;
    std::string where = text(path, ":", number);
    Result<runtime::Json> object = runtime::parseJson(line, where);
    if (object.failed())
      return object.status();
    if (!object->is_object())
      return failure(DREAMER_BAD_FILE, where, "one JSON object on the line", quote(line));
    DREAMER_RETURN_IF_FAILED(visit(*object, number));
  }
  return {};
}

std::string describeKeys(const runtime::Json &object) {
  std::string out;
  for (const auto &[key, value] : object.items())
    out += text(out.empty() ? "{" : ", ", quote(key));
  return out.empty() ? "{}" : out + "}";
}

} // namespace dreamer::train
