// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Console.h"

#include <algorithm>
#include <cmath>
#include <sys/ioctl.h>
#include <unistd.h>

namespace dreamer::train {
namespace {

/// Columns of a terminal; 80 if it does not say.
size_t columnsOf(FILE *out) {
  winsize size = {};
  if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return 80;
  return size.ws_col;
}

std::string formatLoss(double loss) {
  return std::fabs(loss) < 1e4 ? formatFixed(loss, 4) : formatNumber(loss, 4);
}

std::string percent(double share) { return formatFixed(100.0 * share, 1) + "%"; }

} // namespace

ProgressLine::ProgressLine(FILE *out) : out(out), terminal(isatty(fileno(out)) == 1) {}

void ProgressLine::show(const std::string &line) {
  if (!terminal)
    return;
  std::string cut = line.substr(0, columnsOf(out) - 1);
  std::string blank(width > cut.size() ? width - cut.size() : 0, ' ');
  fprintf(out, "\r%s%s", cut.c_str(), blank.c_str());
  fflush(out);
  width = cut.size();
}

void ProgressLine::clear() {
  if (width == 0)
    return;
  fprintf(out, "\r%*s\r", static_cast<int>(width), "");
  fflush(out);
  width = 0;
}

void ProgressLine::keep() {
  if (width == 0)
    return;
  fprintf(out, "\n");
  width = 0;
}

void ProgressLine::print(const std::string &line) {
  clear();
  fprintf(out, "%s\n", line.c_str());
  fflush(out);
}

std::string describeForPeople(const Evaluation &evaluation) {
  std::string out = "held-out loss " + formatLoss(evaluation.loss());
  if (evaluation.bytes > 0)
    out += text(", ", formatFixed(evaluation.bitsPerByte(), 3), " bits a byte");
  if (evaluation.answers.rows > 0)
    out += text(", ", percent(evaluation.answers.accuracy()), " right (chance ",
                percent(evaluation.answers.chance()), ")");
  return out;
}

TrainConsole::TrainConsole(FILE *out, int64_t firstStep, int64_t lastStep)
    : progress(out), firstStep(firstStep), lastStep(lastStep),
      printEvery(std::max<int64_t>(1, (lastStep - firstStep) / 20)) {}

std::string TrainConsole::describe(const StepRecord &record) const {
  double passed = std::chrono::duration<double>(Clock::now() - start).count();
  double left = passed / static_cast<double>(record.step - firstStep) *
                static_cast<double>(lastStep - record.step);
  std::string line =
      text("step ", record.step, "/", lastStep, "  loss ", formatLoss(record.outcome.loss),
           "  norm ", formatNumber(record.outcome.norm, 3), "  rate ", formatNumber(record.rate, 3),
           "  ", formatCount(tokensPerSecond), " tokens/s");
  if (record.progress.skipped > 0)
    line += text("  ", record.progress.skipped, " skipped");
  if (record.step < lastStep)
    line += text("  ", formatDuration(left), " left");
  return line;
}

Status TrainConsole::onStep(const StepRecord &record) {
  double speed = static_cast<double>(record.tokens) / std::max(record.seconds, 1e-9);
  tokensPerSecond = tokensPerSecond == 0.0 ? speed : 0.9 * tokensPerSecond + 0.1 * speed;
  auto now = Clock::now();
  if (start == Clock::time_point())
    start = now - std::chrono::duration_cast<Clock::duration>(
                      std::chrono::duration<double>(record.seconds));
  bool last = record.step == lastStep;
  if (progress.onTerminal()) {
    if (last || now - shown >= std::chrono::milliseconds(100)) {
      progress.show(describe(record));
      shown = now;
    }
  } else if (last || record.step % printEvery == 0 || record.step == firstStep + 1) {
    progress.print(describe(record));
  }
  return {};
}

Status TrainConsole::onEvaluation(int64_t step, const Evaluation &evaluation) {
  progress.print(text("step ", step, "/", lastStep, "  ", describeForPeople(evaluation)));
  return {};
}

Status TrainConsole::onSave(int64_t step, const std::string &path) {
  progress.print(text("step ", step, "/", lastStep, "  saved ", path));
  return {};
}

} // namespace dreamer::train
