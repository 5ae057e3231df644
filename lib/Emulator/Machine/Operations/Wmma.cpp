// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// wmma.load, wmma.store and wmma.mma: PTX ISA 8.x, section "Warp Level Matrix Instructions using
// wmma". Who holds what is not said there, so any order will do as long as the three agree: here the
// lanes hold A's rows, B's columns and C's rows one after the other.

#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Operations/MmaInstruction.h"
#include "lib/Emulator/Machine/Products.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace dreamer::emulator {

namespace {

enum class Part : uint8_t { A, B, Sum }; // C and D are alike

/// One matrix as lanes hold it.
struct WmmaFragment {
  MmaShape shape;
  Part part;
  Format format;

  /// The matrix's lines, one after the other in the lanes, and their length.
  unsigned lines() const { return part == Part::B ? shape.n : shape.m; }
  unsigned length() const { return part == Part::Sum ? shape.n : shape.k; }
  unsigned elementsOfLane() const { return lines() * length() / 32; }
  /// 32-bit registers of a lane that are in use; f64 take one each.
  unsigned used() const {
    return format == Format::F64 ? elementsOfLane() : elementsOfLane() * bitsOf(format) / 32;
  }
  /// And all of them: A and B of f16 have eight in all shapes.
  unsigned registers() const { return format == Format::F16 && part != Part::Sum ? 8 : used(); }
};

/// Whether there is such a matrix: IntrinsicsNVVM.td, "ldst_*_ops".
bool exists(const WmmaFragment &fragment) {
  MmaShape shape = fragment.shape;
  bool large =
      shape == MmaShape{16, 16, 16} || shape == MmaShape{32, 8, 16} || shape == MmaShape{8, 32, 16};
  bool bySum = fragment.part == Part::Sum;
  switch (fragment.format) {
  case Format::F16:
    return large;
  case Format::BF16:
  case Format::S8:
  case Format::U8:
    return large && !bySum;
  case Format::F32:
    return (large || shape == MmaShape{16, 16, 8}) && bySum;
  case Format::TF32:
    return shape == MmaShape{16, 16, 8} && !bySum;
  case Format::F64:
    return shape == MmaShape{8, 8, 4};
  case Format::S4:
  case Format::U4:
    return shape == MmaShape{8, 8, 32} && !bySum;
  case Format::B1:
    return shape == MmaShape{8, 8, 128} && !bySum;
  case Format::S32:
    return (large || shape == MmaShape{8, 8, 32} || shape == MmaShape{8, 8, 128}) && bySum;
  default:
    return false;
  }
}

//===-- Memory ----------------------------------------------------------------------------------------------------===//

class WmmaMemory final : public WarpOperation {
public:
  /// `strideAt`: the operand, or 0 where lines follow each other. `transposed`: the fragment's
  /// lines are not what lies side by side in memory.
  WmmaMemory(const WmmaFragment &fragment, bool stores, bool transposed, unsigned strideAt,
             Space space)
      : fragment(fragment), stores(stores), transposed(transposed), strideAt(strideAt),
        space(space) {}

  void execute(Warp &warp, uint32_t lanes) const override {
    for (; lanes; lanes &= lanes - 1)
      move(warp.lane(__builtin_ctz(lanes)));
  }

private:
  void move(Thread &thread) const {
    unsigned count = fragment.elementsOfLane(), bits = bitsOf(fragment.format);
    unsigned wordBits = bits == 64 ? 64 : 32;
    uint64_t *words = thread.slots + (stores ? 1 : inputs);
    if (!stores)
      std::fill_n(words, fragment.registers(), 0);
    // Elements of less than a byte lie side by side: a word of them moves at once.
    unsigned step = bits < 8 ? 32 / bits : 1, bytes = std::max(bits, bits < 8 ? 32u : 8u) / 8;
    for (unsigned i = 0; i < count; i += step) {
      std::byte *memory = thread.access(space, thread.slots[0] + offset(thread, i), bytes,
                                        stores ? Access::Write : Access::Read, *this, bytes);
      uint64_t value = 0, &word = words[i * bits / wordBits];
      unsigned shift = i * bits % wordBits;
      if (stores) {
        value = word >> shift;
        std::memcpy(memory, &value, bytes);
      } else {
        std::memcpy(&value, memory, bytes);
        word |= value << shift;
      }
    }
  }

  /// Of a lane's element, in bytes.
  uint64_t offset(const Thread &thread, unsigned i) const {
    unsigned element = thread.laneid * fragment.elementsOfLane() + i;
    uint64_t line = element / fragment.length(), at = element % fragment.length();
    uint64_t packed = transposed ? fragment.lines() : fragment.length();
    uint64_t stride = strideAt ? uint32_t(thread.slots[strideAt]) : packed;
    uint64_t index = transposed ? at * stride + line : line * stride + at;
    return index * bitsOf(fragment.format) / 8;
  }

