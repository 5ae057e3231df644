// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How fast kernels compile and run, one thread; for people, run by
//   KernelTests --gtest_also_run_disabled_tests --gtest_filter='*Speed*'

#include "test/unit/Kernels/OpCase.h"
#include "gtest/gtest.h"
#include <cstdio>

using namespace dreamer::test;
using dreamer::reference::Floats;
using dreamer::reference::Ints;

/// Prints one line: milliseconds, and GFLOP/s or GB/s of `work` flops or bytes.
static void report(const char *title, const OpCase &test, double work) {
  Timing t = measure(test);
  std::printf("%-44s build %5.1f ms  compile %6.1f ms  run %9.4f ms  %7.2f G/s\n", title,
              t.build * 1e3, t.compile * 1e3, t.run * 1e3, work / t.run * 1e-9);
}

TEST(KernelSpeed, DISABLED_Demo) {
  Random r(1);
  int64_t b = 32, t = 24, h = 64, n = 16, k = 4, f = 64, vocabulary = 260;
  double rows = static_cast<double>(b * t);
  Operand x{r.floats({b, t, h})}, y{r.floats({b, t, h})}, w{r.floats({h, h})}, v{r.floats({h})};
  report("linear 768x64x64", {"linear", "", {x, w}}, 2 * rows * 64 * 64);
  report("linear transposed", {"linear", "transpose", {x, w}}, 2 * rows * 64 * 64);
  report("linear_weight_grad", {"linear_weight_grad", "", {x, y}}, 2 * rows * 64 * 64);
  report("add", {"add", "", {x, y}}, rows * 64 * 12);
  report("rms_norm", {"rms_norm", "eps = 1.0e-6 : f64", {x, v}}, rows * 64 * 8);
  report("rms_norm_grad", {"rms_norm_grad", "eps = 1.0e-6 : f64", {x, v, y}}, rows * 64 * 12);
  Operand c{r.floats({16})};
  report("rms_norm heads", {"rms_norm", "eps = 1.0e-6 : f64", {x, c}}, rows * 64 * 8);
  report("rms_norm_grad heads", {"rms_norm_grad", "eps = 1.0e-6 : f64", {x, c, y}}, rows * 64 * 12);
  Operand ids{r.ints({b, t}, 0, 23)}, depth{int64_t(3)};
  report("rotary", {"rotary", "head_dim = 16, theta = 10000.0", {x, ids}}, rows * 64 * 8);
  report("rotary depth", {"rotary", "head_dim = 16, theta = 100.0", {x, depth}}, rows * 64 * 8);
  Operand kv{r.floats({b, t, 32})}, kv2{r.floats({b, t, 32})}, lse{r.floats({b, 4, t})};
  std::string heads = "heads = 4, kv_heads = 2";
  report("sequence_attention", {"sequence_attention", heads, {x, kv, kv2}},
         rows * 4 * 12.5 * 16 * 4);
  report("sequence_attention_grad", {"sequence_attention_grad", heads, {x, kv, kv2, y, lse, y}},
         rows * 4 * 12.5 * 16 * 10);
  Operand keys{r.floats({4, b, t, 32})}, values{r.floats({4, b, t, 32})}, four{int64_t(4)};
  report("depth_attention", {"depth_attention", heads, {x, keys, values, four}},
         rows * 4 * 4 * 16 * 4);
  report("depth_attention_grad", {"depth_attention_grad", heads, {x, keys, values, four, y}},
         rows * 4 * 4 * 16 * 8);
  Operand scores{r.floats({b, t, n})}, bias{r.floats({n})}, chosen{r.ints({b, t, k}, 0, n - 1)};
  Operand gates{r.floats({b, t, k})};
  report("top_k", {"top_k", "k = 4", {scores, bias}}, rows * 16 * 4);
  report("gates", {"gates", "", {scores, chosen}}, rows * 16 * 4);
  report("gates_grad", {"gates_grad", "", {scores, chosen, gates}}, rows * 16 * 4);
  Operand w1{r.floats({n, f, h})}, w3{r.floats({n, f, h})}, w2{r.floats({n, h, f})};
  double pairs = rows * 4, product = 2 * 64 * 64;
  report("mix_experts", {"mix_experts", "", {x, chosen, gates, w1, w3, w2}}, pairs * product * 3);
  report("mix_experts_grad", {"mix_experts_grad", "", {x, chosen, gates, w1, w3, w2, y}},
         pairs * product * 8);
  Operand logits{r.floats({b, t, vocabulary})}, targets{r.ints({b, t}, -1, vocabulary - 1)};
  Operand one{Floats::scalar(1)}, rowLse{r.floats({b, t})};
  report("cross_entropy", {"cross_entropy", "", {logits, targets, one}}, rows * 260 * 4);
  report("cross_entropy_grad", {"cross_entropy_grad", "", {logits, targets, one, rowLse, one}},
         rows * 260 * 8);
  Operand table{r.floats({vocabulary, h})}, tokens{r.ints({b, t}, 0, vocabulary - 1)};
  report("linear to logits", {"linear", "", {x, table}}, 2 * rows * 64 * 260);
  report("embedding_grad", {"embedding_grad", "vocabulary = 260", {tokens, x}}, rows * 64 * 8);
  Operand p{r.floats({n, f, h})}, m{r.floats({n, f, h})}, s{r.floats({n, f, h})},
      step{Ints::scalar(3)};
  report("adamw 65k",
         {"adamw",
          "beta1 = 0.9, beta2 = 0.95, eps = 1.0e-8, decay = 0.1, clip = 1.0",
          {p, w1, m, s, one, one, step}},
         65536 * 28.0);
}

TEST(KernelSpeed, DISABLED_Products) {
  Random r(2);
  for (int64_t size : {128, 256, 384, 512, 1024}) {
    Operand x{r.floats({size, size})}, w{r.floats({size, size})};
    double flops = 2.0 * static_cast<double>(size * size * size);
    std::string title = std::to_string(size);
    report(("linear " + title).c_str(), {"linear", "", {x, w}}, flops);
    report(("linear transposed " + title).c_str(), {"linear", "transpose", {x, w}}, flops);
    report(("linear_weight_grad " + title).c_str(), {"linear_weight_grad", "", {x, w}}, flops);
  }
  for (int64_t rows : {1, 4}) {
    Operand x{r.floats({rows, 1024})}, w{r.floats({1024, 1024})};
    report(("linear " + std::to_string(rows) + " x 1024 x 1024").c_str(), {"linear", "", {x, w}},
           2.0 * 1024 * 1024 * static_cast<double>(rows));
  }
}

TEST(KernelSpeed, DISABLED_Attention) {
  Random r(3);
  for (int64_t positions : {128, 512, 1024}) {
    Operand q{r.floats({1, positions, 256})}, k{r.floats({1, positions, 256})};
    Operand v{r.floats({1, positions, 256})}, lse{r.floats({1, 4, positions})};
    double pairs = 4.0 * static_cast<double>(positions * positions) / 2, c = 64;
    std::string title = std::to_string(positions), heads = "heads = 4, kv_heads = 4";
    report(("sequence_attention " + title).c_str(), {"sequence_attention", heads, {q, k, v}},
           pairs * c * 4);
    report(("sequence_attention_grad " + title).c_str(),
           {"sequence_attention_grad", heads, {q, k, v, q, lse, q}}, pairs * c * 10);
  }
}
