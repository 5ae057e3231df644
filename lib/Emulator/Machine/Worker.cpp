// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Worker.h"

#include "lib/Emulator/Machine/BlockMemory.h"

#include <algorithm>
#include <cstring>
#include <sched.h>

namespace dreamer::emulator {

//===-- Who runs --------------------------------------------------------------------------------------------------===//

static thread_local Worker *activeWorker = nullptr;

Thread *currentThread() { return activeWorker->current; }

uint64_t LaunchState::clusters() const {
  return uint64_t(grid.blocks[0]) * grid.blocks[1] * grid.blocks[2] / blocksInCluster();
}

Worker::Worker(LaunchState &launch)
    : launch(launch), inOrder(launch.options.seed == 0), randomState(launch.options.seed),
      scratchBytes(scratchSize) {}

Worker::~Worker() = default;

uint64_t Worker::random() { // SplitMix64 (Steele, Lea, Flood 2014)
  uint64_t z = randomState += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

Block *Worker::blockAt(const void *address) const {
  auto *byte = static_cast<const std::byte *>(address);
  if (current && uint64_t(byte - current->block->memory) < sharedWindow)
    return current->block;
  for (const auto &cluster : resident)
    for (const auto &block : cluster->blocks)
      if (uint64_t(byte - block->memory) < sharedWindow)
        return block.get();
  return nullptr;
}

bool Worker::onStack(const void *address) const {
  return current->block->space->stacks.holds(address);
}

/// The first thread that can run, of those warps of the block; there is one.
static Thread *first(Block &block, uint32_t warps) {
  Warp &warp = block.warps[__builtin_ctz(warps)];
  return &warp.lane(__builtin_ctz(warp.runnable));
}

Thread *Worker::choose() {
  if (launch.options.seed) {
    size_t start = blocks.empty() ? 0 : random() % blocks.size();
    for (size_t i = 0; i < blocks.size(); ++i) {
      Block &block = *blocks[(start + i) % blocks.size()];
      if (!block.runnableWarps)
        continue;
      auto pick = [&](uint32_t mask) { // a random bit of it
        unsigned turn = random() % 32;
        uint32_t turned = mask >> turn | (turn ? mask << (32 - turn) : 0);
        return (__builtin_ctz(turned) + turn) % 32;
      };
      Warp &warp = block.warps[pick(block.runnableWarps)];
      return &warp.lane(pick(warp.runnable));
    }
    return nullptr;
  }
  if (current) {
    if (uint32_t lanes = current->warp->runnable)
      return &current->warp->lane(__builtin_ctz(lanes));
    if (uint32_t warps = current->block->runnableWarps)
      return first(*current->block, warps);
  }
  for (Block *block : blocks)
    if (block->runnableWarps)
      return first(*block, block->runnableWarps);
  return nullptr;
}

Thread *Worker::chooseAfter() {
  if (launch.options.seed)
    return choose();
  auto above = [](unsigned bit) { return bit >= 31 ? 0u : ~0u << (bit + 1); };
  Warp &warp = *current->warp;
  if (uint32_t lanes = warp.runnable & above(current->laneid))
    return &warp.lane(__builtin_ctz(lanes));
  Block &own = *current->block;
  if (uint32_t warps = own.runnableWarps & above(warp.index))
    return first(own, warps);
  size_t at = std::find(blocks.begin(), blocks.end(), &own) - blocks.begin();
  for (size_t i = 1; i <= blocks.size(); ++i)
    if (Block &block = *blocks[(at + i) % blocks.size()]; block.runnableWarps)
      return first(block, block.runnableWarps);
  return nullptr;
}

void Worker::leaveFiber() {
  Thread &from = *current;
  ++counts.switches;
  from.fiber.switchTo(mainFiber);
}

void Worker::suspendFromWarp() {
  if (!launch.abandoned.load(std::memory_order_relaxed)) {
    // Asynchronous work may end at any moment: with a seed, at some of them.
    if (launch.options.seed && random() % 16 == 0)
      completeTransfer(false);
    if (Thread *next = choose()) {
      switchTo(*next);
      return;
    }
  }
  leaveFiber();
}

void Worker::yieldNow() {
  constexpr uint64_t beforeAdmission = 1 << 12;
  if (launch.abandoned.load(std::memory_order_relaxed)) {
    leaveFiber();
    return;
  }
  ++idleYields;
  if (idleYields % beforeAdmission == 0) {
    // Perhaps they wait for asynchronous work, for blocks that have not begun, or for another worker.
    if (!completeTransfer(true) && !admit())
      sched_yield();
  }
  if (idleYields >= launch.options.patience && !spinning) {
    spinning = true;
    ++launch.spinningWorkers;
  }
  if (spinning && idleYields % beforeAdmission == 0 &&
      launch.spinningWorkers.load() >= launch.activeWorkers.load()) {
    bool first = !launch.abandoned.exchange(true);
    if (first)
      current->block->report(Check::Hang, current, currentSite(),
                             "threads go round without anything coming of it", "hang");
    leaveFiber();
    return;
  }
  if (Thread *next = chooseAfter())
    switchTo(*next);
}

void Worker::progress() {
  idleYields = 0;
  if (spinning) {
    spinning = false;
    --launch.spinningWorkers;
  }
}

void Worker::loopWithoutEnd(Thread &thread) {
  constexpr uint64_t weight = 1 << 12; // of so many backward jumps, beside one yield
  thread.fuel = fuelOfThread;
  idleYields += weight - 1;
  yieldNow();
}

Site Worker::currentSite() const {
  return current->waiting ? current->waiting->site : Site{launch.kernel.name, "", ""};
}

void Worker::abandon() {
  leaveFiber();
  __builtin_unreachable();
}

//===-- A thread's life -------------------------------------------------------------------------------------------===//

void Worker::threadMain() {
  Fiber::arrived();
  Thread &thread = *activeWorker->current;
  activeWorker->launch.kernel.entry(activeWorker->launch.arguments);
  activeWorker->exitThread(thread);
}

void Worker::exitThread(Thread &thread) {
  Block &block = *thread.block;
  Warp &warp = *thread.warp;
  for (auto &[key, state] : block.states)
    state->threadExits(thread);
  thread.exited = true;
  warp.alive &= ~(1u << thread.laneid);
  warp.runnable &= ~(1u << thread.laneid);
  if (!warp.runnable)
    block.runnableWarps &= ~(1u << warp.index);
  progress();
  --block.live;
  if (block.live == 0)
    leaveFiber(); // retires it
  suspend();
  __builtin_unreachable();
}

//===-- A block's life --------------------------------------------------------------------------------------------===//

void Worker::begin(Block &block, std::unique_ptr<BlockMemory> memory) {
  const Grid &grid = launch.grid;
  unsigned count = launch.threadsInBlock(), warps = (count + 31) / 32;
  block.space = std::move(memory);
  block.memory = block.space->shared;
  block.memoryBytes = launch.sharedBytes();
  // All ones is NaN in every format: what is used before it is written shows.
  std::memset(block.memory, 0xff, sharedWindow);
  if (launch.options.check) {
    constexpr size_t readersKept = 32;
    block.shadow = std::make_unique<Shadow>(block.memoryBytes, readersKept, false);
    block.shadow->setRedZone(0, launch.kernel.dynamicSharedOffset);
    for (const SharedVariable &variable : launch.kernel.sharedVariables)
      block.shadow->clearRedZone(variable.offset, variable.bytes);
  }
  block.threads.resize(count);
  block.warps.resize(warps);
  block.live = count;
  Dim3 inCluster{block.index[0] % grid.cluster[0], block.index[1] % grid.cluster[1],
                 block.index[2] % grid.cluster[2]};
  for (unsigned i = 0; i < warps; ++i) {
    Warp &warp = block.warps[i];
    warp.block = &block;
    warp.index = i;
    warp.lanes = &block.threads[i * 32];
    unsigned lanes = std::min(32u, count - i * 32);
    warp.alive = warp.runnable = lanes == 32 ? ~0u : (1u << lanes) - 1;
    block.runnableWarps |= 1u << i;
  }
  for (unsigned i = 0; i < count; ++i) {
    Thread &thread = block.threads[i];
    thread.block = &block;
    thread.warp = &block.warps[i / 32];
    thread.index = i;
    thread.tid = {i % grid.threads[0], i / grid.threads[0] % grid.threads[1],
                  i / (grid.threads[0] * grid.threads[1])};
    thread.ntid = grid.threads;
    thread.ctaid = block.index;
    thread.nctaid = grid.blocks;
    thread.laneid = i % 32;
    thread.warpid = i / 32;
    thread.nwarpid = warps;
    thread.clusterCtaRank = block.rank;
    thread.clusterCtaCount = launch.blocksInCluster();
    thread.clusterCtaid = inCluster;
    thread.clusterNctaid = grid.cluster;
    thread.clusterid = block.cluster.index;
    for (int d = 0; d < 3; ++d)
      thread.nclusterid[d] = grid.blocks[d] / grid.cluster[d];
    thread.dynamicSharedBytes = grid.dynamicSharedBytes;
    thread.totalSharedBytes = block.memoryBytes;
    thread.fuel = fuelOfThread;
    thread.shared = block.memory;
    if (block.checking()) {
      thread.clock = Clock(block.linear, block.agents());
      thread.clock.set(i, 1);
    }
    // Stacks begin at varying lines, so that those of a warp do not share the sets of a cache.
    size_t skew = i % 61 * 192, bytes = block.space->stacks.bytes();
    thread.fiber = Fiber(block.space->stacks.bottom(i), bytes - skew, threadMain);
  }
}

bool Worker::admit() {
  constexpr size_t mostResident = 1024;
  if (none || blocks.size() >= mostResident)
    return false;
  uint64_t number = launch.nextCluster++;
  if (number >= launch.clusters()) {
    none = true;
    return false;
  }
  const Grid &grid = launch.grid;
  Dim3 clusters;
  for (int d = 0; d < 3; ++d)
    clusters[d] = grid.blocks[d] / grid.cluster[d];
  auto cluster = std::make_unique<Cluster>();
  cluster->linear = number;
  cluster->index = {uint32_t(number % clusters[0]), uint32_t(number / clusters[0] % clusters[1]),
                    uint32_t(number / (uint64_t(clusters[0]) * clusters[1]))};
  cluster->live = launch.blocksInCluster();
  for (unsigned rank = 0; rank < cluster->live; ++rank) {
    auto block = std::make_unique<Block>(*this, *cluster, rank);
    Dim3 in{rank % grid.cluster[0], rank / grid.cluster[0] % grid.cluster[1],
            rank / (grid.cluster[0] * grid.cluster[1])};
    for (int d = 0; d < 3; ++d)
      block->index[d] = cluster->index[d] * grid.cluster[d] + in[d];
    block->linear =
        block->index[0] + grid.blocks[0] * (block->index[1] + grid.blocks[1] * block->index[2]);
    size_t stack =
        std::max<size_t>(launch.options.stackBytes, launch.kernel.stackBytes + (32u << 10));
    begin(*block, BlockMemory::take(launch.threadsInBlock(), stack));
    blocks.push_back(block.get());
    cluster->blocks.push_back(std::move(block));
  }
  resident.push_back(std::move(cluster));
  return true;
}

void Worker::retire(Block &block) {
  current = nullptr;
  while (!block.transfers.empty())
    completeTransferOf(block);
  for (auto &[key, state] : block.states)
    state->blockEnds(block);
  std::erase(blocks, &block);
  Cluster &cluster = block.cluster;
  if (--cluster.live)
    return; // the others may still reach its memory
  for (auto &member : cluster.blocks)
    BlockMemory::giveBack(std::move(member->space));
  std::erase_if(resident, [&](auto &other) { return other.get() == &cluster; });
}

//===-- Asynchronous work -----------------------------------------------------------------------------------------===//

void Worker::completeTransferOf(Block &block) {
  size_t which = launch.options.seed ? random() % block.transfers.size() : 0;
  std::unique_ptr<Transfer> transfer = std::move(block.transfers[which]);
  block.transfers.erase(block.transfers.begin() + which);
  transfer->complete(block);
}

bool Worker::completeTransfer(bool any) {
  size_t start = launch.options.seed && !blocks.empty() ? random() % blocks.size() : 0;
  for (size_t i = 0; i < (any ? blocks.size() : std::min<size_t>(1, blocks.size())); ++i) {
    Block &block = *blocks[(start + i) % blocks.size()];
    if (block.transfers.empty())
      continue;
    completeTransferOf(block);
    return true;
  }
  return false;
}

//===-- The worker's own loop -------------------------------------------------------------------------------------===//

/// "32 threads wait at barrier0 in k (k.mlir:3:1)", by place.
void Worker::reportDeadlock() {
  std::map<std::string, unsigned> places;
  Thread *sample = nullptr;
  for (Block *block : blocks)
    for (Thread &thread : block->threads) {
      if (thread.exited) {
        ++places["have ended"];
        continue;
      }
      std::string where = "wait";
      if (thread.waiting) {
        where += " at " + toString(thread.waiting->site);
        if (!thread.waitsFor.empty())
          where += " for " + thread.waitsFor;
        if (!sample)
          sample = &thread;
      }
      ++places[where];
    }
  std::string text;
  for (auto &[where, count] : places)
    text += (text.empty() ? "" : "; ") + std::to_string(count) +
            (count == 1 ? " thread " : " threads ") + where;
  blocks.front()->report(Check::Deadlock, sample, sample ? sample->waiting->site : Site{},
                         "nobody can go on: " + text, "deadlock");
  launch.abandoned = true;
}

void Worker::run() {
  activeWorker = this;
  ++launch.activeWorkers;
  for (unsigned i = 0; i < launch.options.residentBlocks && admit();)
    i += launch.blocksInCluster();
  while (!launch.abandoned) {
    Thread *next = choose();
    if (!next) {
      if (completeTransfer(true) || admit())
        continue;
      if (!blocks.empty())
        reportDeadlock();
      break;
    }
    ++counts.switches;
    current = next;
    mainFiber.switchTo(next->fiber);
    if (current->block->live == 0)
      retire(*current->block);
  }
  progress();
  --launch.activeWorkers;
  current = nullptr;
  activeWorker = nullptr;
}

} // namespace dreamer::emulator
