// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Bugs.h"

#include <algorithm>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

namespace dreamer::emulator::test {

const std::vector<Bug> &bugs() {
  static const std::vector<Bug> all = [] {
    std::vector<Bug> joined;
    for (auto *some : {plainBugs, gridBugs, asyncBugs, warpgroupBugs})
      for (Bug &bug : some())
        joined.push_back(std::move(bug));
    return joined;
  }();
  return all;
}

std::string planted(const Bug &bug) {
  std::string text = readText(kernelCase(bug.kernel).path());
  // Files of several kernels: only in its own, and not in what stands before all.
  size_t at = kernelCase(bug.kernel).file.empty() ? 0 : text.find("func @" + bug.kernel + "(");
  if (at == std::string::npos)
    return "";
  unsigned replaced = 0;
  for (unsigned n = 1; (at = text.find(bug.from, at)) != std::string::npos; ++n) {
    if (bug.place && n != bug.place) {
      at += bug.from.size();
      continue;
    }
    text.replace(at, bug.from.size(), bug.to);
    at += bug.to.size();
    ++replaced;
    if (bug.place)
      break;
  }
  return replaced ? text : "";
}

bool Findings::nothing() const {
  return plain == "right" && eager == "-" && lazy == "-" && seeds == "-";
}

/// Like a program without an emulator's checks, in a process of its own: it may destroy itself.
static std::string runPlain(const LoadedModule &module, const KernelCase &kernel) {
  int ends[2];
  if (pipe(ends) != 0)
    return "no pipe";
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    Outcome outcome = run(module, kernel, {false});
    auto is = [&](Check check) {
      return std::any_of(outcome.findings.begin(), outcome.findings.end(),
                         [&](const Finding &finding) { return finding.check == check; });
    };
    std::string text = is(Check::Deadlock) || is(Check::Hang) ? "hangs"
                       : !outcome.findings.empty()            ? "stops"
                       : outcome.wrong.empty()                ? "right"
                                                              : "wrong";
    ssize_t written = write(ends[1], text.data(), text.size());
    _exit(written < 0);
  }
  close(ends[1]);
  char buffer[64];
  ssize_t count = read(ends[0], buffer, sizeof(buffer));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status))
    return WTERMSIG(status) == SIGALRM ? "hangs" : "crashes";
  return std::string(buffer, std::max<ssize_t>(count, 0));
}

static std::string describe(const std::vector<Outcome> &outcomes) {
  std::set<std::string> names;
  for (const Outcome &outcome : outcomes) {
    for (const Finding &finding : outcome.findings)
      names.insert(std::string(nameOf(finding.check)));
    if (!outcome.wrong.empty() && outcome.findings.empty())
      names.insert("wrong");
  }
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "-" : text;
}

Findings examine(const Bug &bug, std::vector<Finding> &seen) {
  const KernelCase &kernel = kernelCase(bug.kernel);
  std::string text = planted(bug);
  std::optional<LoadedModule> plain = loadText(text, false), checked = loadText(text, true);
  if (!plain || !checked)
    return {"not loaded", "-", "-", "-"};
  auto runAll = [&](const std::vector<Settings> &all) {
    std::vector<Outcome> outcomes;
    for (Settings settings : all) {
      settings.strict = bug.expected.strict;
      outcomes.push_back(run(*checked, kernel, settings));
      const auto &findings = outcomes.back().findings;
      seen.insert(seen.end(), findings.begin(), findings.end());
    }
    return describe(outcomes);
  };
  Findings result;
  result.plain = runPlain(*plain, kernel);
  result.eager = runAll({{true, Completion::Eager}});
  result.lazy = runAll({{true, Completion::Lazy}});
  result.seeds = runAll({{true, Completion::Eager, 1},
                         {true, Completion::Lazy, 2},
                         {true, Completion::Eager, 3},
                         {true, Completion::Lazy, 4}});
  return result;
}

/// Shown in a table's cell.
static std::string shown(const std::string &text) {
  std::string line;
  for (char c : text) {
    if (c == '\n')
      line += " ";
    else if (c != ' ' || line.empty() || line.back() != ' ')
      line += c == '|' ? "\\|" : std::string(1, c);
  }
  while (!line.empty() && line.back() == ' ')
    line.pop_back();
  return line.size() > 60 ? line.substr(0, 57) + "..." : line;
}

static std::string nameOf(const Verdict &verdict) {
  switch (verdict.kind) {
  case Verdict::Reported:
    return verdict.strict ? "reported if strict" : "reported";
  case Verdict::Wrong:
    return "wrong numbers only";
  case Verdict::Equivalent:
    return "equivalent: " + verdict.argument;
  case Verdict::Missed:
    return "**missed**: " + verdict.argument;
  }
  return "";
}

std::string tableOf(const std::vector<std::pair<const Bug *, Findings>> &rows) {
  unsigned real = 0, plain = 0, eager = 0, lazy = 0, caught = 0, strict = 0, heldOut = 0,
           heldOutCaught = 0;
  std::set<std::string> kernels;
  std::string lines;
  for (const auto &[bug, found] : rows) {
    kernels.insert(bug->kernel);
    if (bug->expected.kind != Verdict::Equivalent) {
      bool all = bug->expected.kind != Verdict::Missed;
      ++real;
      plain += found.plain != "right";
      eager += found.eager != "-";
      lazy += found.lazy != "-";
      caught += all;
      strict += bug->expected.strict;
      heldOut += bug->heldOut;
      heldOutCaught += bug->heldOut && all;
    }
    lines += "| " + bug->kernel + " | " + bug->what + " | " +
             (shown(bug->to).empty() ? "-" : "`" + shown(bug->to) + "`") + " | " + found.plain +
             " | " + found.eager + " | " + found.lazy + " | " + found.seeds + " | " +
             nameOf(bug->expected) + (bug->heldOut ? "" : " (not held out)") + " |\n";
  }
  auto of = [&](unsigned some, unsigned all) {
    return std::to_string(some) + " of " + std::to_string(all);
  };
  return "| | bugs |\n|---|---|\n| planted, over " + std::to_string(kernels.size()) +
         " kernels | " + std::to_string(rows.size()) + " |\n| equivalent | " +
         std::to_string(rows.size() - real) + " |\n| caught by plain numerics | " +
         of(plain, real) + " |\n| caught by a checked run, eager | " + of(eager, real) +
         " |\n| caught by a checked run, lazy | " + of(lazy, real) + " |\n| caught in all | " +
         of(caught, real) + " |\n| of these, by strict checks alone | " + std::to_string(strict) +
         " |\n| held out, caught | " + of(heldOutCaught, heldOut) +
         " |\n\n| kernel | bug | becomes | plain numerics | checked, eager | checked, lazy | "
         "four seeds | verdict |\n|---|---|---|---|---|---|---|---|\n" +
         lines;
}

} // namespace dreamer::emulator::test
