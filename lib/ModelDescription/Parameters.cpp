// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/ModelDescription/Parameters.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include <algorithm>
#include <cmath>

namespace dreamer {

int64_t saturatingProduct(int64_t a, int64_t b) {
  constexpr int64_t limit = int64_t(1) << 62;
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? limit : std::min(product, limit);
}

int64_t Parameter::size() const {
  int64_t product = 1;
  for (int64_t extent : shape)
    product = saturatingProduct(product, extent);
  return product;
}

namespace {

using Shape = llvm::SmallVector<int64_t, 3>;

/// Appends parameters with a common prefix.
class Lister {
public:
  Lister(const Description &description, llvm::StringRef prefix, std::vector<Parameter> &out)
      : description(description), prefix(prefix), out(out) {}

  void layer(const Layer &layer);

  /// A norm's weight [size].
  void norm(const llvm::Twine &name, int64_t size) { fill(name, {size}, 1); }

  /// A matrix [..., out, in]. An output projection writes into the state, and is scaled by depth.
  void matrix(const llvm::Twine &name, Shape shape, bool outputProjection = false) {
    double variance = 1 / static_cast<double>(shape.back());
    if (outputProjection)
      variance /= 2 * static_cast<double>(description.applications());
    double std = std::sqrt(variance);
    if (description.init.kind == InitKind::Normal)
      std = description.init.std;
    out.push_back(
        {.name = (prefix + name).str(), .shape = std::move(shape), .random = true, .value = std});
  }

private:
  void fill(const llvm::Twine &name, Shape shape, double value) {
    out.push_back({.name = (prefix + name).str(), .shape = std::move(shape), .value = value});
  }

  /// SequenceAttention or DepthAttention.
  template <typename Attention>
  void attention(llvm::StringRef part, const Attention &a);
  void experts(const ExpertAttention &a);
  /// SwiGLU weights `<part>.{w1,w3,w2}.weight`, one for each of the leading shape.
  void swiglu(llvm::StringRef part, const Shape &leading, int64_t hidden);

  const Description &description;
  llvm::StringRef prefix;
  std::vector<Parameter> &out;
};

template <typename Attention>
void Lister::attention(llvm::StringRef part, const Attention &a) {
  int64_t h = description.hiddenSize;
  matrix(part + llvm::Twine(".q_proj.weight"), {a.heads * a.headDim, h});
  matrix(part + llvm::Twine(".k_proj.weight"), {a.kvHeads * a.headDim, h});
  matrix(part + llvm::Twine(".v_proj.weight"), {a.kvHeads * a.headDim, h});
  matrix(part + llvm::Twine(".o_proj.weight"), {h, a.heads * a.headDim}, true);
  if (!a.qkNorm)
    return;
  norm(part + llvm::Twine(".q_norm.weight"), a.headDim);
  norm(part + llvm::Twine(".k_norm.weight"), a.headDim);
}

void Lister::swiglu(llvm::StringRef part, const Shape &leading, int64_t hidden) {
  Shape in = leading, outward = leading;
  in.append({hidden, description.hiddenSize});
  outward.append({description.hiddenSize, hidden});
  matrix(part + llvm::Twine(".w1.weight"), in);
  matrix(part + llvm::Twine(".w3.weight"), in);
  matrix(part + llvm::Twine(".w2.weight"), outward, true);
}

void Lister::experts(const ExpertAttention &a) {
  matrix("expert_attention.query.weight", {a.keyDim, description.hiddenSize});
  matrix("expert_attention.keys.weight", {a.experts, a.keyDim});
  fill("expert_attention.bias", {a.experts}, 0);
  out.back().balance = true;
  out.back().biasRate = a.biasRate;
  swiglu("expert_attention.experts", {a.experts}, a.expertHidden);
  if (a.sharedHidden > 0)
    swiglu("expert_attention.shared", {}, a.sharedHidden);
}

void Lister::layer(const Layer &layer) {
  int64_t h = description.hiddenSize;
  norm("norm1.weight", h);
  if (layer.sequenceAttention)
    attention("sequence_attention", *layer.sequenceAttention);
  if (layer.depthAttention)
    attention("depth_attention", *layer.depthAttention);
  if (layer.hasDepthNorm())
    norm("norm_depth.weight", h);
  norm("norm2.weight", h);
  if (layer.expertAttention)
    experts(*layer.expertAttention);
  if (layer.feedForward)
    swiglu("feed_forward", {}, layer.feedForward->hidden);
}

} // namespace

void appendLayerParameters(const Description &description, const Layer &layer,
                           llvm::StringRef prefix, std::vector<Parameter> &parameters) {
  std::string dotted = (prefix + ".").str();
  Lister(description, dotted, parameters).layer(layer);
}

std::vector<Parameter> listParameters(const Description &description) {
  std::vector<Parameter> parameters;
  Lister model(description, "", parameters);
  Shape table = {description.vocabSize, description.hiddenSize};
  model.matrix("embed.weight", table);
  for (const Block &block : description.stack) {
    int64_t untied = block.kind == Block::Kind::Layers ? block.depth : 1;
    for (int64_t d = 0; d < untied; ++d)
      for (auto [j, layer] : llvm::enumerate(block.layers))
        appendLayerParameters(description, layer, block.parameterPrefix(j, d), parameters);
  }
  model.norm("norm.weight", description.hiddenSize);
  if (!description.tieEmbeddings)
    model.matrix("output.weight", table);
  return parameters;
}

} // namespace dreamer
