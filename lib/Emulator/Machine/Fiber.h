// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A context of execution with its own stack, switched by hand: one a GPU thread.

#ifndef DREAMER_EMULATOR_MACHINE_FIBER_H
#define DREAMER_EMULATOR_MACHINE_FIBER_H

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DREAMER_FIBER_SANITIZED 1
#endif
#endif

namespace dreamer::emulator {

/// Saves the registers that a called function must keep (System V ABI), changes stacks and takes
/// those of the other side. Neither the vector state nor the control words change: kernels do not.
extern "C" void dreamerSwitchStacks(void **save, void *load);

/// Stacks of equal size in one mapping, each with a page below it that faults; reused by every
/// block that a worker runs. Pages are only taken when they are touched.
class Stacks {
public:
  Stacks(size_t count, size_t bytes);
  ~Stacks();
  Stacks(const Stacks &) = delete;
  Stacks &operator=(const Stacks &) = delete;

  size_t bytes() const { return size; }
  /// The lowest byte of stack `index` that may be touched.
  std::byte *bottom(size_t index) const { return base + index * stride + guard; }
  bool holds(const void *pointer) const {
    return pointer >= base && pointer < base + count * stride;
  }

private:
  static constexpr size_t guard = 4096;
  size_t count, size, stride;
  std::byte *base;
};

/// Where a suspended context goes on.
class Fiber {
public:
  /// The context that calls switchTo.
  Fiber() = default;
  /// A context that begins with `entry`, which never returns, on the stack from `bottom` on.
  Fiber(std::byte *bottom, size_t bytes, void (*entry)());

  /// An entry's first act.
  static void arrived();

  /// Suspends the running context, which is this one, and goes on with `next`.
  void switchTo(Fiber &next) {
#ifdef DREAMER_FIBER_SANITIZED
    switchSanitized(next);
#else
    dreamerSwitchStacks(&stackPointer, next.stackPointer);
#endif
  }

private:
  void switchSanitized(Fiber &next);

  void *stackPointer = nullptr;
  [[maybe_unused]] const void *stackBottom = nullptr; ///< for the address sanitizer
  [[maybe_unused]] size_t stackBytes = 0;
};

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_FIBER_H
