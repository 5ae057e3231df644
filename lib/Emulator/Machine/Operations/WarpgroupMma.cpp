// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// wgmma.mma_async: PTX ISA 8.x, section "Asynchronous Multiply-and-Accumulate Instruction:
// wgmma.mma_async". Executed when it is issued, which is when the last of a warpgroup's 128 threads
// comes. Sparse ones are not known here.

#include "lib/Emulator/Machine/Operations/Makers.h"
#include "lib/Emulator/Machine/Operations/WarpgroupOperands.h"
#include "lib/Emulator/Machine/Operations/WarpgroupProduct.h"
#include "lib/Emulator/Machine/WarpRegisters.h"
#include "lib/Emulator/Machine/Worker.h"

#include <algorithm>

namespace dreamer::emulator {

namespace {

constexpr unsigned threadsOfGroup = 128;

/// A number that tells accumulators apart.
uint64_t digest(const uint32_t *words, size_t count) {
  uint64_t lanes[4] = {1, 2, 3, 4};
  for (size_t i = 0; i < count; i += 4)
    for (unsigned lane = 0; lane < 4; ++lane)
      lanes[lane] = (lanes[lane] ^ words[i + lane]) * 0x9e3779b97f4a7c15u;
  return lanes[0] ^ lanes[1] >> 7 ^ lanes[2] >> 13 ^ lanes[3] >> 29;
}

class WarpgroupMma final : public Operation {
public:
  explicit WarpgroupMma(const WarpgroupMmaForm &form) : form(form) {}

  void execute(Thread &thread, uint64_t *slots) const override {
    Block &block = *thread.block;
    Warp *warps = &block.warps[thread.warp->group() * 4];
    if ((thread.warp->group() + 1) * threadsOfGroup > block.threads.size()) {
      thread.report(Check::Operand, *this,
                    "expected a warpgroup of 128 threads, found a block whose last one has fewer");
      std::fill_n(slots + inputs, form.accumulators(), 0);
      return;
    }
    auto &group = block.state<WarpgroupMmaState>().ofGroup(*thread.warp);
    thread.slots = slots;
    if (++group.arrived < threadsOfGroup) {
      thread.waitsFor.clear();
      thread.wait(*this);
      return;
    }
    group.arrived = 0;
    thread.waiting = this;
    checkTogether(thread, warps);
    multiply(block, warps);
    thread.waiting = nullptr;
    for (unsigned i = 0; i < threadsOfGroup; ++i)
      if (Thread &other = warps[i / 32].lane(i % 32); &other != &thread)
        other.wake();
  }

private:
  /// All threads are at this instruction, and bring the same descriptors.
  void checkTogether(Thread &last, Warp *warps) const {
    unsigned first = form.aInRegisters ? form.descriptorB() : form.accumulators();
    const uint64_t *expected = warps[0].lane(0).slots;
    for (unsigned i = 0; i < threadsOfGroup; ++i) {
      Thread &thread = warps[i / 32].lane(i % 32);
      if (thread.waiting != this &&
          !(thread.waiting->site.text == site.text && thread.waiting->inputs == inputs)) {
        last.report(Check::Divergence, *this,
                    "thread " + std::to_string(thread.index) + " of the same warpgroup is at " +
                        toString(thread.waiting->site));
        last.block->worker.launch.abandoned = true;
        last.block->worker.abandon();
      }
      if (!std::equal(thread.slots + first, thread.slots + form.operands(), expected + first)) {
        thread.report(Check::Operand, *this,
                      "the descriptors or scales differ from those of the warpgroup's first thread",
                      "differ");
        return;
      }
    }
  }

  void multiply(Block &block, Warp *warps) const {
    WarpgroupProduct &product = WarpgroupProduct::ofThisThread();
    const uint64_t *slots = warps[0].lane(0).slots, *rest = slots + form.descriptorB();
    bool keep = uint32_t(rest[1]) != 0, negate = false;
    if (form.hasScales())
      negate = (int32_t(rest[2]) < 0) != (int32_t(rest[3]) < 0);
    bool aIsMnMajor = form.hasMajors() && !form.aInRegisters && (rest[4] & 1);
    bool bIsMnMajor = form.hasMajors() && (rest[form.aInRegisters ? 4 : 5] & 1);

    gatherSums(warps, product.sums);
    PieceSet pieces[5]; // of A for each warp, and of B
    PieceSet *ofA = block.checking() ? pieces : nullptr;
    PieceSet *ofB = block.checking() ? pieces + 4 : nullptr;
    bool inside = true;
    if (form.aInRegisters) {
      for (unsigned warp = 0; warp < 4; ++warp)
        gatherWords(LaneSlots(warps[warp]) + form.accumulators(), 16, 4,
                    product.words + warp * 16 * product.wordsOfRow);
    } else {
      WarpgroupOperand a{descriptor(warps, slots[form.accumulators()]), form.m, aIsMnMajor};
      inside = a.read(block, product.words, ofA, true);
    }
    product.decodeA(form, aIsMnMajor);
    WarpgroupOperand b{descriptor(warps, rest[0]), form.n, bIsMnMajor};
    inside &= b.read(block, product.words, ofB, false);
    product.decodeB(form, bIsMnMajor);
    if (!inside)
      warps[0].lane(0).report(Check::Bounds, *this,
                              "a descriptor reaches out of the block's " +
                                  std::to_string(block.memoryBytes) + " bytes of shared memory",
                              "descriptor");
    if (block.checking())
      checkAndPin(block, warps, pieces, keep, product.sums);
    product.compute(form, keep, negate);
    scatterSums(warps, product.sums);
    if (block.checking())
      remember(block.state<WarpgroupMmaState>().ofGroup(warps[0]).results, product.sums);
  }

