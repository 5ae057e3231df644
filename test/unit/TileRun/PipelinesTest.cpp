// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rings, roles, barriers and products in flight: what works in any order, and what is an error.

#include "test/unit/TileRun/Program.h"

using namespace dreamer;
using namespace dreamer::test;
using reference::Floats;

namespace {

/// 1x16 places of f32 in a ring of 2 stages, one reader.
const std::string ringAliases =
    "!s = !tile.mem<1x16xf32, shared, rows>\n!g = !tile.mem<1x16xf32, global, rows>\n"
    "!t = !tile.reg<1x16xf32, blocked>\n"
    "!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 64, readers 1>\n";

/// Puts row `use` of %x as use `use`.
std::string put(const std::string &use) {
  return "tile.put %ring[" + use + "] : !ring {\n^bb0(%slot: !s):\n%from = tile.view %x[" + use +
         ", %c0] : memref<8x16xf32> -> !g\ntile.copy %from to %slot : !g, !s\n}\n";
}
/// Gets use `use` and stores it to row `use` of %y; the slot is %s<name>.
std::string get(const std::string &use, const std::string &name) {
  std::string slot = "%s" + name;
  return slot + " = tile.get %ring[" + use + "] : !ring -> !s\n%v" + name + " = tile.load " + slot +
         " : !s -> !t\n%w" + name + " = tile.view %y[" + use + ", %c0] : memref<8x16xf32> -> !g\n" +
         "tile.store %v" + name + ", %w" + name + " : !t, !g\n";
}
std::string release(const std::string &use) { return "tile.release %ring[" + use + "] : !ring\n"; }

const std::string makeRing = "%ring = tile.ring : !ring\n";

class Pipelines : public Program {
protected:
  const std::string arguments = "%x: memref<8x16xf32>, %y: memref<8x16xf32>";

  std::vector<tilerun::Argument> values() { return {{counting({8, 16})}, output({8, 16})}; }

  /// Expects a program of the ring to copy all of %x to %y, for both kinds of copies and some seeds.
  void copies(const std::string &aliases, const std::string &body) {
    for (bool late : {false, true})
      for (uint32_t seed : {0, 1, 2, 3, 4}) {
        auto arrays =
            run(aliases, arguments, body, values(), {.blocks = 1, .seed = seed, .late = late});
        EXPECT_EQ(elements(arrays, 1), counting({8, 16}).data());
      }
  }
  void fails(const std::string &body, const std::string &message, bool late = false) {
    Program::fails(ringAliases, arguments, body, values(), message, {.blocks = 1, .late = late});
  }
  /// The same in a ring of other numbers.
  void failsWith(const std::string &ring, const std::string &body, const std::string &message) {
    std::string aliases = ringAliases.substr(0, ringAliases.find("!ring"));
    Program::fails(aliases + "!ring = !tile.ring<" + ring + ">\n", arguments, body, values(),
                   message);
  }
};

const std::string producerAndConsumer = makeRing + R"(
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
)" + put("%i") + R"(
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
)" + get("%i", "") + release("%i") + R"(
      }
    }
  })";

TEST_F(Pipelines, ProducerAndConsumer) { copies(ringAliases, producerAndConsumer); }

TEST_F(Pipelines, OneThreadPutsAhead) {
  copies(ringAliases,
         makeRing + put("%c0") + "scf.for %i = %c0 to %c8 step %c1 {\n" +
             "%j = arith.addi %i, %c1 : index\n%more = arith.cmpi slt, %j, %c8 : index\n" +
             "scf.if %more {\n" + put("%j") + "}\n" + get("%i", "") + release("%i") + "}");
}

