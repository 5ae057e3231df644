// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rings, roles, barriers and products in flight.

#include "lib/TileRun/Frame.h"
#include "lib/TileRun/Memory.h"

using namespace mlir;
using namespace dreamer;
using namespace dreamer::tilerun;

//===----------------------------------------------------------------------===//
// Rings
//===----------------------------------------------------------------------===//

static LogicalResult makeRing(tile::RingOp op, Frame &frame) {
  auto ring = std::make_shared<Ring>(op, frame.run.hasData());
  frame.run.rings.push_back(ring);
  frame.set(op.getResult(), std::move(ring));
  return success();
}

/// What a wait for a slot says of the ring: nothing where there is only one.
static Operation *nameRing(Ring &ring, const Frame &frame) {
  return frame.run.rings.size() > 1 ? ring.getOp() : nullptr;
}

/// The use that an operation names; fails below 0.
static FailureOr<int64_t> useOf(Operation *op, Value use, Frame &frame) {
  int64_t number = frame.index(use);
  if (number >= 0)
    return number;
  return op->emitOpError("expected a use of 0 or more, found ") << number;
}

static LogicalResult fillSlot(tile::PutOp op, Frame &frame) {
  FailureOr<int64_t> use = useOf(op, op.getUse(), frame);
  Ring &ring = frame.ring(op.getRing());
  if (failed(use) || failed(ring.beginPut(op, frame.worker, *use)))
    return failure();
  Worker &worker = frame.worker;
  auto what = [&ring, &worker, use = *use] {
    return worker.name + " waits until it can put " + ring.describe(use) + ": " +
           ring.describeState(use);
  };
  if (failed(frame.run.scheduler.wait(
          {op, [&] { return ring.isFree(*use); }, what, nameRing(ring, frame)})) ||
      failed(ring.fillSlot(op, *use)))
    return failure();
  Block &body = op.getBody().front();
  for (auto [i, argument] : llvm::enumerate(body.getArguments()))
    frame.set(argument, ring.place(*use, i, nullptr));
  if (frame.run.late)
    frame.lateCopies = &ring.lateCopies(*use);
  LogicalResult result = frame.runBlock(body);
  frame.lateCopies = nullptr;
  ring.endPut(op, *use);
  return result;
}

static LogicalResult getSlot(tile::GetOp op, Frame &frame) {
  FailureOr<int64_t> use = useOf(op, op.getUse(), frame);
  Ring &ring = frame.ring(op.getRing());
  if (failed(use) || failed(ring.beginGet(op, frame.worker, *use)))
    return failure();
  Worker &worker = frame.worker;
  auto what = [&ring, &worker, use = *use] {
    return worker.name + " waits for " + ring.describe(use) +
           " to be full: " + ring.describeState(use);
  };
  if (failed(frame.run.scheduler.wait(
          {op, [&] { return ring.isFullOrPast(*use); }, what, nameRing(ring, frame)})))
    return failure();
  FailureOr<LeasePtr> lease = ring.lend(op, worker, *use);
  if (failed(lease))
    return failure();
  for (auto [i, slot] : llvm::enumerate(op.getSlots()))
    frame.set(slot, ring.place(*use, i, *lease));
  return success();
}

static LogicalResult releaseSlot(tile::ReleaseOp op, Frame &frame) {
  FailureOr<int64_t> use = useOf(op, op.getUse(), frame);
  if (failed(use))
    return failure();
  return frame.ring(op.getRing()).release(op, frame.worker, *use);
}

//===----------------------------------------------------------------------===//
// Roles
//===----------------------------------------------------------------------===//

LogicalResult tilerun::checkEnd(const Worker &worker) {
  if (!worker.flying.empty())
    return worker.flying.front()->start->emitOpError("expected a tile.mma_wait for this product "
                                                     "before ")
           << worker.name << " ends, found none";
  if (!worker.held.empty())
    return worker.held.front()->get->emitOpError("expected a tile.release of ")
           << worker.held.front()->ring->describe(worker.held.front()->use) << " before "
           << worker.name << " ends, found none";
  return success();
}

