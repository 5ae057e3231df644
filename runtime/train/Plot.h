// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Pictures of training logs.

#ifndef DREAMER_RUNTIME_TRAIN_PLOT_H
#define DREAMER_RUNTIME_TRAIN_PLOT_H

#include "runtime/train/Chart.h"
#include "runtime/train/Text.h"

namespace dreamer::train {

/// What a picture needs of one log.
struct RunCurves {
  std::string name; ///< for the legend, when there are several runs
  std::string model;
  std::string dataKind;
  std::vector<Point> train;       ///< loss by step
  std::vector<Point> heldOut;     ///< loss by step
  std::vector<Point> accuracy;    ///< share of held-out problems by step; empty for text
  std::vector<Point> bitsPerByte; ///< by step; empty for problems
  double chance = 0.0;
  double tokensSeen = 0.0;
};

/// Reads a log that `dreamer-run train` wrote; where steps were trained twice, after a resume, the
/// later line counts. Fails if there is no step in it.
Result<RunCurves> readRun(const std::string &path);

/// Mean over a window that grows with the number of points, about `windows` of them on the curve.
std::vector<Point> smoothed(const std::vector<Point> &points, int64_t windows = 80);

/// The lowest and the highest point of each of `buckets` stretches: looks the same, and is small.
std::vector<Point> thinned(const std::vector<Point> &points, size_t buckets = 1000);

/// Loss of all runs and, if they were trained on problems, accuracy.
Figure makeFigure(const std::vector<RunCurves> &runs);

/// Draws the logs into `path`, .svg or .png.
Status plotRuns(const std::vector<std::string> &logs, const std::string &path);

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_PLOT_H
