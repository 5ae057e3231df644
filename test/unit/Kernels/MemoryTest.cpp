// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels that move or choose values: embeddings, rotations, histories, stacks, caches.

#include "test/unit/Kernels/OpCase.h"
#include "gtest/gtest.h"

using namespace dreamer::test;
using dreamer::reference::Shape;

TEST(EmbeddingKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    Random r(seed);
    int64_t batch = r.between(1, 5), positions = r.oneOf<int64_t>({1, 2, 19, 130});
    int64_t vocabulary = r.oneOf<int64_t>({1, 7, 260}), h = r.oneOf<int64_t>({1, 12, 64, 150});
    Operand tokens{r.ints({batch, positions}, 0, vocabulary - 1)};
    Operand table{r.floats({vocabulary, h})}, dy{r.floats({batch, positions, h})};
    Operand lengths{r.ints({batch}, 1, positions)};
    check({"embedding", "scale = 1.5 : f64", {tokens, table}, 1e-7});
    std::string count = std::to_string(vocabulary);
    check({"embedding_grad", "vocabulary = " + count + ", scale = 1.5 : f64", {tokens, dy}, 1e-6});
    check({"embedding_grad", "vocabulary = " + count, {tokens, dy, table}, 1e-6});
    check({"positions", "", {tokens}});
    check({"last_position", "", {dy, lengths}});
  }
}

TEST(RotaryKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 16; ++seed) {
    Random r(seed);
    int64_t batch = r.between(1, 3), positions = r.oneOf<int64_t>({1, 5, 40});
    int64_t c = 2 * r.oneOf<int64_t>({1, 3, 8, 9, 32}), heads = r.between(1, 4);
    int64_t range = r.oneOf<int64_t>({4, 1000, 1000000});
    Operand x{r.floats({batch, positions, heads * c})};
    Operand ids{r.ints({batch, positions}, 0, range)}, depth{r.between(0, range)};
    std::string attributes = "head_dim = " + std::to_string(c) +
                             ", theta = " + r.oneOf<std::string>({"100.0", "10000.0"}) + " : f64" +
                             (r.chance(50) ? ", inverse" : "");
    check({"rotary", attributes, {x, ids}, 1e-6});
    check({"rotary", attributes, {x, depth}, 1e-6});
  }
}

TEST(MemoryKernels, MatchTheReference) {
  for (unsigned seed = 0; seed < 8; ++seed) {
    Random r(seed);
    int64_t slots = r.between(1, 5), rows = r.oneOf<int64_t>({1, 7, 50, 900});
    int64_t h = r.oneOf<int64_t>({1, 12, 150}), slot = r.between(0, slots - 1);
    Operand history{r.floats({slots, rows, h})}, value{r.floats({rows, h})};
    Operand ids{r.ints({slots, rows}, -5, 5)};
    check({"append", "", {history, value, {slot}}});
    check({"slot", "", {history, {slot}}});
    check({"slot", "", {ids, {slot}}});
    std::vector<Operand> parts;
    for (int64_t i = 0; i < slots; ++i)
      parts.push_back({r.floats({rows, h})});
    check({"stack", "", parts});
    check({"unstack", "", {history}});
    int64_t n = r.between(1, 4), b = r.between(1, 3), axis = r.between(0, 2);
    Shape whole{5, 3, 2}, split{n, 5, 3, 2};
    whole[axis] = n * b;
    split[axis + 1] = b;
    std::string along = "axis = " + std::to_string(axis);
    check({"split", along + ", parts = " + std::to_string(n), {{r.ints(whole, -9, 9)}}});
    check({"merge", along, {{r.floats(split)}}});
    int64_t capacity = r.between(1, 9), batch = r.between(1, 6);
    for (bool narrow : {false, true}) {
      Operand cache{r.floats({slots, batch, capacity, h}, 1, narrow), narrow};
      Operand token{r.floats({batch, h}, 1, narrow), narrow};
      check({"cache_append", "", {cache, token, {r.ints({batch}, 0, capacity - 1)}, {slot}}});
    }
    int32_t depth = static_cast<int32_t>(r.between(1, 20));
    std::string size = "size = " + std::to_string(r.between(1, 6));
    check({"window_count", size, {{dreamer::reference::Ints::scalar(depth)}}});
    check({"window_steps", size, {{dreamer::reference::Ints::scalar(depth)}, {r.between(0, 3)}}});
    std::string shape = "tensor<" + std::to_string(rows) + "x" + std::to_string(h);
    check({"zero", "", {}, 0, shape + "xf32>"});
    check({"zero", "", {}, 0, shape + "xi32>"});
    check({"cast", "", {value}, 3e-3, shape + "xbf16>"});
    check({"cast", "", {{r.floats({rows, h}, 1, true), true}}, 0, shape + "xf32>"});
  }
}
