// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Support.h"

#include "runtime/core/Safetensors.h"

#include <cstring>

using namespace dreamer::runtime;
using namespace dreamer::runtime::test;

/// A file with this header text (its true size in front) and `data` bytes after it.
static std::vector<std::byte> fileOf(const std::string &header, size_t data) {
  std::vector<std::byte> file(8 + header.size() + data);
  uint64_t size = header.size();
  std::memcpy(file.data(), &size, 8);
  std::memcpy(file.data() + 8, header.data(), header.size());
  return file;
}

static Result<Bundle> parse(const std::vector<std::byte> &file) {
  return parseSafetensors(file, "f", nullptr);
}

static Bundle example() {
  Bundle bundle;
  EXPECT_OK(bundle.add("half", *floats({3}, {1, 2, 3}).convert(DType::BF16)));
  EXPECT_OK(bundle.add("ids", integers({2, 2}, {1, -1, 7, 8})));
  EXPECT_OK(bundle.add("w\"\\\xc3\xa9", floats({1, 3}, {0.5f, -0.25f, 1e-40f})));
  EXPECT_OK(bundle.add("scalar", *floats({}, {4}).convert(DType::F64)));
  EXPECT_OK(bundle.add("nothing", floats({0, 5}, {})));
  EXPECT_OK(bundle.setMetadata("step", "12"));
  EXPECT_OK(bundle.setMetadata("text", "line\nbreak \xe2\x82\xac"));
  return bundle;
}

/// Touches every element, so that a view of a wrong place is seen by a sanitizer.
static double sumOf(const Bundle &bundle) {
  double sum = 0;
  for (const Bundle::Entry &entry : bundle.entries())
    for (int64_t i = 0; i < entry.tensor.elements(); ++i)
      sum += entry.tensor.element(i);
  return sum;
}

TEST(Safetensors, RoundTrip) {
  TemporaryFolder folder;
  Bundle bundle = example();
  ASSERT_OK(writeSafetensors(bundle, folder / "f"));
  Result<Bundle> read = readSafetensors(folder / "f");
  ASSERT_OK(read);
  EXPECT_EQ(read->metadata(), bundle.metadata());
  EXPECT_EQ(read->origin(), folder / "f");
  ASSERT_EQ(read->entries().size(), bundle.entries().size());
  for (const Bundle::Entry &entry : bundle.entries()) {
    const Tensor *tensor = read->find(entry.name);
    ASSERT_TRUE(tensor) << entry.name;
    EXPECT_EQ(tensor->describe(), entry.tensor.describe());
    EXPECT_FALSE(tensor->writable());
    if (tensor->bytes() > 0) {
      EXPECT_EQ(std::memcmp(tensor->data(), entry.tensor.data(), tensor->bytes()), 0);
    }
  }
}

TEST(Safetensors, ViewsOutliveTheBundle) {
  TemporaryFolder folder;
  ASSERT_OK(writeSafetensors(example(), folder / "f"));
  Tensor kept;
  {
    Result<Bundle> read = readSafetensors(folder / "f");
    ASSERT_OK(read);
    kept = *read->find("ids");
  }
  EXPECT_EQ(kept.as<int32_t>()[2], 7);
}

TEST(Safetensors, SameBundleSameBytes) {
  TemporaryFolder folder;
  ASSERT_OK(writeSafetensors(example(), folder / "a"));
  ASSERT_OK(writeSafetensors(example(), folder / "b"));
  EXPECT_EQ(readBytes(folder / "a"), readBytes(folder / "b"));
}

TEST(Safetensors, EmptyBundle) {
  TemporaryFolder folder;
  ASSERT_OK(writeSafetensors(Bundle(), folder / "f"));
  Result<Bundle> read = readSafetensors(folder / "f");
  ASSERT_OK(read);
  EXPECT_TRUE(read->entries().empty());
}

TEST(Safetensors, ReadsWhatOthersWrite) {
  // Header of odd length, spaces after it, tensors not in the order of their names, one unaligned.
  std::string header =
      R"( {"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]},"a":{"shape":[1],"data_offsets":[0,2],)"
      R"("dtype":"BF16"},"__metadata__":{"format":"pt"}}   )";
  std::vector<std::byte> file = fileOf(header.substr(1), 6);
  float value = 3.5f;
  std::memcpy(file.data() + file.size() - 4, &value, 4);
  Result<Bundle> bundle = parse(file);
  ASSERT_OK(bundle);
  EXPECT_EQ(bundle->entries()[0].name, "a");
  EXPECT_EQ(bundle->find("b")->element(0), 3.5);
  EXPECT_EQ(bundle->metadata().at("format"), "pt");
}

