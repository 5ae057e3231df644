// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expert attention: the choice, its gates, the products with what was chosen and the mixture are operations of
// their own, so that the choice can be looked at, kept and replayed, and the products kept or computed again.

#ifndef DREAMER_EXPERT_OPS_TD
#define DREAMER_EXPERT_OPS_TD

include "dialects/Dreamer/DreamerOpBase.td"

def Dreamer_TopKOp
    : Dreamer_PureOp<"top_k", [Cheap, DeclareOpInterfaceMethods<DifferentiableOpInterface, ["mayRecompute"]>]> {
  let summary = "the k experts with the largest biased scores, most preferred first";
  let description = [{
    scores f32 [lead, N], bias f32 [N] -> i32 [lead, k]. Ranks scores + bias, or
    sigmoid(scores) + bias with `rank = "sigmoid"`; ties go to the lower index. The
    bias selects only. A constant in differentiation.
  }];
  let arguments = (ins Dreamer_Float:$scores, Dreamer_Float:$bias, I64Attr:$k,
                       DefaultValuedAttr<StrAttr, "\"logit\"">:$rank);
  let results = (outs Dreamer_Ids:$ids);
  let assemblyFormat = "$scores `,` $bias attr-dict `:` type(operands)";
}

def Dreamer_ReplayOp
    : Dreamer_PureOp<"replay", [Cheap, DeclareOpInterfaceMethods<DifferentiableOpInterface, ["mayRecompute"]>]> {
  let summary = "given expert ids where there are some, else the chosen ones";
  let description = [{
    Both i32 [lead, k]. A row of `given` whose first id is -1 says: choose freely.
  }];
  let arguments = (ins Dreamer_Ids:$given, Dreamer_Ids:$chosen);
  let results = (outs Dreamer_Ids:$ids);
  let assemblyFormat = "$given `,` $chosen attr-dict `:` type(operands)";
}

def Dreamer_GatesOp : Dreamer_PureOp<"gates", [Cheap, Differentiable]> {
  let summary = "normalised sigmoid gates of the chosen experts";
  let description = [{
    scores f32 [lead, N], ids i32 [lead, k] -> f32 [lead, k]:
    g_j = sigmoid(s_ids[j]), then g / (sum g + 1e-20). DeepSeek-AI, "DeepSeek-V3
    Technical Report", 2024, equations 13 to 15.
  }];
  let arguments = (ins Dreamer_Float:$scores, Dreamer_Ids:$ids);
  let results = (outs Dreamer_Float:$gates);
  let assemblyFormat = "$scores `,` $ids attr-dict `:` type(operands)";
}

def Dreamer_ExpertLinearOp
    : Dreamer_PureOp<"expert_linear", [ContractsPartial, Differentiable, MatrixOperands]> {
  let summary = "W_j u of the chosen experts j, for each of some stacks of weights";
  let description = [{
    u [lead, h], ids i32 [lead, k], weights [N, f, h] -> f32 [lead, k, f] for each of the weights.

    ```mlir
    %a, %b = dreamer.expert_linear(%w1, %w3), %u, %ids
        : tensor<8x5x3xf32>, tensor<8x5x3xf32>, tensor<6x3xf32>, tensor<6x2xi32>
    ```
  }];
  let arguments = (ins Variadic<Dreamer_Matrix>:$weights, Dreamer_Matrix:$u, Dreamer_Ids:$ids);
  let results = (outs Variadic<Dreamer_Float>:$products);
  let assemblyFormat = "`(` $weights `)` `,` $u `,` $ids attr-dict `:` type(operands)";
}

def Dreamer_MixExpertsOp
    : Dreamer_PureOp<"mix_experts", [ContractsPartial, Differentiable, MatrixOperands]> {
  let summary = "sum over the chosen experts j of gate_j * W2_j (silu(a_j) * b_j)";
  let description = [{
    a and b [lead, k, f], ids i32 [lead, k], gates f32 [lead, k], w2 [N, h, f] -> f32 [lead, h]. With
    a = W1 u and b = W3 u, by `expert_linear`, a mixture of SwiGLUs.
  }];
  let arguments = (ins Dreamer_Float:$a, Dreamer_Float:$b, Dreamer_Ids:$ids, Dreamer_Float:$gates,
                       Dreamer_Matrix:$w2);
  let results = (outs Dreamer_Float:$result);
  let assemblyFormat = "$a `,` $b `,` $ids `,` $gates `,` $w2 attr-dict `:` type(operands)";
}

#endif // DREAMER_EXPERT_OPS_TD