  WmmaFragment fragment;
  bool stores, transposed;
  unsigned strideAt;
  Space space;
};

//===-- Products --------------------------------------------------------------------------------------------------===//

struct WmmaFragments {
  explicit WmmaFragments(const MmaInstruction &mma)
      : a{mma.shape, Part::A, mma.a}, b{mma.shape, Part::B, mma.b}, c{mma.shape, Part::Sum, mma.c},
        d{mma.shape, Part::Sum, mma.d} {}
  bool exist() const { return exists(a) && exists(b) && exists(c) && exists(d); }
  OfMatrices registers() const {
    return {a.registers(), b.registers(), c.registers(), d.registers()};
  }
  WmmaFragment a, b, c, d;
};

class WmmaProduct final : public MmaOperation {
public:
  /// The fragments exist.
  WmmaProduct(const MmaInstruction &mma, const WmmaFragments &of)
      : MmaOperation(mma, of.registers()), a(of.a), b(of.b), c(of.c), d(of.d) {}

  void multiply(Warp &warp) const override {
    if (mma.a == Format::F64)
      return multiplyDoubles(warp);
    gather(warp, slot.a, a, words);
    isInteger(mma.a) ? decodeIntegers(words, a, left) : decodeFloats(words, a, left);
    gather(warp, slot.b, b, words);
    isInteger(mma.b) ? decodeIntegers(words, b, turned) : decodeFloats(words, b, turned);
    gather(warp, slot.c, c, words);
    isInteger(mma.a) ? multiplyIntegers() : multiplyFloats();
    scatter(warp, words);
  }

private:
  static constexpr unsigned most = 32 * 128; ///< elements
  // Nobody else runs on this thread of the host meanwhile.
  static thread_local uint32_t words[1024], left[most], right[most], turned[most];

  void gather(Warp &warp, unsigned first, const WmmaFragment &fragment, uint32_t *to) const {
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned i = 0; i < fragment.used(); ++i)
        *to++ = uint32_t(warp.lane(lane).slots[first + i]);
  }
  void scatter(Warp &warp, const uint32_t *from) const {
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned i = 0; i < d.used(); ++i)
        warp.lane(lane).slots[slot.d + i] = *from++;
  }
  static float *floats(uint32_t *numbers) { return reinterpret_cast<float *>(numbers); }
  static void decodeFloats(const uint32_t *from, const WmmaFragment &fragment, uint32_t *to) {
    floatDecoder(fragment.format)(from, 32 * fragment.used(), floats(to));
  }
  /// Of single bits the words stay.
  static void decodeIntegers(const uint32_t *from, const WmmaFragment &fragment, uint32_t *to) {
    if (fragment.format == Format::B1)
      std::copy_n(from, 32 * fragment.used(), to);
    else
      integerDecoder(fragment.format)(from, 32 * fragment.used(), reinterpret_cast<int16_t *>(to));
  }

  void multiplyFloats() const {
    auto [m, n, k] = mma.shape;
    transpose(n, k, turned, right);
    decodeFloats(words, c, turned);
    addProduct(m, n, k, floats(left), floats(right), floats(turned));
    if (mma.d == Format::F32)
      std::copy_n(turned, m * n, words);
    else
      for (unsigned i = 0; i < m * n; i += 8)
        encodeHalves(floats(turned) + i, reinterpret_cast<uint16_t *>(words) + i);
  }

  void multiplyIntegers() const {
    auto [m, n, k] = mma.shape;
    auto *products = reinterpret_cast<int32_t *>(mma.a == Format::B1 ? right : words + 512);
    std::fill_n(products, m * n, 0);
    if (mma.a == Format::B1) {
      for (unsigned i = 0; i < m * n; ++i)
        for (unsigned word = 0; word < k / 32; ++word) {
          uint32_t x = left[i / n * (k / 32) + word], y = turned[i % n * (k / 32) + word];
          products[i] += std::popcount(mma.bits == MmaInstruction::Xor ? x ^ y : x & y);
        }
    } else {
      transpose(n, k / 2, turned, right); // pairs of elements
      addProduct(m, n, k, reinterpret_cast<const int16_t *>(left),
                 reinterpret_cast<const int16_t *>(right), products);
    }
    addIntegers(m * n, products, mma.saturate, reinterpret_cast<int32_t *>(words));
  }

  void multiplyDoubles(Warp &warp) const {
    double x[32], columns[32], y[32], sums[64];
    for (unsigned lane = 0; lane < 32; ++lane) {
      const uint64_t *slots = warp.lane(lane).slots;
      x[lane] = std::bit_cast<double>(slots[slot.a]);
      columns[lane] = std::bit_cast<double>(slots[slot.b]);
      sums[2 * lane] = std::bit_cast<double>(slots[slot.c]);
      sums[2 * lane + 1] = std::bit_cast<double>(slots[slot.c + 1]);
    }
    for (unsigned i = 0; i < 32; ++i)
      y[i % 4 * 8 + i / 4] = columns[i];
    addProduct(8, 8, 4, x, y, sums);
    for (unsigned i = 0; i < 64; ++i)
      warp.lane(i / 2).slots[slot.d + i % 2] = std::bit_cast<uint64_t>(sums[i]);
  }

  WmmaFragment a, b, c, d;
};

