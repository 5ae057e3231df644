// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DREAMER_EMULATOR_MACHINE_SPINLOCK_H
#define DREAMER_EMULATOR_MACHINE_SPINLOCK_H

#include <atomic>
#include <sched.h>

namespace dreamer::emulator {

/// For what takes some hundred cycles at most. Goes with std::lock_guard.
class SpinLock {
public:
  void lock() {
    while (taken.exchange(true, std::memory_order_acquire))
      wait();
  }
  void unlock() { taken.store(false, std::memory_order_release); }

private:
  void wait() {
    for (unsigned turn = 1; taken.load(std::memory_order_relaxed); ++turn)
      if (turn % 64 == 0)
        sched_yield(); // whoever holds it may be waiting for this processor
      else
        __builtin_ia32_pause();
  }

  std::atomic<bool> taken{false};
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_SPINLOCK_H
