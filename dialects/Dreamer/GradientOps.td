// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Adjoints that are not built from forward operations. `x_grad` takes the operands
// of `x` and the cotangent of its result, and gives the operands' cotangents. With `into`,
// gradients of weights (and of histories) are added to the tensors given.

#ifndef DREAMER_GRADIENT_OPS_TD
#define DREAMER_GRADIENT_OPS_TD

include "dialects/Dreamer/DreamerOpBase.td"

def Dreamer_EmbeddingGradOp : Dreamer_PureOp<"embedding_grad", [Cheap, Accumulates]> {
  let summary = "adds each token's row to its entry, times a scale: [lead, h] -> [V, h]";
  let arguments = (ins Dreamer_Ids:$tokens, Dreamer_Float:$d_result, Variadic<Dreamer_Float>:$sums,
                       I64Attr:$vocabulary,
                       DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs Dreamer_Float:$d_table);
  let assemblyFormat = "$tokens `,` $d_result (`into` `(` $sums^ `)`)? attr-dict "
                       "`:` type(operands)";
}

def Dreamer_RMSNormGradOp : Dreamer_PureOp<"rms_norm_grad", [Cheap, Accumulates, NarrowResult]> {
  let summary = "adjoint of rms_norm";
  let arguments = (ins Dreamer_Float:$x, Dreamer_Float:$weight, Dreamer_Float:$d_result,
                       Variadic<Dreamer_Float>:$sums, F64Attr:$eps);
  let results = (outs Dreamer_Matrix:$d_x, Dreamer_Float:$d_weight);
  let assemblyFormat = "$x `,` $weight `,` $d_result (`into` `(` $sums^ `)`)? attr-dict "
                       "`:` type(operands)";
}

def Dreamer_LinearWeightGradOp
    : Dreamer_PureOp<"linear_weight_grad", [Contracts, MatrixOperands, Accumulates, Deferrable]> {
  let summary = "dy^T x over all lead positions: [lead, out], [lead, in] -> f32 [out, in]";
  let arguments = (ins Dreamer_Matrix:$d_result, Dreamer_Matrix:$x, Variadic<Dreamer_Float>:$sums,
                       UnitAttr:$full_precision);
  let results = (outs Dreamer_Float:$d_weight);
  let assemblyFormat = "$d_result `,` $x (`into` `(` $sums^ `)`)? attr-dict `:` type(operands)";
}

def Dreamer_SwiGLUGradOp : Dreamer_PureOp<"swiglu_grad", [Cheap, NarrowResults]> {
  let summary = "adjoint of swiglu";
  let arguments = (ins Dreamer_Float:$a, Dreamer_Float:$b, Dreamer_Float:$d_result);
  let results = (outs Dreamer_Matrix:$d_a, Dreamer_Matrix:$d_b);
  let assemblyFormat = "$a `,` $b `,` $d_result attr-dict `:` type(operands)";
}

def Dreamer_SequenceAttentionGradOp
    : Dreamer_PureOp<"sequence_attention_grad", [Contracts, MatrixOperands, NarrowResults]> {
  let summary = "adjoint of sequence_attention, probabilities computed again from lse";
  let description = "Dao, \"FlashAttention-2\", 2023, algorithm 2.";
  let arguments = (ins Dreamer_Matrix:$q, Dreamer_Matrix:$k, Dreamer_Matrix:$v,
                       Dreamer_Float:$result, Dreamer_Float:$lse, Dreamer_Matrix:$d_result,
                       I64Attr:$heads, I64Attr:$kv_heads);
  let results = (outs Dreamer_Matrix:$d_q, Dreamer_Matrix:$d_k, Dreamer_Matrix:$d_v);
  let assemblyFormat = "$q `,` $k `,` $v `,` $result `,` $lse `,` $d_result attr-dict "
                       "`:` type(operands)";
}

def Dreamer_DepthAttentionGradOp
    : Dreamer_PureOp<"depth_attention_grad", [ContractsPartial, Accumulates, NarrowResult]> {
  let summary = "adjoint of depth_attention; slots past `count` get zero, or stay as in `sums`";
  let arguments = (ins Dreamer_Matrix:$q, Dreamer_Matrix:$keys, Dreamer_Matrix:$values,
                       Index:$count, Dreamer_Matrix:$d_result, Variadic<Dreamer_Float>:$sums,
                       I64Attr:$heads, I64Attr:$kv_heads);
  let results = (outs Dreamer_Matrix:$d_q, Dreamer_Float:$d_keys, Dreamer_Float:$d_values);
  let assemblyFormat = "$q `,` $keys `,` $values `,` $count `,` $d_result "
                       "(`into` `(` $sums^ `)`)? attr-dict "
                       "`:` type(operands)";
}

def Dreamer_GatesGradOp : Dreamer_PureOp<"gates_grad", [Cheap]> {
  let summary = "adjoint of gates; scores of experts not chosen get zero";
  let arguments = (ins Dreamer_Float:$scores, Dreamer_Ids:$ids, Dreamer_Float:$d_gates);
  let results = (outs Dreamer_Float:$d_scores);
  let assemblyFormat = "$scores `,` $ids `,` $d_gates attr-dict `:` type(operands)";
}

