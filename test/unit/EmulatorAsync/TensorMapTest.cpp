// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/TensorMap.h"

#include <gmock/gmock.h>

namespace dreamer::emulator::test {
namespace {

TensorMapRequest rightRequest() {
  TensorMapRequest request;
  request.type = unsigned(ElementType::F16);
  request.rank = 3;
  request.address = 4096;
  request.dims = {100, 20, 3};
  request.strides = {208, 4160};
  request.box = {64, 8, 1};
  request.elementSteps = {1, 1, 1};
  request.swizzle = 3;
  return request;
}

TEST(TensorMap, Encode) {
  TensorMap map;
  ASSERT_EQ(encode(map, rightRequest()), "");
  EXPECT_EQ(map.magic, TensorMap::expectedMagic);
  EXPECT_EQ(map.rank, 3);
  EXPECT_TRUE(map.isIntact());
  ++map.dims[2];
  EXPECT_FALSE(map.isIntact());
  EXPECT_EQ(map.tileBytes(), 64u * 8 * 2);
  EXPECT_EQ(map.dims[1], 20u);
  EXPECT_EQ(map.strides[1], 4160u);
}

TEST(TensorMap, Limits) {
  TensorMap map;
  TensorMapRequest request = rightRequest();
  request.rank = 5;
  request.dims = {uint64_t(1) << 32, 1, 1, 1, 1};
  request.strides = {(uint64_t(1) << 40) - 16, 0, 16, 16};
  request.box = {64, 256, 256, 1, 1};
  request.elementSteps = {0, 8, 1, 1, 1}; // the first is not looked at
  EXPECT_EQ(encode(map, request), "");
  EXPECT_EQ(map.box[1], 32);
  request.elementSteps = {1, 3, 1, 1, 1};
  EXPECT_EQ(encode(map, request), "");
  EXPECT_EQ(map.box[1], 86);
}

struct Wrong {
  std::string message;
  void (*change)(TensorMapRequest &);
};

void PrintTo(const Wrong &wrong, std::ostream *out) { *out << wrong.message; }

class WrongRequests : public testing::TestWithParam<Wrong> {};

TEST_P(WrongRequests, AreRefused) {
  TensorMapRequest request = rightRequest();
  GetParam().change(request);
  TensorMap map;
  EXPECT_THAT(encode(map, request), testing::HasSubstr(GetParam().message));
}

using R = TensorMapRequest;
INSTANTIATE_TEST_SUITE_P(
    All, WrongRequests,
    testing::Values(
        Wrong{"a data type from 0 to 12, found 13", [](R &r) { r.type = 13; }},
        Wrong{"no data type f32ftz", [](R &r) { r.type = 10; }},
        Wrong{"no data type tf32", [](R &r) { r.type = 11; }},
        Wrong{"a rank from 1 to 5, found 0", [](R &r) { r.rank = 0; }},
        Wrong{"a rank from 1 to 5, found 6", [](R &r) { r.rank = 6; }},
        Wrong{"multiple of 16, found one that is 8 above", [](R &r) { r.address = 4104; }},
        Wrong{"multiple of 16, found null", [](R &r) { r.address = 0; }},
        Wrong{"dims[1] from 1 to 4294967296, found 0", [](R &r) { r.dims[1] = 0; }},
        Wrong{"dims[2] from 1", [](R &r) { r.dims[2] = (uint64_t(1) << 32) + 1; }},
        Wrong{"strides[0] to be a multiple of 16", [](R &r) { r.strides[0] = 200; }},
        Wrong{"strides[1] to be a multiple of 16 below 2^40",
              [](R &r) { r.strides[1] = uint64_t(1) << 40; }},
        Wrong{"box[1] from 1 to 256, found 257", [](R &r) { r.box[1] = 257; }},
        Wrong{"box[0] from 1 to 256, found 0", [](R &r) { r.box[0] = 0; }},
        Wrong{"element strides[1] from 1 to 8, found 9", [](R &r) { r.elementSteps[1] = 9; }},
        Wrong{"element strides[2] from 1 to 8, found 0", [](R &r) { r.elementSteps[2] = 0; }},
        Wrong{"a multiple of 16 bytes, found 20", [](R &r) { r.box[0] = 10; }},
        Wrong{"at most the swizzle's 128 bytes, found 256", [](R &r) { r.box[0] = 128; }},
        Wrong{"at most the swizzle's 32 bytes, found 128", [](R &r) { r.swizzle = 1; }},
        Wrong{"a swizzle from 0 to 3", [](R &r) { r.swizzle = 4; }},
        Wrong{"no interleaved layouts", [](R &r) { r.interleave = 1; }},
        Wrong{"an interleave from 0 to 2, found 3", [](R &r) { r.interleave = 3; }},
        Wrong{"an L2 promotion from 0 to 3, found 4", [](R &r) { r.promotion = 4; }},
        Wrong{"a fill of 0 (zeros) or 1 (NaN), found 2", [](R &r) { r.fill = 2; }},
        Wrong{"floating-point type for a fill with NaN, found u16", [](R &r) {
                r.fill = 1;
                r.type = 1;
              }}));

} // namespace
} // namespace dreamer::emulator::test
