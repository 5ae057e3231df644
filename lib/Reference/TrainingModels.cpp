// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a training step does to parameters, moments and balance biases.

#include "lib/Reference/Models.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::reference;

static LogicalResult countTargets(CountTargetsOp op, Frame &frame) {
  double count = 0;
  for (int32_t target : frame.ints(op.getTargets()).data())
    count += target != -1;
  frame.set(op.getCount(), Floats::scalar(count));
  return success();
}

static LogicalResult globalNorm(GlobalNormOp op, Frame &frame) {
  double squares = 0;
  for (Value gradient : op.getGradients())
    for (double value : frame.floats(gradient).data())
      squares += value * value;
  frame.set(op.getNorm(), Floats::scalar(std::sqrt(squares)));
  return success();
}

static LogicalResult notFinite(NotFiniteOp op, Frame &frame) {
  double value = frame.floats(op.getValue())();
  frame.set(op.getResult(), Ints::scalar(!std::isfinite(value)));
  return success();
}

/// m and v move towards g and g^2; p moves by the bias-corrected ratio and decays.
static LogicalResult adamw(AdamWOp op, Frame &frame) {
  const Floats &gradient = frame.floats(op.getGradient());
  Floats p = frame.floats(op.getParameter()), m = frame.floats(op.getMoment1()),
         v = frame.floats(op.getMoment2());
  double norm = frame.floats(op.getNorm())(), rate = frame.floats(op.getRate())();
  int32_t step = frame.ints(op.getStep())();
  double beta1 = op.getBeta1().convertToDouble(), beta2 = op.getBeta2().convertToDouble();
  double eps = op.getEps().convertToDouble(), decay = op.getDecay().convertToDouble();
  double clip = op.getClip().convertToDouble();
  if (step < 1)
    return op.emitOpError() << "expected a step of at least 1, found " << step;
  double factor = clip == 0 ? 1 : std::min(1.0, clip / (norm + 1e-6));
  for (int64_t i = 0; std::isfinite(norm) && i < p.size(); ++i) {
    double g = factor * gradient.data()[i];
    double newM = m.data()[i] = beta1 * m.data()[i] + (1 - beta1) * g;
    double newV = v.data()[i] = beta2 * v.data()[i] + (1 - beta2) * g * g;
    double mHat = newM / (1 - std::pow(beta1, step)), vHat = newV / (1 - std::pow(beta2, step));
    p.data()[i] -= rate * (mHat / (std::sqrt(vHat) + eps) + decay * p.data()[i]);
  }
  frame.set(op.getNewParameter(), p);
  frame.set(op.getNewMoment1(), m);
  frame.set(op.getNewMoment2(), v);
  return success();
}

/// load[d, j] = how many ids of depth d are j; ids below 0 do not count
static LogicalResult expertLoad(ExpertLoadOp op, Frame &frame) {
  const Ints &ids = frame.ints(op.getIds());
  Ints load(shapeOf(op.getLoad()));
  int64_t perDepth = ids.size() / ids.dim(0);
  for (int64_t i = 0; i < ids.size(); ++i) {
    int32_t id = ids.data()[i];
    if (id < 0)
      continue;
    if (failed(checkRange(op, "expert id", ids, i, 0, load.width() - 1)))
      return failure();
    ++load(i / perDepth, id);
  }
  frame.set(op.getLoad(), load);
  return success();
}

/// bias_j += rate * sign(total - N * load_j)
static LogicalResult balanceBias(BalanceBiasOp op, Frame &frame) {
  Floats bias = frame.floats(op.getBias());
  const Ints &load = frame.ints(op.getLoad());
  double rate = op.getRate().convertToDouble();
  int64_t total = 0;
  for (int32_t choices : load.data())
    total += choices;
  for (int64_t j = 0; std::isfinite(frame.floats(op.getNorm())()) && j < bias.size(); ++j) {
    int64_t ofExpert = 0;
    for (int64_t d = 0; d < load.dim(0); ++d)
      ofExpert += load(d, j);
    int64_t excess = total - bias.size() * ofExpert;
    bias(j) += rate * ((excess > 0) - (excess < 0));
  }
  frame.set(op.getNewBias(), bias);
  return success();
}

void reference::attachTrainingModels(MLIRContext &context) {
  attach<countTargets, globalNorm, notFinite, adamw, expertLoad, balanceBias>(context);
}
