// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels as text: every thread loads its inputs, the block's shared memory is filled, the body runs,
// and results are stored.

#ifndef DREAMER_TOOLS_CONFORM_KERNELTEXT_H
#define DREAMER_TOOLS_CONFORM_KERNELTEXT_H

#include "tools/dreamer-conform/Case.h"

namespace dreamer::conform {

/// Registers by their constraints in inline assembly: 'h' 16 bits, 'r' 32, 'l' 64.
using Registers = std::string;

/// Defines %base, the address of the block's shared memory in 32 bits.
constexpr const char *defineBase = "  %base64 = ptrtoint ptr addrspace(3) @dynamic to i64\n"
                                   "  %base = trunc i64 %base64 to i32\n";
/// PTX that waits for phase 0 of the mbarrier at $0, for threads of the block or of the cluster.
constexpr const char *waitInBlock =
    "{ .reg .pred p; WAIT: mbarrier.try_wait.parity.shared::cta.b64 p, [$0], 0; @p bra DONE; "
    "bra WAIT; DONE: }";
constexpr const char *waitInCluster =
    "{ .reg .pred p; WAIT: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [$0], 0; "
    "@p bra DONE; bra WAIT; DONE: }";
/// PTX of the barrier of a cluster.
constexpr const char *clusterBarrier =
    "barrier.cluster.arrive.release.aligned; barrier.cluster.wait.acquire.aligned;";

/// A kernel of (in, out, image, after[, map]):
///   in, out   slots of 8 bytes, a row for each thread of the grid
///   image     words that shared memory begins with
///   after     words of shared memory at the end, a row for each block
///   map       a tensor map by value; its generic address is %map
struct KernelText {
  std::string name;
  unsigned threads = 32;
  Registers in = {}, out = {}; ///< the body has %i0, %i1, ... and defines %o0, %o1, ...
  unsigned imageWords = 0, afterWords = 0;
  bool map = false;
  bool asyncProxy = false; ///< shared memory is read or written by that proxy
  bool ownAfter = false;   ///< the body writes to %after what it has to say
  std::string body =
      {}; ///< LLVM IR; has %tid and @dynamic, shared memory; its first block is %body

  Kernel kernel() const;
};

/// "{$3, $4}".
std::string operands(unsigned first, unsigned count);

/// A part of a body that thread 0 alone goes through; `name` is of its label.
std::string onlyFirst(const std::string &name, const std::string &body);

/// `%name = call ... asm` with results taken apart into %name0, %name1, ...; `values` are typed
/// operands as "i32 %a", tied inputs after them. `ptx` has $0, $1, ...
std::string assembly(const std::string &name, const std::string &ptx, const Registers &out,
                     const std::vector<std::string> &values, const std::string &constraints,
                     bool tied = false);

/// A statement of inline assembly without results.
std::string statement(const std::string &ptx, const std::vector<std::string> &values = {},
                      const std::string &constraints = "");

/// A kernel of nothing but `ptx`, whose operands are the outputs, then the inputs.
KernelText registerKernel(std::string name, const std::string &ptx, const Registers &out,
                          const Registers &in, unsigned threads = 32);

/// Fills in what follows from the text: launch, sizes. `in` has a row of text.in for every thread.
Case makeCase(std::string name, const KernelText &text, std::vector<uint64_t> in,
              std::vector<uint32_t> image = {});

} // namespace dreamer::conform

#endif // DREAMER_TOOLS_CONFORM_KERNELTEXT_H
