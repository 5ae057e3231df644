// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small model descriptions that between them use every block kind, wiring and option.

#ifndef DREAMER_TEST_UNIT_AGREEMENT_RANDOMDESCRIPTION_H
#define DREAMER_TEST_UNIT_AGREEMENT_RANDOMDESCRIPTION_H

#include <cstdint>
#include <string>
#include <vector>

namespace dreamer::testing {

struct NamedDescription {
  std::string name; ///< a test's name: letters, digits, underscores
  std::string yaml;
};

/// One description for each thing a description can say, odd sizes, depths 1, 2, 7 and 16.
std::vector<NamedDescription> describedCases();

/// A description drawn at random from all that are valid and small; equal seeds, equal text.
NamedDescription randomDescription(uint64_t seed);

/// All described cases and those of the seeds from `first` to `last`.
std::vector<NamedDescription> describedAndRandom(uint64_t first, uint64_t last);

} // namespace dreamer::testing

#endif // DREAMER_TEST_UNIT_AGREEMENT_RANDOMDESCRIPTION_H
