// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// cp.async with zero fill; tensor copies of all ranks, swizzles and edges.

#include "tools/dreamer-conform/KernelText.h"
#include "tools/dreamer-conform/Values.h"

#include <algorithm>
#include <cstdlib>

namespace dreamer::conform {

namespace {

constexpr unsigned tileWords = 4096; ///< what tiles have room for
std::string dimensions(unsigned rank) { return std::to_string(rank) + "d"; }

/// The kernel's inputs: coordinates, then the bytes of the tile. Thread 0 copies.
KernelText tensorKernel(const std::string &name, unsigned rank, const std::string &copy) {
  KernelText text{.name = name,
                  .in = Registers(rank + 1, 'r'),
                  .imageWords = tileWords + 4,
                  .afterWords = tileWords,
                  .map = true,
                  .asyncProxy = true};
  std::string coordinates = operands(3, rank);
  std::vector<std::string> values = {"i32 %base", "i32 %barrier", "ptr %map"};
  std::string constraints = "r,r,l";
  for (unsigned i = 0; i <= rank; ++i) {
    values.push_back("i32 %i" + std::to_string(i));
    constraints += ",r";
  }
  std::string ptx = copy, bytes = "$" + std::to_string(3 + rank);
  for (const auto &[from, to] :
       {std::pair(std::string("COORDINATES"), coordinates), {std::string("BYTES"), bytes}})
    if (size_t at = ptx.find(from); at != ptx.npos)
      ptx.replace(at, from.size(), to);
  bool load = copy.find("complete_tx") != copy.npos;
  text.body = std::string(defineBase) + "  %barrier = add i32 %base, " +
              std::to_string(tileWords * 4) + "\n" +
              onlyFirst("copy", statement(ptx, values, constraints)) +
              "  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n" +
              (load ? statement(waitInBlock, {"i32 %barrier"}, "r") : "");
  return text;
}

std::string loadOf(unsigned rank) {
  return "mbarrier.init.shared::cta.b64 [$1], 1; fence.mbarrier_init.release.cluster; "
         "fence.proxy.async; mbarrier.arrive.expect_tx.shared::cta.b64 _, [$1], BYTES; "
         "cp.async.bulk.tensor." +
         dimensions(rank) +
         ".shared::cluster.global.tile.mbarrier::complete_tx::bytes [$0], [$2, COORDINATES], [$1];";
}

std::string storeOf(unsigned rank, const std::string &reduction) {
  return std::string(reduction.empty() ? "cp" : "cp.reduce") + ".async.bulk.tensor." +
         dimensions(rank) + ".global.shared::cta" + (reduction.empty() ? "" : "." + reduction) +
         ".tile.bulk_group [$2, COORDINATES], [$0]; cp.async.bulk.commit_group; "
         "cp.async.bulk.wait_group 0;";
}

struct Type {
  const char *name;
  unsigned number, bytes;
  const char *element; ///< of the values
};
constexpr Type types[] = {{"u8", 0, 1, "u8"},    {"u16", 1, 2, "u8"},  {"u32", 2, 4, "s32"},
                          {"s32", 3, 4, "s32"},  {"u64", 4, 8, "s32"}, {"s64", 5, 8, "s32"},
                          {"f16", 6, 2, "f16"},  {"f32", 7, 4, "f32"}, {"f64", 8, 8, "f64"},
                          {"bf16", 9, 2, "bf16"}};

const Type &typeNamed(std::string_view name) {
  for (const Type &type : types)
    if (name == type.name)
      return type;
  std::abort(); // a table names a type that is not here
}

struct Shape {
  unsigned rank, swizzle; ///< 0 none, 1 32, 2 64, 3 128 bytes
  bool fillNan = false;
  unsigned step = 1; ///< of the outermost dimension
};

Tensor tensorOf(const Type &type, const Shape &shape, Random &random) {
  Tensor tensor;
  runtime::TensorMapRequest &map = tensor.map;
  unsigned row = shape.swizzle ? 16u << shape.swizzle : 64; // bytes of a box
  map.type = type.number;
  map.rank = shape.rank;
  map.swizzle = shape.swizzle;
  map.fill = shape.fillNan;
  constexpr uint64_t dims[] = {0, 11, 5, 4, 3};
  constexpr uint32_t box[] = {0, 8, 3, 2, 2};
  // Elements that are not a whole number of boxes, in rows of a multiple of 16 bytes.
  uint64_t stride = row * 2 + 16, bytes = stride;
  for (unsigned i = 0; i < shape.rank; ++i) {
    map.dims[i] = i ? dims[i] : (row * 2 + (type.bytes > 4 ? 8 : 4)) / type.bytes;
    map.box[i] = i ? box[i] : row / type.bytes;
    map.elementSteps[i] = i && i + 1 == shape.rank ? shape.step : 1;
    if (i) {
      map.strides[i - 1] = stride;
      stride *= dims[i];
      bytes = stride;
    }
  }
  tensor.words = element(type.element).isFloat()
                     ? exactWords(bytes / 4, element(type.element), random)
                     : randomWords(bytes / 4, random);
  return tensor;
}

uint32_t tileBytes(const Type &type, const runtime::TensorMapRequest &map) {
  uint32_t bytes = type.bytes;
  for (unsigned i = 0; i < map.rank; ++i)
    bytes *= (map.box[i] + map.elementSteps[i] - 1) / map.elementSteps[i];
  return bytes;
}

/// Inside, over the lower edge, over the upper edge, and far away.
void addCases(Group &group, const std::string &what, const KernelText &text, const Type &type,
              const Shape &shape, bool exactImage) {
  for (const char *edge : {"inside", "below", "above", "outside"}) {
    std::string name = what + "." + dimensions(shape.rank) + "." + type.name + ".swizzle" +
                       std::to_string(shape.swizzle ? 16 << shape.swizzle : 0) +
                       (shape.fillNan ? ".nan" : "") + (shape.step > 1 ? ".steps" : "") + "." +
                       edge;
    Random random(name);
    Tensor tensor = tensorOf(type, shape, random);
    std::vector<uint64_t> row;
    for (unsigned i = 0; i < shape.rank; ++i) {
      int64_t box = tensor.map.box[i], dim = int64_t(tensor.map.dims[i]);
      int64_t at = edge[0] == 'i'   ? int64_t(i == 0) * 4 / type.bytes + int64_t(i == 1)
                   : edge[0] == 'b' ? -(box / 2)
                   : edge[0] == 'a' ? dim - (box + 1) / 2
                                    : dim + box;
      row.push_back(uint32_t(int32_t(at)));
    }
    row.push_back(tileBytes(type, tensor.map));
    std::vector<uint64_t> in;
    for (unsigned thread = 0; thread < text.threads; ++thread)
      in.insert(in.end(), row.begin(), row.end());
    std::vector<uint32_t> image = exactImage
                                      ? exactWords(text.imageWords, element(type.element), random)
                                      : randomWords(text.imageWords, random);
    Case made = makeCase("tensor/" + name, text, std::move(in), std::move(image));
    made.tensor = std::move(tensor);
    group.cases.push_back(std::move(made));
  }
}

} // namespace

Group tensorGroup() {
  Group group{.name = "tensor"};
  for (unsigned rank = 1; rank <= 5; ++rank) {
    KernelText load = tensorKernel("load_" + dimensions(rank), rank, loadOf(rank));
    KernelText store = tensorKernel("store_" + dimensions(rank), rank, storeOf(rank, ""));
    for (unsigned swizzle = 0; swizzle < 4; ++swizzle) {
      addCases(group, "load", load, typeNamed("f16"), {rank, swizzle, true}, false);
      addCases(group, "load", load, typeNamed("u32"), {rank, swizzle}, false);
      addCases(group, "store", store, typeNamed("u16"), {rank, swizzle}, false);
    }
    if (rank > 1)
      addCases(group, "load", load, typeNamed("f32"), {rank, 3, true, 2}, false);
  }
  KernelText load = tensorKernel("load_2d", 2, loadOf(2));
  for (const Type &type : types) {
    bool isFloat = element(type.element).isFloat();
    addCases(group, "load", load, type, {2, 3, isFloat, 1}, false);
  }
  using Reduction = std::pair<const char *, const char *>;
  for (auto [operation, type] :
       {Reduction("add", "u32"), Reduction("add", "s32"),  Reduction("add", "u64"),
        Reduction("add", "f16"), Reduction("add", "bf16"), Reduction("add", "f32"),
        Reduction("min", "u32"), Reduction("min", "s32"),  Reduction("min", "u64"),
        Reduction("min", "s64"), Reduction("min", "f16"),  Reduction("min", "bf16"),
        Reduction("max", "u32"), Reduction("max", "s32"),  Reduction("max", "u64"),
        Reduction("max", "s64"), Reduction("max", "f16"),  Reduction("max", "bf16"),
        Reduction("inc", "u32"), Reduction("dec", "u32"),  Reduction("and", "u32"),
        Reduction("or", "u64"),  Reduction("xor", "u32")})
    addCases(group, std::string("reduce.") + operation,
             tensorKernel(std::string("reduce_") + operation + "_2d", 2, storeOf(2, operation)),
             typeNamed(type), {2, 3}, element(typeNamed(type).element).isFloat());
  // Cases that two of the loops above name are the same.
  std::vector<Case> once;
  for (Case &one : group.cases)
    if (std::none_of(once.begin(), once.end(),
                     [&](const Case &other) { return other.name == one.name; }))
      once.push_back(std::move(one));
  group.cases = std::move(once);
  return group;
}

Group asyncCopyGroup() {
  Group group{.name = "async"};
  struct Form {
    const char *cache;
    unsigned bytes;
  };
  for (Form form : {Form{"ca", 4}, {"ca", 8}, {"ca", 16}, {"cg", 16}}) {
    std::string size = std::to_string(form.bytes),
                name = "cp." + std::string(form.cache) + "." + size;
    Random random(name);
    KernelText text{.name = "cp_" + std::string(form.cache) + "_" + size,
                    .in = "r",
                    .imageWords = 128,
                    .afterWords = 128};
    // Every size of the source, from nothing to all.
    text.body = std::string(defineBase) +
                "  %offset = mul i32 %tid, 16\n  %to = add i32 %base, %offset\n"
                "  %from = getelementptr i8, ptr addrspace(1) %image, i32 %offset\n" +
                statement("cp.async." + std::string(form.cache) + ".shared.global [$0], [$1], " +
                              size + ", $2; cp.async.wait_all;",
                          {"i32 %to", "ptr addrspace(1) %from", "i32 %i0"}, "r,l,r");
    std::vector<uint64_t> in;
    for (unsigned lane = 0; lane < 32; ++lane)
      in.push_back(lane % (form.bytes + 1));
    group.cases.push_back(
        makeCase("async/" + name, text, std::move(in), randomWords(text.imageWords, random)));
  }
  return group;
}

} // namespace dreamer::conform