  MatrixDescriptor descriptor(Warp *warps, uint64_t bits) const {
    MatrixDescriptor descriptor(bits);
    if (descriptor.reserved)
      warps[0].lane(0).report(Check::Operand, *this,
                              "a matrix descriptor has bits set that mean nothing: is an address "
                              "not reduced to 18 bits, or not divided by 16?",
                              "reserved");
    return descriptor;
  }

  //===-- Checks --------------------------------------------------------------------------------------------------===//

  void checkAndPin(Block &block, Warp *warps, const PieceSet *pieces, bool keep,
                   const uint32_t *sums) const {
    auto &state = block.state<WarpgroupMmaState>();
    const std::vector<uint64_t> &results = state.ofGroup(warps[0]).results;
    bool continues = keep && std::find(results.begin(), results.end(),
                                       digest(sums, form.sumWords())) != results.end();
    std::vector<ByteRange> rangesOfB = pieces[4].ranges();
    for (unsigned i = 0; i < 4; ++i) {
      Warp &warp = warps[i];
      auto &own = state.of(warp);
      if (!own.fenced)
        warp.lane(0).report(Check::Wgmma, *this,
                            "expected a wgmma.fence before the first wgmma.mma_async", "first");
      else if (own.waitedSinceFence && !continues)
        warp.lane(0).report(Check::Wgmma, *this,
                            "the accumulators are not what the wgmma.mma_async before left, and "
                            "there is no wgmma.fence since the last wgmma.wait_group",
                            "fence");
      own.open.writers.push_back(warp.lane(0).waiting); // a copy of this, perhaps
      for (ByteRange range : pieces[i].ranges())
        pin(warp, range, own.open);
      for (ByteRange range : rangesOfB)
        pin(warp, range, own.open);
    }
  }

  void remember(std::vector<uint64_t> &results, const uint32_t *sums) const {
    constexpr size_t most = 256; // more sets of accumulators than registers could hold
    if (results.size() == most)
      results.erase(results.begin());
    results.push_back(digest(sums, form.sumWords()));
  }

  void pin(Warp &warp, ByteRange range, WarpgroupMmaGroup &group) const {
    Shadow &shadow = *warp.block->shadow;
    Thread &reader = warp.lane(0);
    Conflict conflict =
        shadow.access(range.begin, range.count, Access::AsyncRead,
                      {reader.now(), reader.clock, &reader.published, Proxy::Async});
    if (conflict.kind != Conflict::None)
      warp.block->report(conflict, &reader, site, Access::Read);
    group.reads.push_back({range, reader.now()});
  }

  //===-- Numbers -------------------------------------------------------------------------------------------------===//

  void gatherSums(Warp *warps, uint32_t *sums) const {
    for (unsigned warp = 0; warp < 4; ++warp, sums += 32 * form.accumulators())
      if (form.d == Format::F16)
        gatherWords(LaneSlots(warps[warp]), 16, form.accumulators(), sums);
      else
        gatherAccumulator(LaneSlots(warps[warp]), 16, form.n, sums);
  }

  void scatterSums(Warp *warps, const uint32_t *sums) const {
    for (unsigned warp = 0; warp < 4; ++warp, sums += 32 * form.accumulators())
      if (form.d == Format::F16)
        scatterWords(LaneSlots(warps[warp]) + inputs, 16, form.accumulators(), sums);
      else
        scatterAccumulator(LaneSlots(warps[warp]) + inputs, 16, form.n, sums);
  }

  WarpgroupMmaForm form;
};

} // namespace

std::unique_ptr<Operation> makeWarpgroupMma(const Instruction &instruction) {
  if (std::unique_ptr<Operation> order = makeWarpgroupOrder(instruction))
    return order;
  if (std::optional<WarpgroupMmaForm> form = WarpgroupMmaForm::of(instruction))
    return std::make_unique<WarpgroupMma>(*form);
  return nullptr;
}

} // namespace dreamer::emulator
