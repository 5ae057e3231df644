// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a training step does with gradients: global_norm, not_finite, adamw, and the
// balancing of experts.

#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/Models.h"
#include <limits>

using namespace mlir;

namespace dreamer::kernels {

static constexpr double infinity = std::numeric_limits<double>::infinity();

static Val isFinite(Val x) { return both(less(-infinity, x), less(x, infinity)); }

//===----------------------------------------------------------------------===//
// Norm
//===----------------------------------------------------------------------===//

namespace {
/// Consecutive tasks: parts of one large tensor, or one task for several small ones.
struct Segment {
  int64_t firstTask, tasks;
  SmallVector<unsigned> tensors;
};
} // namespace

static constexpr int64_t partOfNorm = 32768;

static SmallVector<Segment> planNorm(ValueRange tensors) {
  SmallVector<Segment> segments;
  int64_t task = 0, gathered = partOfNorm;
  for (auto [i, tensor] : llvm::enumerate(tensors)) {
    int64_t n = elementsOf(tensor), parts = ceilDiv(n, partOfNorm);
    auto index = static_cast<unsigned>(i);
    if (parts == 1 && gathered + n <= partOfNorm) {
      gathered += n;
      segments.back().tensors.push_back(index);
      continue;
    }
    segments.push_back({task, parts, {index}});
    task += parts;
    gathered = parts == 1 ? n : partOfNorm;
  }
  return segments;
}

/// Squares are summed in f64: per task, then over the tasks in order.
static void buildGlobalNorm(GlobalNormOp op, ScheduleBuilder &s) {
  SmallVector<Segment> segments = planNorm(op.getGradients());
  int64_t tasks = segments.empty() ? 0 : segments.back().firstTask + segments.back().tasks;
  Type f64 = s.builder().getF64Type(), f32 = s.builder().getF32Type();
  Value partial = scratch(s, {std::max<int64_t>(tasks, 1)}, f64);
  SmallVector<Value> buffers{partial};
  for (Value gradient : op.getGradients())
    buffers.push_back(s.buffer(gradient));
  launch(s, "squares", tasks, buffers, [&](Kernel &k) {
    Val segment = 0;
    for (const Segment &later : ArrayRef(segments).drop_front())
      segment = select(less(k.task, later.firstTask), k.index(0), 1) + segment;
    k.pick(segment, static_cast<int64_t>(segments.size()), [&](int64_t which) {
      const Segment &mine = segments[which];
      Val sum = k.number(0, f64);
      for (unsigned tensor : mine.tensors) {
        Mem x = k.mem(1 + tensor).flat();
        auto squares = [&](Val from, int64_t n) {
          return k.sumColumnsWide(n, [&](Val i, Lanes lanes) {
            Val v = convert(x.load({from + i}, lanes), f64);
            return v * v;
          });
        };
        if (mine.tasks == 1) {
          sum = sum + squares(0, x.size());
          continue;
        }
        Val part = k.task - mine.firstTask;
        int64_t last = x.size() - (mine.tasks - 1) * partOfNorm;
        k.when(less(part, mine.tasks - 1),
               [&] { k.mem(0).store(squares(part * partOfNorm, partOfNorm), {k.task}); });
        k.when(equal(part, mine.tasks - 1),
               [&] { k.mem(0).store(squares((mine.tasks - 1) * partOfNorm, last), {k.task}); });
      }
      if (mine.tasks == 1)
        k.mem(0).store(sum, {k.task});
    });
  });
  launch(s, "norm", 1, {partial, s.buffer(op.getNorm())}, [&](Kernel &k) {
    Vals sum = k.loop(0, tasks, 1, {k.number(0, f64)}, [&](Val i, ArrayRef<Val> carried) {
      return Vals{carried[0] + k.mem(0).load({i})};
    });
    k.mem(1).store(convert(sqrt(sum[0]), f32), {});
  });
}

static void buildNotFinite(NotFiniteOp op, ScheduleBuilder &s) {
  SmallVector<Value> buffers{s.buffer(op.getValue()), s.buffer(op.getResult())};
  launch(s, "not_finite", 1, buffers, [&](Kernel &k) {
    Val zero = k.number(0, k.getBuilder().getI32Type());
    k.mem(1).store(select(isFinite(k.mem(0).load({})), zero, 1), {});
  });
}

//===----------------------------------------------------------------------===//
// AdamW
//===----------------------------------------------------------------------===//

/// 1 / (1 - beta^step) in f64, beta^step by the binary digits of step.
static Val biasCorrection(Kernel &k, double beta, Val step) {
  Type f64 = k.getBuilder().getF64Type(), i32 = k.getBuilder().getI32Type();
  Vals power = k.loop(0, 31, 1, {k.number(1, f64), k.number(beta, f64), step},
                      [&](Val, ArrayRef<Val> carried) {
                        Val odd = equal(both(carried[2], 1), 1);
                        Val next = carried[0] * select(odd, carried[1], 1.0);
                        return Vals{next, carried[1] * carried[1], carried[2] / k.number(2, i32)};
                      });
  return 1.0 / (1.0 - power[0]);
}

static void buildAdamW(AdamWOp op, ScheduleBuilder &s) {
  auto attribute = [](const APFloat &value) { return value.convertToDouble(); };
  double beta1 = attribute(op.getBeta1()), beta2 = attribute(op.getBeta2());
  double eps = attribute(op.getEps()), decay = attribute(op.getDecay());
  double clip = attribute(op.getClip());
  int64_t n = elementsOf(op.getParameter());
  Shares shares = elementShares(s, n, 8);
  SmallVector<Value> buffers{s.buffer(op.getNewParameter()), s.buffer(op.getGradient()),
                             s.buffer(op.getNewMoment1()),   s.buffer(op.getNewMoment2()),
                             s.buffer(op.getNorm()),         s.buffer(op.getRate()),
                             s.buffer(op.getStep())};
  launch(s, "adamw", shares.tasks(), buffers, [&](Kernel &k) {
    Mem parameter = k.mem(0).flat(), gradient = k.mem(1).flat();
    Mem moment1 = k.mem(2).flat(), moment2 = k.mem(3).flat();
    Val norm = k.mem(4).load({}), rate = k.mem(5).load({}), step = k.mem(6).load({});
    // All three lie where their old values do: nothing to do keeps them.
    k.when(isFinite(norm), [&] {
      Type f32 = k.getBuilder().getF32Type();
      Val correct1 = convert(biasCorrection(k, beta1, step), f32);
      Val correct2 = convert(biasCorrection(k, beta2, step), f32);
      Val factor = clip == 0 ? k.f32(1) : min(clip / (norm + 1e-6), 1.0);
      forElements(k, shares, n, [&](Val i, Lanes lanes) {
        Val g = gradient.load({i}, lanes) * factor, p = parameter.load({i}, lanes);
        Val m = moment1.load({i}, lanes) * beta1 + g * (1 - beta1);
        Val v = moment2.load({i}, lanes) * beta2 + g * g * (1 - beta2);
        Val move = m * correct1 / (sqrt(v * correct2) + eps);
        if (decay != 0)
          move = move + p * decay;
        parameter.store(p - move * rate, {i}, lanes);
        moment1.store(m, {i}, lanes);
        moment2.store(v, {i}, lanes);
      });
    });
  });
}

//===----------------------------------------------------------------------===//
// Balance of experts
//===----------------------------------------------------------------------===//

static void buildExpertLoad(ExpertLoadOp op, ScheduleBuilder &s) {
  int64_t depths = tensorType(op.getIds()).getDimSize(0), experts = featuresOf(op.getLoad());
  int64_t choices = elementsOf(op.getIds()) / depths;
  Shares shares = Shares::of(depths, 4 * choices + experts);
  launch(s, "expert_load", shares.tasks(), {s.buffer(op.getIds()), s.buffer(op.getLoad())},
         [&](Kernel &k) {
           Mem ids = k.mem(0).view({depths, choices}), load = k.mem(1);
           k.forShare(shares, [&](Val depth) {
             k.forColumns(experts, [&](Val i, Lanes lanes) { load.store(0, {depth, i}, lanes); });
             k.loop(0, choices, 1, [&](Val i) {
               Val id = ids.load({depth, i});
               k.when(both(less(-1, id), less(id, experts)), [&] {
                 Val expert = k.toIndex(id);
                 load.store(load.load({depth, expert}) + 1, {depth, expert});
               });
             });
           });
         });
}

static void buildBalanceBias(BalanceBiasOp op, ScheduleBuilder &s) {
  int64_t experts = featuresOf(op.getLoad()), depths = rowsOf(op.getLoad());
  double rate = op.getRate().convertToDouble();
  SmallVector<Value> buffers{s.buffer(op.getNewBias()), s.buffer(op.getLoad()),
                             s.buffer(op.getNorm())};
  launch(s, "balance_bias", 1, buffers, [&](Kernel &k) {
    Mem bias = k.mem(0), load = k.mem(1);
    Type i64 = k.getBuilder().getI64Type();
    auto sumOver = [&](int64_t n, function_ref<Val(Val)> term) {
      return k.loop(0, n, 1, {k.number(0, i64)}, [&](Val i, ArrayRef<Val> carried) {
        return Vals{carried[0] + convert(term(i), i64)};
      })[0];
    };
    k.when(isFinite(k.mem(2).load({})), [&] {
      Mem all = load.flat();
      Val total = sumOver(depths * experts, [&](Val i) { return all.load({i}); });
      k.loop(0, experts, 1, [&](Val expert) {
        Val mine = sumOver(depths, [&](Val depth) { return load.load({depth, expert}); });
        Val excess = total - mine * experts;
        Val move = select(less(0, excess), k.f32(rate), select(less(excess, 0), k.f32(-rate), 0.0));
        bias.store(bias.load({expert}) + move, {expert});
      });
    });
  });
}

void attachOptimizerKernels(MLIRContext &context) {
  GlobalNormOp::attachInterface<Model<GlobalNormOp, buildGlobalNorm>>(context);
  NotFiniteOp::attachInterface<Model<NotFiniteOp, buildNotFinite>>(context);
  AdamWOp::attachInterface<UpdatingModel<AdamWOp, buildAdamW, 0u, 2u, 3u>>(context);
  ExpertLoadOp::attachInterface<Model<ExpertLoadOp, buildExpertLoad>>(context);
  BalanceBiasOp::attachInterface<UpdatingModel<BalanceBiasOp, buildBalanceBias, 0u>>(context);
}

} // namespace dreamer::kernels
