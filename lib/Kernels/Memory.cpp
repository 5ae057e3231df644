// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations that only move values: zero, histories, stacks, caches.

#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/Models.h"

using namespace mlir;

namespace dreamer::kernels {

static void buildZero(ZeroOp op, ScheduleBuilder &s) {
  launchElements(s, "zero", {}, op->getResults(), 1, [](ArrayRef<Val>) { return Vals{0}; });
}

/// Only slots that were appended are ever read: there is nothing to compute.
static void buildHistory(HistoryOp, ScheduleBuilder &) {}

/// One launch that copies entry `slot` of `stack` [S, n] to or from `entry` [n].
static void launchSlotCopy(ScheduleBuilder &s, StringRef name, Value stack, Value entry, Value slot,
                           bool intoStack) {
  int64_t n = cast<MemRefType>(entry.getType()).getNumElements();
  Shares shares = elementShares(s, n, 1);
  launch(s, name, shares.tasks(), {stack, entry, slot}, [&](Kernel &k) {
    Mem many = k.mem(0).view({k.mem(0).size() / n, n}), one = k.mem(1).flat();
    Val slot = k.scalar(2);
    forElements(k, shares, n, [&](Val i, Lanes lanes) {
      if (intoStack)
        many.store(one.load({i}, lanes), {slot, i}, lanes);
      else
        one.store(many.load({slot, i}, lanes), {i}, lanes);
    });
  });
}

static void buildAppend(AppendOp op, ScheduleBuilder &s) {
  launchSlotCopy(s, "append", s.buffer(op.getResult()), s.buffer(op.getValue()),
                 s.buffer(op.getSlot()), /*intoStack=*/true);
}

static void buildSlot(SlotOp op, ScheduleBuilder &s) {
  launchSlotCopy(s, "slot", s.buffer(op.getStack()), s.buffer(op.getResult()),
                 s.buffer(op.getSlot()), /*intoStack=*/false);
}

/// One launch that copies all `parts` to or from their entries of `stack`.
static void launchPartsCopy(ScheduleBuilder &s, StringRef name, Value stack, ValueRange parts,
                            bool intoStack) {
  int64_t n = elementsOf(parts[0]), count = static_cast<int64_t>(parts.size());
  Shares shares = elementShares(s, n, 1);
  SmallVector<Value> buffers{s.buffer(stack)};
  for (Value part : parts)
    buffers.push_back(s.buffer(part));
  launch(s, name, count * shares.tasks(), buffers, [&](Kernel &k) {
    Mem many = k.mem(0).view({count, n});
    Val part = k.task / shares.tasks();
    k.pick(part, count, [&](int64_t which) {
      Mem one = k.mem(1 + static_cast<unsigned>(which)).flat();
      forElements(
          k, shares, n,
          [&](Val i, Lanes lanes) {
            if (intoStack)
              many.store(one.load({i}, lanes), {which, i}, lanes);
            else
              one.store(many.load({which, i}, lanes), {i}, lanes);
          },
          k.task % shares.tasks());
    });
  });
}

static void buildStack(StackOp op, ScheduleBuilder &s) {
  launchPartsCopy(s, "stack", op.getResult(), op.getParts(), /*intoStack=*/true);
}

static void buildUnstack(UnstackOp op, ScheduleBuilder &s) {
  launchPartsCopy(s, "unstack", op.getStack(), op.getParts(), /*intoStack=*/false);
}

/// One launch that copies `from` [a, b, inner] to `to` [b, a, inner].
static void launchExchange(ScheduleBuilder &s, StringRef name, Value from, Value to, int64_t a,
                           int64_t b) {
  int64_t inner = elementsOf(from) / (a * b);
  Shares shares = Shares::of(a * b, inner);
  launch(s, name, shares.tasks(), {s.buffer(to), s.buffer(from)}, [&](Kernel &k) {
    Mem out = k.mem(0).view({b, a, inner}), in = k.mem(1).view({a, b, inner});
    k.forShare(shares, [&](Val row) {
      Val i = row / b, j = row % b;
      k.forColumns(inner, [&](Val c, Lanes lanes) {
        out.store(in.load({i, j, c}, lanes), {j, i, c}, lanes);
      });
    });
  });
}

static void buildSplit(SplitOp op, ScheduleBuilder &s) {
  ArrayRef<int64_t> outer = tensorType(op.getX()).getShape().take_front(op.getAxis());
  launchExchange(s, "split", op.getX(), op.getResult(), llvm::product_of(outer), op.getParts());
}

static void buildMerge(MergeOp op, ScheduleBuilder &s) {
  ArrayRef<int64_t> shape = tensorType(op.getStack()).getShape();
  launchExchange(s, "merge", op.getStack(), op.getResult(), shape[0],
                 llvm::product_of(shape.slice(1, op.getAxis())));
}

static void buildWindowCount(WindowCountOp op, ScheduleBuilder &s) {
  int64_t size = static_cast<int64_t>(op.getSize());
  launch(s, "window_count", 1, {s.buffer(op.getDepth()), s.buffer(op.getResult())}, [&](Kernel &k) {
    Val depth = k.toIndex(k.mem(0).load({}));
    k.mem(1).store(convert((depth + (size - 1)) / size, k.getBuilder().getI32Type()), {});
  });
}

static void buildWindowSteps(WindowStepsOp op, ScheduleBuilder &s) {
  int64_t size = static_cast<int64_t>(op.getSize());
  SmallVector<Value> arguments{s.buffer(op.getDepth()), s.buffer(op.getResult()),
                               s.buffer(op.getWindow())};
  launch(s, "window_steps", 1, arguments, [&](Kernel &k) {
    Val left = k.toIndex(k.mem(0).load({})) - k.scalar(2) * size;
    k.mem(1).store(convert(min(left, size), k.getBuilder().getI32Type()), {});
  });
}

static void buildCacheAppend(CacheAppendOp op, ScheduleBuilder &s) {
  RankedTensorType type = tensorType(op.getCache());
  int64_t batch = type.getDimSize(1), capacity = type.getDimSize(2), features = type.getDimSize(3);
  SmallVector<Value> buffers{s.buffer(op.getResult()), s.buffer(op.getValue()),
                             s.buffer(op.getPosition()), s.buffer(op.getSlot())};
  s.requireRange(buffers[2], 0, capacity,
                 ("position: expected numbers in [0, " + Twine(capacity) + ")").str());
  Shares shares = Shares::of(batch, features);
  launch(s, "cache_append", shares.tasks(), buffers, [&](Kernel &k) {
    Mem cache = k.mem(0), value = k.mem(1), positions = k.mem(2);
    Val slot = k.scalar(3);
    k.forShare(shares, [&](Val b) {
      Val position = k.toIndex(positions.load({b}));
      k.forColumns(features, [&](Val i, Lanes lanes) {
        cache.store(value.load({b, i}, lanes), {slot, b, position, i}, lanes);
      });
    });
  });
}

void attachMemoryKernels(MLIRContext &context) {
  WindowCountOp::attachInterface<Model<WindowCountOp, buildWindowCount>>(context);
  WindowStepsOp::attachInterface<Model<WindowStepsOp, buildWindowSteps>>(context);
  ZeroOp::attachInterface<Model<ZeroOp, buildZero>>(context);
  HistoryOp::attachInterface<Model<HistoryOp, buildHistory>>(context);
  AppendOp::attachInterface<UpdatingModel<AppendOp, buildAppend, 0u>>(context);
  SlotOp::attachInterface<Model<SlotOp, buildSlot>>(context);
  StackOp::attachInterface<Model<StackOp, buildStack>>(context);
  UnstackOp::attachInterface<Model<UnstackOp, buildUnstack>>(context);
  SplitOp::attachInterface<Model<SplitOp, buildSplit>>(context);
  MergeOp::attachInterface<Model<MergeOp, buildMerge>>(context);
  CacheAppendOp::attachInterface<UpdatingModel<CacheAppendOp, buildCacheAppend, 0u>>(context);
}

} // namespace dreamer::kernels
