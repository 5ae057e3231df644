// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/dreamer-tune/Options.h"
#include "llvm/Support/Regex.h"

using namespace dreamer;
namespace cl = llvm::cl;

namespace {

cl::OptionCategory category("Tuning options");

cl::opt<std::string> database("db", cl::desc("The database, made where there is none"),
                              cl::value_desc("file"), cl::cat(category));
cl::opt<std::string> exportTo("export",
                              cl::desc("Write the database as JSON; - is standard output"),
                              cl::value_desc("file"), cl::cat(category));
cl::opt<std::string> importFrom("import",
                                cl::desc("Add the records of an export; - is standard input"),
                                cl::value_desc("file"), cl::cat(category));
cl::opt<std::string> filter("filter",
                            cl::desc("Only kernels whose name or types match, e.g. mix_experts"),
                            cl::value_desc("regex"), cl::cat(category));
cl::opt<double> timeLimit("time-limit", cl::desc("Stop after so many seconds; another run goes on"),
                          cl::value_desc("seconds"), cl::init(0), cl::cat(category));
cl::opt<bool> again("again", cl::desc("Measure what is known once more"), cl::cat(category));

/// LLVM has an option of this name for itself, which gives way.
cl::opt<int> &threadsOption() {
  if (cl::Option *other = cl::getRegisteredOptions().lookup("threads"))
    other->removeArgument();
  static cl::opt<int> threads("threads", cl::desc("Threads that run kernels (default: one a core)"),
                              cl::value_desc("n"), cl::init(0), cl::cat(category));
  return threads;
}

bool check(const TuneOptions &options) {
  bool exchanges = !options.exportTo.empty() || !options.importFrom.empty();
  if (options.database.empty())
    return usageError("expected --db=FILE, found none; see --help");
  if (options.program.input.empty() && !exchanges)
    return usageError(
        "expected a description, e.g. model.yaml, or --export or --import, found none; "
        "see --help");
  std::string problem;
  if (!options.filter.empty() && !llvm::Regex(options.filter).isValid(problem))
    return usageError("--filter: expected a regular expression, found '" + options.filter + "' (" +
                      problem + ")");
  if (options.timeLimit < 0)
    return usageError("--time-limit: expected seconds, found " + std::to_string(options.timeLimit));
  if (options.threads < 0)
    return usageError("--threads: expected a number of threads, found " +
                      std::to_string(options.threads));
  return true;
}

} // namespace

std::optional<TuneOptions> dreamer::parseTuneCommandLine(int argc, char **argv, int &status) {
  cl::opt<int> &threads = threadsOption();
  std::optional<ToolOptions> program =
      parseCommandLine(argc, argv, status,
                       {"dreamer-tune",
                        "Finds the best parameters of a model's kernels on this machine, for\n"
                        "dreamer-compile --tuning-db. Ctrl-C stops it; another run goes on.\n",
                        &category});
  if (!program)
    return std::nullopt;
  TuneOptions options{std::move(*program), database, exportTo, importFrom, filter,
                      timeLimit,           threads,  again};
  if (!check(options))
    return std::nullopt;
  return options;
}
