// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations that treat every element alike: add, scale, cast, swiglu and its adjoint.

#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/Models.h"

using namespace mlir;

namespace dreamer::kernels {

void forElements(Kernel &k, Shares vectors, int64_t n, function_ref<void(Val, Lanes)> body,
                 std::optional<Val> share) {
  int64_t width = k.vectorLanes(), whole = n / width;
  Lanes rest{width, n - whole * width};
  if (vectors.tasks() == 1) {
    k.loop(0, whole * width, width, [&](Val i) { body(i, Lanes::all(width)); });
    if (rest.valid)
      body(whole * width, rest);
    return;
  }
  Val task = share.value_or(k.task), from = task * (vectors.perTask * width);
  k.loop(from, min(from + vectors.perTask * width, whole * width), width,
         [&](Val i) { body(i, Lanes::all(width)); });
  if (rest.valid)
    k.when(equal(task, vectors.tasks() - 1), [&] { body(whole * width, rest); });
}

Shares elementShares(ScheduleBuilder &schedule, int64_t n, int64_t cost) {
  int64_t width = schedule.target().lanes();
  return Shares::of(ceilDiv(n, width), width * cost, /*multiple=*/16);
}

void launchElements(ScheduleBuilder &schedule, StringRef name, ValueRange inputs,
                    ValueRange outputs, int64_t cost, function_ref<Vals(ArrayRef<Val>)> body) {
  SmallVector<Value> buffers;
  for (Value v : inputs)
    buffers.push_back(schedule.buffer(v));
  for (Value v : outputs)
    buffers.push_back(schedule.buffer(v));
  int64_t n = elementsOf(outputs[0]);
  Shares shares = elementShares(schedule, n, cost);
  launch(schedule, name, shares.tasks(), buffers, [&](Kernel &k) {
    SmallVector<Mem> memory;
    for (unsigned i = 0; i < buffers.size(); ++i)
      memory.push_back(k.mem(i).flat());
    forElements(k, shares, n, [&](Val i, Lanes lanes) {
      Vals operands;
      for (unsigned j = 0; j < inputs.size(); ++j)
        operands.push_back(memory[j].load({i}, lanes));
      for (auto [j, result] : llvm::enumerate(body(operands)))
        memory[inputs.size() + j].store(result, {i}, lanes);
    });
  });
}

void tileOfElements(Kernel &k, Operation *op, const OpTile &tile,
                    function_ref<Val(ArrayRef<Val>)> body) {
  SmallVector<Mem> memory;
  for (Value operand : op->getOperands())
    memory.push_back(tile.memory(operand));
  Mem out = tile.memory(op->getResult(0));
  tile.forRows(k, [&](Val row) {
    k.forColumns(tile.columns, [&](Val i, Lanes lanes) {
      Vals operands;
      for (Mem &operand : memory)
        operands.push_back(operand.load({row, tile.columnFrom + i}, lanes));
      out.store(body(operands), {row, tile.columnFrom + i}, lanes);
    });
  });
}

static void buildAdd(AddOp op, ScheduleBuilder &s) {
  launchElements(s, "add", op->getOperands(), op->getResults(), 2,
                 [](ArrayRef<Val> x) { return Vals{x[0] + x[1]}; });
}

static void buildTileOfAdd(AddOp op, Kernel &k, const OpTile &tile) {
  tileOfElements(k, op, tile, [](ArrayRef<Val> x) { return x[0] + x[1]; });
}

static void buildScale(ScaleOp op, ScheduleBuilder &s) {
  double factor = op.getFactor().convertToDouble();
  launchElements(s, "scale", op->getOperands(), op->getResults(), 1,
                 [&](ArrayRef<Val> x) { return Vals{x[0] * factor}; });
}

static void buildTileOfScale(ScaleOp op, Kernel &k, const OpTile &tile) {
  double factor = op.getFactor().convertToDouble();
  tileOfElements(k, op, tile, [&](ArrayRef<Val> x) { return x[0] * factor; });
}

static void buildCast(CastOp op, ScheduleBuilder &s) {
  launchElements(s, "cast", op->getOperands(), op->getResults(), 1,
                 [](ArrayRef<Val> x) { return Vals{x[0]}; });
}

static void buildSwiGLU(SwiGLUOp op, ScheduleBuilder &s) {
  launchElements(s, "swiglu", op->getOperands(), op->getResults(), 8,
                 [](ArrayRef<Val> x) { return Vals{swiglu(x[0], x[1])}; });
}

static void buildTileOfSwiGLU(SwiGLUOp op, Kernel &k, const OpTile &tile) {
  tileOfElements(k, op, tile, [](ArrayRef<Val> x) { return swiglu(x[0], x[1]); });
}

static void buildSwiGLUGrad(SwiGLUGradOp op, ScheduleBuilder &s) {
  launchElements(s, "swiglu_grad", op->getOperands(), op->getResults(), 10, [](ArrayRef<Val> x) {
    auto [da, db] = swigluGrad(x[0], x[1], x[2]);
    return Vals{da, db};
  });
}

Val swiglu(Val a, Val b) { return a * sigmoid(a) * b; }

std::pair<Val, Val> swigluGrad(Val a, Val b, Val d) {
  // silu'(a) = s + a s (1 - s) with s = sigmoid(a).
  Val s = sigmoid(a), silu = a * s;
  return {d * b * (s + silu * (1.0 - s)), d * silu};
}

void attachElementwiseKernels(MLIRContext &context) {
  AddOp::attachInterface<TileModel<AddOp, buildAdd, buildTileOfAdd, Sharing::Elementwise>>(context);
  ScaleOp::attachInterface<TileModel<ScaleOp, buildScale, buildTileOfScale, Sharing::Elementwise>>(
      context);
  CastOp::attachInterface<Model<CastOp, buildCast>>(context);
  SwiGLUOp::attachInterface<
      TileModel<SwiGLUOp, buildSwiGLU, buildTileOfSwiGLU, Sharing::Elementwise>>(context);
  SwiGLUGradOp::attachInterface<Model<SwiGLUGradOp, buildSwiGLUGrad, Sharing::Elementwise>>(
      context);
}

} // namespace dreamer::kernels
