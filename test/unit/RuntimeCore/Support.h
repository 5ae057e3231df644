// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What the tests of the runtime share: a folder that goes away, files, and checks of a status.

#ifndef DREAMER_TEST_UNIT_RUNTIMECORE_SUPPORT_H
#define DREAMER_TEST_UNIT_RUNTIMECORE_SUPPORT_H

#include "runtime/core/Status.h"
#include "runtime/core/Tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace dreamer::runtime::test {

class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dreamer-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string &name) const { return path + "/" + name; }

  std::string path;
};

inline std::vector<std::byte> readBytes(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<char> text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  auto *bytes = reinterpret_cast<const std::byte *>(text.data());
  return std::vector<std::byte>(bytes, bytes + text.size());
}

inline void writeBytes(const std::string &path, const std::vector<std::byte> &bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char *>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
}

/// A tensor of f32 with these values.
inline Tensor floats(Shape shape, const std::vector<float> &values) {
  Tensor tensor = *Tensor::allocate(DType::F32, std::move(shape));
  std::copy(values.begin(), values.end(), tensor.asMutable<float>());
  return tensor;
}

inline Tensor integers(Shape shape, const std::vector<int32_t> &values) {
  Tensor tensor = *Tensor::allocate(DType::I32, std::move(shape));
  std::copy(values.begin(), values.end(), tensor.asMutable<int32_t>());
  return tensor;
}

inline const Status &statusOf(const Status &status) { return status; }
template <typename T>
const Status &statusOf(const Result<T> &result) {
  return result.status();
}

#define EXPECT_OK(expression)                                                                      \
  do {                                                                                             \
    const auto &result_ = (expression);                                                            \
    EXPECT_TRUE(result_.ok()) << ::dreamer::runtime::test::statusOf(result_).message();            \
  } while (false)

#define ASSERT_OK(expression)                                                                      \
  do {                                                                                             \
    const auto &result_ = (expression);                                                            \
    ASSERT_TRUE(result_.ok()) << ::dreamer::runtime::test::statusOf(result_).message();            \
  } while (false)

/// The expression fails with this code, and its message has this part.
#define EXPECT_FAILURE(expression, expectedCode, part)                                             \
  do {                                                                                             \
    const auto &result_ = (expression);                                                            \
    const ::dreamer::runtime::Status &status_ = ::dreamer::runtime::test::statusOf(result_);       \
    EXPECT_EQ(status_.code(), expectedCode) << status_.message();                                  \
    EXPECT_THAT(status_.message(), ::testing::HasSubstr(part));                                    \
  } while (false)

} // namespace dreamer::runtime::test

#endif // DREAMER_TEST_UNIT_RUNTIMECORE_SUPPORT_H
