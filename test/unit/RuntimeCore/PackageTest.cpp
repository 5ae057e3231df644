// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Support.h"

#include "Fixture/Seal.h"

#include "runtime/core/CpuFeatures.h"
#include "runtime/core/Package.h"

#include <sys/mman.h>
#include <unistd.h>

using namespace dreamer::runtime;
using namespace dreamer::runtime::test;

TEST(Package, Opens) {
  Result<std::shared_ptr<const Package>> package = Package::open(TINY_PACKAGE);
  ASSERT_OK(package);
  EXPECT_EQ((*package)->manifest().model, "tiny");
  EXPECT_EQ((*package)->model().size(), 26u);
  EXPECT_EQ((*package)->header().file_size, std::filesystem::file_size(TINY_PACKAGE));
}

TEST(Package, RefusesForeignFiles) {
  TemporaryFolder folder;
  EXPECT_FAILURE(Package::open(folder / "none"), DREAMER_NOT_FOUND, "cannot open");
  writeBytes(folder / "empty", {});
  EXPECT_FAILURE(Package::open(folder / "empty"), DREAMER_BAD_FILE, "found 0 bytes");
  writeBytes(folder / "zeros", std::vector<std::byte>(1000));
  EXPECT_FAILURE(Package::open(folder / "zeros"), DREAMER_BAD_FILE, "'\\x00\\x00\\x00\\x00'");
  EXPECT_FAILURE(Package::open("Fixture/manifest.json"), DREAMER_BAD_FILE,
                 "is this a Dreamer package?");
  EXPECT_FAILURE(Package::open(RUNTIME_LIBRARY), DREAMER_BAD_FILE,
                 "expected a section .dreamer.header, found none");
}

/// A sealed copy of the package with bytes of the header or of the ELF header replaced.
template <typename T>
static void patch(std::vector<std::byte> &file, size_t offset, T value) {
  std::memcpy(file.data() + offset, &value, sizeof(value));
}

TEST(Package, RefusesOtherVersions) {
  TemporaryFolder folder;
  std::vector<std::byte> file = readBytes(TINY_PACKAGE);
  size_t header = headerOffset(file);
  auto open = [&](std::vector<std::byte> bytes) {
    sealChecksum(bytes, header);
    writeBytes(folder / "p", bytes);
    return Package::open(folder / "p");
  };
  EXPECT_OK(open(file));
  std::vector<std::byte> other = file;
  patch(other, header + 8, uint32_t{2});
  EXPECT_FAILURE(open(other), DREAMER_INCOMPATIBLE, "expected package format version 1, found 2");
  other = file;
  patch(other, header, 'd');
  EXPECT_FAILURE(open(other), DREAMER_BAD_FILE, "found 'dREAMERP'");
  other = file;
  patch(other, 18, uint16_t{183});
  EXPECT_FAILURE(open(other), DREAMER_INCOMPATIBLE, "found one for ELF machine 183");
  other = file;
  patch(other, header + 16, uint64_t{1});
  EXPECT_FAILURE(open(other), DREAMER_BAD_FILE, "expected a manifest of 1 bytes");
  other = file;
  other.push_back(std::byte{0});
  EXPECT_FAILURE(open(other), DREAMER_BAD_FILE, "as the header states");
}

/// A file in memory: thousands of mutants never reach a disk.
class MemoryFile {
public:
  explicit MemoryFile(const std::vector<std::byte> &bytes)
      : descriptor(memfd_create("package", 0)),
        path("/proc/self/fd/" + std::to_string(descriptor)) {
    write(bytes);
  }
  ~MemoryFile() { close(descriptor); }

