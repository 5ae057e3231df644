// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The forward operations of a layer, routing aside: embedding, norms, products,
// rotations, attentions over positions and over depths.

#ifndef DREAMER_LAYER_OPS_TD
#define DREAMER_LAYER_OPS_TD

include "dialects/Dreamer/DreamerOpBase.td"

def Dreamer_ZeroOp : Dreamer_Op<"zero", [Pure, Cheap]> {
  let summary = "a tensor of zeros";
  let results = (outs Dreamer_AnyTensor:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Dreamer_PositionsOp : Dreamer_PureOp<"positions", [Cheap, Decodable]> {
  let summary = "the position of each token: 0, 1, ... along the last dimension";
  let arguments = (ins Dreamer_Ids:$tokens);
  let results = (outs Dreamer_Ids:$result);
  let assemblyFormat = "$tokens attr-dict `:` type($tokens)";
}

def Dreamer_EmbeddingOp : Dreamer_PureOp<"embedding", [Partial, Differentiable]> {
  let summary = "rows of a table, times a scale: i32 [lead], f32 [V, h] -> f32 [lead, h]";
  let arguments = (ins Dreamer_Ids:$tokens, Dreamer_Float:$table,
                       DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs Dreamer_Float:$result);
  let assemblyFormat = "$tokens `,` $table attr-dict `:` type(operands)";
}

def Dreamer_RMSNormOp : Dreamer_PureOp<"rms_norm", [Cheap, Differentiable, TileLocal, NarrowResult]> {
  let summary = "x / sqrt(mean(x^2) + eps) * w over each run of size(w) features";
  let description = [{
    `w` is [c] and c divides the last dimension: each consecutive run of c features
    is normalised on its own, so one operation serves the norm of a state (c = h)
    and of each head (c = head_dim). Zhang and Sennrich, "Root Mean Square Layer
    Normalization", 2019, equation 4.
  }];
  let arguments = (ins Dreamer_Float:$x, Dreamer_Float:$weight, F64Attr:$eps);
  let results = (outs Dreamer_Matrix:$result);
  let assemblyFormat = "$x `,` $weight attr-dict `:` type(operands)";
}

def Dreamer_LinearOp
    : Dreamer_PureOp<"linear", [Contracts, Differentiable, MatrixOperands, Accumulates, NarrowResult]> {
  let summary = "x W^T: [lead, in], [out, in] -> f32 [lead, out]; `transpose`: x W";
  let description = [{
    `full_precision` keeps the operands f32 whatever the element type (the router). With `into`, the
    product is added to the tensor given.
  }];
  let arguments = (ins Dreamer_Matrix:$x, Dreamer_Matrix:$weight, Variadic<Dreamer_Float>:$sums,
                       UnitAttr:$transpose, UnitAttr:$full_precision);
  let results = (outs Dreamer_Matrix:$result);
  let assemblyFormat = "$x `,` $weight (`into` `(` $sums^ `)`)? attr-dict `:` type(operands)";
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::mlir::Value":$weight,
                                CArg<"bool", "false">:$transpose,
                                CArg<"bool", "false">:$fullPrecision),
                            "build($_builder, $_state, x, weight, ::mlir::ValueRange(), transpose, "
                            "fullPrecision);">];
}

def Dreamer_RotaryOp : Dreamer_PureOp<"rotary", [Cheap, Differentiable, TileLocal, NarrowResult]> {
  let summary = "rotary position encoding of each run of head_dim features";
  let description = [{
    Rotates the pairs (v_i, v_{i + c/2}) of each run v of c = head_dim features by
    the angles p * theta^(-2i/c) (the half-split convention); `inverse` by their
    negatives. The position p is a scalar `index` (a depth) or i32 of x's lead
    dimensions. Su et al., "RoFormer", 2021, section 3.2.
  }];
  let arguments = (ins Dreamer_Float:$x, AnyTypeOf<[Index, Dreamer_Ids]>:$position,
                       I64Attr:$head_dim, F64Attr:$theta, UnitAttr:$inverse);
  let results = (outs Dreamer_Matrix:$result);
  let assemblyFormat = "$x `,` $position attr-dict `:` type(operands)";
}

def Dreamer_SwiGLUOp : Dreamer_PureOp<"swiglu", [Cheap, Differentiable, TileLocal, NarrowResult]> {
  let summary = "silu(a) * b, elementwise; Shazeer, \"GLU Variants\", 2020";
  let arguments = (ins Dreamer_Float:$a, Dreamer_Float:$b);
  let results = (outs Dreamer_Matrix:$result);
  let assemblyFormat = "$a `,` $b attr-dict `:` type(operands)";
}

