// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds the best parameters of a model's kernels on this machine. Exit status 0, 1 (failed), 2 (usage).

#include "lib/Tuner/Search.h"
#include "mlir/Pass/PassManager.h"
#include "runtime/core/CpuFeatures.h"
#include "tools/dreamer-compile/Input.h"
#include "tools/dreamer-tune/Exchange.h"
#include "tools/dreamer-tune/Options.h"
#include "tools/dreamer-tune/Progress.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Regex.h"
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <thread>

using namespace mlir;
using namespace dreamer;

namespace {

std::atomic<bool> interrupted = false;

/// The first Ctrl-C asks for an end, the second one is the end.
void catchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

/// Of the variants asked for, the one that this machine would run.
std::optional<KernelTarget> chooseTarget(ArrayRef<std::string> asked, bool narrow) {
  std::string problem;
  std::optional<std::vector<std::string>> variants = variantsOf(asked, narrow, problem);
  std::optional<KernelTarget> chosen;
  for (StringRef name : variants.value_or(std::vector<std::string>()))
    if (std::optional<KernelTarget> target = KernelTarget::named(name, problem))
      if ((target->featureBits() & ~runtime::cpuFeatures()) == 0)
        chosen = target;
  if (!chosen)
    usageError("--target: expected one that this machine can run, found none" +
               (problem.empty() ? "" : "; " + problem));
  return chosen;
}

/// One run of the search over a program.
class Tuning {
public:
  Tuning(const TuneOptions &options, tuning::Database &database)
      : options(options), database(database) {}

  int run(ModuleOp program, const KernelTarget &target);

private:
  llvm::Error chooseTasks(ModuleOp program);
  llvm::Error measureMachine();
  llvm::Error tuneAll();
  bool isOver() const {
    return interrupted || (options.timeLimit > 0 && clock.seconds() > options.timeLimit);
  }

  const TuneOptions &options;
  tuning::Database &database;
  tuning::SearchOptions search;
  std::vector<tuning::Task> tasks;
  TuneProgress clock{/*quiet=*/true, 0, 0}; ///< of the whole run
  int64_t known = 0, finished = 0, better = 0, wrong = 0;
};

/// The kernels that are not known, or all that match.
llvm::Error Tuning::chooseTasks(ModuleOp program) {
  llvm::Regex filter(options.filter);
  for (tuning::Task &task : tuning::collectTasks(program, search.target, tuning::thisDevice())) {
    if (!options.filter.empty() && !filter.match(task.key.kernel + " " + task.key.types))
      continue;
    llvm::Expected<std::optional<tuning::Record>> record = database.find(task.key);
    if (!record)
      return record.takeError();
    if (*record && (*record)->finished && !options.again)
      ++known;
    else
      tasks.push_back(std::move(task));
  }
  return llvm::Error::success();
}

/// Other work on the machine is what would be measured.
void warnIfBusy() {
  double load = 0;
  unsigned processors = std::thread::hardware_concurrency();
  if (getloadavg(&load, 1) == 1 && load > 0.5 * processors)
    llvm::errs() << llvm::formatv("dreamer-tune: warning: expected a machine with nothing else to "
                                  "do, found a load of {0:f1} on "
                                  "{1} processors; hint: tune again later, with --again\n",
                                  load, processors);
}

llvm::Error Tuning::measureMachine() {
  runtime::DeviceOptions device;
  device.threads = options.threads;
  auto cpu = runtime::createCpuDevice(device);
  if (cpu.failed())
    return toError(cpu.status());
  search.machine = measure::measureMachine(**cpu);
  search.threads = options.threads;
  search.mostWorkingSet = tuning::cacheBytes(2);
  return llvm::Error::success();
}

llvm::Error Tuning::tuneAll() {
  int64_t candidates = 0;
  for (const tuning::Task &task : tasks)
    candidates += tuning::countCandidates(task, search.target);
  TuneProgress progress(options.program.quiet, static_cast<int64_t>(tasks.size()), candidates);
  search.stop = [this] { return isOver(); };
  search.tried = [&] { progress.tried(); };
  for (const tuning::Task &task : tasks) {
    if (isOver())
      break;
    progress.begin(task, tuning::countCandidates(task, search.target));
    llvm::Expected<tuning::Found> found = tuning::search(task, search);
    progress.clear();
    if (!found)
      return found.takeError();
    progress.finish(*found);
    if (llvm::Error error = database.store(task.key, found->record))
      return error;
    finished += found->record.finished;
    better += found->record.isBetter();
    wrong += static_cast<int64_t>(found->wrong.size());
  }
  return llvm::Error::success();
}

int Tuning::run(ModuleOp program, const KernelTarget &target) {
  search.target = target;
  llvm::Error error = chooseTasks(program);
  if (!error && !tasks.empty()) {
    warnIfBusy();
    error = measureMachine();
  }
  if (!error)
    error = tuneAll();
  int64_t left = static_cast<int64_t>(tasks.size()) - finished;
  if (!options.program.quiet)
    llvm::errs() << llvm::formatv("dreamer-tune: {0}: {1} kernels tuned in {2:f0} s, {3} of them "
                                  "better than the standard; {4} "
                                  "known before, {5} left{6}\n",
                                  target.name, finished, clock.seconds(), better, known, left,
                                  left ? "; another run goes on" : "");
  if (error)
    return fail(llvm::toString(std::move(error)));
  return wrong ? 1 : 0;
}

/// Brings the input to the program phase and tunes it.
int tune(const TuneOptions &options, tuning::Database &database) {
  DialectRegistry registry;
  registerCompilerDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  std::optional<Input> input = readInput(context, sources, options.program);
  if (!input)
    return 1;
  CompilerOptions compiler = options.program.compiler;
  compiler.to = Phase::Program;
  if (compiler.from > Phase::Program)
    return fail("--compile-from: expected model or program, found a later phase");
  if (failed(compile(*input->module, compiler, "")))
    return 1;
  std::optional<KernelTarget> target =
      chooseTarget(options.program.compiler.targets, multipliesNarrow(*input->module));
  if (!target)
    return 2;
  return Tuning(options, database).run(*input->module, *target);
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  int status = 0;
  std::optional<TuneOptions> options = parseTuneCommandLine(argc, argv, status);
  if (!options)
    return status;
  status = 0;
  catchInterrupts();
  bool writes = !options->importFrom.empty() || !options->program.input.empty();
  auto mode = writes ? tuning::Database::Mode::Write : tuning::Database::Mode::Read;
  llvm::Expected<tuning::Database> database = tuning::Database::open(options->database, mode);
  if (!database)
    return fail(llvm::toString(database.takeError()));
  if (!options->importFrom.empty())
    if (llvm::Error error = importRecords(*database, options->importFrom))
      return fail(llvm::toString(std::move(error)));
  if (!options->program.input.empty())
    status = tune(*options, *database);
  if (!options->exportTo.empty())
    if (llvm::Error error = exportRecords(*database, options->exportTo))
      return fail(llvm::toString(std::move(error)));
  return status;
}
