// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/dreamer-tune/Progress.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace dreamer;
using llvm::formatv;

static std::string inMicroseconds(double seconds) { return formatv("{0:f1} us", 1e6 * seconds); }

double TuneProgress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void TuneProgress::begin(const tuning::Task &task, int64_t candidates) {
  ++number;
  ofKernel = candidates;
  doneOfKernel = 0;
  title = task.key.kernel + " " + task.key.types;
  show();
}

void TuneProgress::tried() {
  ++done;
  ++doneOfKernel;
  show();
}

std::string TuneProgress::timeLeft() const {
  if (done < 3)
    return "";
  double estimate = seconds() / double(done) * double(left - doneOfKernel);
  bool inSeconds = estimate < 90;
  return formatv(", {0:f0} {1} left at most", inSeconds ? estimate : estimate / 60,
                 inSeconds ? "s" : "min");
}

void TuneProgress::show() const {
  if (quiet || !llvm::errs().is_displayed())
    return;
  std::string line = formatv("[{0}/{1}] candidate {2} of {3}{4}: {5}", number, kernels,
                             std::min(doneOfKernel + 1, ofKernel), ofKernel, timeLeft(), title);
  llvm::errs() << "\r\033[K" << line.substr(0, 78);
}

void TuneProgress::clear() const {
  if (!quiet && llvm::errs().is_displayed())
    llvm::errs() << "\r\033[K";
}

void TuneProgress::finish(const tuning::Found &found) {
  left -= ofKernel;
  doneOfKernel = ofKernel = 0;
  clear();
  const tuning::Record &record = found.record;
  for (const KernelChoice &wrong : found.wrong)
    llvm::errs() << "dreamer-tune: error: " << title
                 << ": expected the results of the standard values, "
                 << "found others with " << toString(wrong) << "\n";
  if (quiet)
    return;
  llvm::errs() << formatv("[{0}/{1}] {2}{3}\n        {4}", number, kernels, title,
                          record.finished ? "" : " (not finished)", toString(record.choice));
  if (record.isBetter())
    llvm::errs() << formatv(": {0}, {1:f2} of the standard's", inMicroseconds(record.seconds),
                            record.seconds / record.standardSeconds);
  else
    llvm::errs() << ": " << inMicroseconds(record.standardSeconds);
  llvm::errs() << formatv(", {0:f2} times the roofline; {1} tried{2}\n",
                          record.boundSeconds > 0 ? record.seconds / record.boundSeconds : 0.0,
                          record.tried, timeLeft());
}
