// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Line charts: panels one above the other that share the horizontal axis, drawn on any canvas.

#ifndef DREAMER_RUNTIME_TRAIN_CHART_H
#define DREAMER_RUNTIME_TRAIN_CHART_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace dreamer::train {

struct Point {
  double x = 0.0;
  double y = 0.0;
};

/// 0xRRGGBB
using Colour = uint32_t;

struct Stroke {
  Colour colour = 0;
  double width = 1.0;   ///< pixels
  double opacity = 1.0; ///< 0 to 1
  bool dashed = false;
};

enum class Anchor { Start, Middle, End };

struct Lettering {
  double size = 13.0; ///< pixels
  Colour colour = 0;
  Anchor anchor = Anchor::Start;
  bool bold = false;
};

/// Where charts are drawn. Coordinates are pixels from the upper left corner; text stands on `at`.
class Canvas {
public:
  virtual ~Canvas() = default;
  virtual void polyline(const std::vector<Point> &points, const Stroke &stroke) = 0;
  virtual void disc(Point centre, double radius, Colour colour) = 0;
  virtual void text(Point at, const std::string &text, const Lettering &lettering) = 0;
  /// The finished file.
  virtual std::string finish() = 0;
};

std::unique_ptr<Canvas> makeSvgCanvas(double width, double height);

struct Series {
  std::string name; ///< in the legend; "" for none
  std::vector<Point> points;
  Stroke stroke;
  bool marked = false; ///< a disc at every point
};

struct Panel {
  std::string title;
  std::vector<Series> series;
  bool percent = false; ///< values are shares, the axis goes from 0 to 100%
};

struct Figure {
  std::string title;
  std::string subtitle;
  std::string xLabel;
  std::vector<Panel> panels;

  static constexpr double width = 960.0;
  double height() const { return 110.0 + 330.0 * static_cast<double>(panels.size()); }
};

/// 1, 2 or 5 times a power of ten, so that about `count` of them fit into `range` > 0.
double tickDistance(double range, int count);

void drawFigure(const Figure &figure, Canvas &canvas);

} // namespace dreamer::train

#endif // DREAMER_RUNTIME_TRAIN_CHART_H
