// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Descriptions that the tests start from, and what a parse of one says.

#ifndef DREAMER_TEST_UNIT_MODELDESCRIPTION_EXAMPLES_H
#define DREAMER_TEST_UNIT_MODELDESCRIPTION_EXAMPLES_H

#include "lib/ModelDescription/Parse.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace dreamer::testing {

/// One recurrent block of the full design.
inline constexpr llvm::StringLiteral recurrent = R"(model: tiny
vocab_size: 31
hidden_size: 20
context: 10
stack:
  - recur:
      name: core
      depth: 5
      sequence_attention: {heads: 2, kv_heads: 1, head_dim: 8}
      depth_attention: {heads: 3, kv_heads: 3, head_dim: 4, rope_theta: 50}
      expert_attention: {experts: 7, active: 2, expert_hidden: 11, key_dim: 6}
training: {learning_rate: 1.0e-2, warmup_steps: 2}
)";

/// Every kind of block, every option away from its default.
inline constexpr llvm::StringLiteral everything = R"(model: "every.thing-1"
vocab_size: 23
hidden_size: 12
context: 6
tie_embeddings: false
embedding_scale: 2
norm_eps: 1.0e-5
init: {kind: normal, std: 0.03}
stack:
  - layers:
      count: 3
      wiring: sequential
      sequence_attention: {heads: 2, kv_heads: 1, head_dim: 7, rope_theta: 0, qk_norm: false}
      depth_attention: {heads: 2, kv_heads: 2, head_dim: 4, rope_theta: 7.5, include_current: false}
      expert_attention:
        experts: 6
        active: 3
        expert_hidden: 5
        key_dim: 3
        rope_theta: 0
        rank: sigmoid
        shared_hidden: 9
        bias_rate: 0.01
  - recur:
      name: pair
      depth: 3
      group:
        - depth_attention: {heads: 2, kv_heads: 1, head_dim: 4}
          expert_attention: {experts: 6, active: 2, expert_hidden: 5, key_dim: 4}
        - feed_forward: {hidden: 15}
        - sequence_attention: {heads: 2, kv_heads: 1, head_dim: 6}
          depth_attention: {heads: 4, kv_heads: 1, head_dim: 4, include_current: false}
  - recur: {depth: 2}
training:
  learning_rate: 0
  warmup_steps: 0
  schedule_steps: 1000
  min_rate: 0
  betas: [0.8, 0]
  eps: 1.0e-6
  weight_decay: 0
  clip_norm: 0
  z_loss: 1.0e-4
)";

/// Collects what is emitted while it lives, as "error 3:5: message".
class Messages {
public:
  explicit Messages(mlir::MLIRContext &context)
      : handler(&context, [this](mlir::Diagnostic &diagnostic) { add(diagnostic); }) {}

  std::vector<std::string> all;

private:
  void add(mlir::Diagnostic &diagnostic) {
    std::string text;
    llvm::raw_string_ostream os(text);
    os << (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Warning ? "warning " : "error ");
    if (auto at = diagnostic.getLocation()->findInstanceOf<mlir::FileLineColLoc>())
      os << at.getLine() << ':' << at.getColumn() << ": ";
    os << diagnostic;
    all.push_back(text);
  }

  mlir::ScopedDiagnosticHandler handler;
};

} // namespace dreamer::testing

#endif // DREAMER_TEST_UNIT_MODELDESCRIPTION_EXAMPLES_H
