// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Bugs in kernels with wgmma.

#include "Bugs.h"

namespace dreamer::emulator::test {

using enum Check;

std::vector<Bug> warpgroupBugs() {
  return {
      {"wgmma_nvgpu", "half of the bytes expected at first", "expect_tx %bars[%c0], %bytes",
       "expect_tx %bars[%c0], %c8192", reported({Transactions, InFlight})},
      {"wgmma_nvgpu", "half of the bytes expected in the loop", "expect_tx %bars[%other], %bytes",
       "expect_tx %bars[%other], %c8192", reported({Transactions, InFlight})},
      {"wgmma_nvgpu", "no barrier after a stage is read", "gpu.barrier // stage read", "",
       reported({InFlight, Race, Wgmma})},
      {"wgmma_nvgpu", "one group of wgmma still runs", "waitGroup = 0", "waitGroup = 1",
       reported({Wgmma})},
      {"wgmma_nvgpu", "B as if K-major", ", transposeB}", "}", reported({Bounds})},
      {"wgmma_nvgpu", "coordinates of A exchanged", "%mapA[%k, %c0]", "%mapA[%c0, %k]", wrong()},
      {"wgmma_nvgpu", "no wait for the tile",
       "nvgpu.mbarrier.try_wait.parity %bars[%stage], %phase, %ticks : !bar", "",
       reported({InFlight, Uninitialised})},
      {"wgmma_nvgpu", "waits for the other phase", "arith.cmpi eq, %turn, %c1",
       "arith.cmpi eq, %turn, %c0", reported({InFlight, Uninitialised, Deadlock})},
      {"wgmma_nvgpu", "no barrier after the inits", "gpu.barrier // mbarriers made", "",
       reported({Race, Uninitialised, Operand, Transactions})},
      {"wgmma_nvgpu", "no fence after the inits", "nvvm.fence.mbarrier.init", "",
       reportedIfStrict({ProxyFence}), /*place=*/1, /*heldOut=*/false},
      {"wgmma_nvgpu", "wrong stage is read", "%pa0 = arith.muli %stage, %bytes",
       "%pa0 = arith.muli %other, %bytes", reported({InFlight, Uninitialised, Race})},
      {"wgmma_nvgpu", "descriptor of B on the tile of A", "%pb0 = arith.addi %pa0, %c8192",
       "%pb0 = arith.addi %pa0, %c0", wrong()},
      {"wgmma_64b", "descriptor of another swizzle", "-9223371899415756800", "4611686155866406912",
       reported({Bounds})},
      {"wgmma_64b", "descriptor of another stride", "-9223371899415756800", "-9223371761976803328",
       reported({Bounds})},
      {"wgmma_64b", "descriptor beyond the tile", "-9223371899415756800", "-9223369837831454720",
       reported({Bounds, Uninitialised})},
      {"wgmma_64b", "no wgmma fence", "nvvm.wgmma.fence.aligned", "", reported({Wgmma})},
      {"wgmma_64b", "no commit", "nvvm.wgmma.commit.group.sync.aligned", "", reported({Wgmma})},
      {"wgmma_64b", "no wait", "nvvm.wgmma.wait.group.sync.aligned 0", "", reported({Wgmma})},
      {"wgmma_64b", "k advances too far", "%two = arith.constant 2", "%two = arith.constant 4",
       reported({Bounds})},
      {"wgmma_64b", "bytes of A alone expected", "expect_tx %bar, %bytes",
       "expect_tx %bar, %a_bytes", reported({Transactions, InFlight})},
      {"wgmma_32b", "a box less", "%boxes = arith.constant 4", "%boxes = arith.constant 3",
       reported({Deadlock})},
      {"wgmma_mn_major", "A as if K-major", "<one>, <col>], B", "<one>, <row>], B",
       reported({Bounds})},
      {"wgmma_mn_major", "k of A advances too little", "%a_step = arith.constant 128",
       "%a_step = arith.constant 2", wrong()},
      {"wgmma_registers", "no proxy fence",
       "nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}",
       "", reported({ProxyFence})},
      {"wgmma_registers", "no barrier after storing B", "gpu.barrier // B stored", "",
       reported({Race, ProxyFence, Uninitialised})},
      {"wgmma_registers", "no wgmma fence", "nvvm.wgmma.fence.aligned", "", reported({Wgmma})},
      {"wgmma_registers", "no wait", "nvvm.wgmma.wait.group.sync.aligned 0", "", reported({Wgmma})},
      {"wgmma_registers", "offsets of the descriptor exchanged", "68720001024", "34360786944",
       wrong()},
      {"wgmma_registers", "B as if MN-major", "p, 1, 1, 0;", "p, 1, 1, 1;", wrong(), 2},
      {"persistent_gemm", "producer does not wait",
       "nvvm.mbarrier.try_wait.parity %empty, %before, %ticks : !llvm.ptr<3>, i32, i32", "",
       reported({InFlight, Race, Wgmma, Transactions})},
      {"persistent_gemm", "consumers do not wait",
       "nvvm.mbarrier.try_wait.parity %full, %phase, %ticks : !llvm.ptr<3>, i32, i32", "",
       reported({InFlight, Race, Uninitialised})},
      {"persistent_gemm", "a warp is not counted", "%warps = arith.constant 8",
       "%warps = arith.constant 7", reported({InFlight, Race, Wgmma, Transactions, Deadlock})},
      {"persistent_gemm", "one group of wgmma still runs", "wait.group.sync.aligned 0",
       "wait.group.sync.aligned 1", reported({Wgmma})},
      {"persistent_gemm", "stage is given back before it is read",
       "nvvm.wgmma.wait.group.sync.aligned 0\n          scf.if %arrives {\n            %token = "
       "nvvm.mbarrier.arrive %empty : !llvm.ptr<3> -> i64\n          }",
       "scf.if %arrives {\n            %token = nvvm.mbarrier.arrive %empty : !llvm.ptr<3> -> "
       "i64\n          }\n          nvvm.wgmma.wait.group.sync.aligned 0",
       reported({Wgmma, InFlight, Race})},
      {"persistent_gemm", "bytes of A alone expected", "expect_tx %full, %bytes",
       "expect_tx %full, %a_bytes", reported({Transactions, InFlight})},
      {"persistent_gemm", "phases of the producer begin anew with each tile",
       "iter_args(%n = %turn)", "iter_args(%n = %i0)",
       reported({InFlight, Race, Wgmma, Transactions})},
      {"persistent_gemm", "rows of A for B", "box [%at_k, %b_row]", "box [%at_k, %a_row]", wrong()},
      {"persistent_gemm", "both consumers take the same half", "arith.muli %rows, %line",
       "arith.muli %i0, %line", wrong()},
      {"persistent_gemm", "no wgmma fence", "nvvm.wgmma.fence.aligned", "", reported({Wgmma})},
      {"persistent_gemm", "no barrier after the inits", "gpu.barrier // mbarriers made", "",
       reported({Race}), /*place=*/1, /*heldOut=*/false},
      {"persistent_gemm", "only the first consumer gives stages back",
       "%arrives = arith.cmpi eq, %own_lane, %c0", "%arrives = arith.cmpi eq, %own, %c0",
       reported({Deadlock})},
  };
}

} // namespace dreamer::emulator::test
