// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/KernelParameters.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace dreamer;

KernelParameter KernelParameter::of(std::string name, std::string meaning,
                                    SmallVector<int64_t> values, int64_t standard) {
  if (!llvm::is_contained(values, standard))
    values.push_back(standard);
  llvm::sort(values);
  return {std::move(name), std::move(meaning), std::move(values), standard};
}

const KernelParameter *KernelParameters::find(StringRef name) const {
  for (ArrayRef<KernelParameter> group : groups)
    for (const KernelParameter &parameter : group)
      if (parameter.name == name)
        return &parameter;
  return nullptr;
}

int64_t KernelParameters::get(const KernelChoice &choice, StringRef name) const {
  auto chosen = choice.find(name.str());
  if (chosen != choice.end())
    return chosen->second;
  const KernelParameter *parameter = find(name);
  if (!parameter)
    llvm::report_fatal_error("a kernel reads the parameter '" + name +
                             "', which its operation does not declare");
  return parameter->standard;
}

static std::string join(ArrayRef<int64_t> values) {
  return llvm::join(llvm::map_range(values, [](int64_t value) { return std::to_string(value); }),
                    ", ");
}

std::string KernelParameters::problemOf(const KernelChoice &choice) const {
  for (const auto &[name, value] : choice) {
    const KernelParameter *parameter = find(name);
    if (!parameter && groups.empty())
      return "expected no parameters, the operation has none here; found '" + name + "'";
    if (!parameter) {
      SmallVector<std::string> names;
      for (ArrayRef<KernelParameter> group : groups)
        for (const KernelParameter &known : group)
          names.push_back(known.name);
      return "expected parameters of " + llvm::join(names, ", ") + "; found '" + name + "'";
    }
    if (!llvm::is_contained(parameter->values, value))
      return "expected " + name + " to be one of " + join(parameter->values) + "; found " +
             std::to_string(value);
  }
  for (const auto &rule : rules) {
    std::string problem = rule([&](StringRef name) { return get(choice, name); });
    if (!problem.empty())
      return problem;
  }
  return "";
}

int64_t KernelParameters::workingSet(const KernelChoice &choice) const {
  return workingSetOf ? workingSetOf([&](StringRef name) { return get(choice, name); }) : 0;
}

SmallVector<KernelChoice> KernelParameters::combinations(ArrayRef<KernelParameter> group,
                                                         const KernelChoice &choice) const {
  SmallVector<KernelChoice> all{choice};
  for (const KernelParameter &parameter : group) {
    SmallVector<KernelChoice> more;
    for (const KernelChoice &one : all)
      for (int64_t value : parameter.values) {
        more.push_back(one);
        more.back()[parameter.name] = value;
      }
    all = std::move(more);
  }
  llvm::erase_if(all, [&](const KernelChoice &one) { return !problemOf(one).empty(); });
  return all;
}

KernelChoice KernelParameters::simplify(const KernelChoice &choice) const {
  KernelChoice different;
  for (const auto &[name, value] : choice)
    if (const KernelParameter *parameter = find(name); !parameter || parameter->standard != value)
      different[name] = value;
  return different;
}

std::string dreamer::toString(const KernelChoice &choice) {
  if (choice.empty())
    return "the standard values";
  SmallVector<std::string> parts;
  for (const auto &[name, value] : choice)
    parts.push_back(name + " = " + std::to_string(value));
  return llvm::join(parts, ", ");
}

static std::string print(Attribute attribute) {
  std::string text;
  llvm::raw_string_ostream(text) << attribute;
  return text;
}

KernelChoice dreamer::readChoice(Operation *op, StringRef target, std::string &problem) {
  Attribute attribute = op->getAttr(tunedAttribute);
  if (!attribute)
    return {};
  auto wrong = [&](Attribute found) {
    problem = ("expected {<target> = {<parameter> = <integer>, ...}} for '" + tunedAttribute +
               "', found " + print(found))
                  .str();
    return KernelChoice();
  };
  auto byTarget = dyn_cast<DictionaryAttr>(attribute);
  if (!byTarget)
    return wrong(attribute);
  KernelChoice choice;
  for (NamedAttribute of : byTarget) {
    auto values = dyn_cast<DictionaryAttr>(of.getValue());
    if (!values)
      return wrong(attribute);
    for (NamedAttribute value : values) {
      auto number = dyn_cast<IntegerAttr>(value.getValue());
      if (!number || !number.getType().isSignlessInteger(64))
        return wrong(attribute);
      if (of.getName() == target)
        choice[value.getName().str()] = number.getInt();
    }
  }
  return choice;
}

void dreamer::writeChoice(Operation *op, StringRef target, const KernelChoice &choice) {
  Builder builder(op->getContext());
  NamedAttrList values, byTarget(op->getAttrOfType<DictionaryAttr>(tunedAttribute));
  for (const auto &[name, value] : choice)
    values.set(name, builder.getI64IntegerAttr(value));
  byTarget.set(target, values.getDictionary(op->getContext()));
  op->setAttr(tunedAttribute, byTarget.getDictionary(op->getContext()));
}
