// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/TuningDatabase/Key.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "lib/Kernels/KeptValues.h"
#include "lib/Kernels/KernelParameters.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/TargetParser/Host.h"
#include <fstream>

using namespace mlir;

namespace dreamer::tuning {

bool isFromOutside(OpOperand &operand) {
  auto recur = operand.getOwner()->getParentOfType<RecurOp>();
  return recur && !recur.getBody().isAncestor(operand.get().getParentRegion());
}

/// Numbers of the operands that `holds` holds for.
static std::string numbersOf(Operation *op, function_ref<bool(OpOperand &)> holds) {
  std::vector<std::string> numbers;
  for (OpOperand &operand : op->getOpOperands())
    if (holds(operand))
      numbers.push_back(std::to_string(operand.getOperandNumber()));
  return llvm::join(numbers, " ");
}

/// "dreamer.linear {transpose} in a loop, operands 1 from outside, operands 1 kept"
static std::string kernelOf(Operation *op) {
  std::string text;
  llvm::raw_string_ostream out(text);
  NamedAttrList attributes(op->getAttrDictionary());
  attributes.erase(tunedAttribute);
  out << op->getName();
  if (!attributes.empty())
    out << ' ' << Attribute(attributes.getDictionary(op->getContext()));
  if (op->getParentOfType<RecurOp>())
    out << " in a loop";
  if (std::string outside = numbersOf(op, isFromOutside); !outside.empty())
    out << ", operands " << outside << " from outside";
  auto isKept = [](OpOperand &operand) { return keptFormOf(operand.get()).has_value(); };
  if (std::string kept = numbersOf(op, isKept); !kept.empty())
    out << ", operands " << kept << " kept";
  return text;
}

static std::string typesOf(Operation *op) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << '(';
  llvm::interleaveComma(op->getOperandTypes(), out);
  out << ") -> ";
  llvm::interleaveComma(op->getResultTypes(), out);
  return text;
}

Key keyOf(Operation *op, const KernelTarget &target, StringRef device) {
  return {device.str(), target.name + ": " + llvm::join(target.features, " "), kernelOf(op),
          typesOf(op), compilerVersion()};
}

static std::string processorName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (StringRef(line).starts_with("model name"))
      return StringRef(line).split(": ").second.trim().str();
  return "unknown processor";
}

/// The first line of a file of the system; "" if there is none.
static std::string firstLine(const std::string &path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

int64_t cacheBytes(int level) {
  for (int index = 0;; ++index) {
    std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    std::string found = firstLine(folder + "level");
    if (found.empty())
      return 0;
    std::string text = firstLine(folder + "size");
    StringRef size = text;
    int64_t kilobytes = 0;
    if (found == std::to_string(level) && firstLine(folder + "type") != "Instruction" &&
        size.consume_back("K") && !size.getAsInteger(10, kilobytes))
      return kilobytes * 1024;
  }
}

std::string thisDevice() {
  std::string problem, features;
  if (std::optional<KernelTarget> native = KernelTarget::named("native", problem))
    features = llvm::join(native->features, " ");
  return llvm::formatv("{0} ({1}), caches of {2}, {3} and {4} KiB, {5}", processorName(),
                       llvm::sys::getHostCPUName(), cacheBytes(1) / 1024, cacheBytes(2) / 1024,
                       cacheBytes(3) / 1024, features);
}

std::string compilerVersion() { return "dreamer " DREAMER_VERSION ", LLVM " LLVM_VERSION_STRING; }

} // namespace dreamer::tuning
