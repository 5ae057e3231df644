// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mix_experts_grad. With y = silu(a) * b and e = W2^T dout: dgate = e . y, dy = gate e, da and db from
// dy by the adjoint of swiglu, and gated = gate y.

#include "lib/Kernels/Elementwise.h"
#include "lib/Kernels/ExpertRows.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/NarrowPack.h"
#include "lib/Kernels/Tuning.h"

using namespace mlir;

namespace dreamer::kernels {

namespace {
/// Which argument of the kernel `hidden` is what.
enum Argument : unsigned {
  A, ///< [pairs, f]
  B,
  Da,
  Db,
  Gated,
  Gates,
  DGates,
  PairAt,
  RowAt,
  Blocks,
  W2,
  E, ///< [places, f]
  DOut
};
} // namespace

/// What a pair gets of its row of e.
static void storeGrads(Kernel &k, const Mixture &m, Val place, Val pair) {
  Val gate = k.mem(Gates).flat().load({pair});
  auto ofPair = [&](Argument matrix) { return k.mem(matrix).rows(); };
  Val dGate = k.sumColumns(m.hidden, [&](Val i, Lanes lanes) {
    Val a = ofPair(A).load({pair, i}, lanes), b = ofPair(B).load({pair, i}, lanes);
    Val e = k.mem(E).load({place, i}, lanes), y = swiglu(a, b);
    auto [da, db] = swigluGrad(a, b, e * gate);
    ofPair(Da).store(da, {pair, i}, lanes);
    ofPair(Db).store(db, {pair, i}, lanes);
    ofPair(Gated).store(y * gate, {pair, i}, lanes);
    return e * y;
  });
  k.mem(DGates).flat().store(dGate, {pair});
}

/// All of it for one block of places.
static void gradOfBlock(Kernel &k, const Mixture &m, const PlaceFactor &dOut, Val expert, Val from,
                        Val to) {
  Panels panels = m.toHidden();
  Mem e = k.mem(E), pairAt = k.mem(PairAt);
  multiplyInto(k, productRange(m, panels, k.mem(W2), expert, from, to),
               dOut.prepare(k, panels, k.mem(RowAt), from, to), {[&](const ProductBlock &block) {
                 return placeOf(k, block, e, {block.row, block.column});
               }});
  k.loop(from, to, 1, [&](Val place) {
    Val pair = pairAt.load({place, 0});
    k.when(less(-1, pair), [&] { storeGrads(k, m, place, k.toIndex(pair)); });
  });
}

static Mixture mixtureOf(MixExpertsGradOp op, const KernelTarget &target) {
  ArrayRef<int64_t> w2 = tensorType(op.getW2()).getShape();
  bool narrow = isNarrow(op.getW2()) && isNarrow(op.getDResult());
  return Mixture::of(op.getIds(), w2[0], w2[1], w2[2], narrow, target);
}

static int64_t expertsOf(MixExpertsGradOp op) { return tensorType(op.getW2()).getDimSize(0); }

static KernelParameters mixtureGradParameters(MixExpertsGradOp op, const KernelTarget &target) {
  KernelParameters parameters;
  mixtureOf(op, target).declareBlocks(parameters, target);
  return parameters;
}

static void buildMixExpertsGrad(MixExpertsGradOp op, ScheduleBuilder &s) {
  Mixture m = mixtureOf(op, s.target()).tuned(s);
  ExpertRows sorted = launchSort(s, m, s.buffer(op.getIds()));
  // As `Argument` numbers them.
  SmallVector<Value> buffers;
  for (Value value : {Value(op.getA()), Value(op.getB()), Value(op.getDA()), Value(op.getDB()),
                      Value(op.getGated()), Value(op.getGates()), Value(op.getDGates())})
    buffers.push_back(s.buffer(value));
  buffers.append({sorted.pairAt, sorted.rowAt, sorted.blocks,
                  preparePanels(s, m.toHidden(), m.experts, /*transposed=*/false, op.getW2()),
                  scratch(s, {m.places(), m.hidden})});
  PlaceFactor dOut(s, m, op.getDResult(), buffers);
  launch(s, "hidden", m.blocks(), buffers, /*contractions=*/1, [&](Kernel &k) {
    forExpertBlock(k, k.mem(Blocks), [&](Val expert, Val from, Val to) {
      gradOfBlock(k, m, dOut, expert, from, to);
    });
  });
}

void attachMixExpertsGradKernels(MLIRContext &context) {
  MixExpertsGradOp::attachInterface<Model<MixExpertsGradOp, buildMixExpertsGrad>,
                                    Tunable<MixExpertsGradOp, mixtureGradParameters, expertsOf>>(
      context);
}

} // namespace dreamer::kernels
