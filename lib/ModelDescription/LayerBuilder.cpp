// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/ModelDescription/LayerBuilder.h"
#include "dialects/Dreamer/DreamerOps.h"
#include <cmath>

using namespace mlir;

namespace dreamer {

LayerBuilder::LayerBuilder(OpBuilder &builder, const Description &description, const Layer &layer,
                           const Application &application,
                           llvm::function_ref<Value(StringRef)> weight)
    : b(builder.getUnknownLoc(), builder), description(description), layer(layer),
      application(application), weight(weight) {}

void LayerBuilder::enter(StringRef part) {
  b.setLoc(NameLoc::get(b.getStringAttr(application.name + "." + part)));
}

Value LayerBuilder::linear(Value x, StringRef part, StringRef name, bool fullPrecision) {
  return LinearOp::create(b, x, weight((part + "." + name + ".weight").str()),
                          /*transpose=*/false, fullPrecision);
}

Value LayerBuilder::norm(Value x, Twine name) {
  return RMSNormOp::create(b, x, weight((name + ".weight").str()),
                           llvm::APFloat(description.normEps));
}

Value LayerBuilder::rotate(Value x, Value position, int64_t headDim, double theta) {
  if (theta == 0)
    return x;
  return RotaryOp::create(b, x, position, headDim, llvm::APFloat(theta));
}

Value LayerBuilder::add(Value a, Value c) { return a ? AddOp::create(b, a, c).getResult() : c; }

template <typename Attention>
Value LayerBuilder::head(const Attention &a, StringRef part, StringRef name, Value u,
                         Value position) {
  Value projected = linear(u, part, (name + "_proj").str());
  if (a.qkNorm)
    projected = norm(projected, part + "." + name + "_norm");
  return rotate(projected, position, a.headDim, a.ropeTheta);
}

Value LayerBuilder::sequenceAttention(const SequenceAttention &a, Value u) {
  constexpr StringLiteral part = "sequence_attention";
  enter(part);
  Value q = head(a, part, "q", u, application.positions);
  Value k = head(a, part, "k", u, application.positions);
  Value v = linear(u, part, "v_proj");
  auto attention = SequenceAttentionOp::create(b, q, k, v, a.heads, a.kvHeads);
  return linear(attention.getResult(), part, "o_proj");
}

Value LayerBuilder::depthAttention(const DepthAttention &a, Value u, LayerState &state) {
  constexpr StringLiteral part = "depth_attention";
  enter(part);
  Value q = head(a, part, "q", u, application.index);
  Value k = head(a, part, "k", u, application.index);
  Value v = linear(u, part, "v_proj");
  state.keys = AppendOp::create(b, state.keys, k, application.slot);
  state.values = AppendOp::create(b, state.values, v, application.slot);
  Value attention = DepthAttentionOp::create(b, q, state.keys, state.values,
                                             application.historySize, a.heads, a.kvHeads);
  return linear(attention, part, "o_proj");
}

Value LayerBuilder::swiglu(StringRef part, Value u) {
  Value hidden = SwiGLUOp::create(b, linear(u, part, "w1"), linear(u, part, "w3"));
  return linear(hidden, part, "w2");
}

Value LayerBuilder::expertAttention(const ExpertAttention &a, Value u, Value &ids) {
  constexpr StringLiteral part = "expert_attention";
  enter(part);
  Value query = linear(u, part, "query", /*fullPrecision=*/true);
  query = rotate(query, application.index, a.keyDim, a.ropeTheta);
  Value scores = linear(query, part, "keys", /*fullPrecision=*/true);
  double scale = 1 / std::sqrt(static_cast<double>(a.keyDim));
  scores = ScaleOp::create(b, scores, llvm::APFloat(scale));
  Value chosen = TopKOp::create(b, scores, weight("expert_attention.bias"), a.active,
                                a.rank == Rank::Sigmoid ? "sigmoid" : "logit");
  ids = ReplayOp::create(b, application.givenIds, chosen);
  Value gates = GatesOp::create(b, scores, ids);
  Value toHidden[] = {weight("expert_attention.experts.w1.weight"),
                      weight("expert_attention.experts.w3.weight")};
  auto hidden = ExpertLinearOp::create(b, toHidden, u, ids);
  Value mixed = MixExpertsOp::create(b, hidden.getProducts()[0], hidden.getProducts()[1], ids,
                                     gates, weight("expert_attention.experts.w2.weight"));
  if (a.sharedHidden == 0)
    return mixed;
  return add(mixed, swiglu("expert_attention.shared", u));
}

/// Adds attention over positions and over depths to the state.
Value LayerBuilder::attend(LayerState &state) {
  const auto &sequence = layer.sequenceAttention;
  const auto &depth = layer.depthAttention;
  bool sequential = layer.wiring == Wiring::Sequential;
  Value x = state.x;
  Value u, mixed;
  if (sequence || (depth && !sequential)) {
    enter("norm1");
    u = norm(x, "norm1");
  }
  if (sequence)
    mixed = sequenceAttention(*sequence, u);
  if (sequential && depth) {
    enter("residual");
    x = add(mixed, x);
    enter("norm_depth");
    u = norm(x, "norm_depth");
    mixed = nullptr;
  }
  if (depth) {
    Value own = depthAttention(*depth, u, state);
    mixed = add(mixed, own);
  }
  enter("residual");
  return add(mixed, x);
}

Value LayerBuilder::build(LayerState &state) {
  Value m = attend(state);
  state.x = m;
  if (!layer.expertAttention && !layer.feedForward)
    return nullptr;
  enter("norm2");
  Value u = norm(m, "norm2");
  Value ids, out;
  if (layer.expertAttention) {
    out = expertAttention(*layer.expertAttention, u, ids);
  } else {
    enter("feed_forward");
    out = swiglu("feed_forward", u);
  }
  enter("residual");
  state.x = add(out, m);
  return ids;
}

} // namespace dreamer