  void write(const std::vector<std::byte> &bytes) {
    EXPECT_EQ(pwrite(descriptor, bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
  }
  void put(size_t place, std::byte value) {
    EXPECT_EQ(pwrite(descriptor, &value, 1, static_cast<off_t>(place)), 1);
  }
  void truncate(size_t size) { EXPECT_EQ(ftruncate(descriptor, static_cast<off_t>(size)), 0); }

private:
  int descriptor;

public:
  const std::string path;
};

TEST(Package, RefusesEveryTruncation) {
  std::vector<std::byte> bytes = readBytes(TINY_PACKAGE);
  MemoryFile file(bytes);
  for (size_t size = bytes.size(); size-- > 0;) {
    file.truncate(size);
    Result<std::shared_ptr<const Package>> package = Package::open(file.path);
    ASSERT_TRUE(package.failed()) << "truncated to " << size;
    ASSERT_FALSE(package.status().message().empty());
  }
}

TEST(Package, RefusesEveryFlippedByte) {
  std::vector<std::byte> bytes = readBytes(TINY_PACKAGE);
  MemoryFile file(bytes);
  for (size_t place = 0; place < bytes.size(); ++place) {
    file.put(place, bytes[place] ^ std::byte(1 << place % 8));
    Result<std::shared_ptr<const Package>> package = Package::open(file.path);
    ASSERT_TRUE(package.failed()) << "flipped byte " << place;
    ASSERT_FALSE(package.status().message().empty());
    file.put(place, bytes[place]);
  }
  EXPECT_OK(Package::open(file.path));
}

// Damage that someone sealed: the ELF parser and the schema have to hold by themselves.
TEST(Package, SurvivesSealedDamage) {
  std::vector<std::byte> bytes = readBytes(TINY_PACKAGE);
  size_t header = headerOffset(bytes);
  MemoryFile file(bytes);
  for (size_t place = 0; place < bytes.size(); ++place) {
    if (place >= 64 && place + 2500 < bytes.size() && place % 5 != 0)
      continue; // all of the ELF header and of the tables at the end, a part of the rest
    for (unsigned value : {0x00u, 0x7fu, 0xffu}) {
      std::vector<std::byte> mutant = bytes;
      mutant[place] = std::byte(value);
      sealChecksum(mutant, header);
      file.write(mutant);
      Result<std::shared_ptr<const Package>> package = Package::open(file.path);
      ASSERT_TRUE(package.ok() || !package.status().message().empty());
    }
  }
}

TEST(CpuFeatures, NamesAndBits) {
  EXPECT_EQ(cpuFeatureNamed("sse3"), 0);
  EXPECT_EQ(cpuFeatureNamed("avx512f"), DREAMER_CPU_AVX512F);
  EXPECT_EQ(cpuFeatureNamed("sse9"), std::nullopt);
  EXPECT_EQ(cpuFeatureNames(0x3), (std::vector<std::string>{"sse3", "ssse3"}));
  EXPECT_THAT(cpuFeatureNames(uint64_t{1} << 63),
              ::testing::ElementsAre("features unknown to this runtime"));
}

// What the kernel says about the processor, under its own names.
TEST(CpuFeatures, AgreeWithTheKernel) {
  std::ifstream in("/proc/cpuinfo");
  std::string line;
  while (std::getline(in, line) && !line.starts_with("flags")) {
  }
  if (line.empty())
    GTEST_SKIP() << "no /proc/cpuinfo";
  line += " ";
  const std::pair<const char *, int> names[] = {
      {"avx2", DREAMER_CPU_AVX2},       {"fma", DREAMER_CPU_FMA},
      {"bmi2", DREAMER_CPU_BMI2},       {"abm", DREAMER_CPU_LZCNT},
      {"movbe", DREAMER_CPU_MOVBE},     {"f16c", DREAMER_CPU_F16C},
      {"avx512f", DREAMER_CPU_AVX512F}, {"avx512_bf16", DREAMER_CPU_AVX512BF16},
      {"popcnt", DREAMER_CPU_POPCNT},   {"lahf_lm", DREAMER_CPU_SAHF},
      {"pni", DREAMER_CPU_SSE3},        {"amx_tile", DREAMER_CPU_AMX_TILE}};
  for (auto [name, bit] : names)
    EXPECT_EQ(line.find(" " + std::string(name) + " ") != std::string::npos,
              (cpuFeatures() >> bit & 1) != 0)
        << name;
}
