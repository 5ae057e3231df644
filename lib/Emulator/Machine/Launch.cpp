// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/Launch.h"

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Machine/Worker.h"

#include <algorithm>
#include <thread>
#include <vector>

namespace dreamer::emulator {

namespace {

// CUDA C++ Programming Guide, "Technical Specifications per Compute Capability", 8.0 and later.
constexpr uint64_t mostThreads = 1024;
constexpr Dim3 mostThreadsByAxis = {1024, 1024, 64};
constexpr Dim3 mostBlocksByAxis = {0x7fffffff, 65535, 65535};
constexpr unsigned mostBlocksInCluster = 16; // 8 where that is not asked for
constexpr uint32_t mostSharedBytes = 227 << 10;

uint64_t volume(const Dim3 &dims) { return uint64_t(dims[0]) * dims[1] * dims[2]; }

/// Why no device could run this; empty when it can.
std::string refusal(const Kernel &kernel, const Grid &grid) {
  for (int d = 0; d < 3; ++d) {
    if (grid.threads[d] == 0 || grid.threads[d] > mostThreadsByAxis[d])
      return "expected blocks of 1x1x1 to 1024x1024x64 threads, found " + toString(grid.threads);
    if (grid.blocks[d] == 0 || grid.blocks[d] > mostBlocksByAxis[d])
      return "expected a grid of 1x1x1 to 2147483647x65535x65535 blocks, found " +
             toString(grid.blocks);
    if (grid.cluster[d] == 0 || grid.blocks[d] % grid.cluster[d])
      return "expected a grid of whole clusters, found " + toString(grid.blocks) +
             " blocks in clusters of " + toString(grid.cluster);
  }
  if (volume(grid.threads) > mostThreads)
    return "expected at most 1024 threads in a block, found " + toString(grid.threads);
  if (volume(grid.cluster) > mostBlocksInCluster)
    return "expected at most 16 blocks in a cluster, found " + toString(grid.cluster);
  if (volume(grid.blocks) >= Epoch::maxBlocks)
    return "expected fewer than " + std::to_string(Epoch::maxBlocks) + " blocks, found " +
           toString(grid.blocks);
  if (kernel.requiredBlock[0] && kernel.requiredBlock != grid.threads)
    return "the kernel is for blocks of " + toString(kernel.requiredBlock) + " threads, found " +
           toString(grid.threads);
  if (kernel.maxBlock[0] && volume(grid.threads) > volume(kernel.maxBlock))
    return "the kernel is for blocks of at most " + toString(kernel.maxBlock) + " threads, found " +
           toString(grid.threads);
  if (kernel.requiredCluster[0] && kernel.requiredCluster != grid.cluster)
    return "the kernel is for clusters of " + toString(kernel.requiredCluster) + " blocks, found " +
           toString(grid.cluster);
  uint64_t shared = uint64_t(kernel.dynamicSharedOffset) + grid.dynamicSharedBytes;
  if (shared > mostSharedBytes)
    return "expected at most " + std::to_string(mostSharedBytes) +
           " bytes of shared memory, found " + std::to_string(shared);
  return "";
}

/// Why the code cannot do what the options ask for; empty when it can.
std::string refusal(const Kernel &kernel, const LaunchOptions &options) {
  if (options.check && !kernel.compiledWithChecks)
    return "expected a kernel that was compiled with checks, found one without them";
  if (options.strict && !options.check)
    return "strict: expected a launch with checks, found one without";
  return "";
}

} // namespace

LaunchCounts launch(const Kernel &kernel, const Grid &grid, void *const *arguments,
                    GlobalMemory &memory, const LaunchOptions &options, Reports &reports) {
  std::string why = refusal(kernel, options);
  if (why.empty())
    why = refusal(kernel, grid);
  if (!why.empty()) {
    Finding finding;
    finding.check = Check::Launch;
    finding.kernel = kernel.name;
    finding.message = why;
    reports.add(std::move(finding), why);
    return {};
  }
  LaunchState state{kernel, grid, arguments, memory, options, reports};
  LaunchCounts counts;
  unsigned count = std::clamp<uint64_t>(options.workers, 1, state.clusters());
  std::vector<std::unique_ptr<Worker>> workers;
  for (unsigned i = 0; i < count; ++i)
    workers.push_back(std::make_unique<Worker>(state));
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < count; ++i)
    threads.emplace_back([&, i] { workers[i]->run(); });
  workers[0]->run();
  for (std::thread &thread : threads)
    thread.join();
  for (auto &worker : workers) {
    counts.switches += worker->counts.switches;
  }
  memory.launchEnds();
  return counts;
}

} // namespace dreamer::emulator
