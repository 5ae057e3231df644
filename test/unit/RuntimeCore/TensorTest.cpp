// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Support.h"

#include <cmath>
#include <limits>

using namespace dreamer::runtime;
using namespace dreamer::runtime::test;

TEST(Tensor, AllocatesAlignedZeros) {
  for (int64_t size : {0, 1, 100, 1 << 20}) {
    Result<Tensor> tensor = Tensor::allocate(DType::F32, {size});
    ASSERT_OK(tensor);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor->data()) % 64, 0u);
    for (int64_t i = 0; i < size; ++i)
      ASSERT_EQ(tensor->as<float>()[i], 0.0f);
  }
}

TEST(Tensor, RefusesImpossibleShapes) {
  EXPECT_FAILURE(Tensor::allocate(DType::F32, {-1}), DREAMER_INVALID_ARGUMENT, "found f32[-1]");
  EXPECT_FAILURE(Tensor::allocate(DType::F32, {int64_t{1} << 31, int64_t{1} << 31, 4}),
                 DREAMER_INVALID_ARGUMENT, "2^63");
  EXPECT_FAILURE(Tensor::allocate(DType::F32, Shape(9, 1)), DREAMER_INVALID_ARGUMENT,
                 "8 dimensions");
  EXPECT_FAILURE(Tensor::allocate(DType::F64, {int64_t{1} << 58}), DREAMER_OUT_OF_MEMORY,
                 "bytes of memory");
}

TEST(Tensor, BorrowChecksMemory) {
  float values[4] = {};
  EXPECT_OK(Tensor::borrow(DType::F32, {2, 2}, values, sizeof(values)));
  EXPECT_FAILURE(Tensor::borrow(DType::F32, {5}, values, sizeof(values)), DREAMER_INVALID_ARGUMENT,
                 "expected 20 bytes of memory, found 16 bytes");
  EXPECT_FAILURE(Tensor::borrow(DType::F32, {1}, nullptr, 4), DREAMER_INVALID_ARGUMENT,
                 "null pointer");
  EXPECT_FAILURE(Tensor::borrow(DType::F32, {1}, reinterpret_cast<char *>(values) + 1, 8),
                 DREAMER_INVALID_ARGUMENT, "unaligned");
}

TEST(Tensor, BFloat16RoundsToNearestEven) {
  EXPECT_EQ(toBFloat16(1.0f), 0x3f80);
  EXPECT_EQ(toBFloat16(1.00390625f), 0x3f80);  // halfway between 1 and 1 + 2^-7: even below
  EXPECT_EQ(toBFloat16(1.01171875f), 0x3f82);  // halfway: even above
  EXPECT_EQ(toBFloat16(1.003906369f), 0x3f81); // just above halfway
  EXPECT_EQ(toBFloat16(-0.0f), 0x8000);
  EXPECT_EQ(toBFloat16(std::numeric_limits<float>::max()), 0x7f80); // rounds to infinity
  EXPECT_TRUE(std::isnan(fromBFloat16(toBFloat16(std::nanf("")))));
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = fromBFloat16(static_cast<uint16_t>(bits));
    if (!std::isnan(value)) {
      ASSERT_EQ(toBFloat16(value), bits);
    }
  }
}

TEST(Tensor, ConvertsF64ToBFloat16WithOneRounding) {
  // Just above halfway between 1 and 1 + 2^-7, but by less than a float can tell.
  Tensor wide = *Tensor::allocate(DType::F64, {2});
  wide.asMutable<double>()[0] = 1.00390625 + 1e-12;
  wide.asMutable<double>()[1] = 1.01171875 - 1e-12;
  Result<Tensor> narrow = wide.convert(DType::BF16);
  ASSERT_OK(narrow);
  EXPECT_EQ(narrow->as<uint16_t>()[0], 0x3f81);
  EXPECT_EQ(narrow->as<uint16_t>()[1], 0x3f81);
}

TEST(Tensor, ConvertsWithinFloatsAndWithinIntegers) {
  Tensor tensor = floats({3}, {0.5f, -2.0f, 1e30f});
  for (DType dtype : {DType::F32, DType::F64, DType::BF16}) {
    Result<Tensor> there = tensor.convert(dtype);
    ASSERT_OK(there);
    EXPECT_EQ(there->element(0), 0.5);
    EXPECT_EQ(there->element(1), -2.0);
  }
  EXPECT_FAILURE(tensor.convert(DType::I32), DREAMER_MISMATCH, "an integer type");
  Tensor large = *Tensor::allocate(DType::I64, {2});
  large.asMutable<int64_t>()[1] = int64_t{1} << 31;
  EXPECT_FAILURE(large.convert(DType::I32), DREAMER_OUT_OF_RANGE, "2147483648 at element 1");
  large.asMutable<int64_t>()[1] = -(int64_t{1} << 31);
  EXPECT_OK(large.convert(DType::I32));
}

TEST(Tensor, FillTakesIntegersOnlyWhereTheyBelong) {
  Tensor tensor = integers({2}, {0, 0});
  EXPECT_OK(tensor.fill(-1, "x"));
  EXPECT_EQ(tensor.as<int32_t>()[1], -1);
  EXPECT_FAILURE(tensor.fill(0.5, "x"), DREAMER_OUT_OF_RANGE, "x: expected an integer");
  EXPECT_FAILURE(tensor.fill(3e9, "x"), DREAMER_OUT_OF_RANGE, "i32");
  EXPECT_FAILURE(tensor.fill(std::nan(""), "x"), DREAMER_OUT_OF_RANGE, "nan");
}

TEST(Status, QuotesWhatIsNotPrintable) {
  EXPECT_EQ(inQuotes("a\n\xff"), "'a\\x0a\\xff'");
  EXPECT_EQ(inQuotes(std::string(100, 'x')).size(), 85u);
}

TEST(Status, ListsAndSuggests) {
  EXPECT_EQ(listed({"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(listed({"a", "b", "c"}, 2), "a, b, ... and 1 more");
  EXPECT_EQ(listed({}), "nothing");
  EXPECT_EQ(nearestHint("tokns", {"targets", "tokens"}), "did you mean 'tokens'?");
  EXPECT_EQ(nearestHint("completely else", {"targets", "tokens"}), "");
}
