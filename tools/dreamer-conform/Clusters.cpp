// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Blocks of a cluster: each other's shared memory and mbarriers.

#include "tools/dreamer-conform/KernelText.h"
#include "tools/dreamer-conform/Values.h"

namespace dreamer::conform {

namespace {

constexpr unsigned blocks = 8, size = 4; ///< of the grid, of a cluster

/// A thread reads the other block's shared memory, writes to it and adds to it.
void addShared(Group &group) {
  KernelText text{
      .name = "cluster_shared", .in = "rr", .out = "rrrr", .imageWords = 128, .afterWords = 128};
  text.body =
      // What the block itself wrote differs from its neighbour's by the image and its own input.
      "  %own = getelementptr i32, ptr addrspace(3) @dynamic, i32 %tid\n"
      "  store i32 %i0, ptr addrspace(3) %own\n" +
      statement(clusterBarrier) +
      "  %other = call ptr addrspace(7) @llvm.nvvm.mapa.shared.cluster(ptr addrspace(3) %own, i32 "
      "%i1)\n"
      "  %o0 = load i32, ptr addrspace(7) %other\n"
      "  %second = getelementptr i8, ptr addrspace(7) %other, i32 128\n"
      "  %o1 = load i32, ptr addrspace(7) %second\n"
      "  %third = getelementptr i8, ptr addrspace(7) %other, i32 256\n"
      "  store i32 %o0, ptr addrspace(7) %third\n"
      "  %fourth = getelementptr i8, ptr addrspace(7) %other, i32 384\n"
      "  %o2 = atomicrmw add ptr addrspace(7) %fourth, i32 %o0 monotonic\n" +
      std::string(defineBase) + "  %offset = mul i32 %tid, 4\n  %at = add i32 %base, %offset\n" +
      assembly(
          "rank",
          "{ .reg .b32 a; mapa.shared::cluster.u32 a, $1, $2; getctarank.shared::cluster.u32 $0, "
          "a; }",
          "r", {"i32 %at", "i32 %i1"}, "r,r") +
      "  %o3 = add i32 %rank0, 0\n" + statement(clusterBarrier);
  Random random("cluster");
  std::vector<uint64_t> in;
  for (unsigned block = 0; block < blocks; ++block)
    for (unsigned lane = 0; lane < 32; ++lane) {
      in.push_back(random.next() >> 32);
      in.push_back((block % size + 1) % size); // the next block's memory
    }
  Case made = makeCase("cluster/shared", text, std::move(in), randomWords(128, random));
  made.launch.cluster = {size, 1, 1};
  group.cases.push_back(std::move(made));
}

/// A thread writes to the other block's shared memory and arrives there; the other waits and reads.
void addArrivals(Group &group) {
  struct Form {
    const char *name, *arrival; ///< $0: the object, there
    unsigned count;             ///< of arrivals of a thread
  };
  for (Form form :
       {Form{"arrive", "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [a];", 1},
        {"arrive.count", "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [a], 3;", 3},
        {"arrive_drop", "mbarrier.arrive_drop.release.cluster.shared::cluster.b64 _, [a];", 1},
        {"arrive.expect_tx",
         "mbarrier.arrive.expect_tx.release.cluster.shared::cluster.b64 _, [a], 16; "
         "mbarrier.complete_tx.relaxed.cluster.shared::cluster.b64 [a], 16;",
         1}}) {
    std::string name = form.name;
    KernelText text{
        .name = "cluster_" + name, .in = "rr", .out = "r", .imageWords = 36, .afterWords = 32};
    for (char &letter : text.name)
      letter = letter == '.' ? '_' : letter;
    text.body =
        std::string(defineBase) + "  %bar = add i32 %base, 128\n" +
        onlyFirst("make", statement("mbarrier.init.shared::cta.b64 [$0], " +
                                        std::to_string(32 * form.count) +
                                        "; fence.mbarrier_init.release.cluster;",
                                    {"i32 %bar"}, "r")) +
        statement(clusterBarrier) +
        "  %offset = mul i32 %tid, 4\n  %at = add i32 %base, %offset\n" +
        statement(
            "{ .reg .b32 a; mapa.shared::cluster.u32 a, $0, $2; st.shared::cluster.u32 [a], $3; "
            "mapa.shared::cluster.u32 a, $1, $2; " +
                std::string(form.arrival) + " }",
            {"i32 %at", "i32 %bar", "i32 %i1", "i32 %i0"}, "r,r,r,r") +
        statement(waitInCluster, {"i32 %bar"}, "r") +
        // What another thread of the other block wrote.
        "  %mirror = xor i32 %tid, 13\n"
        "  %from = getelementptr i32, ptr addrspace(3) @dynamic, i32 %mirror\n"
        "  %o0 = load i32, ptr addrspace(3) %from\n" +
        statement(clusterBarrier);
    Random random(name);
    std::vector<uint64_t> in;
    for (unsigned block = 0; block < blocks; ++block)
      for (unsigned lane = 0; lane < 32; ++lane) {
        in.push_back(random.next() >> 32);
        in.push_back((block % size + 3) % size);
      }
    Case made = makeCase("cluster/" + name, text, std::move(in), randomWords(36, random));
    made.launch.cluster = {size, 1, 1};
    group.cases.push_back(std::move(made));
  }
}

} // namespace

Group clusterGroup() {
  Group group{.name = "cluster"};
  addShared(group);
  addArrivals(group);
  return group;
}

} // namespace dreamer::conform
