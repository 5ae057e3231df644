// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// wgmma.mma_async: PTX ISA 8.x, section "Asynchronous Multiply-and-Accumulate Instruction:
// wgmma.mma_async". Executed when it is issued, which is when the last of a warpgroup's 128 threads
// comes. Sparse ones and b1 are not known here.
//
// Operands: the accumulators, A's descriptor or four registers, B's descriptor, scale-d, and as far
// as the type has them imm-scale-a, imm-scale-b, imm-trans-a (of a descriptor), imm-trans-b.

#include "lib/Emulator/Machine/Formats.h"
#include "lib/Emulator/Machine/Operations/Makers.h"
#include "lib/Emulator/Machine/Operations/MmaInstruction.h"
#include "lib/Emulator/Machine/Operations/WarpgroupOperands.h"
#include "lib/Emulator/Machine/Products.h"
#include "lib/Emulator/Machine/WarpRegisters.h"
#include "lib/Emulator/Machine/Worker.h"

#include <algorithm>
#include <limits>

namespace dreamer::emulator {

namespace {

constexpr unsigned rowsOfA = 64, threadsOfGroup = 128, wordsOfRow = 8;

/// Matrices while they are multiplied. Fibers' stacks are too small for them, and nobody else runs
/// on this thread of the host meanwhile.
struct Workspace {
  alignas(32) uint32_t words[256 * wordsOfRow];
  alignas(32) uint32_t sums[rowsOfA * 256]; ///< C and D as registers hold them
  alignas(32) uint32_t a[rowsOfA * 32];     ///< decoded, and so on
  alignas(32) uint32_t b[32 * 256], bTurned[32 * 256];
  alignas(32) uint32_t c[rowsOfA * 256];
};

Workspace &workspace() {
  static thread_local Workspace one;
  return one;
}

float *floats(uint32_t *words) { return reinterpret_cast<float *>(words); }
int16_t *shorts(uint32_t *words) { return reinterpret_cast<int16_t *>(words); }
int32_t *integers(uint32_t *words) { return reinterpret_cast<int32_t *>(words); }

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
  struct Form {
    unsigned n, k;
    Format a, b, d;
    bool aInRegisters, saturate;
    bool hasScales() const { return !isInteger(a); }
    bool hasMajors() const { return bitsOf(a) == 16; }
    /// 32-bit registers of a lane.
    unsigned accumulators() const { return d == Format::F16 ? n / 4 : n / 2; }
    unsigned descriptorB() const { return accumulators() + (aInRegisters ? 4 : 1); }
    unsigned operands() const {
      return descriptorB() + 2 + (hasScales() ? 2 : 0) + (hasMajors() ? (aInRegisters ? 1 : 2) : 0);
    }
  };

  explicit WarpgroupMma(const Form &form) : form(form) {}

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
    Workspace &space = workspace();
    const uint64_t *slots = warps[0].lane(0).slots, *rest = slots + form.descriptorB();
    bool keep = rest[1] & 1, negate = false;
    if (form.hasScales())
      negate = (int32_t(rest[2]) < 0) != (int32_t(rest[3]) < 0);
    bool aIsMnMajor = form.hasMajors() && !form.aInRegisters && (rest[4] & 1);
    bool bIsMnMajor = form.hasMajors() && (rest[form.aInRegisters ? 4 : 5] & 1);

