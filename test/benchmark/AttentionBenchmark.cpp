// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Causal attention over positions, forward and adjoint, against the same on OpenBLAS.

#include "test/benchmark/AttentionPeer.h"
#include "test/benchmark/Contest.h"
#include "test/benchmark/OurKernel.h"
#include "test/benchmark/Peers.h"
#include "test/benchmark/Values.h"
#include <benchmark/benchmark.h>

using namespace dreamer::benchmarking;

namespace {

/// Operands and what the peer computes from them.
struct Attention {
  AttentionShape shape;
  Floats q, k, v, dResult, result, lse, dQ, dK, dV;

  explicit Attention(const AttentionShape &s) : shape(s) {
    int64_t queries = s.batch * s.positions * s.heads * s.headDim;
    int64_t keys = s.batch * s.positions * s.kvHeads * s.headDim;
    q = randomFloats(queries, 1);
    k = randomFloats(keys, 2);
    v = randomFloats(keys, 3);
    dResult = randomFloats(queries, 4);
    result.resize(q.size());
    dQ.resize(q.size());
    dK.resize(k.size());
    dV.resize(k.size());
    lse.resize(static_cast<size_t>(s.batch * s.heads * s.positions));
  }

  void forward() {
    blasAttention(shape, options().threads, q.data(), k.data(), v.data(), result.data(),
                  lse.data());
  }
  void backward() {
    blasAttentionGrad(shape, options().threads, q.data(), k.data(), v.data(), result.data(),
                      lse.data(), dResult.data(), dQ.data(), dK.data(), dV.data());
  }
};

/// The text of a program of one operation.
struct Program {
  std::string arguments, operands, operandTypes, results, resultTypes;

  void input(const std::string &name, const std::string &type) {
    std::string comma = operands.empty() ? "" : ", ";
    arguments += comma + "%" + name + ": " + type + " {dreamer.name = \"" + name +
                 "\", dreamer.role = \"input\"}";
    operands += comma + "%" + name;
    operandTypes += comma + type;
  }
  void output(const std::string &name, const std::string &type) {
    std::string comma = results.empty() ? "" : ", ";
    results += comma + type + " {dreamer.name = \"" + name + "\"}";
    resultTypes += comma + type;
  }
  std::string text(const std::string &operation, size_t count) const {
    std::string values;
    for (size_t i = 0; i < count; ++i)
      values += (i ? ", %r#" : "%r#") + std::to_string(i);
    return "module attributes {dreamer.model = \"attention\", dreamer.description = \"\"} {\n"
           "  func.func @kernel(" +
           arguments + ") -> (" + results + ") {\n    %r:" + std::to_string(count) + " = dreamer." +
           operation.substr(0, operation.find(' ')) + " " + operands +
           operation.substr(operation.find(' ')) + " : " + operandTypes + "\n    return " + values +
           " : " + resultTypes + "\n  }\n}\n";
  }
};

} // namespace

static std::string programOf(const AttentionShape &s, bool backward) {
  auto type = [](std::initializer_list<int64_t> shape, const char *element) {
    std::string text = "tensor<";
    for (int64_t size : shape)
      text += std::to_string(size) + "x";
    return text + element + ">";
  };
  const char *element = options().bf16 ? "bf16" : "f32";
  std::string queries = type({s.batch, s.positions, s.heads * s.headDim}, element);
  std::string keys = type({s.batch, s.positions, s.kvHeads * s.headDim}, element);
  std::string wideQueries = type({s.batch, s.positions, s.heads * s.headDim}, "f32");
  std::string wideKeys = type({s.batch, s.positions, s.kvHeads * s.headDim}, "f32");
  std::string lse = type({s.batch, s.heads, s.positions}, "f32");
  std::string heads = " {heads = " + std::to_string(s.heads) +
                      " : i64, kv_heads = " + std::to_string(s.kvHeads) + " : i64}";
  Program program;
  program.input("q", queries);
  program.input("k", keys);
  program.input("v", keys);
  if (!backward) {
    program.output("result", wideQueries);
    program.output("lse", lse);
    return program.text("sequence_attention" + heads, 2);
  }
  program.input("out", wideQueries);
  program.input("lse", lse);
  program.input("d_out", queries);
  program.output("d_q", wideQueries);
  program.output("d_k", wideKeys);
  program.output("d_v", wideKeys);
  return program.text("sequence_attention_grad" + heads, 3);
}

static void measureAttention(benchmark::State &state, const std::string &title,
                             const AttentionShape &shape, bool backward) {
  setPeerThreads(1); // the peer's threads are over heads
  std::unique_ptr<OurKernel> ours =
      OurKernel::compile(programOf(shape, backward), options().threads);
  if (!ours)
    return state.SkipWithError("does not compile");
  Attention peer(shape);
  peer.forward();
  ours->fill("q", peer.q.data());
  ours->fill("k", peer.k.data());
  ours->fill("v", peer.v.data());
  if (backward) {
    ours->fill("out", peer.result.data());
    ours->fill("lse", peer.lse.data());
    ours->fill("d_out", peer.dResult.data());
    peer.backward();
  }
  ours->run();
  bool same = true;
  auto compare = [&](const char *name, const Floats &expected) {
    double bound = options().bf16 ? 3e-2 : 1e-5;
    same &= difference(ours->output(name), expected.data(), expected.size()) <= bound;
  };
  if (backward) {
    compare("d_q", peer.dQ);
    compare("d_k", peer.dK);
    compare("d_v", peer.dV);
  } else {
    compare("result", peer.result);
    compare("lse", peer.lse);
  }
  if (!same)
    return state.SkipWithError("our result is not the peer's");
  double flops = shape.pairs() * static_cast<double>(shape.headDim) * (backward ? 10 : 4);
  contest(state, title, flops,
          {timed("ours", true, [&] { ours->run(); }),
           timed("OpenBLAS", false, [&] { backward ? peer.backward() : peer.forward(); })});
}

static void registerAll() {
  const AttentionShape shapes[] = {
      {8, 256, 4, 2, 64}, // dreamer-tiny
      {1, 512, 8, 4, 64}, // dreamer-small
      {32, 12, 4, 2, 16}, // demo
      {8, 128, 4, 2, 24}, // text
      {1, 128, 8, 8, 64},   {1, 1024, 8, 8, 64}, {1, 2048, 8, 8, 64},
      {1, 1024, 8, 8, 128}, {1, 333, 3, 1, 40},
  };
  for (const AttentionShape &s : shapes)
    for (bool backward : {false, true}) {
      std::string title = std::string(backward ? "adjoint " : "forward ") +
                          std::to_string(s.batch) + "x" + std::to_string(s.positions) + ", " +
                          std::to_string(s.heads) + "/" + std::to_string(s.kvHeads) + " heads of " +
                          std::to_string(s.headDim);
      benchmark::RegisterBenchmark(
          title.c_str(),
          [=](benchmark::State &state) { measureAttention(state, title, s, backward); })
          ->UseManualTime()
          ->Iterations(options().rounds)
          ->Unit(benchmark::kMicrosecond);
    }
}

int main(int argc, char **argv) {
  parseOptions(argc, argv);
  registerAll();
  return runBenchmarks();
}
