// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels of the attentions over depths, over positions and over a cache.

#include "lib/Reference/Interpreter.h"
#include "test/unit/Kernels/OpCase.h"
#include "gtest/gtest.h"

using namespace dreamer::test;
using dreamer::reference::Floats;

namespace {
/// Sizes of heads, as an attribute and as widths.
struct Heads {
  int64_t kvHeads, heads, features;

  explicit Heads(Random &r)
      : Heads(r.between(1, 3), r.between(1, 3), r.oneOf<int64_t>({1, 4, 7, 16, 32, 70})) {}
  Heads(int64_t kvHeads, int64_t group, int64_t features)
      : kvHeads(kvHeads), heads(kvHeads * group), features(features) {}
  std::string text() const {
    return "heads = " + std::to_string(heads) + ", kv_heads = " + std::to_string(kvHeads);
  }
  int64_t width() const { return heads * features; }
  int64_t kvWidth() const { return kvHeads * features; }
};
} // namespace

/// Attention over `slots` depths of which a random number is valid, and both forms of its adjoint.
static void checkDepthAttention(Random &r, const Heads &heads, int64_t rows, int64_t slots) {
  int64_t count = r.between(0, slots), bits = r.oneOf({256, 512});
  bool narrow = r.chance(20);
  auto x = [&](llvm::ArrayRef<int64_t> shape) {
    return Operand{r.floats(shape, 1, narrow), narrow};
  };
  Operand q = x({rows, heads.width()}), keys = x({slots, rows, heads.kvWidth()});
  Operand values = x({slots, rows, heads.kvWidth()}), d = x({rows, heads.width()});
  check({"depth_attention", heads.text(), {q, keys, values, {count}}, 2e-6, "", bits});
  std::vector<Operand> operands{q, keys, values, {count}, d};
  check({"depth_attention_grad", heads.text(), operands, 4e-6, "", bits});
  for (int i = 0; i < 2; ++i)
    operands.push_back({r.floats({slots, rows, heads.kvWidth()})});
  check({"depth_attention_grad", heads.text(), operands, 4e-6, "", bits});
}

TEST(DepthAttentionKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 24; ++seed) {
    Random r(seed);
    Heads heads(r);
    checkDepthAttention(r, heads, r.oneOf<int64_t>({1, 5, 60}),
                        r.oneOf<int64_t>({1, 2, 5, 16, 19}));
  }
}

// Whole blocks of rows and not; pairs of rows and heads that are whole vectors and not.
TEST(DepthAttentionKernels, AnyNumberOfSlots) {
  for (int64_t slots = 1; slots <= 40; slots += 3) {
    Random r(static_cast<unsigned>(slots));
    Heads heads(r.between(1, 2), r.between(1, 4), r.oneOf<int64_t>({16, 24, 40, 64}));
    checkDepthAttention(r, heads, r.oneOf<int64_t>({1, 3, 8, 9, 17}), slots);
  }
}

// So many weights that a block has few rows, down to one; so many features that they are summed in parts.
TEST(DepthAttentionKernels, ManyHeadsAndFeatures) {
  Random r(0);
  checkDepthAttention(r, Heads(4, 4, 24), 7, 33);
  checkDepthAttention(r, Heads(32, 2, 16), 3, 40);
  checkDepthAttention(r, Heads(1, 9, 150), 5, 3);
}

/// Attention over caches of `capacity` positions, with between `least` and `most` of them valid.
static void checkDecodeAttention(Random &r, const Heads &heads, int64_t capacity, int64_t least,
                                 int64_t most) {
  int64_t batch = r.between(1, 4), depths = r.between(1, 3), bits = r.oneOf({256, 512});
  bool narrow = r.chance(20), narrowCaches = r.chance(40);
  Operand q{r.floats({batch, heads.width()}, 1, narrow), narrow};
  auto cache = [&] {
    return Operand{r.floats({depths, batch, capacity, heads.kvWidth()}, 1, narrowCaches),
                   narrowCaches};
  };
  Operand keys = cache(), values = cache();
  Operand position{r.ints({batch}, least - 1, most - 1)};
  Operand slot{r.between(0, depths - 1)};
  check({"decode_attention", heads.text(), {q, keys, values, position, slot}, 2e-6, "", bits});
}

TEST(DecodeAttentionKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 16; ++seed) {
    Random r(seed);
    Heads heads(r);
    int64_t capacity = r.oneOf<int64_t>({1, 9, 300, 600});
    checkDecodeAttention(r, heads, capacity, 1, capacity);
  }
}

// Heads of several key heads scored together, and those of one in several runs; key heads that do not divide evenly.
TEST(DecodeAttentionKernels, AnyNumberOfHeads) {
  Random r(5);
  for (const Heads &heads : {Heads(2, 12, 16), Heads(1, 32, 24), Heads(6, 1, 8), Heads(7, 1, 40),
                             Heads(9, 2, 16), Heads(3, 5, 7), Heads(16, 2, 33)})
    for (int64_t capacity : {3, 70})
      checkDecodeAttention(r, heads, capacity, 1, capacity);
}

// Whole vectors of positions and not, whole blocks and not.
TEST(DecodeAttentionKernels, AnyNumberOfPositions) {
  for (int64_t capacity : {1, 2, 7, 8, 15, 16, 17, 31, 33, 40, 255, 256, 257, 513}) {
    Random r(static_cast<unsigned>(capacity));
    Heads heads(r.between(1, 3), r.between(1, 4), r.oneOf<int64_t>({16, 24, 40, 64}));
    checkDecodeAttention(r, heads, capacity, r.oneOf<int64_t>({1, capacity}), capacity);
  }
}

// A cache whose positions are shared in parts; of a short sequence, the last ones are empty.
TEST(DecodeAttentionKernels, Parts) {
  for (int64_t length : {1, 2, 3, 700}) {
    Random r(0);
    checkDecodeAttention(r, Heads(3, 2, 64), 700, length, length);
  }
  Random r(1);
  checkDecodeAttention(r, Heads(20, 2, 150), 40, 1, 40);
}

TEST(SequenceAttentionKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Random r(seed);
    Heads heads(r);
    int64_t batch = r.between(1, 3), positions = r.oneOf<int64_t>({1, 2, 11, 12, 13, 24, 65, 200});
    int64_t bits = r.oneOf({256, 512});
    if (positions == 200) {
      batch = 1;
      heads.heads = heads.kvHeads = 1;
      positions = r.oneOf<int64_t>({192, 193, 330});
    }
    bool narrow = r.chance(20);
    auto x = [&](int64_t width) {
      return Operand{r.floats({batch, positions, width}, 1, narrow), narrow};
    };
    Operand q = x(heads.width()), k = x(heads.kvWidth()), v = x(heads.kvWidth());
    Operand d = x(heads.width());
    check({"sequence_attention", heads.text(), {q, k, v}, 2e-6, "", bits});
    auto [out, lse] = attend(std::get<Floats>(q.value), std::get<Floats>(k.value),
                             std::get<Floats>(v.value), heads.heads, heads.kvHeads);
    check({"sequence_attention_grad", heads.text(), {q, k, v, {out}, {lse}, d}, 6e-6, "", bits});
  }
}
