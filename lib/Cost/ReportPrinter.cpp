// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cost report as tables and as JSON.

#include "lib/Cost/Parts.h"
#include "lib/Cost/Report.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace dreamer {

namespace {

/// 1234567 as "1.235 M".
std::string count(double value) {
  constexpr const char *units[] = {"", " k", " M", " G", " T", " P", " E"};
  size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < std::size(units); ++unit)
    value /= 1000;
  return llvm::formatv(unit == 0 && value == int64_t(value) ? "{0:f0}{1}" : "{0:f3}{1}", value,
                       units[unit]);
}

/// Bytes in powers of 1024.
std::string bytes(int64_t value) {
  constexpr const char *units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double scaled = static_cast<double>(value);
  size_t unit = 0;
  for (; scaled >= 1023.95 && unit + 1 < std::size(units); ++unit)
    scaled /= 1024;
  return llvm::formatv(unit == 0 ? "{0:f0} {1}" : "{0:f2} {1}", scaled, units[unit]);
}

/// Rows of words, printed in columns: the first to the left, the others to the right.
class Table {
public:
  explicit Table(std::vector<std::string> titles) { rows.push_back(std::move(titles)); }

  void add(std::vector<std::string> row) { rows.push_back(std::move(row)); }

  void print(llvm::raw_ostream &os) const {
    std::vector<size_t> widths(rows.front().size());
    for (const auto &row : rows)
      for (auto [width, word] : llvm::zip_equal(widths, row))
        width = std::max(width, word.size());
    for (const auto &row : rows) {
      os << "  " << llvm::left_justify(row.front(), widths.front());
      for (auto [width, word] : llvm::drop_begin(llvm::zip_equal(widths, row)))
        os << "  " << llvm::right_justify(word, width);
      os << '\n';
    }
  }

private:
  std::vector<std::vector<std::string>> rows;
};

class ReportPrinter {
public:
  ReportPrinter(const CostReport &report, llvm::raw_ostream &os) : report(report), os(os) {}

  void print() {
    summary();
    blocks();
    parts();
    functions();
    plan();
    for (const FunctionCost &function : report.functions)
      if (function.name == report.forwardName || function.name == report.trainingName)
        operations(function);
  }

private:
  double perToken(const CostLine &line) const { return double(line.cost.flops) / report.tokens(); }
  std::vector<std::string> row(StringRef name, const PartCost &part) const;
  Table partTable(StringRef title) const;
  void summary();
  void blocks();
  void parts();
  void functions();
  void plan();
  void planTable(StringRef subject, std::vector<std::string> titles,
                 llvm::function_ref<std::vector<std::string>(const PlanEntry &)> row);
  void operations(const FunctionCost &function);

  const CostReport &report;
  llvm::raw_ostream &os;
};

void ReportPrinter::summary() {
  const PartCost &total = report.total;
  os << "Cost of " << report.model << " at batch " << report.batch << ", context " << report.context
     << ", all depths executed\n"
     << "(FLOPs of contractions only, a multiply-add as two, causal masks exact; "
     << report.tokens() << " tokens in a call)\n\n";
  Table table({"", "total", "for each token"});
  table.add({"parameters", count(total.parameters), ""});
  table.add({"active parameters", count(total.activeParameters), ""});
  table.add(
      {"forward FLOPs", count(total.forward.cost.flops), count(report.forwardFlopsPerToken())});
  if (report.trainingName)
    table.add({"training FLOPs", count(total.training.cost.flops),
               count(report.trainingFlopsPerToken())});
  auto memory = [&](const char *name, int64_t value, bool perToken) {
    table.add({name, bytes(value), perToken ? bytes(value / report.tokens()) : ""});
  };
  memory("weights", report.weightBytes(), false);
  memory("gradients and moments", report.trainingStateBytes(), false);
  memory("cache", total.cacheBytes, true);
  memory("history", total.historyBytes, true);
  memory("activations", total.activationBytes, true);
  if (report.trainingName)
    memory("kept for the reverse pass", report.keptBytes, true);
  table.print(os);
}

Table ReportPrinter::partTable(StringRef title) const {
  std::vector<std::string> titles = {title.str(), "parameters", "active", "forward/token"};
  if (report.trainingName)
    titles.push_back("training/token");
  titles.insert(titles.end(), {"cache", "history", "activations"});
  return Table(std::move(titles));
}

std::vector<std::string> ReportPrinter::row(StringRef name, const PartCost &part) const {
  std::vector<std::string> words = {name.str(), count(part.parameters),
                                    count(part.activeParameters), count(perToken(part.forward))};
  if (report.trainingName)
    words.push_back(count(perToken(part.training)));
  words.insert(words.end(),
               {bytes(part.cacheBytes), bytes(part.historyBytes), bytes(part.activationBytes)});
  return words;
}

void ReportPrinter::blocks() {
  llvm::MapVector<StringRef, PartCost> blocks;
  for (const auto &[name, part] : report.parts)
    blocks[blockOf(name)] += part;
  os << "\nBy block (FLOPs for each token)\n";
  Table table = partTable("block");
  for (const auto &[name, part] : blocks)
    table.add(row(name, part));
  table.add(row("total", report.total));
  table.print(os);
}

void ReportPrinter::parts() {
  os << "\nBy part\n";
  Table table = partTable("part");
  for (const auto &[name, part] : report.parts)
    table.add(row(name, part));
  table.print(os);
}

void ReportPrinter::functions() {
  os << "\nBy function\n";
  Table table({"function", "tokens", "FLOPs", "FLOPs/token", "bytes read", "bytes written"});
  for (const FunctionCost &function : report.functions) {
    const Cost &cost = function.total.cost;
    table.add({"@" + function.name, std::to_string(function.tokens), count(cost.flops),
               count(function.flopsPerToken()), bytes(cost.bytesRead), bytes(cost.bytesWritten)});
  }
  table.print(os);
}

