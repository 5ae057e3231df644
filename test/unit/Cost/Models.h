// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Models whose costs are known.

#ifndef DREAMER_TEST_UNIT_COST_MODELS_H
#define DREAMER_TEST_UNIT_COST_MODELS_H

#include "test/unit/ModelDescription/Examples.h"

namespace dreamer::test {

/// h 20, context 10, depth 5, attention over positions, depths and experts.
using dreamer::testing::recurrent;

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

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_COST_MODELS_H
