// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a model description says, as plain values. Member initialisers are the
// defaults; members without one are keys that a description has to give. The keys,
// their ranges and their meaning are listed once, in Schema.h.

#ifndef DREAMER_LIB_MODELDESCRIPTION_DESCRIPTION_H
#define DREAMER_LIB_MODELDESCRIPTION_DESCRIPTION_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dreamer {

/// How a layer combines its attentions over positions and over depths.
enum class Wiring {
  Parallel,  ///< x + SA(n1 x) + DA(n1 x)
  Sequential ///< m = x + SA(n1 x); m + DA(nd m)
};

/// What expert selection ranks.
enum class Rank {
  Logit,  ///< s + b
  Sigmoid ///< sigmoid(s) + b
};

enum class InitKind {
  FanIn, ///< normal(0, 1/sqrt(fan_in)), the embedding 1/sqrt(h), outputs scaled by depth
  Normal ///< normal(0, std) for every matrix
};

enum class Optimizer { AdamW };

/// Attention over positions; `head_dim` features a head.
struct SequenceAttention {
  int64_t heads = 0;
  int64_t kvHeads = 0;
  int64_t headDim = 0;
  double ropeTheta = 10000; ///< 0: no rotation
  bool qkNorm = true;
};

/// Attention over the depths that the same position has been through.
struct DepthAttention {
  int64_t heads = 0;
  int64_t kvHeads = 0;
  int64_t headDim = 0;
  double ropeTheta = 100;
  bool qkNorm = true;
  bool includeCurrent = true;
};

/// A mixture of small SwiGLU experts chosen by keys.
struct ExpertAttention {
  int64_t experts = 0;
  int64_t active = 0;
  int64_t expertHidden = 0;
  int64_t keyDim = 0;
  double ropeTheta = 100;
  Rank rank = Rank::Logit;
  int64_t sharedHidden = 0; ///< 0: no shared expert
  double biasRate = 0.001;
};

/// A dense SwiGLU.
struct FeedForward {
  int64_t hidden = 0;
};

struct Layer {
  Wiring wiring = Wiring::Parallel;
  std::optional<SequenceAttention> sequenceAttention;
  std::optional<DepthAttention> depthAttention;
  std::optional<ExpertAttention> expertAttention;
  std::optional<FeedForward> feedForward;

  /// Whether the layer has a norm of its own before depth attention.
  bool hasDepthNorm() const { return wiring == Wiring::Sequential && depthAttention; }
};

/// A loop over depth: `depth` untied layers, or one layer (a group of layers) repeated.
struct Block {
  enum class Kind { Layers, Recur };

  Kind kind = Kind::Recur;
  std::string name;
  int64_t depth = 0;         ///< `count` of layers, `depth` of recur: steps of the loop
  bool isGroup = false;      ///< recur with `group`, whose layers carry their index in their names
  std::vector<Layer> layers; ///< applied in turn in each step; one unless isGroup

  /// Layer applications from the block's input to its output.
  int64_t applications() const { return depth * static_cast<int64_t>(layers.size()); }

  /// Layers with depth attention: history entries that one step appends.
  int64_t historySlotsPerStep() const;

  /// The name that parameters of layer `j` at step `d` start with.
  std::string parameterPrefix(int64_t j, int64_t d) const;
};

struct Init {
  InitKind kind = InitKind::FanIn;
  double std = 0.02; ///< of InitKind::Normal
};

struct Training {
  Optimizer optimizer = Optimizer::AdamW;
  double learningRate = 3e-4;
  int64_t warmupSteps = 100;
  int64_t scheduleSteps = 0; ///< 0: as many as the training is started with
  double minRate = 0.1;      ///< of the cosine, relative to learningRate
  std::array<double, 2> betas = {0.9, 0.95};
  double eps = 1e-8;
  double weightDecay = 0.1;
  double clipNorm = 1.0; ///< 0: no clipping
  double zLoss = 0;
};

struct Description {
  std::string model;
  int64_t vocabSize = 0;
  int64_t hiddenSize = 0;
  int64_t context = 0;
  bool tieEmbeddings = true;
  double embeddingScale = 1;
  double normEps = 1e-6;
  Init init;
  std::vector<Block> stack;
  Training training;

  /// Layer applications of the whole model; scales the init of output projections.
  int64_t applications() const;
};

} // namespace dreamer

#endif // DREAMER_LIB_MODELDESCRIPTION_DESCRIPTION_H
