// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Support.h"

#include "runtime/core/Initialize.h"
#include "runtime/core/Random.h"

#include <cmath>

using namespace dreamer::runtime;
using namespace dreamer::runtime::test;

using Words = std::array<uint32_t, 4>;

// Known answers of the authors' library Random123 (tests/kat_vectors, philox4x32, 10 rounds).
TEST(Random, PhiloxKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// http://www.isthe.com/chongo/tech/comp/fnv/, test vectors.
TEST(Random, Fnv1aKnownAnswers) {
  EXPECT_EQ(fnv1a32(""), 0x811c9dc5u);
  EXPECT_EQ(fnv1a32("a"), 0xe40c292cu);
  EXPECT_EQ(fnv1a32("foobar"), 0xbf9cf968u);
}

TEST(Random, BlockPlacesItsArguments) {
  EXPECT_EQ(randomBlock(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x13198a2e, 0x03707344),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, NormalsByBoxAndMuller) {
  std::array<double, 4> z = normals({0, 0, 0xffffffff, 0x80000000});
  double smallest = 0.5 / 4294967296.0;
  EXPECT_DOUBLE_EQ(z[0], std::sqrt(-2 * std::log(smallest)) * std::cos(2 * M_PI * smallest));
  EXPECT_DOUBLE_EQ(z[1], std::sqrt(-2 * std::log(smallest)) * std::sin(2 * M_PI * smallest));
  EXPECT_NEAR(z[2], -std::sqrt(2 * smallest), 1e-12); // angle pi, ln(1 - s) = -s
  EXPECT_TRUE(std::isfinite(z[3]));
}

static Manifest manifestWith(const std::vector<std::string> &names, const Shape &shape) {
  Manifest manifest;
  for (const std::string &name : names) {
    ParameterSpec spec;
    spec.name = name;
    spec.role = "parameter";
    spec.shape = shape;
    spec.offset = manifest.parameterBytes;
    spec.normal = true;
    spec.value = 0.02;
    manifest.parameterBytes += (spec.bytes() + 63) / 64 * 64;
    manifest.parameters.push_back(spec);
  }
  return manifest;
}

static void serial(int64_t tasks, const std::function<void(int64_t, int64_t)> &body) {
  body(0, tasks);
}

TEST(Initialize, FollowsTheFormula) {
  Manifest manifest = manifestWith({"embed.weight", "other"}, {7, 3});
  std::vector<std::byte> buffer(manifest.parameterBytes);
  ASSERT_OK(initializeParameters(manifest, 77, buffer.data(), serial));
  const float *values = reinterpret_cast<const float *>(buffer.data());
  for (int i = 0; i < 21; ++i) {
    double z = normals(randomBlock(77, i / 4, 0, fnv1a32("embed.weight")))[i % 4];
    EXPECT_EQ(values[i], static_cast<float>(0.02 * z));
  }
  EXPECT_EQ(values[21], 0.0f); // the gap between parameters is left alone
  EXPECT_NE(values[32], values[0]);
}

TEST(Initialize, DoesNotDependOnHowTheWorkIsSplit) {
  Manifest manifest = manifestWith({"a", "b"}, {300, 301});
  std::vector<std::byte> one(manifest.parameterBytes), other(manifest.parameterBytes);
  ASSERT_OK(initializeParameters(manifest, 5, one.data(), serial));
  ASSERT_OK(initializeParameters(manifest, 5, other.data(), [](int64_t tasks, const auto &body) {
    for (int64_t i = tasks; i-- > 0;)
      body(i, i + 1);
  }));
  EXPECT_EQ(one, other);
  const float *values = reinterpret_cast<const float *>(one.data());
  double sum = 0, squares = 0;
  int count = 300 * 301;
  for (int i = 0; i < count; ++i) {
    sum += values[i];
    squares += double(values[i]) * values[i];
  }
  EXPECT_NEAR(sum / count, 0.0, 4 * 0.02 / std::sqrt(count));
  EXPECT_NEAR(std::sqrt(squares / count), 0.02, 0.02 * 0.01);
}

TEST(Initialize, RefusesNamesWithTheSameHash) {
  // A well-known pair.
  ASSERT_EQ(fnv1a32("costarring"), fnv1a32("liquid"));
  Manifest manifest = manifestWith({"costarring", "liquid"}, {1});
  std::vector<std::byte> buffer(manifest.parameterBytes);
  EXPECT_FAILURE(initializeParameters(manifest, 1, buffer.data(), serial), DREAMER_MISMATCH,
                 "'costarring' and 'liquid'");
}
