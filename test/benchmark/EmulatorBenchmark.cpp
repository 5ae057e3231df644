// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How fast the emulator runs products of matrices, checked and not, by one worker and by two, and how long it takes to
// load a kernel.

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Source/Source.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <cstring>

using namespace dreamer::emulator;

namespace {

constexpr int side = 256; ///< of the matrices that mma.sync multiplies

/// C = A B^T in f16 with f32 sums: 64x64 of C a block of four warps, 32 of k a step by cp.async, ldmatrix, mma.sync.
std::string mmaKernel() {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << R"(#sh = #gpu.address_space<workgroup>
gpu.module @m {
  gpu.func @gemm(%A: memref<256x256xf16>, %B: memref<256x256xf16>, %C: memref<256x256xf32>)
      workgroup(%sa: memref<64x40xf16, #sh> {llvm.align = 16 : i64}, %sb: memref<64x40xf16, #sh> {llvm.align = 16 : i64})
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
)";
  for (int i : {0, 1, 2, 4, 8, 16, 24, 32, 64, 128, 256})
    out << "    %c" << i << " = arith.constant " << i << " : index\n";
  out << R"(    %zero = arith.constant dense<0.0> : vector<2x2xf32>
    %t = gpu.thread_id x
    %bx = gpu.block_id x
    %by = gpu.block_id y
    %m0 = arith.muli %by, %c64 : index
    %n0 = arith.muli %bx, %c64 : index
    %warp = arith.divui %t, %c32 : index
    %lane = arith.remui %t, %c32 : index
    %wrow = arith.divui %warp, %c2 : index
    %wcol = arith.remui %warp, %c2 : index
    %wm = arith.muli %wrow, %c32 : index
    %wn = arith.muli %wcol, %c32 : index
    %l16 = arith.remui %lane, %c16 : index
    %h16 = arith.divui %lane, %c16 : index
    %ak = arith.muli %h16, %c8 : index
    %l8 = arith.remui %lane, %c8 : index
    %bn = arith.addi %l8, %ak : index
    %q8 = arith.divui %lane, %c8 : index
    %o8 = arith.remui %q8, %c2 : index
    %bk = arith.muli %o8, %c8 : index
    %row0 = arith.divui %t, %c4 : index
    %row1 = arith.addi %row0, %c32 : index
    %part = arith.remui %t, %c4 : index
    %col = arith.muli %part, %c8 : index
)";
  for (const char *operand : {"m", "n"})
    for (int i = 0; i < 2; ++i)
      out << "    %" << operand << "row" << i << " = arith.addi %" << operand << "0, %row" << i
          << " : index\n";
  out << "    %r:8 = scf.for %k = %c0 to %c256 step %c32 iter_args(";
  for (int i = 0; i < 8; ++i)
    out << (i ? ", " : "") << "%in" << i << " = %zero";
  out << ") -> (";
  for (int i = 0; i < 8; ++i)
    out << (i ? ", " : "") << "vector<2x2xf32>";
  out << ") {\n      %kc = arith.addi %k, %col : index\n";
  for (int i = 0; i < 2; ++i)
    out << "      %ca" << i << " = nvgpu.device_async_copy %A[%mrow" << i << ", %kc], %sa[%row" << i
        << ", %col], 8 {bypassL1} : memref<256x256xf16> to memref<64x40xf16, #sh>\n"
        << "      %cb" << i << " = nvgpu.device_async_copy %B[%nrow" << i << ", %kc], %sb[%row" << i
        << ", %col], 8 {bypassL1} : memref<256x256xf16> to memref<64x40xf16, #sh>\n";
  out << "      %group = nvgpu.device_async_create_group %ca0, %cb0, %ca1, %cb1\n"
         "      nvgpu.device_async_wait %group {numGroups = 0 : i32}\n"
         "      gpu.barrier\n";
  for (int k = 0; k < 2; ++k) {
    std::string kk = "%c" + std::to_string(16 * k);
    out << "      %ka" << k << " = arith.addi %ak, " << kk << " : index\n      %kb" << k
        << " = arith.addi %bk, " << kk << " : index\n";
    for (int i = 0; i < 2; ++i) {
      std::string id = std::to_string(k) + std::to_string(i), at = "%c" + std::to_string(16 * i);
      out << "      %x" << id << " = arith.addi %wm, " << at << " : index\n      %ar" << id
          << " = arith.addi %x" << id << ", %l16 : index\n      %a" << id
          << " = nvgpu.ldmatrix %sa[%ar" << id << ", %ka" << k
          << "] {numTiles = 4 : i32, transpose = false} : memref<64x40xf16, #sh> -> "
             "vector<4x2xf16>\n"
          << "      %y" << id << " = arith.addi %wn, " << at << " : index\n      %br" << id
          << " = arith.addi %y" << id << ", %bn : index\n      %b" << id
          << " = nvgpu.ldmatrix %sb[%br" << id << ", %kb" << k
          << "] {numTiles = 4 : i32, transpose = false} : memref<64x40xf16, #sh> -> "
             "vector<4x2xf16>\n";
      for (int half = 0; half < 2; ++half)
        out << "      %b" << id << half << " = vector.extract_strided_slice %b" << id
            << " {offsets = [" << 2 * half
            << ", 0], sizes = [2, 2], strides = [1, 1]} : vector<4x2xf16> to vector<2x2xf16>\n";
    }
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 4; ++j)
        out << "      %s" << k << 4 * i + j << " = nvgpu.mma.sync(%a" << k << i << ", %b" << k
            << j / 2 << j % 2 << ", " << (k ? "%s0" : "%in") << 4 * i + j
            << ") {mmaShape = [16, 8, 16]} : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) "
               "-> vector<2x2xf32>\n";
  }
  out << "      gpu.barrier\n      scf.yield ";
  for (int i = 0; i < 8; ++i)
    out << (i ? ", " : "") << "%s1" << i;
  out << " : ";
  for (int i = 0; i < 8; ++i)
    out << (i ? ", " : "") << "vector<2x2xf32>";
  out << "\n    }\n"
         "    %lr = arith.divui %lane, %c4 : index\n    %lq = arith.remui %lane, %c4 : index\n"
         "    %lc = arith.muli %lq, %c2 : index\n    %mw = arith.addi %m0, %wm : index\n"
         "    %mr = arith.addi %mw, %lr : index\n    %nw = arith.addi %n0, %wn : index\n"
         "    %nc = arith.addi %nw, %lc : index\n";
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 4; ++j) {
      std::string id = std::to_string(i) + std::to_string(j);
      out << "    %oc" << id << " = arith.addi %nc, %c" << 8 * j << " : index\n";
      for (int half = 0; half < 2; ++half)
        out << "    %or" << id << half << " = arith.addi %mr, %c" << 16 * i + 8 * half
            << " : index\n"
            << "    %v" << id << half << " = vector.extract %r#" << 4 * i + j << "[" << half
            << "] : vector<2xf32> from vector<2x2xf32>\n"
            << "    vector.store %v" << id << half << ", %C[%or" << id << half << ", %oc" << id
            << "] : memref<256x256xf32>, vector<2xf32>\n";
    }
  out << "    gpu.return\n  }\n}\n";
  return text;
}