static LogicalResult runRoles(tile::RolesOp op, Frame &frame) {
  BlockRun &run = frame.run;
  if (run.scheduler.isRunning())
    return op.emitOpError("expected roles outside of roles, found them in ") << frame.worker.name;
  std::vector<std::function<LogicalResult()>> tasks;
  for (auto role : op.getBody().front().getOps<tile::RoleOp>())
    for (int64_t which = 0; which < static_cast<int64_t>(role.getCount()); ++which) {
      std::unique_ptr<Worker> &worker = run.workers[{role, which}];
      if (!worker)
        worker = std::make_unique<Worker>(
            Worker{("role '" + role.getName() + "' " + Twine(which)).str(), role, {}, {}});
      tasks.push_back([&frame, role, which, worker = worker.get()]() mutable -> LogicalResult {
        Frame inner(frame.run, *worker, &frame);
        inner.set(role.getBody().getArgument(0), Scalar::ofInteger(which));
        if (failed(inner.runBlock(role.getBody().front())))
          return failure();
        return checkEnd(*worker);
      });
    }
  return run.scheduler.run(tasks);
}

/// The threads that run this code are those of all of a role.
static LogicalResult waitAtBarrier(tile::BarrierOp op, Frame &frame) {
  tile::RoleOp role = frame.worker.role;
  if (!role || role.getCount() == 1)
    return success();
  BlockRun::Barrier &state = frame.run.barriers[role];
  int64_t generation = state.generation;
  if (++state.arrived == static_cast<int64_t>(role.getCount())) {
    state.arrived = 0;
    ++state.generation;
    return success();
  }
  auto what = [&state, &frame, role]() mutable {
    return (frame.worker.name + " waits at a barrier that " + Twine(state.arrived) + " of " +
            Twine(role.getCount()) + " have reached")
        .str();
  };
  return frame.run.scheduler.wait(
      {op, [&] { return state.generation != generation; }, what, nullptr});
}

//===----------------------------------------------------------------------===//
// Products in flight
//===----------------------------------------------------------------------===//

static void pinFactors(const Product &product, int by) {
  for (const Datum *factor : {&product.a, &product.b})
    if (auto *place = std::get_if<PlacePtr>(factor))
      pin(**place, by);
}

static LogicalResult mmaStart(tile::MmaStartOp op, Frame &frame) {
  auto product = std::make_shared<Product>(Product{op, frame.get(op.getA()), frame.get(op.getB()),
                                                   frame.get(op.getAcc()), nullptr, false});
  for (const Datum *factor : {&product->a, &product->b})
    if (auto *place = std::get_if<PlacePtr>(factor))
      if (failed(checkLease(op, **place)))
        return failure();
  if (auto *before = std::get_if<ProductPtr>(&product->acc)) {
    if ((*before)->isContinued)
      return op.emitOpError("expected accumulators that no other product has taken, found some "
                            "that one has");
    (*before)->isContinued = true;
  }
  if (frame.run.hasData())
    pinFactors(*product, 1);
  frame.worker.flying.push_back(product);
  frame.set(op.getResult(), std::move(product));
  return success();
}

/// Ends a product: only now are its factors read.
static LogicalResult finish(Product &product, Frame &frame) {
  if (!frame.run.hasData()) {
    product.result = std::make_shared<const Tile>();
    return success();
  }
  pinFactors(product, -1);
  if (auto *before = std::get_if<ProductPtr>(&product.acc); before && !(*before)->result)
    return product.start->emitOpError("expected accumulators of a product of ")
           << frame.worker.name << ", found some of another role";
  FailureOr<TilePtr> a = readFactor(product.start, product.a);
  FailureOr<TilePtr> b = readFactor(product.start, product.b);
  if (failed(a) || failed(b))
    return failure();
  auto *before = std::get_if<ProductPtr>(&product.acc);
  const TilePtr &acc = before ? (*before)->result : std::get<TilePtr>(product.acc);
  product.result = multiply(**a, **b, *acc);
  return success();
}

static LogicalResult mmaWait(tile::MmaWaitOp op, Frame &frame) {
  std::deque<ProductPtr> &flying = frame.worker.flying;
  ProductPtr product = std::get<ProductPtr>(frame.get(op.getPending()));
  for (; flying.size() > op.getOutstanding(); flying.pop_front())
    if (failed(finish(*flying.front(), frame)))
      return failure();
  if (op.getOutstanding() > 0) {
    frame.set(op.getResult(), std::move(product));
    return success();
  }
  if (!product->result)
    return op.emitOpError("expected a product of ")
           << frame.worker.name << ", found one of another role";
  if (product->isContinued)
    return op.emitOpError("expected the accumulators of the last product, found some that "
                          "another product has taken");
  frame.set(op.getResult(), product->result);
  return success();
}

void tilerun::addPipelineModels(Models &models) {
  addModels<makeRing, fillSlot, getSlot, releaseSlot, runRoles, waitAtBarrier, mmaStart, mmaWait>(
      models);
}