/// Two consumers take halves of each slot.
TEST_F(Pipelines, TwoReaders) {
  std::string aliases =
      "!s = !tile.mem<1x16xf32, shared, rows>\n!g = !tile.mem<1x16xf32, global, rows>\n"
      "!h = !tile.mem<1x8xf32, shared, rows>\n!gh = !tile.mem<1x8xf32, global, rows>\n"
      "!t = !tile.reg<1x8xf32, blocked>\n"
      "!ring = !tile.ring<3 x (!s) by tma, arrivals 1, bytes 64, readers 2>\n";
  copies(aliases, makeRing + R"(
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
)" + put("%i") + R"(
      }
    }
    tile.role "consumer" count 2 warps 4 registers 240 {
    ^bb0(%which: index):
      %offset = arith.muli %which, %c8 : index
      scf.for %i = %c0 to %c8 step %c1 {
        %s = tile.get %ring[%i] : !ring -> !s
        %half = tile.view %s[%c0, %offset] : !s -> !h
        %v = tile.load %half : !h -> !t
        tile.barrier
        %w = tile.view %y[%i, %offset] : memref<8x16xf32> -> !gh
        tile.store %v, %w : !t, !gh
        tile.release %ring[%i] : !ring
      }
    }
  })");
}

//===----------------------------------------------------------------------===//
// Errors of rings
//===----------------------------------------------------------------------===//

TEST_F(Pipelines, MissingRelease) {
  fails(makeRing + put("%c0") + get("%c0", ""),
        "expected a tile.release of use 0 of the ring (slot 0, phase 0) before the function ends");
}

TEST_F(Pipelines, DoubleRelease) {
  fails(makeRing + put("%c0") + get("%c0", "") + release("%c0") + release("%c0"),
        "expected a slot that the function has got and not yet released, found use 0");
}

TEST_F(Pipelines, GetWithoutPut) {
  fails(makeRing + get("%c0", "") + release("%c0"),
        "deadlock: the function waits for use 0 of the ring (slot 0, phase 0) to be full: "
        "use 0 was put by 0 of 1 writers and released by 0 of 1 readers");
}

TEST_F(Pipelines, PutsBeyondTheStages) {
  fails(makeRing + put("%c0") + put("%c1") + put("%c2"),
        "deadlock: the function waits until it can put use 2 of the ring (slot 0, phase 1): "
        "use 0 was put by 1 of 1 writers and released by 0 of 1 readers");
}

TEST_F(Pipelines, PutThatNobodyReads) {
  fails(makeRing + put("%c0"), "expected use 0 of the ring (slot 0, phase 0) to be read before the "
                               "block ends, found it released by 0 of 1 readers");
}

TEST_F(Pipelines, UsesAreNumbered) {
  fails(makeRing + put("%c1"),
        "expected use 0 of the ring, the next that the function puts, found use 1");
  fails(makeRing + put("%c0") + put("%c1") + get("%c1", ""),
        "expected use 0 of the ring, the next that the function gets, found use 1");
  fails(makeRing + "%m = arith.subi %c0, %c1 : index\n" + put("%m"),
        "expected a use of 0 or more, found -1");
}

TEST_F(Pipelines, ReadAfterRelease) {
  fails(makeRing + put("%c0") + get("%c0", "") + release("%c0") + "%z = tile.load %s : !s -> !t",
        "expected a slot between its get and its release, found use 0 after its release");
}

TEST_F(Pipelines, ReadersOfTheType) {
  std::string once = makeRing + put("%c0") + get("%c0", "") + release("%c0");
  failsWith("2 x (!s) by tma, arrivals 1, bytes 64, readers 2", once,
            "found it released by 1 of 2 readers");
  failsWith("2 x (!s) by tma, arrivals 2, bytes 64, readers 1", once,
            "use 0 was put by 1 of 2 writers");
  std::string two = producerAndConsumer;
  two.replace(two.find("\"consumer\" count 1"), 18, "\"consumer\" count 2");
  fails(two, "expected 1 readers of the ring, as its type says, found one more, role 'consumer'");
}

