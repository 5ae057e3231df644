// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RandomDescription.h"
#include <random>

namespace dreamer::testing {

namespace {

std::string header(int vocabulary, int hidden, int context, const std::string &more = "") {
  return "model: generated\nvocab_size: " + std::to_string(vocabulary) +
         "\nhidden_size: " + std::to_string(hidden) + "\ncontext: " + std::to_string(context) +
         "\n" + more + "stack:\n";
}

const char *sequence = "sequence_attention: {heads: 2, kv_heads: 1, head_dim: 6}";
const char *depth = "depth_attention: {heads: 3, kv_heads: 3, head_dim: 4}";
const char *experts = "expert_attention: {experts: 5, active: 2, expert_hidden: 7, key_dim: 6}";

/// A `recur` of one layer with the given lines.
std::string recur(int steps, std::initializer_list<std::string> lines) {
  std::string text = "  - recur:\n      name: core\n      depth: " + std::to_string(steps) + "\n";
  for (const std::string &line : lines)
    text += "      " + line + "\n";
  return text;
}

/// Draws the pieces of a random description.
class Generator {
public:
  explicit Generator(uint64_t seed) : random(seed) {}

  std::string description() {
    std::string more;
    if (chance(3))
      more += "tie_embeddings: false\n";
    if (chance(4))
      more += "embedding_scale: 1.5\n";
    if (chance(4))
      more += "init: {kind: normal, std: 0.3}\n";
    if (chance(4))
      more += "norm_eps: 1.0e-3\n";
    if (chance(3))
      more += "training: {z_loss: 0.01, learning_rate: 1.0e-2, warmup_steps: 3}\n";
    std::string text = header(pick(5, 40), pick(3, 40), pick(1, 12), more);
    int blocks = pick(1, 2);
    for (int i = 0; i < blocks; ++i)
      text += block(i);
    return text;
  }

private:
  int pick(int low, int high) {
    return low + static_cast<int>(random() % static_cast<uint64_t>(high - low + 1));
  }
  bool chance(int oneIn) { return pick(1, oneIn) == 1; }
  int steps() {
    constexpr int choices[] = {1, 2, 3, 5, 7};
    return choices[pick(0, 4)];
  }

  std::string heads(int evenDims) {
    int kv = pick(1, 3), queries = kv * pick(1, 3);
    return "heads: " + std::to_string(queries) + ", kv_heads: " + std::to_string(kv) +
           ", head_dim: " + std::to_string(evenDims);
  }

  std::string sequenceAttention() {
    std::string text = "sequence_attention: {" + heads(2 * pick(1, 6));
    if (chance(3))
      text += ", qk_norm: false";
    if (chance(4))
      text += ", rope_theta: 0";
    return text + "}";
  }

  std::string depthAttention() {
    std::string text = "depth_attention: {" + historyHeads;
    if (chance(3))
      text += ", include_current: false";
    return text + "}";
  }

  std::string experts() {
    int count = pick(1, 9), active = pick(1, count);
    std::string text = "expert_attention: {experts: " + std::to_string(count) +
                       ", active: " + std::to_string(active) +
                       ", expert_hidden: " + std::to_string(pick(1, 19)) +
                       ", key_dim: " + std::to_string(2 * pick(1, 5));
    if (chance(3))
      text += ", rank: sigmoid";
    if (chance(3))
      text += ", shared_hidden: " + std::to_string(pick(1, 9));
    if (chance(4))
      text += ", rope_theta: 0";
    return text + "}";
  }

  /// The keys of one layer, comma separated.
  std::string layer() {
    std::string text = chance(3) ? "wiring: sequential" : "wiring: parallel";
    if (!chance(5))
      text += ", " + sequenceAttention();
    if (!chance(3))
      text += ", " + depthAttention();
    if (chance(3))
      text += ", feed_forward: {hidden: " + std::to_string(pick(1, 30)) + "}";
    else if (!chance(6))
      text += ", " + experts();
    return text;
  }

