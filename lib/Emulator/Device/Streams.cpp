// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Streams, events and graphs. A stream that is captured knows how much of each stream's recorded
// work its next work follows, so that a graph whose end does not follow all of it is refused, as by
// the driver (CUDA driver API, "Stream Management").

#include "lib/Emulator/Device/EmulatorGpu.h"

#include <chrono>

namespace dreamer::emulator {

using namespace runtime;

class EmulatorStream;

/// How much of each stream's work is before something.
using Known = std::map<const EmulatorStream *, uint64_t>;

static void merge(Known &into, const Known &from) {
  for (auto [stream, count] : from)
    into[stream] = std::max(into[stream], count);
}

class Capture {
public:
  Capture(EmulatorGpu &gpu, const EmulatorStream *origin) : gpu(gpu), origin(origin) {
    ++gpu.captures;
  }
  ~Capture() { end(); }
  void end() {
    if (!ended)
      --gpu.captures;
    ended = true;
  }
  EmulatorGpu &gpu; // streams keep it
  const EmulatorStream *const origin;
  bool ended = false;
  std::vector<Work> work; ///< an order that fulfils all waits: that of the calls
  Known counts;           ///< of work of each stream
};

class EmulatorStream final : public GpuStream {
public:
  using GpuStream::GpuStream;
  ~EmulatorStream() override {
    if (capture && capture->origin == this)
      capture->end(); // nobody can end it any more
  }
  bool captured() const { return capture && !capture->ended; }
  std::shared_ptr<Capture> capture;
  Known known; ///< before its next work
};

class EmulatorEvent final : public GpuEvent {
public:
  using GpuEvent::GpuEvent;
  bool recorded = false;
  std::shared_ptr<Capture> capture; ///< null: recorded outside of one
  Known known;
  std::chrono::steady_clock::time_point time;
};

class EmulatorGraph final : public GpuGraph {
public:
  EmulatorGraph(std::shared_ptr<const Gpu> gpu, std::vector<Work> work)
      : GpuGraph(std::move(gpu)), work(std::make_shared<std::vector<Work>>(std::move(work))) {}
  /// Also of captures that this graph was launched in.
  const std::shared_ptr<const std::vector<Work>> work;
};

static Status misuse(std::string_view where, std::string_view expected, std::string_view found,
                     std::string_view hint = {}) {
  return failure(DREAMER_INVALID_ARGUMENT, where, expected, found, hint);
}

static Status needsNoCapture(std::string_view where) {
  return misuse(where, "no capture going on", "a stream that is captured",
                "end the capture before, or give the work to the captured stream");
}

Status EmulatorGpu::enqueue(GpuStream *stream, std::string_view where, Work work) {
  if (!stream)
    return captures ? needsNoCapture(where) : work();
  DREAMER_RETURN_IF_FAILED(own(*stream, where));
  auto &ours = static_cast<EmulatorStream &>(*stream);
  if (!ours.captured())
    return work();
  ours.capture->work.push_back(std::move(work));
  ours.known[&ours] = ++ours.capture->counts[&ours];
  return Status();
}

Result<std::shared_ptr<GpuStream>> EmulatorGpu::createStream() {
  return std::shared_ptr<GpuStream>(std::make_shared<EmulatorStream>(shared_from_this()));
}

Result<std::shared_ptr<GpuEvent>> EmulatorGpu::createEvent() {
  return std::shared_ptr<GpuEvent>(std::make_shared<EmulatorEvent>(shared_from_this()));
}

Status EmulatorGpu::record(GpuEvent &event, GpuStream &stream) {
  DREAMER_RETURN_IF_FAILED(own(event, "record"));
  DREAMER_RETURN_IF_FAILED(own(stream, "record"));
  auto &moment = static_cast<EmulatorEvent &>(event);
  auto &from = static_cast<EmulatorStream &>(stream);
  moment.recorded = true;
  moment.capture = from.captured() ? from.capture : nullptr;
  moment.known = from.captured() ? from.known : Known();
  moment.time = std::chrono::steady_clock::now();
  return Status();
}

Status EmulatorGpu::wait(GpuStream &stream, GpuEvent &event) {
  DREAMER_RETURN_IF_FAILED(own(event, "wait"));
  DREAMER_RETURN_IF_FAILED(own(stream, "wait"));
  auto &moment = static_cast<EmulatorEvent &>(event);
  auto &waiting = static_cast<EmulatorStream &>(stream);
  if (!moment.recorded)
    return misuse("wait", "an event that was recorded", "one that never was",
                  "the driver would wait for nothing");
  if (!moment.capture)
    return waiting.captured() ? misuse("wait", "an event of the capture", "one from before it")
                              : Status();
  if (moment.capture->ended)
    return misuse("wait", "an event that happens", "one of a capture that has ended");
  if (waiting.captured() && waiting.capture != moment.capture)
    return misuse("wait", "an event of the same capture", "one of another");
  if (!waiting.captured()) { // it joins
    waiting.capture = moment.capture;
    waiting.known.clear();
    waiting.capture->counts.try_emplace(&waiting, 0);
  }
  merge(waiting.known, moment.known);
  return Status();
}

Status EmulatorGpu::synchronize(GpuEvent &event) {
  DREAMER_RETURN_IF_FAILED(own(event, "synchronize"));
  auto &moment = static_cast<EmulatorEvent &>(event);
  if (!moment.recorded)
    return misuse("synchronize", "an event that was recorded", "one that never was");
  if (moment.capture)
    return misuse("synchronize", "an event that happens", "one that was captured");
  return Status();
}

Result<double> EmulatorGpu::elapsed(GpuEvent &begin, GpuEvent &end) {
  DREAMER_RETURN_IF_FAILED(synchronize(begin));
  DREAMER_RETURN_IF_FAILED(synchronize(end));
  return std::chrono::duration<double, std::milli>(static_cast<EmulatorEvent &>(end).time -
                                                   static_cast<EmulatorEvent &>(begin).time)
      .count();
}

Status EmulatorGpu::beginCapture(GpuStream &stream) {
  DREAMER_RETURN_IF_FAILED(own(stream, "beginCapture"));
  auto &origin = static_cast<EmulatorStream &>(stream);
  if (origin.captured())
    return misuse("beginCapture", "a stream that is not captured", "one that is");
  origin.capture = std::make_shared<Capture>(*this, &origin);
  origin.known.clear();
  return Status();
}

Result<std::shared_ptr<GpuGraph>> EmulatorGpu::endCapture(GpuStream &stream) {
  DREAMER_RETURN_IF_FAILED(own(stream, "endCapture"));
  auto &origin = static_cast<EmulatorStream &>(stream);
  if (!origin.captured() || origin.capture->origin != &origin)
    return misuse("endCapture", "the stream that the capture began with",
                  origin.captured() ? "one that joined it" : "one that is not captured");
  std::shared_ptr<Capture> capture = origin.capture;
  capture->end();
  for (auto [joined, count] : capture->counts)
    if (origin.known[joined] < count)
      return misuse("endCapture", "that the stream waited for every stream that joined",
                    std::to_string(count - origin.known[joined]) +
                        " pieces of work of another stream that it did not wait for",
                    "record an event there and wait for it");
  return std::shared_ptr<GpuGraph>(
      std::make_shared<EmulatorGraph>(shared_from_this(), std::move(capture->work)));
}

Status EmulatorGpu::launch(GpuGraph &graph, GpuStream &stream) {
  DREAMER_RETURN_IF_FAILED(own(graph, "launch of a graph"));
  return enqueue(&stream, "launch of a graph", [work = static_cast<EmulatorGraph &>(graph).work] {
    for (const Work &piece : *work)
      DREAMER_RETURN_IF_FAILED(piece());
    return Status();
  });
}

Status EmulatorGpu::synchronize(GpuStream &stream) {
  DREAMER_RETURN_IF_FAILED(own(stream, "synchronize"));
  return static_cast<EmulatorStream &>(stream).captured() ? needsNoCapture("synchronize")
                                                          : Status();
}

Status EmulatorGpu::synchronize() { return captures ? needsNoCapture("synchronize") : Status(); }

} // namespace dreamer::emulator
