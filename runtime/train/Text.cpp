// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Text.h"

#include "runtime/core/Utf8.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace dreamer::train {
namespace {

std::string scaled(double value, double base, const char *const *units, int count) {
  int unit = 0;
  while (std::fabs(value) >= 0.9995 * base && unit + 1 < count) {
    value /= base;
    ++unit;
  }
  int decimals = unit == 0 || std::fabs(value) >= 99.95 ? 0 : std::fabs(value) >= 9.995 ? 1 : 2;
  return formatFixed(value, decimals) + units[unit];
}

} // namespace

std::string formatNumber(double value, int digits) {
  char buffer[64];
  snprintf(buffer, sizeof(buffer), "%.*g", digits, value);
  return buffer;
}

std::string formatFixed(double value, int decimals) {
  char buffer[400];
  snprintf(buffer, sizeof(buffer), "%.*f", decimals, value);
  return buffer;
}

std::string formatCount(double value) {
  static const char *const units[] = {"", "k", "M", "G", "T"};
  return scaled(value, 1000.0, units, 5);
}

std::string formatBytes(double bytes) {
  static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB"};
  return scaled(bytes, 1024.0, units, 5);
}

std::string formatDuration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0)
    return "?";
  auto whole = static_cast<long long>(std::llround(std::min(seconds, 1e15)));
  char buffer[64];
  if (whole < 60)
    snprintf(buffer, sizeof(buffer), "%llds", whole);
  else if (whole < 3600)
    snprintf(buffer, sizeof(buffer), "%lldm%02llds", whole / 60, whole % 60);
  else
    snprintf(buffer, sizeof(buffer), "%lldh%02lldm", whole / 3600, whole / 60 % 60);
  return buffer;
}

std::string quote(std::string_view text, size_t limit) {
  std::string out = "\"";
  std::string_view shown = text.substr(0, limit);
  if (shown.size() < text.size())
    shown = shown.substr(0, runtime::completeUtf8Prefix(shown));
  for (char c : shown) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += '?';
    else
      out += c;
  }
  return out + (shown.size() < text.size() ? "...\"" : "\"");
}

std::string listAlternatives(const std::vector<std::string> &words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0)
      out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

} // namespace dreamer::train
