// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Chart.h"

#include "runtime/train/Text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

namespace dreamer::train {
namespace {

constexpr Colour ink = 0x1f2933, quiet = 0x66727f, rule = 0xe3e8ed, axis = 0x9aa5b1;
constexpr double left = 78.0, right = 28.0;

/// An axis: which values are where, in pixels.
struct Axis {
  double low = 0.0, high = 1.0;
  double from = 0.0, to = 1.0; ///< pixels of low and high
  double tick = 1.0;

  double place(double value) const { return from + (value - low) / (high - low) * (to - from); }
  /// The whole multiples of `tick` from low to high.
  std::vector<double> ticks() const {
    std::vector<double> values;
    auto first = static_cast<int64_t>(std::ceil(low / tick - 1e-9));
    auto last = static_cast<int64_t>(std::floor(high / tick + 1e-6));
    for (int64_t i = first; i <= last; ++i)
      values.push_back(static_cast<double>(i) * tick);
    return values;
  }
};

/// Extends low..high to whole ticks.
void roundToTicks(Axis &axis, int count) {
  if (!(axis.high > axis.low))
    axis.high = axis.low + (axis.low == 0.0 ? 1.0 : std::fabs(axis.low) * 0.1);
  axis.tick = tickDistance(axis.high - axis.low, count);
  axis.low = std::floor(axis.low / axis.tick + 1e-9) * axis.tick;
  axis.high = std::ceil(axis.high / axis.tick - 1e-9) * axis.tick;
}

std::string tickText(double value, double tick, bool percent) {
  if (std::fabs(value) < tick * 1e-6)
    return percent ? "0%" : "0";
  if (percent)
    return formatFixed(100.0 * value, 0) + "%";
  if (tick >= 1000.0 && std::fmod(value, 1000.0) == 0.0)
    return formatFixed(value / 1000.0, 0) + "k";
  return formatFixed(value, std::max(0, static_cast<int>(std::ceil(-std::log10(tick) - 1e-9))));
}

/// The range of all values; the top leaves out the highest half percent, which are spikes.
std::pair<double, double> valueRange(const Panel &panel) {
  std::vector<double> values;
  for (const Series &series : panel.series)
    for (Point point : series.points)
      values.push_back(point.y);
  if (values.empty())
    return {0.0, 1.0};
  std::sort(values.begin(), values.end());
  size_t spikes = values.size() / 200;
  return {std::min(0.0, values.front()), values[values.size() - 1 - spikes]};
}

Axis horizontalAxis(const Figure &figure) {
  Axis axis;
  axis.low = 0.0;
  axis.high = 0.0;
  for (const Panel &panel : figure.panels)
    for (const Series &series : panel.series)
      for (Point point : series.points)
        axis.high = std::max(axis.high, point.x);
  if (axis.high == 0.0)
    axis.high = 1.0;
  axis.tick = tickDistance(axis.high, 8);
  axis.from = left;
  axis.to = Figure::width - right;
  return axis;
}

Axis verticalAxis(const Panel &panel, double top, double bottom) {
  Axis axis;
  if (!panel.percent)
    std::tie(axis.low, axis.high) = valueRange(panel);
  roundToTicks(axis, 6);
  axis.from = bottom;
  axis.to = top;
  return axis;
}

void drawGrid(const Axis &x, const Axis &y, bool percent, Canvas &canvas) {
  for (double value : y.ticks()) {
    double at = y.place(value);
    canvas.polyline({{x.from, at}, {x.to, at}}, {rule, 1.0});
    canvas.text({x.from - 10.0, at + 4.5}, tickText(value, y.tick, percent),
                {13.0, quiet, Anchor::End});
  }
  for (double value : x.ticks()) {
    double at = x.place(value);
    canvas.polyline({{at, y.from}, {at, y.from + 5.0}}, {axis, 1.0});
    canvas.text({at, y.from + 20.0}, tickText(value, x.tick, false), {13.0, quiet, Anchor::Middle});
  }
  canvas.polyline({{x.from, y.from}, {x.to, y.from}}, {axis, 1.0});
}

/// Legend entries from the right edge to the left, on the line of the panel's title.
void drawLegend(const Panel &panel, double edge, double baseline, Canvas &canvas) {
  double at = edge;
  for (auto series = panel.series.rbegin(); series != panel.series.rend(); ++series) {
    if (series->name.empty())
      continue;
    canvas.text({at, baseline}, series->name, {13.0, ink, Anchor::End});
    at -= 7.3 * static_cast<double>(series->name.size()) + 8.0;
    canvas.polyline({{at - 22.0, baseline - 4.5}, {at, baseline - 4.5}},
                    {series->stroke.colour, 2.5, 1.0, series->stroke.dashed});
    if (series->marked)
      canvas.disc({at - 11.0, baseline - 4.5}, 3.5, series->stroke.colour);
    at -= 42.0;
  }
}

void drawSeries(const Series &series, const Axis &x, const Axis &y, Canvas &canvas) {
  std::vector<Point> places;
  for (Point point : series.points)
    places.push_back({x.place(point.x), y.place(std::clamp(point.y, y.low, y.high))});
  if (places.size() > 1)
    canvas.polyline(places, series.stroke);
  if (series.marked || places.size() == 1)
    for (Point place : places)
      canvas.disc(place, 3.5, series.stroke.colour);
}

} // namespace

double tickDistance(double range, int count) {
  double rough = range / count, power = std::pow(10.0, std::floor(std::log10(rough)));
  double lead = rough / power;
  return power * (lead <= 1.0 ? 1.0 : lead <= 2.0 ? 2.0 : lead <= 5.0 ? 5.0 : 10.0);
}

void drawFigure(const Figure &figure, Canvas &canvas) {
  canvas.text({left - 50.0, 36.0}, figure.title, {20.0, ink, Anchor::Start, true});
  canvas.text({left - 50.0, 58.0}, figure.subtitle, {13.0, quiet});
  Axis x = horizontalAxis(figure);
  double top = 80.0;
  for (const Panel &panel : figure.panels) {
    Axis y = verticalAxis(panel, top + 36.0, top + 296.0);
    canvas.text({left - 50.0, top + 16.0}, panel.title, {14.0, ink, Anchor::Start, true});
    drawLegend(panel, x.to, top + 16.0, canvas);
    drawGrid(x, y, panel.percent, canvas);
    for (const Series &series : panel.series)
      drawSeries(series, x, y, canvas);
    top += 330.0;
  }
  canvas.text({(x.from + x.to) / 2.0, figure.height() - 12.0}, figure.xLabel,
              {13.0, quiet, Anchor::Middle});
}

} // namespace dreamer::train
