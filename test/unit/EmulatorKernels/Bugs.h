// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Bugs to plant into the kernels of these tests, one at a time.

#ifndef DREAMER_TEST_UNIT_EMULATORKERNELS_BUGS_H
#define DREAMER_TEST_UNIT_EMULATORKERNELS_BUGS_H

#include "Cases.h"

namespace dreamer::emulator::test {

struct Verdict {
  enum Kind {
    Reported,   ///< by one of the checks
    Wrong,      ///< nothing to report: the numbers are wrong
    Equivalent, ///< no bug after all: the argument says why
    Missed,     ///< a bug, and nothing shows it
  };
  Kind kind = Reported;
  std::vector<Check> checks;
  std::string argument;
  bool strict = false; ///< only strict checks look for it
};

inline Verdict reported(std::vector<Check> checks) { return {Verdict::Reported, checks, ""}; }
inline Verdict reportedIfStrict(std::vector<Check> checks) {
  return {Verdict::Reported, checks, "", true};
}
inline Verdict wrong() { return {Verdict::Wrong, {}, ""}; }
inline Verdict equivalent(std::string argument) { return {Verdict::Equivalent, {}, argument}; }
inline Verdict missed(std::string argument) { return {Verdict::Missed, {}, argument}; }

/// The text `from` of the kernel becomes `to`.
struct Bug {
  std::string kernel;
  std::string what;
  std::string from, to;
  Verdict expected;
  unsigned place = 1;  ///< the first of such texts, the second, ...; 0: all of them
  bool heldOut = true; ///< the checks were finished before the bug was written
};

/// All of them. Each file of bugs has a function that gives its own.
const std::vector<Bug> &bugs();
std::vector<Bug> plainBugs();
std::vector<Bug> gridBugs();
std::vector<Bug> asyncBugs();
std::vector<Bug> warpgroupBugs();

/// The kernel's file with the bug in it; empty when the text is not there.
std::string planted(const Bug &bug);

/// What showed up where.
struct Findings {
  std::string plain; ///< "right", "wrong", "hangs", "crashes": unchecked, in the order of threads
  std::string eager, lazy, seeds; ///< names of checks, or "wrong", or "-"
  bool nothing() const;
};

/// Runs the kernel in all ways, strictly where the verdict is of that. `seen` gets all findings of
/// checked runs.
Findings examine(const Bug &bug, std::vector<Finding> &seen);

/// The table for docs/emulator-bugs.md.
std::string tableOf(const std::vector<std::pair<const Bug *, Findings>> &rows);

} // namespace dreamer::emulator::test

#endif // DREAMER_TEST_UNIT_EMULATORKERNELS_BUGS_H
