// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The device's memory: allocations in the host's memory, with what is known of each.

#ifndef DREAMER_EMULATOR_MACHINE_GLOBALMEMORY_H
#define DREAMER_EMULATOR_MACHINE_GLOBALMEMORY_H

#include "lib/Emulator/Machine/Shadow.h"
#include "lib/Emulator/Machine/SpinLock.h"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace dreamer::emulator {

/// One allocation. What is known of its bytes is kept in parts, each made when it is first touched
/// by a checked kernel and each with a lock of its own: workers share an allocation.
class Allocation {
public:
  Allocation(std::byte *base, size_t bytes, std::string name, bool readOnly, bool initialised);
  std::byte *const base;
  const size_t bytes;
  const std::string name; ///< of a variable; empty for others
  const bool readOnly;
  bool freed = false;
  bool owned = false; ///< allocated here, not adopted

  // As those of Shadow; ranges lie inside.
  Conflict access(size_t offset, size_t count, Access kind, const Accessor &who);
  void initialise(size_t offset, size_t count);
  void landed(size_t offset, size_t count, Epoch writer, Proxy proxy);
  void endRead(size_t offset, size_t count);
  void forgetEpochs();
  void dropShadow() { parts.clear(); }

private:
  static constexpr size_t partBytes = 16384;
  struct Part {
    explicit Part(bool initialised) : initialised(initialised) {}
    Shadow &known();  ///< made when it is first asked for
    SpinLock lock;    ///< a mutex's kernel would take longer than what is done under it
    bool initialised; ///< all of it, while there is no shadow
    std::unique_ptr<Shadow> shadow;
  };
  /// Calls function(part, offset in it, count, where the part begins), with the part locked.
  template <typename Function>
  void eachPart(size_t offset, size_t count, Function function);

  std::vector<std::unique_ptr<Part>> parts;
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
  /// The host wrote these bytes, which one allocation holds: they are initialised. False, and
  /// nothing done: none holds them, or it is freed.
  bool hostWrote(const std::byte *pointer, size_t bytes);
  /// The allocation whose gap or bytes hold the address; null: far from all of them.
  Allocation *find(const std::byte *pointer);
  /// The allocation, not freed, that all these bytes are in; null: there is none.
  Allocation *holding(const std::byte *pointer, size_t bytes);
  bool holds(const std::byte *pointer, size_t bytes) { return holding(pointer, bytes); }
  /// What follows is ordered after all that was.
  void launchEnds();

private:
  void changed();

  std::map<const std::byte *, std::unique_ptr<Allocation>> allocations; ///< by their beginnings
  uint64_t version = 0; ///< of the allocations; no two memories share one
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_GLOBALMEMORY_H
