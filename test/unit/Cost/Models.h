// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models whose costs are known.

#ifndef DREAMER_TEST_UNIT_COST_MODELS_H
#define DREAMER_TEST_UNIT_COST_MODELS_H

#include "lib/ModelDescription/Build.h"
#include "lib/ModelDescription/Parse.h"
#include "mlir/Pass/PassManager.h"
#include "passes/BuildEntryPoints/BuildEntryPoints.h"
#include "llvm/ADT/StringRef.h"
#include <gtest/gtest.h>

namespace dreamer::test {

/// h 20, context 10, depth 5, attention over positions, depths and experts.
inline constexpr llvm::StringLiteral recurrent = R"(model: recurrent
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
)";

/// Untied layers with depth attention to earlier depths only, then a group.
inline constexpr llvm::StringLiteral mixed = R"(model: mixed
vocab_size: 23
hidden_size: 12
context: 6
tie_embeddings: false
stack:
  - layers:
      name: stem
      count: 3
      wiring: sequential
      sequence_attention: {heads: 2, kv_heads: 1, head_dim: 7, rope_theta: 0, qk_norm: false}
      depth_attention: {heads: 2, kv_heads: 2, head_dim: 4, include_current: false}
      expert_attention: {experts: 6, active: 3, expert_hidden: 5, key_dim: 4, shared_hidden: 9}
  - recur:
      name: pair
      depth: 3
      group:
        - {depth_attention: {heads: 2, kv_heads: 1, head_dim: 4}, expert_attention: {experts: 6, active: 2, expert_hidden: 5, key_dim: 4}}
        - {sequence_attention: {heads: 2, kv_heads: 1, head_dim: 6}, feed_forward: {hidden: 15}}
        - {depth_attention: {heads: 4, kv_heads: 1, head_dim: 4}}
)";

/// The model phase of a description.
inline mlir::OwningOpRef<mlir::ModuleOp> model(mlir::MLIRContext &context, llvm::StringRef text,
                                               int64_t batch) {
  auto description = parseDescription(text, "test.yaml", &context);
  EXPECT_TRUE(mlir::succeeded(description));
  return buildModel(&context, *description, {.batch = batch});
}

/// Its program phase, all entry points.
inline mlir::OwningOpRef<mlir::ModuleOp> program(mlir::MLIRContext &context, llvm::StringRef text,
                                                 int64_t batch) {
  mlir::OwningOpRef<mlir::ModuleOp> module = model(context, text, batch);
  mlir::PassManager passes(&context);
  passes.addPass(createBuildEntryPoints());
  EXPECT_TRUE(mlir::succeeded(passes.run(*module)));
  return module;
}

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_COST_MODELS_H
