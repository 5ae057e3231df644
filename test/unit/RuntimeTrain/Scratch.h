// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A file that exists for one test.

#ifndef DREAMER_TEST_UNIT_RUNTIMETRAIN_SCRATCH_H
#define DREAMER_TEST_UNIT_RUNTIMETRAIN_SCRATCH_H

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <unistd.h>

namespace dreamer::train {

/// A folder with a name of its own, removed at the end.
class Scratch {
public:
  Scratch() {
    const testing::TestInfo *test = testing::UnitTest::GetInstance()->current_test_info();
    folder = std::filesystem::temp_directory_path() /
             ("dreamer-" + std::string(test->test_suite_name()) + "-" + test->name() + "-" +
              std::to_string(getpid()));
    std::filesystem::create_directories(folder);
  }
  ~Scratch() { std::filesystem::remove_all(folder); }

  std::string path(const std::string &name) const { return (folder / name).string(); }

  /// Writes a file and gives its path.
  std::string file(const std::string &name, const std::string &content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }

  std::string read(const std::string &name) const {
    std::ifstream in(path(name), std::ios::binary);
    std::stringstream content;
    content << in.rdbuf();
    return content.str();
  }

private:
  std::filesystem::path folder;
};

} // namespace dreamer::train

#endif // DREAMER_TEST_UNIT_RUNTIMETRAIN_SCRATCH_H
