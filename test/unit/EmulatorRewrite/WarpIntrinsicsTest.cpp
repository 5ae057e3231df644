// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows of a warp's intrinsics, executed as one operation, give what they give one by one, and change threads less
// often.

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Rewrite/Jit.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/Support/SourceMgr.h"
#include "gtest/gtest.h"

#include <cstring>

using namespace dreamer::emulator;

namespace {

constexpr unsigned words = 16; ///< that each lane reads, and writes

/// One warp reads its words %w0 to %w15, `body` computes words %r0 to %r15, and the warp writes them. A line "---" in
/// `body` is a place where rows end when they are to be apart.
std::string kernel(llvm::StringRef body, bool apart) {
  std::string text = R"(
@s = internal addrspace(3) global [512 x i8] undef, align 16
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare void @llvm.nvvm.membar.cta()
declare void @llvm.nvvm.bar.warp.sync(i32)
declare {i32, i32} @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x2.b16.p3(ptr addrspace(3))
declare {float, float, float, float} @llvm.nvvm.mma.m16n8k16.row.col.f32.f32(<2 x half>, <2 x half>, <2 x half>, <2 x half>, <2 x half>, <2 x half>, float, float, float, float)
declare {i32, i32, i32, i32} @llvm.nvvm.mma.m16n8k32.row.col.s8(i32, i32, i32, i32, i32, i32, i32, i32, i32, i32)
declare {double, double} @llvm.nvvm.mma.m8n8k4.row.col.f64(double, double, double, double)
define ptx_kernel void @k(ptr addrspace(1) %in, ptr addrspace(1) %out) {
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %first = mul i32 %tid, 16
)";
  for (unsigned i = 0; i < words; ++i) {
    std::string n = std::to_string(i);
    text += "  %i" + n + " = add i32 %first, " + n + "\n  %p" + n +
            " = getelementptr i32, ptr addrspace(1) %in, i32 %i" + n + "\n  %w" + n +
            " = load i32, ptr addrspace(1) %p" + n + "\n  %q" + n +
            " = getelementptr i32, ptr addrspace(1) %out, i32 %i" + n + "\n";
  }
  while (!body.empty()) {
    auto [first, rest] = body.split('\n');
    body = rest;
    text += first.trim() != "---" ? first.str() + "\n"
            : apart               ? "  call void @llvm.nvvm.membar.cta()\n"
                                  : "";
  }
  for (unsigned i = 0; i < words; ++i)
    text +=
        "  store i32 %r" + std::to_string(i) + ", ptr addrspace(1) %q" + std::to_string(i) + "\n";
  return text + "  ret void\n}\n";
}

struct Outcome {
  std::vector<uint32_t> output;
  uint64_t switches = 0;
};

/// Small numbers in all formats that the kernels read words as.
std::vector<uint32_t> inputs() {
  std::vector<uint32_t> all(32 * words);
  uint32_t state = 1;
  for (uint32_t &word : all) {
    state = state * 1664525u + 1013904223u;
    word = 0x3c003800u + (state >> 8 & 0x00ff00ffu);
  }
  return all;
}

Outcome run(llvm::StringRef body, bool apart, const LaunchOptions &options) {
  KernelModule source;
  llvm::SMDiagnostic diagnostic;
  source.module = llvm::parseAssemblyString(kernel(body, apart), diagnostic, *source.context);
  if (!source.module) {
    ADD_FAILURE() << diagnostic.getMessage().str() << ": " << diagnostic.getLineContents().str();
    return {};
  }
  RewriteOptions rewriting;
  rewriting.check = options.check;
  llvm::Expected<LoadedModule> loaded = load(std::move(source), rewriting);
  if (!loaded) {
    ADD_FAILURE() << llvm::toString(loaded.takeError());
    return {};
  }
  GlobalMemory memory;
  size_t bytes = 32 * words * sizeof(uint32_t);
  std::byte *in = memory.allocate(bytes), *out = memory.allocate(bytes);
  std::memcpy(in, inputs().data(), bytes);
  memory.hostWrote(in, bytes);
  void *arguments[] = {&in, &out};
  Grid grid;
  grid.threads = {32, 1, 1};
  Reports reports;
  LaunchCounts counts = launch(*loaded->kernel("k"), grid, arguments, memory, options, reports);
  for (const Finding &finding : reports.take())
    ADD_FAILURE() << toString(finding);
  Outcome outcome{std::vector<uint32_t>(32 * words), counts.switches};
  std::memcpy(outcome.output.data(), out, bytes);
  return outcome;
}

/// Runs `body` joined and apart; the joined one must save the arrivals of a warp `saved` times.
void compare(llvm::StringRef body, unsigned saved) {
  for (bool check : {false, true})
    for (uint64_t seed : {0, 3}) {
      LaunchOptions options;
      options.check = check;
      options.seed = seed;
      Outcome joined = run(body, false, options), apart = run(body, true, options);
      EXPECT_EQ(joined.output, apart.output);
      if (seed == 0) // one lane of an arrival need not be waited for
        EXPECT_EQ(apart.switches - joined.switches, 31 * saved);
    }
}

/// Words of the result that the test does not use.
std::string unused(unsigned from) {
  std::string text;
  for (unsigned i = from; i < words; ++i)
    text += "  %r" + std::to_string(i) + " = add i32 0, 0\n";
  return text;
}

std::string halves(unsigned count) {
  std::string text;
  for (unsigned i = 0; i < count; ++i)
    text +=
        "  %h" + std::to_string(i) + " = bitcast i32 %w" + std::to_string(i) + " to <2 x half>\n";
  return text;
}

constexpr const char *f16 =
    "call {float, float, float, float} @llvm.nvvm.mma.m16n8k16.row.col.f32.f32";

} // namespace