TEST_F(Pipelines, DeadlockOfRolesNamesAllOfThem) {
  std::string body = producerAndConsumer;
  body.replace(body.rfind("tile.release %ring[%i] : !ring"), 30, "");
  fails(body,
        "deadlock: role 'producer' 0 waits until it can put use 2 of the ring (slot 0, phase 1)");
  fails(body, "and role 'consumer' 0 waits for use 2 of the ring (slot 0, phase 1) to be full");
}

TEST_F(Pipelines, DeadlockSaysWhichRingOfSeveral) {
  fails(makeRing +
            "%other = tile.ring : !tile.ring<3 x (!s) by tma, arrivals 1, bytes 64, readers 1>\n" +
            get("%c0", "") + release("%c0"),
        "the ring of the line before is '!tile.ring<2 x");
}

TEST_F(Pipelines, BarrierThatNotAllReach) {
  fails(R"(
  tile.roles {
    tile.role "worker" count 2 warps 4 registers 24 {
    ^bb0(%which: index):
      %isFirst = arith.cmpi eq, %which, %c0 : index
      scf.if %isFirst {
        tile.barrier
      }
    }
  })",
        "deadlock: role 'worker' 0 waits at a barrier that 1 of 2 have reached");
}

/// A late copy reads its source when the reader waits for it.
TEST_F(Pipelines, LateCopiesSeeASourceThatChanged) {
  std::string body = makeRing + put("%c0") + R"(
    %one = arith.constant -1.0 : f32
    memref.store %one, %x[%c0, %c0] : memref<8x16xf32>
)" + get("%c0", "") + release("%c0");
  for (bool late : {false, true}) {
    auto arrays = run(ringAliases, arguments, body, values(), {.blocks = 1, .late = late});
    ASSERT_EQ(arrays.size(), 2u);
    EXPECT_EQ(elements(arrays, 1)[0], late ? -1 : 0);
  }
}

//===----------------------------------------------------------------------===//
// Products in flight
//===----------------------------------------------------------------------===//

/// A ring of both factors of a product of 64x8 with a depth of 16.
const std::string wgmmaAliases =
    "!a = !tile.mem<64x16xbf16, shared, rows, swizzle32>\n"
    "!b = !tile.mem<16x8xbf16, shared, columns, swizzle32>\n"
    "!ga = !tile.mem<64x16xbf16, global, rows>\n!gb = !tile.mem<16x8xbf16, global, columns>\n"
    "!gc = !tile.mem<64x8xf32, global, rows>\n!acc = !tile.reg<64x8xf32, wgmma_c>\n"
    "!ring = !tile.ring<2 x (!a, !b) by tma, arrivals 1, bytes 2304, readers 1>\n";

class Products : public Program {
protected:
  const std::string arguments =
      "%a: memref<64x48xbf16>, %b: memref<8x48xbf16>, %y: memref<64x8xf32>";
  const std::string start = R"(
    %zero = arith.constant 0.0 : f32
    %none = tile.fill %zero : f32 -> !acc
    %ring = tile.ring : !ring
  )";

  static std::string put(const std::string &i) {
    return "%k" + i + " = arith.muli %c" + i + ", %c16 : index\ntile.put %ring[%c" + i +
           "] : !ring {\n^bb0(%sa: !a, %sb: !b):\n%fa = tile.view %a[%c0, %k" + i +
           "] : memref<64x48xbf16> -> !ga\n%fb = tile.view %b[%c0, %k" + i +
           "] : memref<8x48xbf16> -> !gb\ntile.copy %fa to %sa : !ga, !a\ntile.copy %fb to %sb : "
           "!gb, !b\n}\n";
  }
  static std::string multiply(const std::string &i, const std::string &acc,
                              const std::string &type) {
    return "%a" + i + ", %b" + i + " = tile.get %ring[%c" + i + "] : !ring -> !a, !b\n%p" + i +
           " = tile.mma_start %a" + i + ", %b" + i + ", " + acc + " : !a, !b, " + type +
           " -> !tile.pending<!acc>\n";
  }
  static std::string wait(const std::string &pending, int outstanding, const std::string &name) {
    return name + " = tile.mma_wait " + pending + " outstanding " + std::to_string(outstanding) +
           " : !tile.pending<!acc> -> " + (outstanding ? "!tile.pending<!acc>" : "!acc") + "\n";
  }
  static std::string store(const std::string &value) {
    return "%w = tile.view %y[%c0, %c0] : memref<64x8xf32> -> !gc\ntile.store " + value +
           ", %w : !acc, !gc\n";
  }
  std::vector<tilerun::Argument> values() {
    return {{randomFloats({64, 48}, 1)}, {randomFloats({8, 48}, 2)}, output({64, 8})};
  }
  void fails(const std::string &body, const std::string &message) {
    Program::fails(wgmmaAliases, arguments, start + body, values(), message);
  }
};

