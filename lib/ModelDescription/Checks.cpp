// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/ModelDescription/Checks.h"
#include "lib/ModelDescription/Parameters.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include <unordered_map>

using namespace mlir;

namespace dreamer {

namespace {

/// Sums over the blocks of a model; far above what any machine holds, far below overflow.
constexpr int64_t maxUntiedLayers = int64_t(1) << 12;
constexpr int64_t maxApplications = int64_t(1) << 20;
constexpr int64_t maxParameters = int64_t(1) << 44;

LogicalResult checkHeads(int64_t heads, int64_t kvHeads, Locate locate) {
  if (heads % kvHeads == 0)
    return success();
  return emitError(locate("kv_heads"))
         << "expected kv_heads to divide heads, found " << kvHeads << " key and value heads for "
         << heads << " query heads; each key head serves the same number of query heads";
}

/// A theta is 0 or at least 1, and rotation turns pairs of features.
LogicalResult checkRotation(double theta, int64_t features, StringRef featuresKey, Locate locate) {
  if (theta == 0)
    return success();
  if (theta < 1)
    return emitError(locate("rope_theta"))
           << "expected rope_theta to be 0 (no rotation) or at least 1, found " << theta;
  if (features % 2 == 0)
    return success();
  return emitError(locate(featuresKey))
         << "expected an even " << featuresKey << " where there is rotation, found " << features
         << "; rotation turns pairs of features, `rope_theta: 0` does without";
}

/// Checks each of a group's depth attentions against the first: they share one history.
LogicalResult checkHistory(const Block &block, Locate locate) {
  bool ok = true;
  const DepthAttention *first = nullptr;
  size_t firstIndex = 0;
  for (auto [j, layer] : llvm::enumerate(block.layers)) {
    if (!layer.depthAttention)
      continue;
    const DepthAttention &own = *layer.depthAttention;
    if (!first) {
      first = &own;
      firstIndex = j;
      continue;
    }
    auto expectEqual = [&](StringRef key, auto found, auto expected) {
      if (found == expected)
        return;
      ok = false;
      std::string path = ("group." + Twine(j) + ".depth_attention." + key).str();
      emitError(locate(path)) << "expected " << key << " " << expected << " as in layer "
                              << firstIndex << " of the group, found " << found
                              << "; the layers of a group share one history of keys and values";
    };
    expectEqual("kv_heads", own.kvHeads, first->kvHeads);
    expectEqual("head_dim", own.headDim, first->headDim);
    expectEqual("rope_theta", own.ropeTheta, first->ropeTheta);
    expectEqual("qk_norm", StringRef(own.qkNorm ? "true" : "false"),
                StringRef(first->qkNorm ? "true" : "false"));
  }
  return success(ok);
}

std::string pathOfBlock(size_t index, const Block &block) {
  StringRef kind = block.kind == Block::Kind::Layers ? ".layers" : ".recur";
  return ("stack." + Twine(index) + kind).str();
}

LogicalResult checkBlockNames(const Description &description, Locate locate) {
  // The first part of names that are not a block's.
  constexpr StringRef taken[] = {"embed", "norm", "output", "grad", "moment1", "moment2"};
  bool ok = true;
  llvm::StringMap<size_t> seen;
  for (auto [index, block] : llvm::enumerate(description.stack)) {
    std::string path = pathOfBlock(index, block) + ".name";
    if (llvm::is_contained(taken, block.name)) {
      ok = false;
      emitError(locate(path)) << "expected a block name that the model does not use itself, found `"
                              << block.name << "`; also taken are "
                              << llvm::join(ArrayRef(taken), ", ");
    }
    auto [first, inserted] = seen.try_emplace(block.name, index);
    if (!inserted) {
      ok = false;
      emitError(locate(path)) << "expected every block to have a name of its own, found `"
                              << block.name << "` for the blocks " << first->second << " and "
                              << index << " of the stack; parameters are named after their block";
    }
  }
  return success(ok);
}

LogicalResult checkTotals(const Description &description, Locate locate) {
  int64_t layers = 0, applications = 0;
  for (const Block &block : description.stack) {
    layers +=
        block.kind == Block::Kind::Layers ? block.depth : static_cast<int64_t>(block.layers.size());
    applications += block.applications();
    if (layers > maxUntiedLayers || applications > maxApplications)
      break;
  }
  if (layers > maxUntiedLayers)
    return emitError(locate("stack")) << "expected at most " << maxUntiedLayers
                                      << " layers with parameters of their own, found more";
  if (applications > maxApplications)
    return emitError(locate("stack"))
           << "expected at most " << maxApplications << " layer applications, found more";

  std::vector<Parameter> parameters = listParameters(description);
  int64_t total = 0;
  for (const Parameter &parameter : parameters) {
    total += parameter.size();
    if (total > maxParameters)
      return emitError(locate("stack"))
             << "expected a model of at most " << maxParameters << " parameters, found more at `"
             << parameter.name << "`; check the sizes for a digit too many";
  }

  // Initial values are drawn by a hash of the parameter's name.
  std::unordered_map<uint32_t, StringRef> hashes;
  for (const Parameter &parameter : parameters) {
    uint32_t hash = 2166136261u; // FNV-1a, 32 bits
    for (unsigned char c : parameter.name)
      hash = (hash ^ c) * 16777619u;
    auto [other, inserted] = hashes.try_emplace(hash, parameter.name);
    if (!inserted)
      return emitError(locate("stack"))
             << "expected parameter names with different hashes, found `" << other->second
             << "` and `" << parameter.name << "` with the same; rename one of the blocks";
  }
  return success();
}

bool isName(StringRef name, StringRef punctuation) {
  return !name.empty() && name.size() <= 64 &&
         llvm::all_of(name, [&](char c) { return llvm::isAlnum(c) || punctuation.contains(c); });
}

} // namespace

bool isBlockName(StringRef name) { return isName(name, "_-") && llvm::isAlpha(name.front()); }
bool isModelName(StringRef name) { return isName(name, "._-") && llvm::isAlnum(name.front()); }

LogicalResult check(const SequenceAttention &attention, Locate locate) {
  bool heads = succeeded(checkHeads(attention.heads, attention.kvHeads, locate));
  return success(
      succeeded(checkRotation(attention.ropeTheta, attention.headDim, "head_dim", locate)) &&
      heads);
}

LogicalResult check(const DepthAttention &attention, Locate locate) {
  bool heads = succeeded(checkHeads(attention.heads, attention.kvHeads, locate));
  return success(
      succeeded(checkRotation(attention.ropeTheta, attention.headDim, "head_dim", locate)) &&
      heads);
}

LogicalResult check(const ExpertAttention &attention, Locate locate) {
  bool ok = succeeded(checkRotation(attention.ropeTheta, attention.keyDim, "key_dim", locate));
  if (attention.active > attention.experts) {
    ok = false;
    emitError(locate("active")) << "expected at most as many active experts as there are, found "
                                << attention.active << " of " << attention.experts;
  }
  if (ok && attention.active == 1)
    emitWarning(locate("active"))
        << "expected two or more active experts, found 1: the normalised gate of one expert is "
           "always 1, so that the router gets no gradient and never learns";
  return success(ok);
}

LogicalResult check(const FeedForward &, Locate) { return success(); }

LogicalResult check(const Layer &layer, Locate locate) {
  if (!layer.expertAttention || !layer.feedForward)
    return success();
  return emitError(locate("feed_forward"))
         << "expected expert_attention or feed_forward, found both in one layer; a dense part "
            "beside the experts is expert_attention's shared_hidden";
}

LogicalResult check(const Block &block, Locate locate) {
  return block.isGroup ? checkHistory(block, locate) : check(block.layers.front(), locate);
}

LogicalResult check(const Init &, Locate) { return success(); }

LogicalResult check(const Training &training, Locate locate) {
  if (training.scheduleSteps != 0 && training.scheduleSteps < training.warmupSteps)
    emitWarning(locate("schedule_steps"))
        << "expected a schedule longer than its warm-up, found " << training.scheduleSteps
        << " steps with " << training.warmupSteps << " of warm-up; the rate only rises";
  return success();
}

LogicalResult check(const Description &description, Locate locate) {
  if (failed(checkBlockNames(description, locate)))
    return failure();
  return checkTotals(description, locate);
}

} // namespace dreamer
