// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Fiber.h"

#include <cstdint>
#include <new>
#include <sys/mman.h>

#ifdef DREAMER_FIBER_SANITIZED
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace dreamer::emulator {

asm(R"(
.text
.p2align 4
.type dreamerSwitchStacks,@function
.globl dreamerSwitchStacks
.hidden dreamerSwitchStacks
dreamerSwitchStacks:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size dreamerSwitchStacks, .-dreamerSwitchStacks
)");

Stacks::Stacks(size_t count, size_t bytes)
    : count(count), size((bytes + guard - 1) / guard * guard), stride(size + guard) {
  void *mapping = mmap(nullptr, count * stride, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED)
    throw std::bad_alloc();
  base = static_cast<std::byte *>(mapping);
  for (size_t i = 0; i < count; ++i)
    mprotect(base + i * stride, guard, PROT_NONE);
}

Stacks::~Stacks() { munmap(base, count * stride); }

Fiber::Fiber(std::byte *bottom, size_t bytes, void (*entry)())
    : stackBottom(bottom), stackBytes(bytes) {
#ifdef DREAMER_FIBER_SANITIZED
  __asan_unpoison_memory_region(bottom, bytes); // a context before never left its functions
#endif
  // What dreamerSwitchStacks pops: six registers, then where to go; above it, a caller that is not.
  auto top = reinterpret_cast<uintptr_t>(bottom + bytes) & ~uintptr_t(63);
  auto *words = reinterpret_cast<uint64_t *>(top);
  *--words = 0;
  *--words = reinterpret_cast<uint64_t>(entry);
  for (int i = 0; i < 6; ++i)
    *--words = 0;
  stackPointer = words;
}

#ifdef DREAMER_FIBER_SANITIZED
/// The context that was left last: the sanitizer tells where its stack is.
static thread_local Fiber *left = nullptr;
#endif

void Fiber::arrived() {
#ifdef DREAMER_FIBER_SANITIZED
  __sanitizer_finish_switch_fiber(nullptr, &left->stackBottom, &left->stackBytes);
#endif
}

#ifdef DREAMER_FIBER_SANITIZED
void Fiber::switchSanitized(Fiber &next) {
  void *fakeStack = nullptr;
  left = this;
  __sanitizer_start_switch_fiber(&fakeStack, next.stackBottom, next.stackBytes);
  dreamerSwitchStacks(&stackPointer, next.stackPointer);
  __sanitizer_finish_switch_fiber(fakeStack, &left->stackBottom, &left->stackBytes);
}
#endif

} // namespace dreamer::emulator
