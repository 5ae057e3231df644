// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// dreamer-run info

#include "Common.h"

#include <algorithm>

namespace dreamer::run {
namespace {

std::string shapeOf(const runtime::ValueSpec &value) {
  return text(runtime::nameOf(value.dtype), runtime::toString(value.shape));
}

void printParameters(const runtime::Manifest &manifest) {
  std::vector<std::vector<std::string>> table = {{"parameter", "shape", "initial"}};
  for (const runtime::ParameterSpec &parameter : manifest.parameters)
    table.push_back(
        {parameter.name, runtime::toString(parameter.shape),
         text(parameter.normal ? "normal, std " : "", train::formatNumber(parameter.value, 4))});
  printf("\n%s", formatTable(table).c_str());
}

/// Inputs that are not the session's (parameters, moments), and outputs that are not updates of it.
bool belongsToCaller(const runtime::EntrySpec &entry, const runtime::ValueSpec &value) {
  return entry.buffers[value.buffer].kind == runtime::BufferKind::Tensor;
}

void printEntry(const runtime::EntrySpec &entry) {
  printf("\nentry %s: working memory %s\n", entry.name.c_str(),
         train::formatBytes(static_cast<double>(entry.arenaBytes)).c_str());
  std::vector<std::vector<std::string>> table;
  size_t ofSession = 0;
  for (const runtime::ValueSpec &input : entry.inputs) {
    if (!belongsToCaller(entry, input)) {
      ++ofSession;
      continue;
    }
    std::string note =
        input.defaultValue ? text("default ", train::formatNumber(*input.defaultValue)) : "";
    table.push_back({"  in   " + input.name, shapeOf(input), note});
  }
  if (ofSession > 0)
    table.push_back({text("  in   ", ofSession, " tensors of the session's state")});
  size_t updates = 0, gradients = 0;
  for (const runtime::ValueSpec &output : entry.outputs) {
    if (belongsToCaller(entry, output))
      table.push_back({"  out  " + output.name, shapeOf(output),
                       output.updates.empty() ? "" : "updates " + output.updates});
    else
      ++(output.updates.empty() ? gradients : updates);
  }
  if (gradients > 0)
    table.push_back({text("  out  ", gradients, " gradients, grad.<parameter>")});
  if (updates > 0)
    table.push_back({text("  out  ", updates, " updates of the session's state, in place")});
  for (std::vector<std::string> &row : table)
    row.resize(3);
  fputs(formatTable(table).c_str(), stdout);
}

/// Numbers of the manifest's `cost`, nested names joined with dots.
void printCost(const runtime::Json &cost, const std::string &prefix,
               std::vector<std::vector<std::string>> &table) {
  for (const auto &[key, value] : cost.items()) {
    if (value.is_object())
      printCost(value, prefix + key + ".", table);
    else if (value.is_number())
      table.push_back({"  " + prefix + key, train::formatCount(value.get<double>())});
  }
}

void printPackage(const runtime::Package &package) {
  const runtime::Manifest &manifest = package.manifest();
  int64_t parameters = 0;
  for (const runtime::ParameterSpec &parameter : manifest.parameters)
    parameters += *runtime::elementsOf(parameter.shape);
  printf("model       %s (%s, compiled by dreamer %s)\n", manifest.model.c_str(),
         manifest.dtype.c_str(), manifest.compilerVersion.c_str());
  printf("rows        %lld of %lld positions, vocabulary %lld\n",
         static_cast<long long>(manifest.batch), static_cast<long long>(manifest.context),
         static_cast<long long>(manifest.vocabulary));
  printf("parameters  %s in %zu tensors, %s\n",
         train::formatCount(static_cast<double>(parameters)).c_str(), manifest.parameters.size(),
         train::formatBytes(static_cast<double>(manifest.parameterBytes)).c_str());
  if (manifest.keptBytes() > 0)
    printf("kept        %s of weights as kernels read them, from the first call on that answers\n",
           train::formatBytes(static_cast<double>(manifest.keptBytes())).c_str());
  for (const runtime::BlockSpec &block : manifest.blocks)
    printf(
        "block       %s: depth %lld%s\n", block.name.c_str(), static_cast<long long>(block.depth),
        block.experts > 0 ? text(", ", block.experts, " experts, ", block.active, " active").c_str()
                          : "");
  for (const runtime::TargetSpec &target : manifest.targets)
    printf("variant     %s\n", target.variant.c_str());
  printParameters(manifest);
  for (const runtime::EntrySpec &entry : manifest.entries)
    printEntry(entry);
  Result<runtime::Json> json = runtime::parseJson(package.manifestText(), package.path());
  if (json.failed() || !json->contains("cost"))
    return;
  std::vector<std::vector<std::string>> table;
  printCost((*json)["cost"], "", table);
  if (!table.empty())
    printf("\ncost\n%s", formatTable(table).c_str());
}

} // namespace

int runInfo(const Words &words) {
  std::string path, format = "text";
  bool description = false;
  Options options("info", "PACKAGE",
                  "What a package holds: model, parameters, entries, memory, cost.");
  options.argument("PACKAGE", &path, "what dreamer-compile made");
  options.choice("format", {"text", "json"}, &format, "json: the manifest as it is");
  options.flag("description", &description, "print the model description it was made from");
  if (std::optional<int> status = options.parse(words))
    return *status;
  auto package = runtime::Package::open(path);
  if (package.failed())
    return fail("info", package.status());
  if (description)
    fputs((*package)->manifest().description.c_str(), stdout);
  else if (format == "json")
    puts((*package)->manifestText().c_str());
  else
    printPackage(**package);
  return 0;
}

} // namespace dreamer::run