def Dreamer_ExpertLinearGradOp
    : Dreamer_PureOp<"expert_linear_grad", [AttrSizedOperandSegments, ContractsPartial, MatrixOperands]> {
  let summary = "adjoint of expert_linear for u: the sum over choices j and weights W of W_j^T d_j";
  let description = [{
    ids i32 [lead, k]; for each of the weights [N, f, h] the cotangent of its product, [lead, k, f] ->
    f32 [lead, h]. The weights' gradients are `expert_weight_grad`'s.

    ```mlir
    %du = dreamer.expert_linear_grad(%w1, %w3), (%da, %db), %ids
        : tensor<8x5x3xf32>, tensor<8x5x3xf32>, tensor<6x2x5xf32>, tensor<6x2x5xf32>, tensor<6x2xi32>
    ```
  }];
  let arguments = (ins Variadic<Dreamer_Matrix>:$weights, Variadic<Dreamer_Matrix>:$d_products,
                       Dreamer_Ids:$ids);
  let results = (outs Dreamer_Float:$d_u);
  let assemblyFormat = "`(` $weights `)` `,` `(` $d_products `)` `,` $ids attr-dict "
                       "`:` type(operands)";
}

def Dreamer_MixExpertsGradOp
    : Dreamer_PureOp<"mix_experts_grad", [ContractsPartial, MatrixOperands, NarrowResults]> {
  let summary = "adjoint of mix_experts but for its weight";
  let description = [{
    The cotangents of a, b and the gates; and `gated` = gate * silu(a) * b, [lead, k, f], which
    `expert_weight_grad` makes the weight's gradient of.
  }];
  let arguments = (ins Dreamer_Float:$a, Dreamer_Float:$b, Dreamer_Ids:$ids, Dreamer_Float:$gates,
                       Dreamer_Matrix:$w2, Dreamer_Matrix:$d_result);
  let results = (outs Dreamer_Matrix:$d_a, Dreamer_Matrix:$d_b, Dreamer_Float:$d_gates,
                      Dreamer_Matrix:$gated);
  let assemblyFormat = "$a `,` $b `,` $ids `,` $gates `,` $w2 `,` $d_result attr-dict "
                       "`:` type(operands)";
}

def Dreamer_ExpertWeightGradOp
    : Dreamer_PureOp<"expert_weight_grad", [AttrSizedOperandSegments, ContractsPartial, MatrixOperands,
                                            Accumulates, Deferrable]> {
  let summary = "left^T right over the rows of each expert: f32 [experts, left, right] for each left";
  let description = [{
    Entry e is the sum over all choices (row, j) with ids[row, j] = e. Lefts and right are [lead, F],
    the same for all choices of a row, or [lead, k, F]. A negative id is no choice.

    ```mlir
    %dw1, %dw3 = dreamer.expert_weight_grad(%da, %db), %u, %ids {experts = 8}
        : tensor<6x2x5xf32>, tensor<6x2x5xf32>, tensor<6x3xf32>, tensor<6x2xi32>
    ```
  }];
  let arguments = (ins Variadic<Dreamer_Matrix>:$lefts, Dreamer_Matrix:$right, Dreamer_Ids:$ids,
                       Variadic<Dreamer_Float>:$sums, I64Attr:$experts);
  let results = (outs Variadic<Dreamer_Float>:$d_weights);
  let assemblyFormat = "`(` $lefts `)` `,` $right `,` $ids (`into` `(` $sums^ `)`)? attr-dict "
                       "`:` type(operands)";
}

def Dreamer_CrossEntropyGradOp : Dreamer_PureOp<"cross_entropy_grad", [Cheap, NarrowResult]> {
  let summary = "adjoint of cross_entropy's loss; rows with target -1 get zero";
  let arguments = (ins Dreamer_Float:$logits, Dreamer_Ids:$targets,
                       Dreamer_FloatScalar:$count, Dreamer_Float:$lse,
                       Dreamer_FloatScalar:$d_loss, DefaultValuedAttr<F64Attr, "0.0">:$z_loss);
  let results = (outs Dreamer_Matrix:$d_logits);
  let assemblyFormat = "$logits `,` $targets `,` $count `,` $lse `,` $d_loss attr-dict "
                       "`:` type(operands)";
}

def Dreamer_LinearCrossEntropyGradOp
    : Dreamer_PureOp<"linear_cross_entropy_grad", [Contracts, MatrixOperands, Accumulates]> {
  let summary = "linear_cross_entropy and its adjoint in one: each logit is computed once";
  let description = [{
    The results of `linear_cross_entropy`, then the cotangents of x and W for the loss's cotangent
    `d_loss`. As the loss is linear in what follows it, its adjoint needs nothing of the pass in
    between but `d_loss`: while the logits of some positions are at hand, so is their part of both.
    Hsu et al., "Liger Kernel", 2024.
  }];
  let arguments = (ins Dreamer_Matrix:$x, Dreamer_Matrix:$weight, Dreamer_Ids:$targets,
                       Dreamer_FloatScalar:$count, Dreamer_FloatScalar:$d_loss,
                       Variadic<Dreamer_Float>:$sums, DefaultValuedAttr<F64Attr, "0.0">:$z_loss,
                       UnitAttr:$full_precision);
  let results = (outs Dreamer_FloatScalar:$loss, Dreamer_Float:$token_loss, Dreamer_Float:$lse,
                      Dreamer_Float:$d_x, Dreamer_Float:$d_weight);
  let assemblyFormat = "$x `,` $weight `,` $targets `,` $count `,` $d_loss "
                       "(`into` `(` $sums^ `)`)? attr-dict `:` type(operands)";
}

#endif // DREAMER_GRADIENT_OPS_TD
