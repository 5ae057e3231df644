// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/KernelTarget.h"
#include "mlir/IR/Builders.h"
#include "runtime/core/PackageFormat.h"
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
  KernelTarget target{"native", llvm::sys::getHostCPUName().str(), {}, 256};
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

std::optional<KernelTarget> KernelTarget::named(StringRef name, std::string &problem) {
  if (name == "x86-64-v3")
    return KernelTarget{name.str(), "generic", featuresOf(DREAMER_CPU_X86_64_V3), 256};
  if (name == "x86-64-v4")
    return KernelTarget{name.str(), "x86-64-v4", featuresOf(DREAMER_CPU_X86_64_V4), 512};
  if (name == "native")
    return nativeTarget(problem);
  problem = "expected x86-64-v3, x86-64-v4 or native as a target, found '" + name.str() + "'";
  return std::nullopt;
}

DictionaryAttr KernelTarget::toAttribute(MLIRContext *context) const {
  Builder builder(context);
  SmallVector<Attribute> names;
  for (StringRef feature : features)
    names.push_back(builder.getStringAttr(feature));
  NamedAttrList list;
  list.set("name", builder.getStringAttr(name));
  list.set("tune", builder.getStringAttr(tune));
  list.set("features", builder.getArrayAttr(names));
  list.set("vector_bits", builder.getI64IntegerAttr(vectorBits));
  return list.getDictionary(context);
}

std::optional<KernelTarget> KernelTarget::fromAttribute(DictionaryAttr attribute) {
  auto name = attribute.getAs<StringAttr>("name"), tune = attribute.getAs<StringAttr>("tune");
  auto features = attribute.getAs<ArrayAttr>("features");
  auto bits = attribute.getAs<IntegerAttr>("vector_bits");
  if (!name || !tune || !features || !bits)
    return std::nullopt;
  KernelTarget target{name.str(), tune.str(), {}, bits.getInt()};
  for (Attribute feature : features) {
    if (!isa<StringAttr>(feature))
      return std::nullopt;
    target.features.insert(cast<StringAttr>(feature).str());
  }
  return target;
}
