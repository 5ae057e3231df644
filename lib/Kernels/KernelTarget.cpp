// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/KernelTarget.h"
#include "mlir/IR/Builders.h"
#include "runtime/core/PackageFormat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace dreamer;

namespace {
struct Feature {
  unsigned bit;
  const char *name;
};
constexpr Feature knownFeatures[] = {
#define DREAMER_CPU_FEATURE(bit, id, name) {bit, name},
    DREAMER_CPU_FEATURES(DREAMER_CPU_FEATURE)
#undef DREAMER_CPU_FEATURE
};
} // namespace

static std::set<std::string> featuresOf(uint64_t bits) {
  std::set<std::string> features;
  for (const Feature &feature : knownFeatures)
    if (bits >> feature.bit & 1)
      features.insert(feature.name);
  return features;
}

uint64_t KernelTarget::featureBits() const {
  uint64_t bits = 0;
  for (const Feature &feature : knownFeatures)
    bits |= uint64_t(features.count(feature.name)) << feature.bit;
  return bits;
}

/// This machine, as far as the package format can say what it requires.
static std::optional<KernelTarget> nativeTarget(std::string &problem) {
  KernelTarget target{"native", llvm::sys::getHostCPUName().str(), {}, 256, {}};
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  for (const Feature &feature : knownFeatures)
    if (host.lookup(feature.name))
      target.features.insert(feature.name);
  uint64_t bits = target.featureBits();
  uint64_t missing = DREAMER_CPU_X86_64_V3 & ~bits;
  if (missing) {
    problem = "expected a machine with the instructions of x86-64-v3, found a '" + target.tune +
              "' without " + *featuresOf(missing).begin();
    return std::nullopt;
  }
  if ((bits & DREAMER_CPU_X86_64_V4) == DREAMER_CPU_X86_64_V4)
    target.vectorBits = 512;
  return target;
}

namespace {
struct Variant {
  const char *name, *tune;
  uint64_t features;
  int64_t vectorBits;
  bool narrow; ///< differs from the one before in products of bf16 only
};
constexpr uint64_t v4WithPairs = DREAMER_CPU_X86_64_V4 | uint64_t(1) << DREAMER_CPU_AVX512BF16;
constexpr uint64_t v4WithTiles =
    v4WithPairs | uint64_t(1) << DREAMER_CPU_AMX_TILE | uint64_t(1) << DREAMER_CPU_AMX_BF16;
// From the least to the most demanding.
constexpr Variant variants[] = {
    {"x86-64-v3", "generic", DREAMER_CPU_X86_64_V3, 256, false},
    {"x86-64-v4", "x86-64-v4", DREAMER_CPU_X86_64_V4, 512, false},
    {"x86-64-v4-bf16", "x86-64-v4", v4WithPairs, 512, true},
    {"x86-64-v4-amx", "sapphirerapids", v4WithTiles, 512, true},
};
} // namespace

std::vector<std::string> KernelTarget::usualNames(bool narrow) {
  std::vector<std::string> names;
  for (const Variant &variant : variants)
    if (narrow || !variant.narrow)
      names.push_back(variant.name);
  return names;
}

std::optional<KernelTarget> KernelTarget::named(StringRef name, std::string &problem) {
  for (const Variant &variant : variants)
    if (name == variant.name)
      return KernelTarget{
          name.str(), variant.tune, featuresOf(variant.features), variant.vectorBits, {}};
  if (name == "native")
    return nativeTarget(problem);
  problem = "expected " + llvm::join(usualNames(/*narrow=*/true), ", ") +
            " or native as a target, found '" + name.str() + "'";
  return std::nullopt;
}

NarrowProducts KernelTarget::narrowProducts() const {
  if (vectorBits < 512 || !has("avx512bf16"))
    return NarrowProducts::widened;
  return has("amx-tile") && has("amx-bf16") ? NarrowProducts::tiles : NarrowProducts::pairs;
}

static ArrayAttr namesOf(Builder &builder, const std::set<std::string> &features) {
  return builder.getStrArrayAttr(SmallVector<StringRef>(features.begin(), features.end()));
}

/// False if the list has anything but strings.
static bool readNames(ArrayAttr list, std::set<std::string> &names) {
  for (Attribute name : list) {
    if (!isa<StringAttr>(name))
      return false;
    names.insert(cast<StringAttr>(name).str());
  }
  return true;
}

DictionaryAttr KernelTarget::toAttribute(MLIRContext *context) const {
  Builder builder(context);
  NamedAttrList list;
  list.set("name", builder.getStringAttr(name));
  list.set("tune", builder.getStringAttr(tune));
  list.set("features", namesOf(builder, features));
  list.set("vector_bits", builder.getI64IntegerAttr(vectorBits));
  if (!emulated.empty())
    list.set("emulated", namesOf(builder, emulated));
  return list.getDictionary(context);
}

std::optional<KernelTarget> KernelTarget::fromAttribute(DictionaryAttr attribute) {
  auto name = attribute.getAs<StringAttr>("name"), tune = attribute.getAs<StringAttr>("tune");
  auto features = attribute.getAs<ArrayAttr>("features");
  auto bits = attribute.getAs<IntegerAttr>("vector_bits");
  if (!name || !tune || !features || !bits)
    return std::nullopt;
  KernelTarget target{name.str(), tune.str(), {}, bits.getInt(), {}};
  if (!readNames(features, target.features))
    return std::nullopt;
  if (Attribute emulated = attribute.get("emulated"))
    if (!isa<ArrayAttr>(emulated) || !readNames(cast<ArrayAttr>(emulated), target.emulated))
      return std::nullopt;
  return target;
}
