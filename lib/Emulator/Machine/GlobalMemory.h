// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The device's memory: allocations in the host's memory, with what is known of each.

#ifndef DREAMER_EMULATOR_MACHINE_GLOBALMEMORY_H
#define DREAMER_EMULATOR_MACHINE_GLOBALMEMORY_H

#include "lib/Emulator/Machine/Shadow.h"

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace dreamer::emulator {

/// One allocation. Its shadow is made when a checked launch first touches it.
class Allocation {
public:
  Allocation(std::byte *base, size_t bytes, std::string name, bool readOnly);
  std::byte *const base;
  const size_t bytes;
  const std::string name; ///< of a variable; empty for others
  const bool readOnly;
  bool freed = false;

  /// As Shadow::access, safe from several workers at a time.
  Conflict access(size_t offset, size_t count, Access kind, const Accessor &who);
  void initialise(size_t offset, size_t count);
  void beginWrite(size_t offset, size_t count);
  void landed(size_t offset, size_t count, Epoch writer, Proxy proxy);
  void beginRead(size_t offset, size_t count);
  void endRead(size_t offset, size_t count);
  /// A launch is over: what follows is ordered after it.
  void forgetEpochs();

private:
  std::mutex mutex;
  Shadow shadow;
};

class GlobalMemory {
public:
  ~GlobalMemory();
  /// Memory of unknown content, 256-byte aligned, a gap after it; null when there is none.
  std::byte *allocate(size_t bytes);
  /// False when `pointer` is no allocation's beginning.
  bool free(std::byte *pointer);
  /// Makes memory of somebody else known (a module's variables, a launch's parameters).
  void adopt(std::byte *base, size_t bytes, std::string name, bool readOnly);
  void release(std::byte *base);
  /// The host wrote these bytes: they are initialised.
  void hostWrote(const std::byte *pointer, size_t bytes);
  /// The allocation whose gap or bytes hold the address; null: far from all of them.
  Allocation *find(const std::byte *pointer);
  void launchEnds();

private:
  std::map<const std::byte *, std::unique_ptr<Allocation>> allocations; ///< by their beginnings
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_GLOBALMEMORY_H