thread_local uint32_t WmmaProduct::words[1024], WmmaProduct::left[most], WmmaProduct::right[most],
    WmmaProduct::turned[most];

//===-- Names -----------------------------------------------------------------------------------------------------===//

/// "wmma.m16n16k16.load.a.row.stride.f16.p3" or "wmma.load.a.sync.aligned.row.m16n16k16.shared.f16".
std::unique_ptr<Operation> makeMemory(const Instruction &instruction,
                                      const std::vector<std::string_view> &words) {
  WmmaFragment fragment{};
  std::optional<bool> columnMajor, stores;
  bool strided = instruction.form == Instruction::Form::Ptx, typed = false;
  char part = 0;
  Space space = Space::Generic;
  for (size_t i = 1; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (word == "load" || word == "store")
      stores = word == "store";
    else if (word == "row" || word == "col")
      columnMajor = word == "col";
    else if (word.size() == 1 && word[0] >= 'a' && word[0] <= 'd')
      part = word[0];
    else if (word == "stride")
      strided = true;
    else if (word == "p1" || word == "global")
      space = Space::Global;
    else if (word == "p3" || word == "shared" || word == "shared::cta")
      space = Space::Shared;
    else if (std::optional<MmaShape> shape = shapeNamed(word))
      fragment.shape = *shape;
    else if (std::optional<Format> format = formatNamed(word))
      fragment.format = *format, typed = true;
    else if (word != "sync" && word != "aligned" && word != "p0")
      return nullptr;
  }
  if (!columnMajor || !stores || !typed || !part || *stores != (part == 'd'))
    return nullptr;
  fragment.part = part == 'a' ? Part::A : part == 'b' ? Part::B : Part::Sum;
  if (!exists(fragment))
    return nullptr;
  unsigned own = *stores ? fragment.registers() : 0;
  if (instruction.form == Instruction::Form::Ptx) // may be left out
    strided = instruction.inputs == 2 + own;
  if (instruction.inputs != 1 + own + strided ||
      instruction.outputs != (*stores ? 0 : fragment.registers()))
    return nullptr;
  bool transposed = *columnMajor != (fragment.part == Part::B);
  if (transposed && bitsOf(fragment.format) < 8)
    return nullptr;
  return std::make_unique<WmmaMemory>(fragment, *stores, transposed, strided ? 1 + own : 0, space);
}

} // namespace

std::unique_ptr<Operation> makeWmma(const Instruction &instruction) {
  std::vector<std::string_view> words = instruction.words(), rest;
  if (std::find(words.begin(), words.end(), "mma") == words.end())
    return makeMemory(instruction, words);
  for (std::string_view word : words)
    if (word != "wmma" && word != "mma" && word != "sync" && word != "aligned")
      rest.push_back(word);
  std::optional<MmaInstruction> mma = parseMma(rest);
  if (!mma || (mma->saturate && (!isInteger(mma->a) || mma->a == Format::B1)) ||
      bitsOf(mma->a) != bitsOf(mma->b) || isInteger(mma->a) != isInteger(mma->b) ||
      isInteger(mma->a) != isInteger(mma->c) || isInteger(mma->c) != isInteger(mma->d) ||
      (mma->a != mma->b) || ((mma->a == Format::F64) != (mma->c == Format::F64)) ||
      ((mma->a == Format::BF16 || mma->a == Format::TF32) &&
       (mma->c != Format::F32 || mma->d != Format::F32)))
    return nullptr;
  WmmaFragments fragments(*mma);
  OfMatrices registers = fragments.registers();
  if (!fragments.exist() || instruction.inputs != registers.a + registers.b + registers.c ||
      instruction.outputs != registers.d)
    return nullptr;
  return std::make_unique<WmmaProduct>(*mma, fragments);
}

} // namespace dreamer::emulator
