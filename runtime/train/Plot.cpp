// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Plot.h"

#include "runtime/core/File.h"
#include "runtime/train/JsonLines.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

namespace dreamer::train {
namespace {

constexpr Colour palette[] = {0x2f6fb5, 0xd9662b, 0x3a9d6a, 0x8b5fbf, 0xb8892b, 0xc2477f};
constexpr size_t paletteSize = std::size(palette);
constexpr Colour grey = 0x9aa5b1;

double number(const runtime::Json &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : NAN;
}

std::string string(const runtime::Json &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Values by step: a later line replaces an earlier one, values that are no numbers are left out.
struct Curve {
  std::map<double, double> values;

  void set(double step, double value) {
    if (std::isfinite(step) && std::isfinite(value))
      values[step] = value;
  }
  std::vector<Point> points() const {
    std::vector<Point> result;
    for (auto [x, y] : values)
      result.push_back({x, y});
    return result;
  }
};

void addLoss(const RunCurves &run, bool alone, size_t index, Panel &panel) {
  Colour first = palette[index % paletteSize], second = alone ? palette[1] : first;
  std::string suffix = alone ? "" : " " + run.name;
  panel.series.push_back({"", thinned(run.train), {first, 1.0, 0.28}, false});
  panel.series.push_back({"training" + suffix, thinned(smoothed(run.train)), {first, 2.5}, false});
  if (!run.heldOut.empty())
    panel.series.push_back({alone ? "held out" : "", run.heldOut, {second, 2.0}, true});
}

void addAccuracy(const RunCurves &run, bool alone, size_t index, Panel &panel) {
  if (run.accuracy.empty())
    return;
  Colour colour = alone ? palette[2] : palette[index % paletteSize];
  panel.series.push_back({alone ? "right answers" : run.name, run.accuracy, {colour, 2.5}, true});
  if (alone && run.chance > 0.0)
    panel.series.push_back({"chance",
                            {{0.0, run.chance}, {run.accuracy.back().x, run.chance}},
                            {grey, 2.0, 1.0, true},
                            false});
}

/// "1.23M tokens, held-out loss 0.210, 1.52 bits a byte"
std::string describeRun(const RunCurves &run) {
  std::string out = text(formatCount(run.tokensSeen), " tokens");
  if (!run.heldOut.empty())
    out += ", held-out loss " + formatFixed(run.heldOut.back().y, 3);
  if (!run.bitsPerByte.empty())
    out += text(", ", formatFixed(run.bitsPerByte.back().y, 2), " bits a byte");
  if (!run.accuracy.empty())
    out += text(", ", formatFixed(100.0 * run.accuracy.back().y, 1), "% right (chance ",
                formatFixed(100.0 * run.chance, 1), "%)");
  return out;
}

} // namespace

Result<RunCurves> readRun(const std::string &path) {
  auto file = runtime::MappedFile::open(path);
  if (file.failed())
    return file.status();
  std::string_view content(reinterpret_cast<const char *>((*file)->bytes().data()),
                           (*file)->bytes().size());
  content = content.substr(0, content.rfind('\n') + 1); // a run that was killed may end anywhere
  RunCurves run;
  run.name = std::filesystem::path(path).stem().string();
  Curve train, heldOut, accuracy, bits;
  DREAMER_RETURN_IF_FAILED(forEachJsonLine(path, content, [&](const runtime::Json &line, size_t) {
    std::string event = string(line, "event");
    double step = number(line, "step");
    if (event == "start") {
      run.model = string(line, "model");
    } else if (event == "step") {
      train.set(step, number(line, "loss"));
      run.tokensSeen = number(line, "tokens_seen");
    } else if (event == "evaluation") {
      heldOut.set(step, number(line, "loss"));
      accuracy.set(step, number(line, "accuracy"));
      bits.set(step, number(line, "bits_per_byte"));
      if (line.contains("chance"))
        run.chance = number(line, "chance");
    }
    return Status();
  }));
  run.train = train.points();
  run.heldOut = heldOut.points();
  run.accuracy = accuracy.points();
  run.bitsPerByte = bits.points();
  if (run.train.empty())
    return failure(DREAMER_BAD_FILE, path, "the log of a training run", "no step in it",
                   "dreamer-run train writes one with --log=FILE");
  return run;
}

std::vector<Point> smoothed(const std::vector<Point> &points, int64_t windows) {
  auto count = static_cast<int64_t>(points.size());
  int64_t reach = count / windows / 2;
  std::vector<double> sums = {0.0};
  for (Point point : points)
    sums.push_back(sums.back() + point.y);
  std::vector<Point> result;
  for (int64_t i = 0; i < count; ++i) {
    int64_t near = std::min({reach, i, count - 1 - i}); // the same on both sides: no lag
    double sum = sums[static_cast<size_t>(i + near + 1)] - sums[static_cast<size_t>(i - near)];
    result.push_back({points[static_cast<size_t>(i)].x, sum / static_cast<double>(2 * near + 1)});
  }
  return result;
}

std::vector<Point> thinned(const std::vector<Point> &points, size_t buckets) {
  if (points.size() <= 2 * buckets)
    return points;
  std::vector<Point> result;
  for (size_t i = 0; i < buckets; ++i) {
    auto first = points.begin() + static_cast<ptrdiff_t>(i * points.size() / buckets);
    auto last = points.begin() + static_cast<ptrdiff_t>((i + 1) * points.size() / buckets);
    auto [low, high] = std::minmax_element(first, last, [](Point a, Point b) { return a.y < b.y; });
    result.push_back(std::min(low, high)[0]);
    if (low != high)
      result.push_back(std::max(low, high)[0]);
  }
  return result;
}

Figure makeFigure(const std::vector<RunCurves> &runs) {
  bool alone = runs.size() == 1;
  Figure figure;
  figure.xLabel = "training step";
  figure.title = alone ? text("Training of ", runs[0].model.empty() ? runs[0].name : runs[0].model)
                       : text("Training of ", runs.size(), " models");
  figure.subtitle = alone ? describeRun(runs[0]) : "thin: every step; bold: mean; dots: held out";
  Panel loss{"loss (nats a token)", {}, false}, accuracy{"held-out problems", {}, true};
  for (size_t i = 0; i < runs.size(); ++i) {
    addLoss(runs[i], alone, i, loss);
    addAccuracy(runs[i], alone, i, accuracy);
  }
  figure.panels.push_back(std::move(loss));
  if (!accuracy.series.empty())
    figure.panels.push_back(std::move(accuracy));
  return figure;
}

Status plotRuns(const std::vector<std::string> &logs, const std::string &path) {
  if (!path.ends_with(".svg"))
    return failure(DREAMER_INVALID_ARGUMENT, path, "a name that ends in .svg", "another");
  std::vector<RunCurves> runs;
  for (const std::string &log : logs) {
    Result<RunCurves> run = readRun(log);
    if (run.failed())
      return run.status();
    runs.push_back(std::move(*run));
  }
  Figure figure = makeFigure(runs);
  std::unique_ptr<Canvas> canvas = makeSvgCanvas(Figure::width, figure.height());
  drawFigure(figure, *canvas);
  return runtime::writeFileAtomically(path, canvas->finish());
}

} // namespace dreamer::train