TEST_F(Products, OneStaysInFlight) {
  std::string body = put("0") + put("1") + multiply("0", "%none", "!acc") +
                     multiply("1", "%p0", "!tile.pending<!acc>") + wait("%p1", 1, "%q") +
                     release("%c0") + put("2") + multiply("2", "%q", "!tile.pending<!acc>") +
                     wait("%p2", 0, "%r") + release("%c1") + release("%c2") + store("%r");
  for (bool late : {false, true}) {
    auto arrays = run(wgmmaAliases, arguments, start + body, values(), {.blocks = 1, .late = late});
    ASSERT_EQ(arrays.size(), 3u);
    Floats expected = test::multiply(roundToBF16(randomFloats({64, 48}, 1)),
                                     transpose(roundToBF16(randomFloats({8, 48}, 2))));
    EXPECT_LT(relativeError(std::get<Floats>(arrays[2]), expected), 1e-6);
  }
}

TEST_F(Products, ReleasedWhileInFlight) {
  fails(put("0") + multiply("0", "%none", "!acc") + release("%c0") + wait("%p0", 0, "%r"),
        "expected no product in flight that reads use 0 of the ring (slot 0, phase 0), found one "
        "that "
        "the function has not waited for");
}

TEST_F(Products, NeverWaitedFor) {
  fails(put("0") + multiply("0", "%none", "!acc"),
        "expected a tile.mma_wait for this product before the function ends, found none");
}

TEST_F(Products, AccumulatorsAreTakenOnce) {
  fails(put("0") + put("1") + multiply("0", "%none", "!acc") +
            multiply("1", "%p0", "!tile.pending<!acc>") +
            "%z = tile.mma_start %a1, %b1, %p0 : !a, !b, !tile.pending<!acc> -> "
            "!tile.pending<!acc>\n",
        "expected accumulators that no other product has taken");
  fails(put("0") + put("1") + multiply("0", "%none", "!acc") +
            multiply("1", "%p0", "!tile.pending<!acc>") + wait("%p0", 0, "%r"),
        "expected the accumulators of the last product, found some that another product has taken");
}

TEST_F(Products, BelongToTheRoleThatStartsThem) {
  fails(put("0") + multiply("0", "%none", "!acc") + R"(
    tile.roles {
      tile.role "other" count 1 warps 4 registers 24 {
      ^bb0(%which: index):
)" + wait("%p0", 0, "%r") +
            "}\n}\n",
        "expected a product of role 'other' 0, found one of another role");
}

TEST_F(Products, FactorsMayNotBeWrittenInFlight) {
  fails("%s = tile.alloc : !a\n%va = tile.view %a[%c0, %c0] : memref<64x48xbf16> -> !ga\n"
        "tile.copy %va to %s : !ga, !a\n" +
            put("0") +
            "%a0, %b0 = tile.get %ring[%c0] : !ring -> !a, !b\n"
            "%p = tile.mma_start %s, %b0, %none : !a, !b, !acc -> !tile.pending<!acc>\n"
            "tile.copy %va to %s : !ga, !a\n" +
            wait("%p", 0, "%r") + release("%c0"),
        "expected no write while a product in flight reads at [0, 0]");
}

} // namespace