    gatherSums(warps, space.sums);
    PieceSet pieces[5]; // of A for each warp, and of B
    PieceSet *ofA = block.checking() ? pieces : nullptr;
    PieceSet *ofB = block.checking() ? pieces + 4 : nullptr;
    bool inside = true;
    if (form.aInRegisters) {
      for (unsigned warp = 0; warp < 4; ++warp)
        gatherWords(LaneSlots(warps[warp], form.accumulators()), 16, 4,
                    space.words + warp * 16 * wordsOfRow);
    } else {
      WarpgroupOperand a{descriptor(warps, slots[form.accumulators()]), rowsOfA, aIsMnMajor};
      inside = a.read(block, space.words, ofA, true);
    }
    decodeA(space, aIsMnMajor);
    WarpgroupOperand b{descriptor(warps, rest[0]), form.n, bIsMnMajor};
    inside &= b.read(block, space.words, ofB, false);
    decodeB(space, bIsMnMajor);
    if (!inside)
      warps[0].lane(0).report(Check::Bounds, *this,
                              "a descriptor reaches out of the block's " +
                                  std::to_string(block.memoryBytes) + " bytes of shared memory",
                              "descriptor");
    if (block.checking())
      checkAndPin(block, warps, pieces, keep, space.sums);
    compute(space, keep, negate);
    scatterSums(warps, space.sums);
    if (block.checking())
      block.state<WarpgroupMmaState>().ofGroup(warps[0]).results.push_back(
          digest(space.sums, sumWords()));
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
    bool continues = keep && std::find(results.begin(), results.end(), digest(sums, sumWords())) !=
                                 results.end();
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
      own.open.writers.push_back(this);
      for (ByteRange range : pieces[i].ranges())
        pin(warp, range, own.open);
      for (ByteRange range : rangesOfB)
        pin(warp, range, own.open);
    }
  }

  void pin(Warp &warp, ByteRange range, WarpgroupMmaGroup &group) const {
    Shadow &shadow = *warp.block->shadow;
    Thread &reader = warp.lane(0);
    Conflict conflict =
        shadow.access(range.begin, range.count, Access::Read,
                      {reader.now(), reader.clock, &reader.published, Proxy::Async});
    if (conflict.kind != Conflict::None)
      warp.block->report(conflict, &reader, site, Access::Read);
    shadow.beginRead(range.begin, range.count);
    group.reads.push_back(range);
  }

  //===-- Numbers -------------------------------------------------------------------------------------------------===//

  size_t sumWords() const { return size_t(4 * 32) * form.accumulators(); }

  void gatherSums(Warp *warps, uint32_t *sums) const {
    for (unsigned warp = 0; warp < 4; ++warp, sums += 32 * form.accumulators())
      if (form.d == Format::F16)
        gatherWords(LaneSlots(warps[warp], 0), 16, form.accumulators(), sums);
      else
        gatherAccumulator(LaneSlots(warps[warp], 0), 16, form.n, sums);
  }

  void scatterSums(Warp *warps, const uint32_t *sums) const {
    for (unsigned warp = 0; warp < 4; ++warp, sums += 32 * form.accumulators())
      if (form.d == Format::F16)
        scatterWords(LaneSlots(warps[warp], inputs), 16, form.accumulators(), sums);
      else
        scatterAccumulator(LaneSlots(warps[warp], inputs), 16, form.n, sums);
  }

  void decodeA(Workspace &space, bool isMnMajor) const {
    constexpr unsigned words = rowsOfA * wordsOfRow;
    if (isInteger(form.a))
      return integerDecoder(form.a)(space.words, words, shorts(space.a));
    FloatDecoder decode = floatDecoder(form.a);
    if (!isMnMajor)
      return decode(space.words, words, floats(space.a));
    decode(space.words, words, floats(space.bTurned));
    transpose(form.k, rowsOfA, space.bTurned, space.a);
  }

  void decodeB(Workspace &space, bool isMnMajor) const {
    unsigned words = form.n * wordsOfRow;
    if (isInteger(form.b)) {
      integerDecoder(form.b)(space.words, words, shorts(space.bTurned));
      return transpose(form.n, form.k / 2, space.bTurned, space.b); // pairs of elements
    }
    FloatDecoder decode = floatDecoder(form.b);
    if (isMnMajor)
      return decode(space.words, words, floats(space.b));
    decode(space.words, words, floats(space.bTurned));
    transpose(form.n, form.k, space.bTurned, space.b);
  }

  /// sums = A B + sums, as the registers' format has it.
  void compute(Workspace &space, bool keep, bool negate) const {
    unsigned n = form.n, k = form.k, elements = rowsOfA * n;
    if (!keep)
      std::fill_n(space.sums, sumWords(), 0);
    if (form.d == Format::S32) {
      std::fill_n(space.c, elements, 0);
      addProduct(rowsOfA, n, k, shorts(space.a), shorts(space.b), integers(space.c));
      for (unsigned i = 0; i < elements; ++i) {
        int64_t sum = int64_t(int32_t(space.sums[i])) + int32_t(space.c[i]);
        if (form.saturate)
          sum = std::clamp<int64_t>(sum, std::numeric_limits<int32_t>::min(),
                                    std::numeric_limits<int32_t>::max());
        space.sums[i] = uint32_t(sum);
      }
      return;
    }
    if (negate)
      for (unsigned i = 0; i < rowsOfA * k; ++i)
        space.a[i] ^= 0x80000000;
    if (form.d == Format::F32)
      return addProduct(rowsOfA, n, k, floats(space.a), floats(space.b), floats(space.sums));
    floatDecoder(Format::F16)(space.sums, elements / 2, floats(space.c));
    addProduct(rowsOfA, n, k, floats(space.a), floats(space.b), floats(space.c));
    for (unsigned i = 0; i < elements; i += 8)
      encodeHalves(floats(space.c) + i, reinterpret_cast<uint16_t *>(space.sums) + i);
  }

  Form form;
};