TEST(WarpIntrinsics, SumsGoFromOneToTheNext) {
  std::string body = halves(6);
  for (int i = 0; i < 4; ++i)
    body +=
        "  %c" + std::to_string(i) + " = bitcast i32 %w" + std::to_string(6 + i) + " to float\n";
  body += std::string("  %d = ") + f16 +
          R"((<2 x half> %h0, <2 x half> %h1, <2 x half> %h2, <2 x half> %h3,
      <2 x half> %h4, <2 x half> %h5, float %c0, float %c1, float %c2, float %c3)
)";
  for (int i = 0; i < 4; ++i)
    body += "  %d" + std::to_string(i) + " = extractvalue {float, float, float, float} %d, " +
            std::to_string(i) + "\n";
  // A use of a result that does not wait: it has to come after the row.
  body += "  %twice = fmul float %d0, 2.0\n  ---\n";
  body += std::string("  %e = ") + f16 +
          R"((<2 x half> %h1, <2 x half> %h0, <2 x half> %h3, <2 x half> %h2,
      <2 x half> %h5, <2 x half> %h4, float %d0, float %d1, float %d2, float %d3)
)";
  for (int i = 0; i < 4; ++i)
    body += "  %e" + std::to_string(i) + " = extractvalue {float, float, float, float} %e, " +
            std::to_string(i) + "\n  %r" + std::to_string(i) + " = bitcast float %e" +
            std::to_string(i) + " to i32\n";
  body += "  %r4 = bitcast float %twice to i32\n" + unused(5);
  compare(body, 1);
}

TEST(WarpIntrinsics, ComputedOperandsEndARow) {
  std::string body = halves(6);
  body += std::string("  %d = ") + f16 +
          R"((<2 x half> %h0, <2 x half> %h1, <2 x half> %h2, <2 x half> %h3,
      <2 x half> %h4, <2 x half> %h5, float 0.0, float 1.0, float 2.0, float 3.0)
  %d0 = extractvalue {float, float, float, float} %d, 0
  %more = fadd float %d0, 1.0
  ---
)";
  body += std::string("  %e = ") + f16 +
          R"((<2 x half> %h0, <2 x half> %h1, <2 x half> %h2, <2 x half> %h3,
      <2 x half> %h4, <2 x half> %h5, float %more, float 1.0, float 2.0, float 3.0)
  %e0 = extractvalue {float, float, float, float} %e, 0
  %r0 = bitcast float %e0 to i32
)" + unused(1);
  compare(body, 0);
}