TEST(Safetensors, RefusesBadHeaders) {
  auto header = [](const std::string &text, size_t data = 0) { return parse(fileOf(text, data)); };
  EXPECT_FAILURE(parse({}), DREAMER_BAD_FILE, "0 bytes");
  EXPECT_FAILURE(parse(std::vector<std::byte>(7)), DREAMER_BAD_FILE, "7 bytes");
  EXPECT_FAILURE(parse(std::vector<std::byte>(100, std::byte{0xff})), DREAMER_BAD_FILE,
                 "at most 100000000");
  std::vector<std::byte> lying = fileOf("{}", 0);
  lying[0] = std::byte{200};
  EXPECT_FAILURE(parse(lying), DREAMER_BAD_FILE, "expected a safetensors header of 200 bytes");
  EXPECT_FAILURE(header(""), DREAMER_BAD_FILE, "begins with '{'");
  EXPECT_FAILURE(header("[]"), DREAMER_BAD_FILE, "begins with '{'");
  EXPECT_FAILURE(header("{"), DREAMER_BAD_FILE, "valid JSON");
  EXPECT_FAILURE(header("{} x"), DREAMER_BAD_FILE, "valid JSON");
  EXPECT_FAILURE(header("{\"\xff\":1}"), DREAMER_BAD_FILE, "UTF-8");
  EXPECT_FAILURE(header("{\"a\\ud800\":1}"), DREAMER_BAD_FILE, "valid JSON");
  EXPECT_FAILURE(header("{\"a\":" + std::string(100000, '[')), DREAMER_BAD_FILE, "JSON");
  EXPECT_FAILURE(header("{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"),
                 DREAMER_BAD_FILE, "nested at most");
  EXPECT_FAILURE(header(R"({"__metadata__":{"a":1}})"), DREAMER_BAD_FILE, "a string");
  EXPECT_FAILURE(header(R"({"__metadata__":[]})"), DREAMER_BAD_FILE, "an object");
  EXPECT_FAILURE(header("{}", 1), DREAMER_BAD_FILE, "expected 0 bytes of data");
}

TEST(Safetensors, RefusesBadTensors) {
  auto tensors = [](const std::string &body, size_t data) {
    return parse(fileOf("{" + body + "}", data));
  };
  auto tensor = [&](const std::string &type, const std::string &shape, const std::string &offsets,
                    size_t data) {
    return tensors("\"x\":{\"dtype\":" + type + ",\"shape\":" + shape +
                       ",\"data_offsets\":" + offsets + "}",
                   data);
  };
  EXPECT_OK(tensor("\"F32\"", "[2]", "[0,8]", 8));
  EXPECT_FAILURE(tensor("\"F16\"", "[2]", "[0,4]", 4), DREAMER_BAD_FILE, "found 'F16'");
  EXPECT_FAILURE(tensor("1", "[2]", "[0,8]", 8), DREAMER_BAD_FILE, "expected a string");
  EXPECT_FAILURE(tensor("\"F32\"", "[-2]", "[0,8]", 8), DREAMER_BAD_FILE, "found -2");
  EXPECT_FAILURE(tensor("\"F32\"", "[2.0]", "[0,8]", 8), DREAMER_BAD_FILE, "a number");
  EXPECT_FAILURE(tensor("\"F32\"", "2", "[0,8]", 8), DREAMER_BAD_FILE, "an array");
  EXPECT_FAILURE(tensor("\"F32\"", "[1,1,1,1,1,1,1,1,2]", "[0,8]", 8), DREAMER_BAD_FILE,
                 "at most 8 dimensions");
  EXPECT_FAILURE(tensor("\"F32\"", "[4294967296,4294967296,2]", "[0,0]", 0), DREAMER_BAD_FILE,
                 "below 2^63");
  EXPECT_FAILURE(tensor("\"F32\"", "[18446744073709551615]", "[0,8]", 8), DREAMER_BAD_FILE,
                 "found 18446744073709551615");
  EXPECT_FAILURE(tensor("\"F32\"", "[2]", "[0,8,9]", 8), DREAMER_BAD_FILE, "two offsets");
  EXPECT_FAILURE(tensor("\"F32\"", "[2]", "[8,0]", 8), DREAMER_BAD_FILE, "found 0");
  EXPECT_FAILURE(tensor("\"F32\"", "[2]", "[0,7]", 8), DREAMER_BAD_FILE, "8 bytes for f32[2]");
  EXPECT_FAILURE(tensor("\"F32\"", "[2]", "[0,8]", 7), DREAMER_BAD_FILE, "truncated");
  EXPECT_FAILURE(tensor("\"F32\"", "[2]", "[0,8]", 9), DREAMER_BAD_FILE, "found 9");
  EXPECT_FAILURE(tensor("\"F32\"", "[2]", "[4,12]", 12), DREAMER_BAD_FILE, "a hole");
  EXPECT_FAILURE(tensor("\"F32\"", "[2]", "[0,8],\"more\":1", 8), DREAMER_BAD_FILE, "4 keys");
  EXPECT_FAILURE(tensors("\"x\":{\"dtype\":\"F32\",\"shape\":[2]}", 8), DREAMER_BAD_FILE, "2 keys");
  EXPECT_FAILURE(tensors("\"x\":3", 8), DREAMER_BAD_FILE, "found an integer");
  std::string x = R"("x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_FAILURE(tensors(x + "," + x, 8), DREAMER_BAD_FILE, "'x' twice");
  EXPECT_FAILURE(tensors(x + R"(,"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]})", 8),
                 DREAMER_BAD_FILE, "overlap");
  EXPECT_FAILURE(tensors(x + R"(,"y":{"dtype":"F32","shape":[1],"data_offsets":[12,16]})", 16),
                 DREAMER_BAD_FILE, "a hole");
}

