// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What blocks of a cluster do together. PTX ISA 8.x, "barrier.cluster", "mapa", "getctarank",
// "isspacep".

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Operations/Makers.h"
#include "lib/Emulator/Machine/Operations/NameReader.h"
#include "lib/Emulator/Machine/Worker.h"

#include <algorithm>

namespace dreamer::emulator {

namespace {

//===-- The barrier of a cluster ----------------------------------------------------------------------------------===//

/// One block's part of the barrier; that of block 0 has what belongs to all.
class ClusterBarrier : public BlockState {
public:
  struct Phases {
    unsigned arrived = 0;                ///< in this phase
    uint64_t ended = 0;                  ///< phases
    Knowledge arriving, completed;       ///< released in this phase, and in those before
    Clock arrivingInits, completedInits; ///< likewise, by fence.mbarrier_init
    std::vector<Thread *> waiting;
  } common;
  /// For each thread of the block, the phase it has arrived in, plus one; 0: it may arrive.
  std::vector<uint64_t> arrivedIn;

  static ClusterBarrier &of(Block &block) {
    ClusterBarrier &own = block.state<ClusterBarrier>();
    if (own.arrivedIn.empty())
      own.arrivedIn.resize(block.threads.size());
    return own;
  }
  static Phases &phases(Block &block) { return of(*block.cluster.blocks[0]).common; }

  /// Threads that have ended are not waited for.
  static void advance(Cluster &cluster, unsigned leaving) {
    unsigned live = 0;
    for (const std::unique_ptr<Block> &block : cluster.blocks)
      live += block->live;
    Phases &phases = ClusterBarrier::phases(*cluster.blocks[0]);
    if (phases.arrived == 0 || phases.arrived < live - leaving)
      return;
    phases.arrived = 0;
    ++phases.ended;
    phases.completed.join(phases.arriving.seen, phases.arriving.published);
    phases.completedInits.join(phases.arrivingInits);
    phases.arriving = Knowledge();
    phases.arrivingInits = Clock();
    std::vector<Thread *> waiting = std::move(phases.waiting);
    phases.waiting.clear();
    for (Thread *thread : waiting)
      thread->wake();
  }