  std::string block(int index) {
    historyHeads = heads(2 * pick(1, 4));
    if (chance(3))
      historyHeads += ", qk_norm: false";
    if (chance(4))
      historyHeads += ", rope_theta: 0";
    std::string name = "name: part" + std::to_string(index) + ", ";
    switch (pick(0, 2)) {
    case 0:
      return "  - layers: {" + name + "count: " + std::to_string(pick(1, 3)) + ", " + layer() +
             "}\n";
    case 1:
      return "  - recur: {" + name + "depth: " + std::to_string(steps()) + ", " + layer() + "}\n";
    default:
      std::string group;
      for (int i = 0, n = pick(1, 3); i < n; ++i)
        group += (i ? ", {" : "{") + layer() + "}";
      return "  - recur: {" + name + "depth: " + std::to_string(pick(1, 4)) + ", group: [" + group +
             "]}\n";
    }
  }

  std::mt19937_64 random;
  std::string historyHeads; ///< what the depth attentions of one block have to agree on
};

} // namespace

std::vector<NamedDescription> describedCases() {
  std::string base = header(31, 20, 9);
  std::vector<NamedDescription> cases;
  for (int steps : {1, 2, 7, 16})
    cases.push_back(
        {"depth" + std::to_string(steps), base + recur(steps, {sequence, depth, experts})});
  cases.push_back(
      {"sequential", base + recur(3, {"wiring: sequential", sequence, depth, experts})});
  cases.push_back({"sequence_only", base + recur(3, {sequence})});
  cases.push_back({"depth_only", base + recur(3, {depth})});
  cases.push_back({"experts_only", base + recur(3, {experts})});
  cases.push_back({"nothing_mixes_positions", base + recur(3, {depth, experts})});
  cases.push_back({"feed_forward", base + recur(3, {sequence, "feed_forward: {hidden: 13}"})});
  cases.push_back(
      {"past_depths_only", base + recur(4, {sequence,
                                            "depth_attention: {heads: 2, kv_heads: 1, head_dim: 4, "
                                            "include_current: false, qk_norm: false}",
                                            experts})});
  cases.push_back({"sigmoid_rank_shared_expert",
                   base + recur(3, {sequence, "expert_attention: {experts: 6, active: 3, "
                                              "expert_hidden: 5, key_dim: 4, rank: sigmoid, "
                                              "shared_hidden: 9, rope_theta: 0}"})});
  cases.push_back(
      {"one_active_expert", base + recur(2, {sequence, "expert_attention: {experts: 4, active: 1, "
                                                       "expert_hidden: 5, key_dim: 4}"})});
  cases.push_back(
      {"all_experts_active", base + recur(2, {sequence, "expert_attention: {experts: 3, active: 3, "
                                                        "expert_hidden: 5, key_dim: 4}"})});
  cases.push_back({"untied_embedding_scale_normal_init",
                   header(23, 14, 7,
                          "tie_embeddings: false\nembedding_scale: 2\n"
                          "init: {kind: normal, std: 0.2}\ntraining: {z_loss: 0.01}\n") +
                       recur(3, {sequence, depth, experts})});
  cases.push_back({"layers", base + "  - layers: {name: stem, count: 3, " + sequence + ", " +
                                 depth + ", " + experts + "}\n"});
  cases.push_back({"group", base + "  - recur: {name: pair, depth: 3, group: [{" + depth + ", " +
                                experts + "}, {" + sequence + ", feed_forward: {hidden: 11}}, {" +
                                sequence + ", " + depth + "}]}\n"});
  cases.push_back({"blocks", base + "  - layers: {name: in, count: 2, " + sequence +
                                 ", feed_forward: {hidden: 10}}\n" +
                                 recur(3, {sequence, depth, experts}) + "  - layers: {count: 1, " +
                                 sequence + "}\n"});
  cases.push_back({"one_position", header(11, 8, 1) + recur(2, {sequence, depth, experts})});
  cases.push_back(
      {"wide",
       header(67, 65, 17) + recur(2, {"sequence_attention: {heads: 5, kv_heads: 5, head_dim: 34}",
                                      "depth_attention: {heads: 4, kv_heads: 2, head_dim: 18}",
                                      "expert_attention: {experts: 33, active: 5, "
                                      "expert_hidden: 37, key_dim: 34}"})});
  return cases;
}

NamedDescription randomDescription(uint64_t seed) {
  return {"seed" + std::to_string(seed), Generator(seed).description()};
}

std::vector<NamedDescription> describedAndRandom(uint64_t first, uint64_t last) {
  std::vector<NamedDescription> cases = describedCases();
  for (uint64_t seed = first; seed <= last; ++seed)
    cases.push_back(randomDescription(seed));
  return cases;
}

} // namespace dreamer::testing
