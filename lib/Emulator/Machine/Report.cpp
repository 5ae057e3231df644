// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Report.h"

#include <utility>

namespace dreamer::emulator {

std::string_view nameOf(Check check) {
  switch (check) {
  case Check::Race:
    return "race";
  case Check::Uninitialised:
    return "uninitialised";
  case Check::Bounds:
    return "bounds";
  case Check::Alignment:
    return "alignment";
  case Check::InFlight:
    return "in-flight";
  case Check::ProxyFence:
    return "proxy-fence";
  case Check::Wgmma:
    return "wgmma";
  case Check::Transactions:
    return "transactions";
  case Check::Divergence:
    return "divergence";
  case Check::Operand:
    return "operand";
  case Check::Deadlock:
    return "deadlock";
  case Check::Hang:
    return "hang";
  case Check::Exit:
    return "exit";
  case Check::Arithmetic:
    return "arithmetic";
  case Check::Trap:
    return "trap";
  case Check::Launch:
    return "launch";
  }
  return "unknown";
}

std::string toString(const Site &site) {
  std::string text = site.text;
  if (!site.function.empty())
    text += (text.empty() ? "" : " in ") + site.function;
  if (!site.location.empty())
    text += " (" + site.location + ")";
  return text;
}

std::string toString(const Finding &finding) {
  std::string text(nameOf(finding.check));
  text += ": kernel " + finding.kernel;
  if (finding.check != Check::Launch) {
    const auto &[x, y, z] = finding.block;
    text +=
        ", block (" + std::to_string(x) + "," + std::to_string(y) + "," + std::to_string(z) + ")";
  }
  if (finding.thread >= 0)
    text += ", thread " + std::to_string(finding.thread);
  text += ": " + finding.message;
  if (std::string site = toString(finding.site); !site.empty())
    text += ", at " + site;
  if (finding.count > 1)
    text += " [" + std::to_string(finding.count) + " times]";
  return text;
}

void Reports::add(Finding finding, std::string_view kind) {
  std::string key(nameOf(finding.check));
  key += '\n' + toString(finding.site) + '\n' + std::string(kind);
  std::lock_guard lock(mutex);
  ++total;
  auto [entry, isNew] = known.emplace(std::move(key), findings.size());
  if (isNew)
    findings.push_back(std::move(finding));
  else
    ++findings[entry->second].count;
}

std::vector<Finding> Reports::take() {
  std::lock_guard lock(mutex);
  known.clear();
  total = 0;
  return std::exchange(findings, {});
}

uint64_t Reports::count() const {
  std::lock_guard lock(mutex);
  return total;
}

} // namespace dreamer::emulator
