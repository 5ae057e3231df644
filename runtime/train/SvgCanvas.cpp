// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Charts as SVG.

#include "runtime/train/Chart.h"
#include "runtime/train/Text.h"

namespace dreamer::train {
namespace {

std::string escapeXml(const std::string &plain) {
  std::string out;
  for (char c : plain) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

std::string hex(Colour colour) {
  char buffer[8];
  snprintf(buffer, sizeof(buffer), "#%06x", colour);
  return buffer;
}

/// A coordinate: a tenth of a pixel is enough.
std::string number(double value) { return formatFixed(value, 1); }

class SvgCanvas final : public Canvas {
public:
  SvgCanvas(double width, double height) {
    out = dreamer::train::text("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", width,
                               "\" height=\"", height, "\" viewBox=\"0 0 ", width, " ", height,
                               "\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n"
                               "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
  }

  void polyline(const std::vector<Point> &points, const Stroke &stroke) override {
    out += "<polyline fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"round\" stroke=\"" +
           hex(stroke.colour) + "\" stroke-width=\"" + number(stroke.width) + "\"";
    if (stroke.opacity < 1.0)
      out += " stroke-opacity=\"" + formatNumber(stroke.opacity, 3) + "\"";
    if (stroke.dashed)
      out += " stroke-dasharray=\"6 5\"";
    out += " points=\"";
    for (size_t i = 0; i < points.size(); ++i)
      out += (i ? " " : "") + number(points[i].x) + "," + number(points[i].y);
    out += "\"/>\n";
  }

  void disc(Point centre, double radius, Colour colour) override {
    out += "<circle cx=\"" + number(centre.x) + "\" cy=\"" + number(centre.y) + "\" r=\"" +
           number(radius) + "\" fill=\"" + hex(colour) + "\" stroke=\"#ffffff\"/>\n";
  }

  void text(Point at, const std::string &text, const Lettering &lettering) override {
    if (text.empty())
      return;
    static const char *const anchors[] = {"start", "middle", "end"};
    out += "<text x=\"" + number(at.x) + "\" y=\"" + number(at.y) + "\" font-size=\"" +
           number(lettering.size) + "\" fill=\"" + hex(lettering.colour) + "\" text-anchor=\"" +
           anchors[static_cast<int>(lettering.anchor)] + "\"";
    if (lettering.bold)
      out += " font-weight=\"bold\"";
    out += ">" + escapeXml(text) + "</text>\n";
  }

  std::string finish() override { return out + "</svg>\n"; }

private:
  std::string out;
};

} // namespace

std::unique_ptr<Canvas> makeSvgCanvas(double width, double height) {
  return std::make_unique<SvgCanvas>(width, height);
}

} // namespace dreamer::train