/// The lines about a subject, those of the training function or of the forward pass.
void ReportPrinter::planTable(StringRef subject, std::vector<std::string> titles,
                              llvm::function_ref<std::vector<std::string>(const PlanEntry &)> row) {
  Table table(std::move(titles));
  bool found = false;
  for (const PlanEntry &entry : report.plan) {
    bool isOther = entry.function != report.trainingName && entry.function != "forward" &&
                   !entry.function.empty();
    if (entry.subject != subject || isOther)
      continue;
    std::vector<std::string> words = {entry.part + " " + entry.operation, entry.decision};
    for (std::string &word : row(entry))
      words.push_back(std::move(word));
    table.add(std::move(words));
    found = true;
  }
  if (!found)
    return;
  os << '\n';
  table.print(os);
}

void ReportPrinter::plan() {
  planTable("gradient",
            {"gradients of weights", "made", "depths", "rows of one", "bytes kept", "why"},
            [](const PlanEntry &entry) {
              return std::vector<std::string>{count(entry.window), count(entry.rows),
                                              bytes(entry.bytes), entry.reason};
            });
  planTable("value", {"values for the reverse pass", "", "bytes", "FLOPs to compute", "why"},
            [](const PlanEntry &entry) {
              return std::vector<std::string>{bytes(entry.bytes), count(entry.flops), entry.reason};
            });
  for (const PlanEntry &entry : report.plan)
    if (entry.subject == "entry")
      os << "\n  buffers of " << entry.decision << ": " << bytes(entry.bytes) << ", of "
         << entry.reason << '\n';
}

void ReportPrinter::operations(const FunctionCost &function) {
  os << "\nBy operation in @" << function.name << " (" << function.tokens << " tokens)\n";
  Table table({"operation", "executions", "FLOPs", "bytes read", "bytes written"});
  auto add = [&](StringRef name, const CostLine &line) {
    table.add({name.str(), std::to_string(line.executions), count(line.cost.flops),
               bytes(line.cost.bytesRead), bytes(line.cost.bytesWritten)});
  };
  for (const auto &[name, line] : function.byOp)
    add(name, line);
  add("total", function.total);
  table.print(os);
  if (function.unresolved)
    os << "  " << function.unresolved << " executions depend on run-time values and are counted "
       << "without them\n";
}

llvm::json::Object toJSON(const CostLine &line) {
  return llvm::json::Object({{"executions", line.executions},
                             {"flops", line.cost.flops},
                             {"bytes_read", line.cost.bytesRead},
                             {"bytes_written", line.cost.bytesWritten}});
}

llvm::json::Object toJSON(const PartCost &part) {
  return llvm::json::Object({{"parameters", part.parameters},
                             {"active_parameters", part.activeParameters},
                             {"cache_bytes", part.cacheBytes},
                             {"history_bytes", part.historyBytes},
                             {"activation_bytes", part.activationBytes},
                             {"forward", toJSON(part.forward)},
                             {"training", toJSON(part.training)}});
}

llvm::json::Object toJSON(const PlanEntry &entry) {
  return llvm::json::Object({{"function", entry.function},
                             {"part", entry.part},
                             {"operation", entry.operation},
                             {"subject", entry.subject},
                             {"decision", entry.decision},
                             {"reason", entry.reason},
                             {"bytes", entry.bytes},
                             {"flops", entry.flops},
                             {"window", entry.window},
                             {"rows", entry.rows}});
}

template <typename Map>
llvm::json::Array toArray(const Map &lines) {
  llvm::json::Array array;
  for (const auto &[name, line] : lines) {
    llvm::json::Object object = toJSON(line);
    object["name"] = llvm::StringRef(name);
    array.push_back(std::move(object));
  }
  return array;
}

} // namespace

void printReport(const CostReport &report, llvm::raw_ostream &os) {
  ReportPrinter(report, os).print();
}

llvm::json::Object reportToJSON(const CostReport &report) {
  llvm::MapVector<StringRef, PartCost> blocks;
  for (const auto &[name, part] : report.parts)
    blocks[blockOf(name)] += part;
  llvm::json::Array functions;
  for (const FunctionCost &function : report.functions) {
    llvm::json::Object object = toJSON(function.total);
    object["name"] = function.name;
    object["tokens"] = function.tokens;
    object["flops_per_token"] = function.flopsPerToken();
    object["unresolved"] = function.unresolved;
    object["operations"] = toArray(function.byOp);
    functions.push_back(std::move(object));
  }
  llvm::json::Object object = toJSON(report.total);
  object["model"] = report.model;
  object["batch"] = report.batch;
  object["context"] = report.context;
  object["weight_bytes"] = report.weightBytes();
  object["training_state_bytes"] = report.trainingStateBytes();
  object["forward_function"] = report.forwardName;
  object["forward_flops_per_token"] = report.forwardFlopsPerToken();
  if (report.trainingName) {
    object["training_function"] = *report.trainingName;
    object["training_flops_per_token"] = report.trainingFlopsPerToken();
    object["kept_bytes"] = report.keptBytes;
  } else {
    object.erase("training");
  }
  object["blocks"] = toArray(blocks);
  object["parts"] = toArray(report.parts);
  object["functions"] = std::move(functions);
  llvm::json::Array plan;
  for (const PlanEntry &entry : report.plan)
    plan.push_back(toJSON(entry));
  object["plan"] = std::move(plan);
  return object;
}

} // namespace dreamer
