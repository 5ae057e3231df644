// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/train/Plot.h"

#include "Scratch.h"

#include <algorithm>
#include <gmock/gmock.h>

namespace dreamer::train {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char log[] = R"({"event":"start","model":"tiny"}
{"event":"evaluation","step":0,"loss":5.5,"accuracy":0.1,"chance":0.11}
{"event":"step","step":1,"loss":5.0,"tokens_seen":100}
{"event":"step","step":2,"loss":9.0,"tokens_seen":200}
{"event":"start","model":"tiny"}
{"event":"step","step":2,"loss":4.0,"tokens_seen":200}
{"event":"step","step":3,"loss":null,"tokens_seen":300}
{"event":"evaluation","step":3,"loss":3.5,"accuracy":0.9,"chance":0.11}
{"event":"step","st)"; // killed while writing

TEST(Plot, ReadsLogsOfResumedAndKilledRuns) {
  Scratch scratch;
  Result<RunCurves> run = readRun(scratch.file("run.jsonl", log));
  ASSERT_TRUE(run.ok()) << run.status().message();
  EXPECT_EQ(run->model, "tiny");
  ASSERT_EQ(run->train.size(), 2u);
  EXPECT_EQ(run->train[1].y, 4.0); // the later line counts
  EXPECT_EQ(run->heldOut.size(), 2u);
  EXPECT_EQ(run->accuracy.back().y, 0.9);
  EXPECT_EQ(run->tokensSeen, 300);
}

TEST(Plot, DrawsAnSvgWithBothPanels) {
  Scratch scratch;
  Status status = plotRuns({scratch.file("run.jsonl", log)}, scratch.path("run.svg"));
  ASSERT_TRUE(status.ok()) << status.message();
  std::string svg = scratch.read("run.svg");
  EXPECT_THAT(svg, testing::StartsWith("<svg xmlns="));
  EXPECT_THAT(svg, testing::EndsWith("</svg>\n"));
  for (const char *text : {"Training of tiny", "training step", "held out", "right answers",
                           "chance", "90.0% right", "100%"})
    EXPECT_THAT(svg, HasSubstr(text));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(Plot, SaysWhatIsWrong) {
  Scratch scratch;
  std::string empty = scratch.file("e.jsonl", "{\"event\":\"start\"}\n");
  EXPECT_THAT(plotRuns({empty}, scratch.path("x.svg")).message(), HasSubstr("no step in it"));
  EXPECT_THAT(plotRuns({empty}, scratch.path("x.jpg")).message(), HasSubstr("ends in .svg"));
  EXPECT_TRUE(plotRuns({scratch.path("none.jsonl")}, scratch.path("x.svg")).failed());
}

TEST(Plot, SmoothsWithoutLag) {
  std::vector<Point> line;
  for (int i = 0; i < 100; ++i)
    line.push_back({static_cast<double>(i), 3.0 * i + (i % 2 ? 1 : -1)});
  std::vector<Point> mean = smoothed(line, 5);
  EXPECT_NEAR(mean[50].y, 150.0, 0.1);
  EXPECT_EQ(mean.front().y, line.front().y);
  EXPECT_EQ(mean.size(), line.size());
}

TEST(Plot, ThinsLongCurvesToTheirExtremes) {
  std::vector<Point> points;
  for (int i = 0; i < 10000; ++i)
    points.push_back({static_cast<double>(i), i == 5005 ? 100.0 : i % 10});
  std::vector<Point> few = thinned(points, 100);
  EXPECT_LE(few.size(), 200u);
  EXPECT_EQ(thinned(few, 100).size(), few.size());
  EXPECT_TRUE(std::ranges::any_of(few, [](Point point) { return point.y == 100.0; }));
  EXPECT_TRUE(std::ranges::is_sorted(few, {}, &Point::x));
}

TEST(Chart, TicksAreRound) {
  EXPECT_DOUBLE_EQ(tickDistance(5.6, 6), 1.0);
  EXPECT_DOUBLE_EQ(tickDistance(2500, 8), 500.0);
  EXPECT_DOUBLE_EQ(tickDistance(0.031, 6), 0.01);
}

} // namespace
} // namespace dreamer::train
