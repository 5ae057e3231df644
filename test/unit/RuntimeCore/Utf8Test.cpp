// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Utf8.h"
#include <gtest/gtest.h>

namespace dreamer::runtime {
namespace {

TEST(Utf8, AcceptsEveryLength) {
  EXPECT_FALSE(findUtf8Fault(""));
  EXPECT_FALSE(findUtf8Fault("plain"));
  EXPECT_FALSE(findUtf8Fault("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF"));
}

TEST(Utf8, SaysWhereAndInWhichLine) {
  auto fault = findUtf8Fault("one\ntwo\nth\xFFree");
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->offset, 10u);
  EXPECT_EQ(fault->line, 3u);
  EXPECT_EQ(fault->describe(), "invalid UTF-8 at byte 10 (line 3): 0xff");
}

TEST(Utf8, RefusesOverlongSurrogatesLargeAndCut) {
  EXPECT_TRUE(findUtf8Fault("\xC0\x80"));
  EXPECT_TRUE(findUtf8Fault("\xE0\x80\x80"));
  EXPECT_TRUE(findUtf8Fault("\xED\xA0\x80"));
  EXPECT_TRUE(findUtf8Fault("\xF4\x90\x80\x80"));
  EXPECT_TRUE(findUtf8Fault("\xE2\x82"));
  EXPECT_TRUE(findUtf8Fault("\x80"));
}

TEST(Utf8, CompletePrefixLeavesOutAnOpenCharacter) {
  EXPECT_EQ(completeUtf8Prefix("ab"), 2u);
  EXPECT_EQ(completeUtf8Prefix("ab\xE2\x82"), 2u);
  EXPECT_EQ(completeUtf8Prefix("ab\xE2\x82\xAC"), 5u);
  EXPECT_EQ(completeUtf8Prefix("ab\xFF"), 3u); // never a character: nothing to wait for
  EXPECT_EQ(completeUtf8Prefix("ab\xE2\x28"), 4u);
}

} // namespace
} // namespace dreamer::runtime
