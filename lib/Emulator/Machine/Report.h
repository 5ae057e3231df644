// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What the checks find, told once each.

#ifndef DREAMER_EMULATOR_MACHINE_REPORT_H
#define DREAMER_EMULATOR_MACHINE_REPORT_H

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace dreamer::emulator {

enum class Check {
  Race,          ///< two accesses, one of them a write, that nothing orders
  Uninitialised, ///< a read of bytes that nobody wrote
  Bounds,        ///< an access outside of every allocation or variable
  Alignment,     ///< an address that the instruction cannot take
  InFlight,      ///< an access to bytes that an asynchronous copy is still reading or writing
  ProxyFence,    ///< an access through the other proxy without a proxy fence between
  Wgmma,         ///< registers or memory of a wgmma touched before it was waited for
  Transactions,  ///< an mbarrier's counts or bytes run over or under
  Divergence,    ///< threads of one collective that are not at the same instruction
  Operand,       ///< an operand that the instruction does not allow
  Deadlock,      ///< nobody can go on
  Hang,          ///< everybody goes on and nothing comes of it
  Exit,          ///< a thread or block ends with asynchronous work pending
  Arithmetic,    ///< an integer divided by zero
  Trap,          ///< the kernel trapped or reached what it said it would not
  Launch,        ///< a launch that the kernel or a device cannot take
};

/// "race", "uninitialised", ...: as reports begin.
std::string_view nameOf(Check check);

/// A place in a kernel, as reports show it.
struct Site {
  std::string function;
  std::string text;     ///< the instruction, short
  std::string location; ///< file:line:column of the source, or empty
};

/// "load i32 in pipe (pipe.mlir:12:5)".
std::string toString(const Site &site);

struct Finding {
  Check check;
  std::string kernel;
  std::array<uint32_t, 3> block{};
  int thread = -1; ///< linear in its block; -1: none in particular
  Site site;
  std::string message;
  uint64_t count = 1; ///< how often the same was found at the same places
};

/// "race: kernel gemm, block (0,0,0), thread 33: ... at store in gemm (k.mlir:4:2)".
std::string toString(const Finding &finding);

/// Collects findings from all workers. The same check at the same site and with the same `kind`
/// counts up the first one.
class Reports {
public:
  /// `kind` tells apart findings of one check at one site; numbers do not belong in it.
  void add(Finding finding, std::string_view kind = "");
  std::vector<Finding> take();
  uint64_t count() const;

private:
  mutable std::mutex mutex;
  std::vector<Finding> findings;
  std::map<std::string, size_t> known;
  uint64_t total = 0;
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_REPORT_H
