// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The seven programs that were written by hand, as they stand in test/dialect/Tile, against plain loops. Sizes of products
// are cut by replacing them in the text.

#include "test/unit/TileRun/Program.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::test;
using reference::Floats;

namespace {

class Programs : public testing::Test {
protected:
  std::unique_ptr<MLIRContext> context = makeTileContext();

  /// A program with each first text replaced by its second.
  OwningOpRef<ModuleOp> load(const std::string &name,
                             std::vector<std::pair<std::string, std::string>> changes = {}) {
    auto file = llvm::MemoryBuffer::getFile("../../dialect/Tile/" + name + ".mlir");
    if (!file)
      return nullptr;
    std::string text = (*file)->getBuffer().str();
    for (auto &[from, to] : changes) {
      EXPECT_NE(text.find(from), std::string::npos) << from;
      for (size_t at = text.find(from); at != std::string::npos;
           at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    }
    return parse(*context, text);
  }

  /// Every way to run that makes a difference.
  static std::vector<tilerun::Options> allOptions(int64_t blocks) {
    return {{blocks, 0, false}, {blocks, 1, true}, {blocks, 2, true}, {blocks, 3, false}};
  }
};

Floats heads(const Floats &x) { return Floats({1, x.dim(0), x.dim(1)}, x.data()); }

TEST_F(Programs, GemmX86) {
  auto module = load("gemm-x86");
  ASSERT_TRUE(module);
  Floats a = randomFloats({510, 300}, 1), b = randomFloats({300, 290}, 2), packed({19, 300, 16});
  for (int64_t k = 0; k < 300; ++k)
    for (int64_t n = 0; n < 290; ++n)
      packed(n / 16, k, n % 16) = b(k, n);
  auto arrays = runTiles(*module, "gemm", {{a}, {packed}, output({510, 290})}, {.blocks = 3});
  ASSERT_EQ(arrays.size(), 3u);
  EXPECT_LT(relativeError(std::get<Floats>(arrays[2]), multiply(a, b)), 1e-6);
}

TEST_F(Programs, GemmAmx) {
  auto module = load("gemm-amx");
  ASSERT_TRUE(module);
  Floats a = roundToBF16(randomFloats({90, 64}, 1)), b = roundToBF16(randomFloats({64, 70}, 2));
  Floats padded({96, 64}), packed({3, 32, 32, 2});
  for (int64_t k = 0; k < 64; ++k) {
    for (int64_t m = 0; m < 90; ++m)
      padded(m, k) = a(m, k);
    for (int64_t n = 0; n < 70; ++n)
      packed(n / 32, k / 2, n % 32, k % 2) = b(k, n);
  }
  auto arrays = runTiles(*module, "gemm", {{padded}, {packed}, output({90, 70})}, {.blocks = 2});
  ASSERT_EQ(arrays.size(), 3u);
  EXPECT_LT(relativeError(std::get<Floats>(arrays[2]), multiply(a, b)), 1e-6);
}

TEST_F(Programs, GemmSm80) {
  auto module =
      load("gemm-sm80", {{"4096x4096", "256x256"},
                         {"constant 128 : index\n  %zero", "constant 8 : index\n  %zero"}});
  ASSERT_TRUE(module);
  Floats a = roundToBF16(randomFloats({256, 256}, 1)), w = roundToBF16(randomFloats({256, 256}, 2));
  Floats expected = firstRows(multiply(a, transpose(w)), 128); // blocks 0 and 1
  for (const tilerun::Options &options : allOptions(2)) {
    auto arrays = runTiles(*module, "gemm", {{a}, {w}, output({256, 256})}, options);
    ASSERT_EQ(arrays.size(), 3u);
    EXPECT_LT(relativeError(firstRows(std::get<Floats>(arrays[2]), 128), expected), 1e-6);
  }
}

TEST_F(Programs, GemmSm90) {
  // Two tiles of one block: the ring runs on from the first to the second.
  auto module = load("gemm-sm90", {{"8192x4096", "512x192"},
                                   {"8192x8192", "512x512"},
                                   {"constant 2048", "constant 2"},
                                   {"constant 4096", "constant 192"}});
  ASSERT_TRUE(module);
  Floats a = roundToBF16(randomFloats({512, 192}, 1)), w = roundToBF16(randomFloats({512, 192}, 2));
  Floats expected = firstRows(multiply(a, transpose(w)), 128);
  for (const tilerun::Options &options : allOptions(1)) {
    auto arrays = runTiles(*module, "gemm", {{a}, {w}, output({512, 512})}, options);
    ASSERT_EQ(arrays.size(), 3u);
    EXPECT_LT(relativeError(firstRows(std::get<Floats>(arrays[2]), 128), expected), 3e-3);
  }
}

TEST_F(Programs, AttentionX86) {
  auto module = load("attention-x86");
  ASSERT_TRUE(module);
  Floats q = randomFloats({512, 64}, 1, 2), k = randomFloats({512, 64}, 2, 2),
         v = randomFloats({512, 64}, 3);
  Floats kt({32, 64, 16}), panels({4, 512, 16});
  for (int64_t t = 0; t < 512; ++t)
    for (int64_t d = 0; d < 64; ++d) {
      kt(t / 16, d, t % 16) = k(t, d);
      panels(d / 16, t, d % 16) = v(t, d);
    }
  auto arrays =
      runTiles(*module, "attend", {{q}, {kt}, {panels}, output({512, 64}), output({512, 1})},
               {.blocks = 86});
  ASSERT_EQ(arrays.size(), 5u);
  Attended expected = attend(heads(q), heads(k), heads(v), 1, 1, /*causal=*/true);
  EXPECT_LT(relativeError(heads(std::get<Floats>(arrays[3])), expected.out), 1e-6);
  EXPECT_LT(relativeError(std::get<Floats>(arrays[4]), Floats({512, 1}, expected.lse.data())),
            1e-6);
}

/// Of the GPU's programs some blocks; their logarithms are those to base 2.
class GpuAttention : public Programs,
                     public testing::WithParamInterface<std::pair<const char *, int64_t>> {};

TEST_P(GpuAttention, FirstRows) {
  auto [name, rowsOfBlock] = GetParam();
  auto module = load(name);
  ASSERT_TRUE(module);
  Floats q = roundToBF16(randomFloats({1024, 64}, 1, 2)),
         k = roundToBF16(randomFloats({1024, 64}, 2, 2));
  Floats v = roundToBF16(randomFloats({1024, 64}, 3));
  int64_t rows = 256;
  Attended expected =
      attend(heads(firstRows(q, rows)), heads(firstRows(k, rows)), heads(firstRows(v, rows)), 1, 1,
             /*causal=*/true);
  for (double &log : expected.lse.data())
    log *= 1.4426950408889634;
  for (const tilerun::Options &options : allOptions(rows / rowsOfBlock)) {
    auto arrays = runTiles(*module, "attend",
                           {{q}, {k}, {v}, output({1024, 64}), output({1024, 1})}, options);
    ASSERT_EQ(arrays.size(), 5u);
    EXPECT_LT(relativeError(heads(firstRows(std::get<Floats>(arrays[3]), rows)), expected.out),
              5e-3);
    EXPECT_LT(relativeError(firstRows(std::get<Floats>(arrays[4]), rows),
                            Floats({rows, 1}, expected.lse.data())),
              1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, GpuAttention,
                         testing::Values(std::pair("attention-sm80", 64),
                                         std::pair("attention-sm90", 128)),
                         [](const auto &info) { return std::string(info.param.first).substr(10); });

} // namespace