def Dreamer_AddOp
    : Dreamer_PureOp<"add", [Cheap, Differentiable, TileLocal, Commutative, NarrowResult]> {
  let summary = "a + b, elementwise";
  let arguments = (ins Dreamer_Float:$a, Dreamer_Float:$b);
  let results = (outs Dreamer_Matrix:$result);
  let assemblyFormat = "$a `,` $b attr-dict `:` type(operands)";
  let hasFolder = 1;
}

def Dreamer_ScaleOp : Dreamer_PureOp<"scale", [Cheap, Differentiable, TileLocal, NarrowResult]> {
  let summary = "x times a constant";
  let arguments = (ins Dreamer_Float:$x, F64Attr:$factor);
  let results = (outs Dreamer_Matrix:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasFolder = 1;
}

def Dreamer_CastOp : Dreamer_Op<"cast", [Pure, Cheap, Differentiable, SameOperandsAndResultShape]> {
  let summary = "to another floating-point type, rounding to nearest even";
  let arguments = (ins Dreamer_Matrix:$x);
  let results = (outs Dreamer_Matrix:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
}

def Dreamer_SequenceAttentionOp
    : Dreamer_PureOp<"sequence_attention", [Contracts, Differentiable, MatrixOperands, DecodableWithCache,
                                           NarrowResult]> {
  let summary = "causal softmax attention over positions, grouped heads";
  let description = [{
    q [B, T, heads * c], k and v [B, T, kv_heads * c]; kv_heads divides heads, query
    head i reads key head i / (heads / kv_heads). Position t attends t' <= t, scale
    1/sqrt(c). Results: output f32 [B, T, heads * c] and, for the adjoint, the log of
    the sum of exponentials f32 [B, heads, T].
  }];
  let arguments = (ins Dreamer_Matrix:$q, Dreamer_Matrix:$k, Dreamer_Matrix:$v,
                       I64Attr:$heads, I64Attr:$kv_heads);
  let results = (outs Dreamer_Matrix:$result, Dreamer_Float:$lse);
  let assemblyFormat = "$q `,` $k `,` $v attr-dict `:` type(operands)";
}

def Dreamer_DepthAttentionOp
    : Dreamer_PureOp<"depth_attention", [ContractsPartial, Differentiable, NarrowResult]> {
  let summary = "softmax attention of one position over its history of depths";
  let description = [{
    q [lead, heads * c]; histories of keys and values [S, lead, kv_heads * c], of which
    the first `count` slots are valid. Scale 1/sqrt(c). `count` 0 gives zero.
  }];
  let arguments = (ins Dreamer_Matrix:$q, Dreamer_Matrix:$keys, Dreamer_Matrix:$values,
                       Index:$count, I64Attr:$heads, I64Attr:$kv_heads);
  let results = (outs Dreamer_Matrix:$result);
  let assemblyFormat = "$q `,` $keys `,` $values `,` $count attr-dict `:` type(operands)";
}

def Dreamer_LastPositionOp : Dreamer_PureOp<"last_position", [Cheap, NarrowResult]> {
  let summary = "the last valid position of each sequence: [B, T, h], i32 [B] -> [B, h]";
  let description = "Takes position `lengths[b] - 1`; a length is in [1, T].";
  let arguments = (ins Dreamer_Float:$x, Dreamer_Ids:$lengths);
  let results = (outs Dreamer_Matrix:$result);
  let assemblyFormat = "$x `,` $lengths attr-dict `:` type(operands)";
}

def Dreamer_CacheAppendOp : Dreamer_PureOp<"cache_append", [Partial]> {
  let summary = "a cache [D, B, C, F] with value [B, F] at [slot, b, position[b]]";
  let description = "Cache, value and result have the same element type.";
  let arguments = (ins Dreamer_Matrix:$cache, Dreamer_Matrix:$value, Dreamer_Ids:$position,
                       Index:$slot);
  let results = (outs Dreamer_Matrix:$result);
  let assemblyFormat = "$cache `,` $value `,` $position `,` $slot attr-dict `:` type(operands)";
}

def Dreamer_DecodeAttentionOp
    : Dreamer_PureOp<"decode_attention", [ContractsPartial, MatrixOperands]> {
  let summary = "attention of one new token over the cached positions 0 .. position[b]";
  let description = [{
    q [B, heads * c], caches of keys and values [D, B, C, kv_heads * c] read at `slot`.
    Scale 1/sqrt(c). The query becomes bf16 where the caches are.
  }];
  let arguments = (ins Dreamer_Matrix:$q, Dreamer_Matrix:$keys, Dreamer_Matrix:$values,
                       Dreamer_Ids:$position, Index:$slot, I64Attr:$heads,
                       I64Attr:$kv_heads);
  let results = (outs Dreamer_Float:$result);
  let assemblyFormat =
      "$q `,` $keys `,` $values `,` $position `,` $slot attr-dict `:` type(operands)";
}

#endif // DREAMER_LAYER_OPS_TD
