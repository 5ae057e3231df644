// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Synchronization.h"

#include "lib/Emulator/Machine/Machine.h"

namespace dreamer::emulator {

const Clock &releasedInBlock(const Thread &thread, bool releases) {
  return releases ? thread.clock : thread.fencedInBlock;
}

const Clock &releasedWidely(const Thread &thread, bool releases, Scope scope) {
  return releases && isWide(scope) ? thread.clock : thread.fencedWidely;
}

void fence(Thread &thread, Scope scope) {
  if (!thread.block->checking())
    return;
  thread.clock.join(thread.toAcquire);
  thread.tick();
  thread.fencedInBlock = thread.clock;
  if (isWide(scope))
    thread.fencedWidely = thread.clock;
}

void Synchronization::release(Thread &thread, const void *address, Ordering ordering, Scope scope) {
  bool releases = ordering == Ordering::Release || ordering == Ordering::AcquireRelease;
  const Clock &inBlock = releasedInBlock(thread, releases);
  const Clock &widely = releasedWidely(thread, releases, scope);
  if (inBlock.empty() && widely.empty() && thread.fencedInits.empty())
    return;
  {
    Part &part = partOf(address);
    std::lock_guard lock(part.mutex);
    Variable &variable = part.variables[address];
    if (variable.block != thread.block->linear) {
      variable.block = thread.block->linear;
      variable.inBlock = Clock();
    }
    variable.inBlock.join(inBlock);
    variable.widely.join(widely);
    variable.widely.join(thread.fencedInits); // after an atomic, counts as a fence of all
    variable.published.join(thread.published);
  }
  thread.tick();
}

void Synchronization::acquire(Thread &thread, const void *address, Ordering ordering, Scope scope) {
  bool acquires = ordering == Ordering::Acquire || ordering == Ordering::AcquireRelease;
  Part &part = partOf(address);
  std::lock_guard lock(part.mutex);
  auto found = part.variables.find(address);
  if (found == part.variables.end())
    return;
  const Variable &variable = found->second;
  bool sameBlock = variable.block == thread.block->linear;
  if (acquires) {
    if (sameBlock)
      thread.clock.join(variable.inBlock);
    if (isWide(scope))
      thread.clock.join(variable.widely);
    thread.tick();
  } else { // a fence after it may acquire
    if (sameBlock)
      thread.toAcquire.join(variable.inBlock);
    thread.toAcquire.join(variable.widely);
  }
  thread.published.join(variable.published);
}

} // namespace dreamer::emulator
