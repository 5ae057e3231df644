// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Bulk copies of plain bytes and their reductions, between all memories, and multicast.

#include "tools/dreamer-conform/KernelText.h"
#include "tools/dreamer-conform/Values.h"

namespace dreamer::conform {

namespace {

constexpr unsigned tileBytes = 8192, blocks = 8, clusterSize = 4;

/// Shared memory: a tile, then the mbarrier at %bar.
KernelText textOf(std::string name, Registers in) {
  for (char &letter : name)
    letter = letter == '.' ? '_' : letter;
  return {.name = std::move(name),
          .in = std::move(in),
          .imageWords = tileBytes / 4 + 4,
          .afterWords = tileBytes / 4,
          .asyncProxy = true};
}

std::string defineBar() {
  return std::string(defineBase) + "  %bar = add i32 %base, " + std::to_string(tileBytes) + "\n";
}

/// Makes the mbarrier, which expects so many bytes, known to the engines and to the cluster.
std::string makeBar(const std::string &bytes) {
  return statement("mbarrier.init.shared::cta.b64 [$0], 1; fence.mbarrier_init.release.cluster; "
                   "fence.proxy.async; mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], $1;",
                   {"i32 %bar", "i32 " + bytes}, "r,r");
}

constexpr const char *blockBarrier = "  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n";

/// The same row for all threads of a block.
void addRow(std::vector<uint64_t> &in, const std::vector<uint64_t> &row) {
  for (unsigned lane = 0; lane < 32; ++lane)
    in.insert(in.end(), row.begin(), row.end());
}

void addLoads(Group &group) {
  KernelText text = textOf("bulk_load", "rrr"); // from, to, size
  text.body =
      defineBar() +
      "  %to = add i32 %base, %i1\n"
      "  %from = getelementptr i8, ptr addrspace(1) %image, i32 %i0\n" +
      onlyFirst("copy", makeBar("%i2") +
                            statement("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::"
                                      "bytes [$0], [$1], $2, [$3];",
                                      {"i32 %to", "ptr addrspace(1) %from", "i32 %i2", "i32 %bar"},
                                      "r,l,r,r")) +
      blockBarrier + statement(waitInBlock, {"i32 %bar"}, "r");
  std::vector<uint64_t> in;
  for (const std::vector<uint64_t> &row : {std::vector<uint64_t>{0, 4096, 16},
                                           {16, 0, 48},
                                           {4080, 32, 1024},
                                           {48, 16, 8176 - 48},
                                           {0, 0, 8192}})
    addRow(in, row);
  Random random("bulk load");
  group.cases.push_back(
      makeCase("bulk/load", text, std::move(in), randomWords(text.imageWords, random)));
}

/// To global memory, whose bytes are 0xcd before; `operation` as ".add.u32", empty: a copy.
void addStore(Group &group, const std::string &operation, std::string_view type) {
  std::string name = "store" + operation;
  KernelText text = textOf("bulk_" + name, "rrr"); // from, to, size
  text.ownAfter = true;
  text.body =
      std::string(defineBase) + "  %from = add i32 %base, %i0\n  %mine = mul i32 %block, " +
      std::to_string(tileBytes) +
      "\n  %there = add i32 %mine, %i1\n"
      "  %to = getelementptr i8, ptr addrspace(1) %after, i32 %there\n" +
      onlyFirst("copy", statement((operation.empty() ? "cp" : "cp.reduce") +
                                      std::string(".async.bulk.global.shared::cta."
                                                  "bulk_group") +
                                      operation +
                                      " [$0], [$1], $2; cp.async.bulk.commit_group; "
                                      "cp.async.bulk.wait_group 0;",
                                  {"ptr addrspace(1) %to", "i32 %from", "i32 %i2"}, "l,r,r"));
  std::vector<uint64_t> in;
  for (const std::vector<uint64_t> &row :
       {std::vector<uint64_t>{0, 4096, 16}, {16, 0, 48}, {4080, 32, 1024}, {0, 0, 8192}})
    addRow(in, row);
  Random random("bulk " + name);
  group.cases.push_back(makeCase("bulk/" + name, text, std::move(in),
                                 exactWords(text.imageWords, element(type), random)));
}

/// To the next block of the cluster: what each thread wrote there before, and more of the tile.
void addSend(Group &group, const std::string &operation) {
  std::string name = "send" + operation;
  KernelText text = textOf("bulk_" + name, "rr"); // a value, the other's rank
  std::string send = (operation.empty() ? "cp" : "cp.reduce") +
                     std::string(".async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::"
                                 "bytes") +
                     operation;
  text.body =
      defineBar() +
      "  %own = getelementptr i32, ptr addrspace(3) @dynamic, i32 %tid\n"
      "  store i32 %i0, ptr addrspace(3) %own\n" +
      statement("fence.proxy.async.shared::cta;") + onlyFirst("make", makeBar("1024")) +
      statement(clusterBarrier) +
      onlyFirst("copy", statement("{ .reg .b32 to, bar; mapa.shared::cluster.u32 to, $0, $2; "
                                  "mapa.shared::cluster.u32 bar, $1, $2; add.u32 to, to, 4096; " +
                                      send + " [to], [$0], 1024, [bar]; }",
                                  {"i32 %base", "i32 %bar", "i32 %i1"}, "r,r,r")) +
      statement(waitInCluster, {"i32 %bar"}, "r") + statement(clusterBarrier);
  Random random("bulk " + name);
  std::vector<uint64_t> in;
  for (unsigned block = 0; block < blocks; ++block)
    for (unsigned lane = 0; lane < 32; ++lane) {
      in.push_back(random.next() >> 32);
      in.push_back((block % clusterSize + 1) % clusterSize);
    }
  Case made = makeCase("bulk/" + name, text, std::move(in), randomWords(text.imageWords, random));
  made.launch.cluster = {clusterSize, 1, 1};
  group.cases.push_back(std::move(made));
}

/// A tensor of words, rows of 128 bytes, of which a box has two.
Tensor rowsOfWords(Random &random) {
  Tensor tensor;
  tensor.map.type = 2; // u32
  tensor.map.rank = 2;
  tensor.map.dims[0] = tensor.map.box[0] = 32;
  tensor.map.dims[1] = 2 * blocks;
  tensor.map.box[1] = 2;
  tensor.map.strides[0] = 128;
  tensor.map.elementSteps[0] = tensor.map.elementSteps[1] = 1;
  tensor.words = randomWords(32 * 2 * blocks, random);
  return tensor;
}

/// Each block loads 256 bytes for some blocks of its cluster, into a place of its own.
void addMulticast(Group &group, bool tiles) {
  std::string name = tiles ? "multicast.tensor" : "multicast";
  // The blocks that get it, bytes that the block itself gets, row of the tensor, place.
  KernelText text = textOf("bulk_" + name, "rrrr");
  text.map = tiles;
  std::string copy =
      tiles ? "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes."
              "multicast::cluster [$0], [$1, {$4, $5}], [$2], $3;"
            : "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes."
              "multicast::cluster [$0], [$1], 256, [$2], $3;";
  std::vector<std::string> values = {"i32 %to", tiles ? "ptr %map" : "ptr addrspace(1) %from",
                                     "i32 %bar", "i16 %mask"};
  std::string constraints = "r,l,r,h";
  if (tiles) {
    values.insert(values.end(), {"i32 0", "i32 %i2"});
    constraints += ",r,r";
  }
  text.body = defineBar() +
              "  %to = add i32 %base, %i3\n  %mask = trunc i32 %i0 to i16\n"
              "  %from = getelementptr [32 x i32], ptr addrspace(1) %image, i32 %i2\n" +
              onlyFirst("make", makeBar("%i1")) + statement(clusterBarrier) +
              onlyFirst("copy", statement(copy, values, constraints)) +
              statement(waitInBlock, {"i32 %bar"}, "r") + statement(clusterBarrier);
  Random random("bulk " + name);
  std::vector<uint64_t> in;
  for (unsigned first = 0; first < blocks; first += clusterSize) {
    uint32_t masks[clusterSize];
    for (uint32_t &mask : masks)
      mask = 1 + random.below((1 << clusterSize) - 1);
    masks[0] = (1 << clusterSize) - 1;
    for (unsigned rank = 0; rank < clusterSize; ++rank) {
      unsigned bytes = 0;
      for (uint32_t mask : masks)
        bytes += mask >> rank & 1 ? 256 : 0;
      addRow(in, {masks[rank], bytes, 2 * (first + rank), 1024 + 256 * rank});
    }
  }
  Case made = makeCase("bulk/" + name, text, std::move(in), randomWords(text.imageWords, random));
  made.launch.cluster = {clusterSize, 1, 1};
  if (tiles)
    made.tensor = rowsOfWords(random);
  group.cases.push_back(std::move(made));
}

} // namespace

Group bulkGroup() {
  Group group{.name = "bulk"};
  addLoads(group);
  addStore(group, "", "s32");
  for (std::string_view type : {"u32", "s32", "u64", "f16", "bf16", "f32", "f64"}) {
    bool half = type.ends_with("16"), isFloat = type.find('f') != type.npos;
    addStore(group, std::string(half ? ".add.noftz." : ".add.") + std::string(type),
             isFloat ? type : "s32");
  }
  for (const char *operation : {".min.", ".max."})
    for (std::string_view type : {"u32", "s32", "u64", "s64", "f16", "bf16"})
      addStore(group, operation + std::string(type), type.ends_with("16") ? type : "s32");
  for (const char *operation : {".inc.u32", ".dec.u32", ".and.b32", ".or.b32", ".xor.b32",
                                ".and.b64", ".or.b64", ".xor.b64"})
    addStore(group, operation, "s32");
  for (const char *operation :
       {"", ".add.u32", ".add.s32", ".add.u64", ".min.u32", ".min.s32", ".max.u32", ".max.s32",
        ".inc.u32", ".dec.u32", ".and.b32", ".or.b32", ".xor.b32"})
    addSend(group, operation);
  addMulticast(group, false);
  addMulticast(group, true);
  return group;
}

} // namespace dreamer::conform
