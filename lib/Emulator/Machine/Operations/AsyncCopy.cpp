// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Small copies from global to shared memory, of one thread each. PTX ISA 8.x, "cp.async",
// "cp.async.commit_group", "cp.async.wait_group / cp.async.wait_all".

#include "lib/Emulator/Machine/AsyncCopies.h"
#include "lib/Emulator/Machine/Operations/Makers.h"
#include "lib/Emulator/Machine/Operations/NameReader.h"
#include "lib/Emulator/Machine/Worker.h"

#include <cstring>

namespace dreamer::emulator {

namespace {

class AsyncCopy : public Operation {
public:
  unsigned bytes = 16;
  bool hasSourceBytes = false; ///< slot `sourceBytesAt`: the rest is filled with zeros
  unsigned sourceBytesAt = 2;

  void execute(Thread &thread, uint64_t *slots) const override {
    uint32_t sourceBytes = bytes;
    if (hasSourceBytes) {
      sourceBytes = uint32_t(slots[sourceBytesAt]);
      if (sourceBytes > bytes) {
        thread.report(Check::Operand, *this,
                      "expected a source of at most " + std::to_string(bytes) + " bytes, found " +
                          std::to_string(sourceBytes));
        sourceBytes = bytes;
      }
    }
    std::optional<SharedAddress> to = thread.sharedAddress(slots[0], bytes, *this, bytes);
    if (!to)
      return;
    if (to->block != thread.block) {
      thread.report(Check::Operand, *this,
                    "cp.async writes shared memory of its own block, found another block's",
                    "block");
      return;
    }
    const std::byte *from = nullptr;
    if (sourceBytes)
      from = thread.access(Space::Global, slots[1], sourceBytes, Access::AsyncRead, *this, bytes);
    thread.block->state<AsyncCopies>().add(thread, to->offset, from, bytes, sourceBytes, *this);
  }
};

class CommitGroup : public Operation {
public:
  void execute(Thread &thread, uint64_t *) const override {
    thread.block->state<AsyncCopies>().commit(thread);
  }
};

class WaitGroup : public Operation {
public:
  bool all = false;
  void execute(Thread &thread, uint64_t *slots) const override {
    AsyncCopies &copies = thread.block->state<AsyncCopies>();
    if (all)
      copies.commit(thread);
    copies.wait(thread, all ? 0 : uint32_t(slots[0]));
  }
};

bool isSize(int64_t bytes, bool onlyWide) {
  return bytes == 16 || (!onlyWide && (bytes == 4 || bytes == 8));
}

std::unique_ptr<Operation> makeCopy(const Instruction &instruction, NameReader name, bool wide) {
  auto copy = std::make_unique<AsyncCopy>();
  if (instruction.form == Instruction::Form::Intrinsic) { // (to, from[, source bytes])
    if (!name.take("shared_global"))
      return nullptr;
    copy->bytes = name.take("4") ? 4 : name.take("8") ? 8 : name.take("16") ? 16 : 0;
    copy->hasSourceBytes = name.take("s");
    if (!name.done() || !isSize(copy->bytes, wide))
      return nullptr;
    return copy;
  }
  // [to], [from], bytes{, source bytes}{, cache policy}
  if ((!name.take("shared") && !name.take("shared::cta")) || !name.take("global"))
    return nullptr;
  bool policy = name.take("L2::cache_hint");
  if (!name.take("L2::64B") && !name.take("L2::128B"))
    name.take("L2::256B");
  int64_t bytes = instruction.constant(2);
  if (!name.done() || !isSize(bytes, wide) || instruction.inputs < 3u + policy ||
      instruction.inputs > 4u + policy)
    return nullptr;
  copy->bytes = bytes;
  copy->hasSourceBytes = instruction.inputs == 4u + policy;
  copy->sourceBytesAt = 3;
  return copy;
}

} // namespace

std::unique_ptr<Operation> makeAsyncCopy(const Instruction &instruction) {
  NameReader name(instruction);
  if (!name.take("cp_async"))
    return nullptr;
  if (name.take("ca"))
    return makeCopy(instruction, name, false);
  if (name.take("cg"))
    return makeCopy(instruction, name, true);
  if (name.take("commit_group") && name.done())
    return std::make_unique<CommitGroup>();
  bool all = name.take("wait_all");
  if ((all || name.take("wait_group")) && name.done()) {
    auto wait = std::make_unique<WaitGroup>();
    wait->all = all;
    return wait;
  }
  return nullptr;
}

} // namespace dreamer::emulator