//===-- Names -----------------------------------------------------------------------------------------------------===//

bool exists(const WarpgroupMma::Form &form) {
  bool floatSum = form.d == Format::F32 || form.d == Format::F16;
  if (form.n < 8 || form.n > 256 || form.n % 8)
    return false;
  switch (form.a) {
  case Format::F16:
    return form.b == form.a && floatSum && form.k == 16;
  case Format::BF16:
    return form.b == form.a && form.d == Format::F32 && form.k == 16;
  case Format::TF32:
    return form.b == form.a && form.d == Format::F32 && form.k == 8;
  case Format::E4M3:
  case Format::E5M2:
    return (form.b == Format::E4M3 || form.b == Format::E5M2) && floatSum && form.k == 32;
  case Format::S8:
  case Format::U8:
    return (form.b == Format::S8 || form.b == Format::U8) && form.d == Format::S32 &&
           form.k == 32 && (form.n % 16 == 0 || form.n <= 24);
  default:
    return false;
  }
}

} // namespace

std::unique_ptr<Operation> makeWarpgroupMma(const Instruction &instruction) {
  std::vector<std::string_view> words = instruction.words();
  if (words[0] != "wgmma")
    return nullptr;
  if (std::unique_ptr<Operation> order = makeWarpgroupOrder(instruction))
    return order;
  if (instruction.form != Instruction::Form::Ptx || words.size() < 8 || words[1] != "mma_async" ||
      words[2] != "sync" || words[3] != "aligned")
    return nullptr;
  std::optional<MmaShape> shape = shapeNamed(words[4]);
  std::vector<Format> types;
  WarpgroupMma::Form form{};
  for (size_t i = 5; i < words.size(); ++i) {
    if (std::optional<Format> type = formatNamed(words[i]))
      types.push_back(*type);
    else if (words[i] == "satfinite")
      form.saturate = true;
    else
      return nullptr;
  }
  if (!shape || shape->m != rowsOfA || types.size() != 3)
    return nullptr;
  form.n = shape->n, form.k = shape->k;
  form.d = types[0], form.a = types[1], form.b = types[2];
  if (!exists(form) || (form.saturate && !isInteger(form.a)) ||
      instruction.outputs != form.accumulators())
    return nullptr;
  for (bool aInRegisters : {false, true}) {
    form.aInRegisters = aInRegisters;
    if (instruction.inputs == form.operands())
      return std::make_unique<WarpgroupMma>(form);
  }
  return nullptr;
}

} // namespace dreamer::emulator
