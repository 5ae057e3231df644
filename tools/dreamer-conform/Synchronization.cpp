// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// mbarrier objects as far as they can be seen, atomics, clusters, setmaxnreg.

#include "tools/dreamer-conform/KernelText.h"
#include "tools/dreamer-conform/Values.h"

namespace dreamer::conform {

namespace {

constexpr const char *base = "  %base64 = ptrtoint ptr addrspace(3) @dynamic to i64\n"
                             "  %base = trunc i64 %base64 to i32\n";

std::vector<uint64_t> lanes(unsigned count, Random &random, unsigned bits = 32) {
  std::vector<uint64_t> in;
  for (unsigned i = 0; i < count; ++i)
    in.push_back(random.next() >> (64 - bits));
  return in;
}

/// Each thread has an object of its own and goes through a phase: what arrivals, drops and tests see.
/// The input is the object's count, 3 and up.
void addBarriers(Group &group) {
  KernelText text{.name = "mbarrier_phases", .in = "r", .out = "rrrrrrrr", .imageWords = 64};
  text.body =
      std::string(base) + "  %offset = mul i32 %tid, 8\n  %at = add i32 %base, %offset\n" +
      assembly("o",
               "{ .reg .b64 s, t; .reg .pred p; mbarrier.init.shared::cta.b64 [$8], $9; "
               "mbarrier.arrive.shared::cta.b64 s, [$8]; mbarrier.pending_count.b64 $0, s; "
               "mbarrier.test_wait.shared::cta.b64 p, [$8], s; selp.b32 $1, 1, 0, p; "
               "mbarrier.arrive.noComplete.shared::cta.b64 t, [$8], 1; mbarrier.pending_count.b64 "
               "$2, t; "
               "mbarrier.test_wait.parity.shared::cta.b64 p, [$8], 1; selp.b32 $3, 1, 0, p; "
               "mbarrier.arrive_drop.shared::cta.b64 t, [$8]; mbarrier.pending_count.b64 $4, t; "
               "mbarrier.test_wait.parity.shared::cta.b64 p, [$8], 0; selp.b32 $5, 1, 0, p; "
               "mbarrier.test_wait.shared::cta.b64 p, [$8], s; selp.b32 $6, 1, 0, p; "
               "mbarrier.arrive.shared::cta.b64 t, [$8]; mbarrier.pending_count.b64 $7, t; "
               "mbarrier.inval.shared::cta.b64 [$8]; }",
               text.out, {"i32 %at", "i32 %i0"}, "r,r");
  std::vector<uint64_t> in;
  for (unsigned lane = 0; lane < 32; ++lane)
    in.push_back(3 + (lane % 2 ? 0 : lane));
  group.cases.push_back(makeCase("sync/mbarrier.phases", text, std::move(in)));

  KernelText bytes{.name = "mbarrier_bytes", .in = "r", .out = "rrr", .imageWords = 64};
  bytes.body =
      std::string(base) + "  %offset = mul i32 %tid, 8\n  %at = add i32 %base, %offset\n" +
      assembly("o",
               "{ .reg .b64 s; .reg .pred p; mbarrier.init.shared::cta.b64 [$3], 1; "
               "mbarrier.arrive.expect_tx.shared::cta.b64 s, [$3], $4; "
               "mbarrier.test_wait.shared::cta.b64 p, [$3], s; selp.b32 $0, 1, 0, p; "
               "mbarrier.complete_tx.relaxed.cluster.shared::cluster.b64 [$3], $4; "
               "mbarrier.test_wait.shared::cta.b64 p, [$3], s; selp.b32 $1, 1, 0, p; "
               "mbarrier.test_wait.parity.shared::cta.b64 p, [$3], 1; selp.b32 $2, 1, 0, p; "
               "mbarrier.inval.shared::cta.b64 [$3]; }",
               bytes.out, {"i32 %at", "i32 %i0"}, "r,r");
  in.clear();
  for (unsigned lane = 0; lane < 32; ++lane)
    in.push_back(16 * lane + 16);
  group.cases.push_back(makeCase("sync/mbarrier.bytes", bytes, std::move(in)));
}

/// Every thread on a place of its own in shared memory: the old value and the new one.
void addAtomics(Group &group) {
  struct Form {
    const char *operation, *type;
    unsigned bits;
    const char *element = nullptr; ///< of floating-point numbers
  };
  for (Form form : {Form{"add", "i32", 32},
                    {"and", "i32", 32},
                    {"or", "i32", 32},
                    {"xor", "i32", 32},
                    {"max", "i32", 32},
                    {"min", "i32", 32},
                    {"umax", "i32", 32},
                    {"umin", "i32", 32},
                    {"xchg", "i32", 32},
                    {"uinc_wrap", "i32", 32},
                    {"udec_wrap", "i32", 32},
                    {"add", "i64", 64},
                    {"and", "i64", 64},
                    {"umax", "i64", 64},
                    {"min", "i64", 64},
                    {"xchg", "i64", 64},
                    {"fadd", "float", 32, "f32"},
                    {"fadd", "double", 64, "f64"}}) {
    std::string name = std::string(form.operation) + "_" + form.type;
    Random random("atomic" + name);
    char width = form.bits == 64 ? 'l' : 'r';
    std::string integer = form.bits == 64 ? "i64" : "i32", type = form.type;
    KernelText text{.name = "atomic_" + name,
                    .in = Registers(1, width),
                    .out = Registers(1, width),
                    .imageWords = form.bits,
                    .afterWords = form.bits};
    text.body = "  %at = getelementptr " + integer + ", ptr addrspace(3) @dynamic, i32 %tid\n";
    if (form.element)
      text.body += "  %value = bitcast " + integer + " %i0 to " + type + "\n  %old = atomicrmw " +
                   form.operation + " ptr addrspace(3) %at, " + type +
                   " %value monotonic\n  %o0 = bitcast " + type + " %old to " + integer + "\n";
    else
      text.body += std::string("  %o0 = atomicrmw ") + form.operation + " ptr addrspace(3) %at, " +
                   type + " %i0 monotonic\n";
    std::vector<uint64_t> in;
    std::vector<uint32_t> image;
    if (form.element) {
      for (unsigned i = 0; i < 32; ++i)
        in.push_back(wildValue(element(form.element), random));
      for (unsigned i = 0; i < 32; ++i) {
        uint64_t value = wildValue(element(form.element), random);
        image.push_back(uint32_t(value));
        if (form.bits == 64)
          image.push_back(uint32_t(value >> 32));
      }
    } else {
      in = lanes(32, random, form.bits);
      image = randomWords(form.bits, random);
    }
    group.cases.push_back(makeCase("sync/atomic." + name, text, std::move(in), std::move(image)));
  }
}

} // namespace

Group synchronizationGroup() {
  Group group{.name = "sync"};
  addBarriers(group);
  addAtomics(group);
  // Registers go from one warpgroup to the other; nothing is computed with them.
  KernelText text{.name = "setmaxnreg", .threads = 128, .in = "r", .out = "r"};
  text.body =
      statement("setmaxnreg.dec.sync.aligned.u32 40; setmaxnreg.inc.sync.aligned.u32 104;") +
      "  %o0 = add i32 %i0, 1\n";
  Random random("setmaxnreg");
  group.cases.push_back(makeCase("sync/setmaxnreg", text, lanes(128, random)));
  return group;
}

/// A thread reads the other block's shared memory, writes to it and adds to it.
Group clusterGroup() {
  Group group{.name = "cluster"};
  constexpr const char *barrier =
      "barrier.cluster.arrive.release.aligned; barrier.cluster.wait.acquire.aligned;";
  KernelText text{
      .name = "cluster_shared", .in = "rr", .out = "rrrr", .imageWords = 128, .afterWords = 128};
  text.body =
      // What the block itself wrote differs from its neighbour's by the image and its own input.
      "  %own = getelementptr i32, ptr addrspace(3) @dynamic, i32 %tid\n"
      "  store i32 %i0, ptr addrspace(3) %own\n" +
      statement(barrier) +
      "  %other = call ptr addrspace(7) @llvm.nvvm.mapa.shared.cluster(ptr addrspace(3) %own, i32 "
      "%i1)\n"
      "  %o0 = load i32, ptr addrspace(7) %other\n"
      "  %second = getelementptr i8, ptr addrspace(7) %other, i32 128\n"
      "  %o1 = load i32, ptr addrspace(7) %second\n"
      "  %third = getelementptr i8, ptr addrspace(7) %other, i32 256\n"
      "  store i32 %o0, ptr addrspace(7) %third\n"
      "  %fourth = getelementptr i8, ptr addrspace(7) %other, i32 384\n"
      "  %o2 = atomicrmw add ptr addrspace(7) %fourth, i32 %o0 monotonic\n" +
      std::string(base) + "  %offset = mul i32 %tid, 4\n  %at = add i32 %base, %offset\n" +
      assembly(
          "rank",
          "{ .reg .b32 a; mapa.shared::cluster.u32 a, $1, $2; getctarank.shared::cluster.u32 $0, "
          "a; }",
          "r", {"i32 %at", "i32 %i1"}, "r,r") +
      "  %o3 = add i32 %rank0, 0\n" + statement(barrier);
  Random random("cluster");
  std::vector<uint64_t> in;
  constexpr unsigned blocks = 8, size = 4;
  for (unsigned block = 0; block < blocks; ++block)
    for (unsigned lane = 0; lane < 32; ++lane) {
      in.push_back(random.next() >> 32);
      in.push_back((block % size + 1) % size); // the next block's memory
    }
  Case made = makeCase("cluster/shared", text, std::move(in), randomWords(128, random));
  made.launch.cluster = {size, 1, 1};
  group.cases.push_back(std::move(made));
  return group;
}

} // namespace dreamer::conform
