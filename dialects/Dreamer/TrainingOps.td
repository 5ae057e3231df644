// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loss and what one training step does to the parameters.

#ifndef DREAMER_TRAINING_OPS_TD
#define DREAMER_TRAINING_OPS_TD

include "dialects/Dreamer/DreamerOpBase.td"

def Dreamer_CountTargetsOp : Dreamer_PureOp<"count_targets", [Cheap]> {
  let summary = "how many targets are not -1, f32 []";
  let arguments = (ins Dreamer_Ids:$targets);
  let results = (outs Dreamer_FloatScalar:$count);
  let assemblyFormat = "$targets attr-dict `:` type($targets)";
}

def Dreamer_CrossEntropyOp
    : Dreamer_PureOp<"cross_entropy", [Cheap, Differentiable, ReducesProduct]> {
  let summary = "mean cross-entropy over targets that are not -1";
  let description = [{
    logits f32 [lead, V], targets i32 [lead] in [0, V) or -1 (ignored), count f32 [] the
    number of targets to take the mean over (0: loss 0). Results: loss f32 [] =
    (sum nll + z_loss * sum lse^2) / count, each position's nll f32 [lead] (0 where
    ignored), lse f32 [lead]. Only the loss is differentiable.
  }];
  let arguments = (ins Dreamer_Float:$logits, Dreamer_Ids:$targets,
                       Dreamer_FloatScalar:$count, DefaultValuedAttr<F64Attr, "0.0">:$z_loss);
  let results = (outs Dreamer_FloatScalar:$loss, Dreamer_Float:$token_loss, Dreamer_Float:$lse);
  let assemblyFormat = "$logits `,` $targets `,` $count attr-dict `:` type(operands)";
}

def Dreamer_LinearCrossEntropyOp
    : Dreamer_PureOp<"linear_cross_entropy", [Contracts, Differentiable, MatrixOperands]> {
  let summary = "cross_entropy of the logits x W^T, which are never in memory as a whole";
  let description = [{
    x [lead, h], W [V, h]; the rest, and the results, as for `cross_entropy`. The logits of some
    positions at a time are made and reduced. `full_precision` as for `linear`.
  }];
  let arguments = (ins Dreamer_Matrix:$x, Dreamer_Matrix:$weight, Dreamer_Ids:$targets,
                       Dreamer_FloatScalar:$count, DefaultValuedAttr<F64Attr, "0.0">:$z_loss,
                       UnitAttr:$full_precision);
  let results = (outs Dreamer_FloatScalar:$loss, Dreamer_Float:$token_loss, Dreamer_Float:$lse);
  let assemblyFormat = "$x `,` $weight `,` $targets `,` $count attr-dict `:` type(operands)";
}

def Dreamer_GlobalNormOp : Dreamer_PureOp<"global_norm", [Cheap]> {
  let summary = "square root of the sum of all squares, f32 []";
  let arguments = (ins Variadic<Dreamer_Float>:$gradients);
  let results = (outs Dreamer_FloatScalar:$norm);
  let assemblyFormat = "$gradients attr-dict `:` type($gradients)";
}

def Dreamer_NotFiniteOp : Dreamer_PureOp<"not_finite", [Cheap]> {
  let summary = "i32 [] 1 if the value is infinite or not a number, else 0";
  let arguments = (ins Dreamer_FloatScalar:$value);
  let results = (outs Dreamer_IntScalar:$result);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

def Dreamer_AdamWOp : Dreamer_PureOp<"adamw", [Cheap]> {
  let summary = "one clipped AdamW update of a parameter and its moments";
  let description = [{
    g <- g * min(1, clip / (norm + 1e-6)); m <- beta1 m + (1 - beta1) g;
    v <- beta2 v + (1 - beta2) g^2; p <- p - rate (mhat / (sqrt(vhat) + eps) + decay p)
    with mhat = m / (1 - beta1^step), vhat = v / (1 - beta2^step). `clip` 0: no clipping.
    A norm that is not finite leaves p, m and v as they are. Loshchilov and Hutter,
    "Decoupled Weight Decay Regularization", 2019, algorithm 2.
  }];
  let arguments = (ins Dreamer_Float:$parameter, Dreamer_Float:$gradient,
                       Dreamer_Float:$moment1, Dreamer_Float:$moment2,
                       Dreamer_FloatScalar:$norm, Dreamer_FloatScalar:$rate,
                       Dreamer_IntScalar:$step, F64Attr:$beta1, F64Attr:$beta2, F64Attr:$eps,
                       F64Attr:$decay, F64Attr:$clip);
  let results = (outs Dreamer_Float:$new_parameter, Dreamer_Float:$new_moment1,
                      Dreamer_Float:$new_moment2);
  let assemblyFormat = "$parameter `,` $gradient `,` $moment1 `,` $moment2 `,` $norm `,` $rate "
                       "`,` $step attr-dict `:` type(operands)";
}

def Dreamer_ExpertLoadOp : Dreamer_PureOp<"expert_load", [Cheap]> {
  let summary = "how often each expert was chosen: i32 [D, lead, k] -> i32 [D, N]";
  let description = "Negative ids (depths not executed) do not count.";
  let arguments = (ins Dreamer_Ids:$ids, I64Attr:$experts);
  let results = (outs Dreamer_Ids:$load);
  let assemblyFormat = "$ids attr-dict `:` type($ids)";
}

def Dreamer_BalanceBiasOp : Dreamer_PureOp<"balance_bias", [Cheap]> {
  let summary = "b_j + rate * sign(total - N * load_j), in integers, sign(0) = 0";
  let description = [{
    bias f32 [N], load i32 [D, N] summed over D to load_j and over all to total (= k M).
    A norm that is not finite leaves the bias as it is. Wang et al.,
    "Auxiliary-Loss-Free Load Balancing", 2024, algorithm 1.
  }];
  let arguments = (ins Dreamer_Float:$bias, Dreamer_Ids:$load, Dreamer_FloatScalar:$norm,
                       F64Attr:$rate);
  let results = (outs Dreamer_Float:$new_bias);
  let assemblyFormat = "$bias `,` $load `,` $norm attr-dict `:` type(operands)";
}

#endif // DREAMER_TRAINING_OPS_TD
