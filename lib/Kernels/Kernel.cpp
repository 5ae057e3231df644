// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Kernels/Kernel.h"

using namespace mlir;

namespace dreamer::kernels {

Shares Shares::of(int64_t count, int64_t cost, int64_t multiple) {
  // About 8 us a task: far above what handing it out costs. No more than 64 tasks.
  constexpr int64_t grain = 32768;
  int64_t tasks = std::clamp<int64_t>(count * std::max<int64_t>(cost, 1) / grain, 1, 64);
  return {count, roundUp(std::max<int64_t>(ceilDiv(count, tasks), 1), multiple)};
}

void Kernel::forShare(Shares shares, function_ref<void(Val)> body) {
  if (shares.tasks() == 1)
    return loop(0, shares.count, 1, body);
  Val from = task * shares.perTask;
  Val to = shares.count % shares.perTask == 0 ? from + shares.perTask
                                              : min(from + shares.perTask, shares.count);
  loop(from, to, 1, body);
}

void Kernel::forColumnShare(Shares shares, function_ref<void(Val, int64_t)> body) {
  int64_t tasks = shares.tasks(), last = shares.count - (tasks - 1) * shares.perTask;
  if (tasks == 1)
    return body(0, shares.count);
  Val from = task * shares.perTask;
  if (last == shares.perTask)
    return body(from, shares.perTask);
  when(less(task, tasks - 1), [&] { body(from, shares.perTask); });
  when(equal(task, tasks - 1), [&] { body(shares.count - last, last); });
}

void Kernel::forColumns(int64_t n, function_ref<void(Val, Lanes)> body) {
  int64_t width = lanesFor(n), whole = n / width * width;
  loop(0, whole, width, [&](Val column) { body(column, Lanes::all(width)); });
  if (whole < n)
    body(whole, {width, n - whole});
}

Vals Kernel::reduceColumns(int64_t n, unsigned count, Type element, double neutral,
                           function_ref<Val(Val, Val)> combine,
                           function_ref<Vals(Val, Lanes)> body) {
  int64_t width = lanesFor(n);
  // Independent partial results hide the latency of the additions.
  int64_t chains = n >= 4 * width ? std::max<int64_t>(1, 4 / count) : 1;
  int64_t whole = n / (chains * width) * (chains * width);
  Vals state(count * chains, number(neutral, VectorType::get(width, element)));
  state = loop(0, whole, chains * width, state, [&](Val column, ArrayRef<Val> carried) {
    Vals next;
    for (int64_t chain = 0; chain < chains; ++chain)
      for (auto [i, x] : llvm::enumerate(body(column + chain * width, Lanes::all(width))))
        next.push_back(combine(carried[chain * count + i], x));
    return next;
  });
  for (int64_t column = whole; column < n; column += width) {
    Lanes lanes{width, std::min(width, n - column)};
    for (auto [i, x] : llvm::enumerate(body(column, lanes)))
      state[i] = combine(state[i], keep(x, lanes, neutral));
  }
  Vals results(state.begin(), state.begin() + count);
  for (int64_t chain = 1; chain < chains; ++chain)
    for (unsigned i = 0; i < count; ++i)
      results[i] = combine(results[i], state[chain * count + i]);
  return results;
}

Vals Kernel::sumColumns(int64_t n, unsigned sums, function_ref<Vals(Val, Lanes)> body) {
  Vals results = reduceColumns(
      n, sums, getBuilder().getF32Type(), 0.0, [](Val a, Val b) { return a + b; }, body);
  for (Val &x : results)
    x = sumLanes(x);
  return results;
}

Val Kernel::sumColumns(int64_t n, function_ref<Val(Val, Lanes)> body) {
  return sumColumns(n, 1, [&](Val column, Lanes lanes) { return Vals{body(column, lanes)}; })[0];
}

Val Kernel::sumColumnsWide(int64_t n, function_ref<Val(Val, Lanes)> body) {
  return sumLanes(reduceColumns(
      n, 1, getBuilder().getF64Type(), 0.0, [](Val a, Val b) { return a + b; },
      [&](Val column, Lanes lanes) { return Vals{body(column, lanes)}; })[0]);
}

Val Kernel::maxColumns(int64_t n, function_ref<Val(Val, Lanes)> body) {
  auto combine = [](Val a, Val b) { return max(a, b); };
  auto each = [&](Val column, Lanes lanes) { return Vals{body(column, lanes)}; };
  return maxLanes(reduceColumns(n, 1, getBuilder().getF32Type(),
                                -std::numeric_limits<double>::infinity(), combine, each)[0]);
}

Val keep(Val x, Lanes lanes, double fill) {
  if (lanes.full())
    return x;
  Emitter &e = x.getEmitter();
  return select(less(e.iota(lanes.width), lanes.valid), x, fill);
}

void launch(ScheduleBuilder &schedule, StringRef name, int64_t tasks, ValueRange arguments,
            function_ref<void(Kernel &)> write) {
  launch(schedule, name, tasks, arguments, /*contractions=*/0, write);
}

void launch(ScheduleBuilder &schedule, StringRef name, int64_t tasks, ValueRange arguments,
            int64_t contractions, function_ref<void(Kernel &)> write) {
  auto body = [&](OpBuilder &builder, Location loc, Value task, ValueRange values) {
    Kernel kernel(builder, loc, schedule.target(), task, values);
    write(kernel);
  };
  schedule.launch(name, tasks, arguments, body, contractions);
}

Value prepare(ScheduleBuilder &schedule, StringRef name, Value source, ArrayRef<int64_t> key,
              MemRefType type, int64_t tasks, function_ref<void(Kernel &)> write) {
  return schedule.prepare(name, source, key, type, tasks,
                          [&](OpBuilder &builder, Location loc, Value task, ValueRange values) {
                            Kernel kernel(builder, loc, schedule.target(), task, values);
                            write(kernel);
                          });
}

Value scratch(ScheduleBuilder &schedule, ArrayRef<int64_t> shape, Type element) {
  return schedule.scratch(
      MemRefType::get(shape, element ? element : schedule.builder().getF32Type()));
}

int64_t featuresOf(Value tensor) {
  RankedTensorType type = tensorType(tensor);
  return type.getRank() == 0 ? 1 : type.getShape().back();
}

int64_t rowsOf(Value tensor) { return elementsOf(tensor) / featuresOf(tensor); }

} // namespace dreamer::kernels
