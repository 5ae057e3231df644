// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// mbarrier objects as far as they can be seen, setmaxnreg.

#include "tools/dreamer-conform/KernelText.h"
#include "tools/dreamer-conform/Values.h"

namespace dreamer::conform {

namespace {

/// Each thread has an object of its own and goes through a phase: what arrivals, drops and tests see.
/// The input is the object's count, 3 and up.
void addBarriers(Group &group) {
  KernelText text{.name = "mbarrier_phases", .in = "r", .out = "rrrrrrrr", .imageWords = 64};
  text.body =
      std::string(defineBase) + "  %offset = mul i32 %tid, 8\n  %at = add i32 %base, %offset\n" +
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
      std::string(defineBase) + "  %offset = mul i32 %tid, 8\n  %at = add i32 %base, %offset\n" +
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

} // namespace

Group synchronizationGroup() {
  Group group{.name = "sync"};
  addBarriers(group);
  // Registers go from one warpgroup to the other; nothing is computed with them.
  KernelText text{.name = "setmaxnreg", .threads = 128, .in = "r", .out = "r"};
  text.body =
      statement("setmaxnreg.dec.sync.aligned.u32 40; setmaxnreg.inc.sync.aligned.u32 104;") +
      "  %o0 = add i32 %i0, 1\n";
  Random random("setmaxnreg");
  std::vector<uint64_t> in;
  for (unsigned lane = 0; lane < text.threads; ++lane)
    in.push_back(random.next() >> 32);
  group.cases.push_back(makeCase("sync/setmaxnreg", text, std::move(in)));
  return group;
}

} // namespace dreamer::conform