constexpr int rounds = 64; ///< of four wgmma m64n128k16

/// One warpgroup adds products of the same 64x16 and 16x128, without swizzle, to its accumulators.
std::string wgmmaKernel() {
  std::string type = "!llvm.struct<(", text;
  for (int i = 0; i < 64; ++i)
    type += i ? ", f32" : "f32";
  type += ")>";
  llvm::raw_string_ostream out(text);
  // Core matrices of 128 bytes, two beside each other for k, rows of eight below.
  constexpr uint64_t strides = uint64_t(128 >> 4) << 16 | uint64_t(256 >> 4) << 32;
  out << R"(#sh = #gpu.address_space<workgroup>
gpu.module @m {
  gpu.func @wgmma(%C: memref<2x128xf32>) workgroup(%s: memref<4096xf16, #sh> {llvm.align = 1024 : i64})
      kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4096 = arith.constant 4096 : index
    %c8 = arith.constant 8 : index
    %c1024 = arith.constant 1024 : index
    %halves = arith.constant dense<0.5> : vector<8xf16>
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %first = arith.muli %t, %c8 : index
    scf.for %i = %first to %c4096 step %c1024 {
      vector.store %halves, %s[%i] : memref<4096xf16, #sh>, vector<8xf16>
    }
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    gpu.barrier
)";
  out << "    %end = arith.constant " << rounds << " : index\n    %da = llvm.mlir.constant("
      << strides << " : i64) : i64\n    %db = llvm.mlir.constant(" << (strides | 4096 >> 4)
      << " : i64) : i64\n"
      << "    %zero = llvm.mlir.zero : " << type
      << "\n    %r = scf.for %i = %c0 to %end step %c1 iter_args(%a0 = %zero) -> (" << type
      << ") {\n      nvvm.wgmma.fence.aligned\n";
  for (int i = 0; i < 4; ++i)
    out << "      %a" << i + 1 << " = nvvm.wgmma.mma_async %da, %db, %a" << i
        << ", #nvvm.shape<m = 64, n = 128, k = 16>, D [<f32>, #nvvm.wgmma_scale_out<one>], A "
           "[<f16>, "
           "#nvvm.wgmma_scale_in<one>, <row>], B [<f16>, #nvvm.wgmma_scale_in<one>, <col>] : "
        << type << " -> " << type << "\n";
  out << "      nvvm.wgmma.commit.group.sync.aligned\n      nvvm.wgmma.wait.group.sync.aligned 0\n "
         "     scf.yield %a4 : "
      << type << "\n    }\n    %v = llvm.extractvalue %r[0] : " << type
      << "\n    memref.store %v, %C[%b, %t] : memref<2x128xf32>\n    gpu.return\n  }\n}\n";
  return text;
}

mlir::MLIRContext &context() {
  static mlir::DialectRegistry registry;
  static mlir::MLIRContext theContext = [] {
    registerKernelDialects(registry);
    return mlir::MLIRContext(registry);
  }();
  return theContext;
}

LoadedModule loadOrExit(const std::string &text, bool check) {
  RewriteOptions options;
  options.check = check;
  std::optional<LoadedModule> module = loadKernelsFromText(context(), text, options);
  if (!module)
    std::exit(1);
  return std::move(*module);
}

void run(benchmark::State &state, const std::string &text, const Grid &grid, double flops,
         const std::vector<size_t> &bytes) {
  bool check = state.range(0);
  LoadedModule module = loadOrExit(text, check);
  GlobalMemory memory;
  std::vector<std::byte *> buffers;
  std::vector<void *> arguments;
  buffers.reserve(bytes.size());
  for (size_t size : bytes) {
    buffers.push_back(memory.allocate(size));
    std::memset(buffers.back(), 0, size);
    memory.hostWrote(buffers.back(), size);
    arguments.push_back(static_cast<void *>(&buffers.back()));
  }
  LaunchOptions options;
  options.check = check;
  options.completion = check ? Completion::Lazy : Completion::Eager;
  options.workers = unsigned(state.range(1));
  Reports reports;
  for (auto _ : state)
    launch(module.kernels().front(), grid, arguments.data(), memory, options, reports);
  if (reports.count())
    state.SkipWithError(toString(reports.take().front()).c_str());
  state.counters["GFLOP/s"] =
      benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void mmaSync(benchmark::State &state) {
  run(state, mmaKernel(), {{side / 64, side / 64, 1}, {128, 1, 1}, {1, 1, 1}, 0},
      2.0 * side * side * side, {2 * side * side, 2 * side * side, 4 * side * side});
}
BENCHMARK(mmaSync)
    ->ArgNames({"check", "workers"})
    ->ArgsProduct({{0, 1}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void wgmma(benchmark::State &state) {
  run(state, wgmmaKernel(), {{2, 1, 1}, {128, 1, 1}, {1, 1, 1}, 0},
      2.0 * 2 * rounds * 4 * 64 * 128 * 16, {1024});
}
BENCHMARK(wgmma)
    ->ArgNames({"check", "workers"})
    ->ArgsProduct({{0, 1}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// From the module that NVPTX's code generator would get to code of the host.
void loadKernel(benchmark::State &state) {
  mlir::MLIRContext &mlirContext = context();
  std::string path = std::tmpnam(nullptr), text;
  {
    std::error_code error;
    llvm::raw_fd_ostream(path, error) << mmaKernel();
    KernelModule source;
    source.module = translateKernels(mlirContext, path, *source.context);
    llvm::raw_string_ostream(text) << *source.module;
    std::remove(path.c_str());
  }
  RewriteOptions options;
  options.check = state.range(0);
  for (auto _ : state) {
    KernelModule source;
    llvm::SMDiagnostic diagnostic;
    source.module =
        llvm::parseIR(llvm::MemoryBufferRef(text, "kernel"), diagnostic, *source.context);
    llvm::Expected<LoadedModule> loaded = load(std::move(source), options);
    if (!loaded)
      state.SkipWithError(llvm::toString(loaded.takeError()).c_str());
  }
}
BENCHMARK(loadKernel)->ArgName("check")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

} // namespace