  void threadExits(Thread &thread) override {
    Phases &phases = ClusterBarrier::phases(*thread.block);
    uint64_t &in = arrivedIn[thread.index];
    if (in == phases.ended + 1 && phases.arrived)
      --phases.arrived; // it counts no more among those that live
    in = 0;
    advance(thread.block->cluster, 1);
  }
};

class ClusterArrive : public Operation {
public:
  bool releases = true;
  void execute(Thread &thread, uint64_t *) const override {
    Block &block = *thread.block;
    for (const std::unique_ptr<Block> &member : block.cluster.blocks)
      ClusterBarrier::of(*member); // so that ends of its threads are seen
    ClusterBarrier::Phases &phases = ClusterBarrier::phases(block);
    uint64_t &in = ClusterBarrier::of(block).arrivedIn[thread.index];
    if (in) {
      thread.report(Check::Divergence, *this,
                    "the thread arrives again at the cluster's barrier without a wait between",
                    "twice");
      return;
    }
    in = phases.ended + 1;
    ++phases.arrived;
    if (block.checking()) {
      phases.arriving.join(releasedWidely(thread, releases, Scope::Cluster), thread.published);
      phases.arrivingInits.join(thread.fencedInits);
      thread.tick();
    }
    ClusterBarrier::advance(block.cluster, 0);
  }
};

class ClusterWait : public Operation {
public:
  void execute(Thread &thread, uint64_t *) const override {
    Block &block = *thread.block;
    uint64_t &in = ClusterBarrier::of(block).arrivedIn[thread.index];
    if (!in) {
      thread.report(Check::Divergence, *this,
                    "the thread waits at the cluster's barrier without having arrived", "early");
      return;
    }
    ClusterBarrier::Phases &phases = ClusterBarrier::phases(block);
    uint64_t mine = in;
    while (phases.ended < mine) {
      phases.waiting.push_back(&thread);
      thread.wait(*this, "the other threads of the cluster");
    }
    in = 0;
    if (block.checking()) {
      thread.knownInits.join(phases.completedInits);
      thread.acquire(phases.completed.seen, phases.completed.published);
    }
  }
};

//===-- Addresses -------------------------------------------------------------------------------------------------===//

constexpr uint64_t offsetMask = (uint64_t(1) << sharedRankShift) - 1;

/// Compilers may move these, so that a wrong rank is only found when the address is used.
class MapAddress : public Operation {
public:
  bool generic = false;
  void execute(Thread &thread, uint64_t *slots) const override {
    Cluster &cluster = thread.block->cluster;
    uint64_t rank = uint32_t(slots[1]);
    if (!generic)
      slots[inputs] = (slots[0] & offsetMask) | (std::min<uint64_t>(rank, 254) + 1)
                                                    << sharedRankShift;
    else if (rank < cluster.blocks.size())
      slots[inputs] = reinterpret_cast<uintptr_t>(cluster.blocks[rank]->memory) |
                      (slots[0] & (sharedWindow - 1));
    else
      slots[inputs] = 0;
  }
};

class RankOfAddress : public Operation {
public:
  bool generic = false;
  void execute(Thread &thread, uint64_t *slots) const override {
    const Block *block = thread.block;
    if (generic) {
      block = block->worker.blockAt(reinterpret_cast<void *>(slots[0]));
    } else if (uint64_t rank = slots[0] >> sharedRankShift) {
      slots[inputs] = rank - 1;
      return;
    }
    slots[inputs] = block ? block->rank : 0;
  }
};

class IsInSpace : public Operation {
public:
  enum Kind : uint8_t { Shared, Cluster, Local, Global, Constant } kind = Shared;
  void execute(Thread &thread, uint64_t *slots) const override {
    Worker &worker = thread.block->worker;
    auto *pointer = reinterpret_cast<std::byte *>(slots[0]);
    const Block *block = worker.blockAt(pointer);
    bool is = false;
    if (kind == Shared) {
      is = block == thread.block;
    } else if (kind == Cluster) {
      is = block && &block->cluster == &thread.block->cluster;
    } else if (kind == Local) {
      is = worker.onStack(pointer);
    } else {
      // What lies nowhere else is global. Parameters have no name and are global here.
      const Allocation *in = worker.launch.memory.find(pointer);
      bool constant = in && in->readOnly && !in->name.empty();
      is = !block && !worker.onStack(pointer) && constant == (kind == Constant);
    }
    slots[inputs] = is;
  }
};

class IsExplicitCluster : public Operation {
public:
  void execute(Thread &thread, uint64_t *slots) const override {
    const LaunchState &launch = thread.block->worker.launch;
    slots[inputs] = launch.kernel.requiredCluster[0] != 0 || launch.blocksInCluster() > 1;
  }
};

std::unique_ptr<Operation> makeClusterBarrier(NameReader name) {
  bool arrives = name.take("arrive");
  if (!arrives && !name.take("wait"))
    return nullptr;
  bool relaxed = arrives && name.take("relaxed");
  name.take(arrives ? "release" : "acquire");
  name.take("aligned");
  if (!name.done())
    return nullptr;
  if (!arrives)
    return std::make_unique<ClusterWait>();
  auto arrive = std::make_unique<ClusterArrive>();
  arrive->releases = !relaxed;
  return arrive;
}

/// mapa and getctarank: the address is generic unless they say that it is shared.
template <typename Made>
std::unique_ptr<Operation> makeAddress(NameReader name) {
  auto made = std::make_unique<Made>();
  made->generic = !name.take("shared_cluster") && !name.take("shared::cluster");
  if (!name.take("u32"))
    name.take("u64");
  return name.done() ? std::move(made) : nullptr;
}

std::unique_ptr<Operation> makeIsInSpace(NameReader name) {
  auto made = std::make_unique<IsInSpace>();
  if (name.take("shared_cluster") || name.take("shared::cluster"))
    made->kind = IsInSpace::Cluster;
  else if (name.take("shared") || name.take("shared::cta"))
    made->kind = IsInSpace::Shared;
  else if (name.take("local"))
    made->kind = IsInSpace::Local;
  else if (name.take("global"))
    made->kind = IsInSpace::Global;
  else if (name.take("const"))
    made->kind = IsInSpace::Constant;
  else
    return nullptr;
  return name.done() ? std::move(made) : nullptr;
}

} // namespace

std::unique_ptr<Operation> makeCluster(const Instruction &instruction) {
  NameReader name(instruction);
  if (name.take("barrier_cluster"))
    return instruction.inputs == 0 ? makeClusterBarrier(name) : nullptr;
  if (instruction.outputs != 1)
    return nullptr;
  if (name.take("mapa"))
    return instruction.inputs == 2 ? makeAddress<MapAddress>(name) : nullptr;
  if (name.take("getctarank"))
    return instruction.inputs == 1 ? makeAddress<RankOfAddress>(name) : nullptr;
  if (name.take("isspacep"))
    return instruction.inputs == 1 ? makeIsInSpace(name) : nullptr;
  if (name.take("is_explicit_cluster") && name.done())
    return std::make_unique<IsExplicitCluster>();
  return nullptr;
}

} // namespace dreamer::emulator