TEST(Safetensors, BundleRefusesBadNames) {
  Bundle bundle;
  Tensor tensor = floats({1}, {1});
  EXPECT_OK(bundle.add("a", tensor));
  EXPECT_FAILURE(bundle.add("a", tensor), DREAMER_INVALID_ARGUMENT, "'a' twice");
  EXPECT_FAILURE(bundle.add("__metadata__", tensor), DREAMER_INVALID_ARGUMENT, "__metadata__");
  EXPECT_FAILURE(bundle.add("\xc0\x80", tensor), DREAMER_INVALID_ARGUMENT, "UTF-8");
  EXPECT_FAILURE(bundle.add("\xed\xa0\x80", tensor), DREAMER_INVALID_ARGUMENT, "UTF-8");
  EXPECT_FAILURE(bundle.setMetadata("k", "\xf5"), DREAMER_INVALID_ARGUMENT, "UTF-8");
}

/// Every mutant is read or refused with a message; none brings the reader down.
static void checkMutant(const std::vector<std::byte> &mutant) {
  Result<Bundle> bundle = parse(mutant);
  if (bundle.ok())
    sumOf(*bundle);
  else
    ASSERT_FALSE(bundle.status().message().empty());
}

TEST(Safetensors, SurvivesMutants) {
  TemporaryFolder folder;
  ASSERT_OK(writeSafetensors(example(), folder / "f"));
  std::vector<std::byte> file = readBytes(folder / "f");
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_TRUE(parse({file.begin(), file.begin() + static_cast<ptrdiff_t>(size)}).failed())
        << "truncated to " << size;
  for (size_t place = 0; place < file.size(); ++place)
    for (unsigned value : {0x00u, 0x01u, 0x22u, 0x30u, 0x39u, 0x5du, 0x7du, 0x80u, 0xffu}) {
      std::vector<std::byte> mutant = file;
      mutant[place] = std::byte(value);
      checkMutant(mutant);
    }
  uint64_t state = 1; // a linear congruential generator: the same mutants in every run
  auto random = [&](size_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>(state >> 33) % below;
  };
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> mutant = file;
    for (size_t edits = 1 + random(4); edits > 0; --edits) {
      size_t from = random(mutant.size()), to = random(mutant.size()), length = random(16);
      for (size_t i = 0; i < length && from + i < mutant.size() && to + i < mutant.size(); ++i)
        mutant[to + i] = mutant[from + i];
      mutant[random(mutant.size())] ^= std::byte(1 << random(8));
    }
    checkMutant(mutant);
  }
}

TEST(Safetensors, LargeFileIsMappedNotCopied) {
  TemporaryFolder folder;
  constexpr int64_t size = int64_t{1} << 30; // a sparse gigabyte: no disk, no memory
  std::string header = "{\"x\":{\"dtype\":\"F32\",\"shape\":[268435456],\"data_offsets\":[0," +
                       std::to_string(size) + "]}}";
  header.append(64 - (8 + header.size()) % 64, ' ');
  writeBytes(folder / "f", fileOf(header, 0));
  std::filesystem::resize_file(folder / "f", 8 + header.size() + size);
  auto residentPages = [] {
    std::ifstream in("/proc/self/statm");
    long total = 0, resident = 0;
    in >> total >> resident;
    return resident;
  };
  long before = residentPages();
  Result<Bundle> bundle = readSafetensors(folder / "f");
  ASSERT_OK(bundle);
  EXPECT_EQ(bundle->find("x")->element(12345678), 0.0);
  EXPECT_LT(residentPages() - before, (16 << 20) / 4096);
}