TEST(WarpIntrinsics, LoadsAndIntegers) {
  // 512 bytes of rows, then two loads and two products, whose operands come in another order than the loads gave them.
  std::string body = R"(
  %o = mul i32 %tid, 16
  %row = getelementptr i8, ptr addrspace(3) @s, i32 %o
  store i32 %w0, ptr addrspace(3) %row
  %row1 = getelementptr i8, ptr addrspace(3) %row, i32 4
  store i32 %w1, ptr addrspace(3) %row1
  %row2 = getelementptr i8, ptr addrspace(3) %row, i32 8
  store i32 %w2, ptr addrspace(3) %row2
  %row3 = getelementptr i8, ptr addrspace(3) %row, i32 12
  store i32 %w3, ptr addrspace(3) %row3
  call void @llvm.nvvm.bar.warp.sync(i32 -1)
  %x = call {i32, i32} @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x2.b16.p3(ptr addrspace(3) %row)
  %x0 = extractvalue {i32, i32} %x, 0
  %x1 = extractvalue {i32, i32} %x, 1
  ---
  %back = sub i32 496, %o
  %other = getelementptr i8, ptr addrspace(3) @s, i32 %back
  %y = call {i32, i32} @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x2.b16.p3(ptr addrspace(3) %other)
  %y0 = extractvalue {i32, i32} %y, 0
  %y1 = extractvalue {i32, i32} %y, 1
  ---
  %d = call {i32, i32, i32, i32} @llvm.nvvm.mma.m16n8k32.row.col.s8(i32 %x1, i32 %y0, i32 %x0, i32 %w7, i32 %y1, i32 %x0, i32 1, i32 2, i32 3, i32 4)
  %d0 = extractvalue {i32, i32, i32, i32} %d, 0
  %d1 = extractvalue {i32, i32, i32, i32} %d, 1
  %d2 = extractvalue {i32, i32, i32, i32} %d, 2
  %d3 = extractvalue {i32, i32, i32, i32} %d, 3
  ---
  %e = call {i32, i32, i32, i32} @llvm.nvvm.mma.m16n8k32.row.col.s8(i32 %w4, i32 %w4, i32 %w5, i32 %w5, i32 %x0, i32 %x1, i32 %d3, i32 %d2, i32 %d1, i32 %d0)
  %r0 = extractvalue {i32, i32, i32, i32} %e, 0
  %r1 = extractvalue {i32, i32, i32, i32} %e, 1
  %r2 = extractvalue {i32, i32, i32, i32} %e, 2
  %r3 = extractvalue {i32, i32, i32, i32} %e, 3
)" + unused(4);
  compare(body, 3);
}

TEST(WarpIntrinsics, Doubles) {
  std::string body = R"(
  %a = sitofp i32 %w0 to double
  %b = sitofp i32 %w1 to double
  %c = sitofp i32 %w2 to double
  %d = call {double, double} @llvm.nvvm.mma.m8n8k4.row.col.f64(double %a, double %b, double %c, double %a)
  %d0 = extractvalue {double, double} %d, 0
  %d1 = extractvalue {double, double} %d, 1
  ---
  %e = call {double, double} @llvm.nvvm.mma.m8n8k4.row.col.f64(double %b, double %d0, double %d1, double %c)
  %e0 = extractvalue {double, double} %e, 0
  %e1 = extractvalue {double, double} %e, 1
  %f0 = bitcast double %e0 to <2 x i32>
  %f1 = bitcast double %e1 to <2 x i32>
  %r0 = extractelement <2 x i32> %f0, i32 0
  %r1 = extractelement <2 x i32> %f0, i32 1
  %r2 = extractelement <2 x i32> %f1, i32 0
  %r3 = extractelement <2 x i32> %f1, i32 1
)" + unused(4);
  compare(body, 1);
}
