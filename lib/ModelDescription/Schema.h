// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every key of a model description, once: name, member, range, meaning. A visitor
// that reads, prints or documents descriptions is called for each key in the order
// in which descriptions are printed:
//
//   visitor.field(key, member, Need, range-or-choices, help)   a scalar or a short list
//   visitor.section(key, member, help)                         a mapping
//   visitor.list(key, members, Need, help)                     a list of mappings
//   visitor.blocks(key, blocks, help)                          the stack

#ifndef DREAMER_LIB_MODELDESCRIPTION_SCHEMA_H
#define DREAMER_LIB_MODELDESCRIPTION_SCHEMA_H

#include "lib/ModelDescription/Description.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <limits>
#include <utility>

namespace dreamer::schema {

enum class Need { Required, Optional };

/// Integers from `low` to `high`.
struct IntegerRange {
  int64_t low;
  int64_t high;
};

/// Numbers from `low` to `high`, ends included unless open.
struct NumberRange {
  double low;
  double high;
  bool openLow = false;
  bool openHigh = false;
};

/// A word out of a few.
template <typename T>
using Choices = llvm::ArrayRef<std::pair<llvm::StringRef, T>>;

enum class NameKind { Model, Block };
struct Flag {};

inline constexpr IntegerRange size{1, int64_t(1) << 30};
inline constexpr IntegerRange sizeOrNone{0, int64_t(1) << 30};
inline constexpr IntegerRange vocabulary{1, (int64_t(1) << 31) - 1};
inline constexpr IntegerRange positions{1, int64_t(1) << 24};
inline constexpr IntegerRange steps{1, int64_t(1) << 16};
inline constexpr IntegerRange untiedLayers{1, int64_t(1) << 12};
inline constexpr IntegerRange count{0, int64_t(1) << 53};
inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr NumberRange positive{0, infinity, true, true};
inline constexpr NumberRange notNegative{0, infinity, false, true};
inline constexpr NumberRange fraction{0, 1, false, false};
inline constexpr NumberRange decay{0, 1, false, true};
/// 0 stands for no rotation; what lies between 0 and 1 is refused where it is read.
inline constexpr NumberRange theta = notNegative;

inline constexpr std::pair<llvm::StringRef, Wiring> wirings[] = {
    {"parallel", Wiring::Parallel}, {"sequential", Wiring::Sequential}};
inline constexpr std::pair<llvm::StringRef, Rank> ranks[] = {{"logit", Rank::Logit},
                                                             {"sigmoid", Rank::Sigmoid}};
inline constexpr std::pair<llvm::StringRef, InitKind> initKinds[] = {{"fan_in", InitKind::FanIn},
                                                                     {"normal", InitKind::Normal}};
inline constexpr std::pair<llvm::StringRef, Optimizer> optimizers[] = {{"adamw", Optimizer::AdamW}};

template <typename V>
void visit(V &v, SequenceAttention &a) {
  v.field("heads", a.heads, Need::Required, size, "query heads");
  v.field("kv_heads", a.kvHeads, Need::Required, size, "key and value heads; divides heads");
  v.field("head_dim", a.headDim, Need::Required, size, "features of a head");
  v.field("rope_theta", a.ropeTheta, Need::Optional, theta,
          "base of the rotation by position, at least 1; 0: no rotation");
  v.field("qk_norm", a.qkNorm, Need::Optional, Flag{}, "RMS norm of each query and key head");
}

template <typename V>
void visit(V &v, DepthAttention &a) {
  v.field("heads", a.heads, Need::Required, size, "query heads");
  v.field("kv_heads", a.kvHeads, Need::Required, size, "key and value heads; divides heads");
  v.field("head_dim", a.headDim, Need::Required, size, "features of a head");
  v.field("rope_theta", a.ropeTheta, Need::Optional, theta,
          "base of the rotation by depth, at least 1; 0: no rotation");
  v.field("qk_norm", a.qkNorm, Need::Optional, Flag{}, "RMS norm of each query and key head");
  v.field("include_current", a.includeCurrent, Need::Optional, Flag{},
          "a depth attends to itself as well as to those before it");
}

template <typename V>
void visit(V &v, ExpertAttention &a) {
  v.field("experts", a.experts, Need::Required, size, "experts in the pool");
  v.field("active", a.active, Need::Required, size, "experts chosen for a token, at most experts");
  v.field("expert_hidden", a.expertHidden, Need::Required, size, "hidden features of an expert");
  v.field("key_dim", a.keyDim, Need::Required, size, "features of the routing query and keys");
  v.field("rope_theta", a.ropeTheta, Need::Optional, theta,
          "base of the routing query's rotation by depth, at least 1; 0: no rotation");
  v.field("rank", a.rank, Need::Optional, Choices<Rank>(ranks),
          "what the choice ranks, the balance bias added");
  v.field("shared_hidden", a.sharedHidden, Need::Optional, sizeOrNone,
          "hidden features of an expert that every token uses; 0: none");
  v.field("bias_rate", a.biasRate, Need::Optional, notNegative,
          "how far a step moves the balance bias");
}

template <typename V>
void visit(V &v, FeedForward &f) {
  v.field("hidden", f.hidden, Need::Required, size, "hidden features of the dense SwiGLU");
}

template <typename V>
void visit(V &v, Layer &layer) {
  v.field("wiring", layer.wiring, Need::Optional, Choices<Wiring>(wirings),
          "attentions beside each other, or one after the other");
  v.section("sequence_attention", layer.sequenceAttention, "attention over positions");
  v.section("depth_attention", layer.depthAttention, "attention over depths of one position");
  v.section("expert_attention", layer.expertAttention, "a mixture of experts");
  v.section("feed_forward", layer.feedForward, "a dense feed-forward; not beside expert_attention");
}

template <typename V>
void visit(V &v, Block &block) {
  v.field("name", block.name, Need::Optional, NameKind::Block,
          "letters, digits, `_` and `-`; by default its place: block0, block1, ...");
  if (block.kind == Block::Kind::Layers)
    v.field("count", block.depth, Need::Required, untiedLayers,
            "layers, each with its own parameters");
  else
    v.field("depth", block.depth, Need::Required, steps, "how often the layer (group) is applied");
  if (block.isGroup)
    v.list("group", block.layers, Need::Required, "layers applied in turn, instead of layer keys");
  else
    visit(v, block.layers.front());
}

template <typename V>
void visit(V &v, Init &init) {
  v.field("kind", init.kind, Need::Optional, Choices<InitKind>(initKinds),
          "fan_in: 1/sqrt(inputs), outputs scaled by depth; normal: std everywhere");
  v.field("std", init.std, Need::Optional, positive, "standard deviation of `kind: normal`");
}

template <typename V>
void visit(V &v, Training &t) {
  v.field("optimizer", t.optimizer, Need::Optional, Choices<Optimizer>(optimizers), "AdamW");
  v.field("learning_rate", t.learningRate, Need::Optional, notNegative, "highest rate");
  v.field("warmup_steps", t.warmupSteps, Need::Optional, count, "steps of linear warm-up");
  v.field("schedule_steps", t.scheduleSteps, Need::Optional, count,
          "steps of the cosine; 0: as many as the training is started with");
  v.field("min_rate", t.minRate, Need::Optional, fraction, "last rate relative to the highest");
  v.field("betas", t.betas, Need::Optional, decay, "decay of both moments");
  v.field("eps", t.eps, Need::Optional, positive, "added to the root of the second moment");
  v.field("weight_decay", t.weightDecay, Need::Optional, notNegative,
          "of parameters with two or more dimensions");
  v.field("clip_norm", t.clipNorm, Need::Optional, notNegative,
          "largest norm of all gradients; 0: no clipping");
  v.field("z_loss", t.zLoss, Need::Optional, notNegative, "weight of the mean squared log-sum");
}

template <typename V>
void visit(V &v, Description &d) {
  v.field("model", d.model, Need::Required, NameKind::Model, "a name");
  v.field("vocab_size", d.vocabSize, Need::Required, vocabulary,
          "tokens; 260 for bytes and four specials");
  v.field("hidden_size", d.hiddenSize, Need::Required, size, "features of the state");
  v.field("context", d.context, Need::Required, positions,
          "positions a package is compiled for unless asked otherwise");
  v.field("tie_embeddings", d.tieEmbeddings, Need::Optional, Flag{},
          "the embedding is the output matrix too");
  v.field("embedding_scale", d.embeddingScale, Need::Optional, positive,
          "embeddings are multiplied by it");
  v.field("norm_eps", d.normEps, Need::Optional, positive, "eps of every RMS norm");
  v.section("init", d.init, "how parameters start");
  v.blocks("stack", d.stack, "blocks in order, each `layers` or `recur`");
  v.section("training", d.training, "what a training step does");
}

} // namespace dreamer::schema

#endif // DREAMER_LIB_MODELDESCRIPTION_SCHEMA_H
