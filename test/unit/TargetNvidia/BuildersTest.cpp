// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels of generated problems and parameters: they verify, keep the protocol, and compute what plain loops do, whether
// copies end at once or late, whatever the order of roles and blocks.

#include "lib/Target/Nvidia/Attention.h"
#include "lib/Target/Nvidia/Gemm.h"
#include "lib/TileRun/TileRun.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/Verifier.h"
#include "passes/CheckTileProtocol/CheckTileProtocol.h"
#include "test/unit/Support/TileSupport.h"
#include "gtest/gtest.h"
#include <random>

using namespace mlir;
using namespace dreamer;
using namespace dreamer::nvidia;
using namespace dreamer::test;
using reference::Floats;

namespace {

class Builders : public testing::Test {
protected:
  std::unique_ptr<MLIRContext> context = makeTileContext();
  Location loc = UnknownLoc::get(context.get());
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  Type bf16 = BFloat16Type::get(context.get()), f16 = Float16Type::get(context.get());
  Type f32 = Float32Type::get(context.get());

  /// Verifies and checks the protocol.
  void check(FailureOr<func::FuncOp> kernel) {
    ASSERT_TRUE(succeeded(kernel));
    ASSERT_TRUE(succeeded(verify(*module)));
    ASSERT_TRUE(succeeded(checkTileProtocol(*kernel)));
  }

  /// All ways to run: how copies end, order, number of blocks.
  void forRuns(llvm::function_ref<void(const tilerun::Options &)> body) {
    for (const tilerun::Options &options :
         {tilerun::Options{.blocks = 1, .seed = 0, .late = false},
          tilerun::Options{.blocks = 3, .seed = 7, .late = true},
          tilerun::Options{.blocks = 2, .seed = 41, .late = true},
          tilerun::Options{.blocks = 4, .seed = 5, .late = false}})
      body(options);
  }

  template <typename Tiling, typename Builder>
  void testGemm(const GemmProblem &problem, const Tiling &tiling, Builder build) {
    SCOPED_TRACE(testing::Message()
                 << problem.rows << "x" << problem.columns << "x" << problem.depth << ", tile "
                 << tiling.rows << "x" << tiling.columns << "x" << tiling.depth << ", stages "
                 << tiling.stages);
    module = ModuleOp::create(loc);
    builder.setInsertionPointToEnd(module->getBody());
    ASSERT_NO_FATAL_FAILURE(check(build(builder, loc, "gemm", problem, tiling)));
    Floats a = roundToBF16(randomFloats({problem.rows, problem.depth}, 1));
    Floats b = roundToBF16(randomFloats({problem.depth, problem.columns}, 2));
    Floats expected = multiply(a, b);
    Floats storedA = problem.a == tile::Order::rows ? a : transpose(a);
    Floats storedB = problem.b == tile::Order::rows ? b : transpose(b);
    forRuns([&](const tilerun::Options &options) {
      auto arrays =
          runTiles(*module, "gemm", {{storedA}, {storedB}, output({problem.rows, problem.columns})},
                   options);
      ASSERT_EQ(arrays.size(), 3u);
      EXPECT_LT(relativeError(std::get<Floats>(arrays[2]), expected),
                problem.result.isF32() ? 1e-6 : 4e-3);
    });
  }

  template <typename Tiling, typename Builder>
  void testAttention(const AttentionProblem &problem, const Tiling &tiling, Builder build) {
    SCOPED_TRACE(testing::Message()
                 << problem.batch << " x " << problem.queries << " queries, " << problem.keys
                 << " keys, heads " << problem.heads << "/" << problem.kvHeads << " of "
                 << problem.headSize << (problem.causal ? ", causal" : "") << ", tile "
                 << tiling.queries << "x" << tiling.keys << ", stages " << tiling.stages);
    module = ModuleOp::create(loc);
    builder.setInsertionPointToEnd(module->getBody());
    ASSERT_NO_FATAL_FAILURE(check(build(builder, loc, "attention", problem, tiling)));
    int64_t features = problem.heads * problem.headSize;
    int64_t kvFeatures = problem.kvHeads * problem.headSize;
    Floats q = roundToBF16(randomFloats({problem.batch, problem.queries, features}, 1, 2));
    Floats k = roundToBF16(randomFloats({problem.batch, problem.keys, kvFeatures}, 2, 2));
    Floats v = roundToBF16(randomFloats({problem.batch, problem.keys, kvFeatures}, 3));
    Attended expected = attend(q, k, v, problem.heads, problem.kvHeads, problem.causal);
    for (auto options : {tilerun::Options{.blocks = 2, .seed = 3, .late = true},
                         tilerun::Options{.blocks = 3, .seed = 0, .late = false}}) {
      auto arrays =
          runTiles(*module, "attention",
                   {{q}, {k}, {v}, output(q.shape()), output(expected.lse.shape())}, options);
      ASSERT_EQ(arrays.size(), 5u);
      EXPECT_LT(relativeError(std::get<Floats>(arrays[3]), expected.out), 6e-3);
      EXPECT_LT(relativeError(std::get<Floats>(arrays[4]), expected.lse), 1e-5);
    }
  }

  GemmProblem product(int64_t rows, int64_t columns, int64_t depth) {
    return {rows, columns, depth, bf16, f32};
  }
};

/// Small tilings: many tiles, slices and turns of the ring in little time.
const GemmTilingSm80 smallSm80[] = {
    {.rows = 32, .columns = 32, .depth = 16, .stages = 3, .warps = {1, 2}},
    {.rows = 64, .columns = 16, .depth = 64, .stages = 2, .warps = {2, 1}},
    {.rows = 16, .columns = 40, .depth = 32, .stages = 5, .warps = {1, 1}},
};
const GemmTilingSm90 smallSm90[] = {
    {.rows = 64, .columns = 32, .depth = 16, .stages = 3, .consumers = 1, .overlap = true},
    {.rows = 128, .columns = 24, .depth = 64, .stages = 2, .consumers = 2, .overlap = true},
    {.rows = 128, .columns = 64, .depth = 32, .stages = 1, .consumers = 2, .overlap = false},
};

TEST_F(Builders, GemmOfGeneratedShapes) {
  std::mt19937 random(20);
  auto size = [&](int64_t most) { return static_cast<int64_t>(1 + random() % most); };
  for (int i = 0; i < 30; ++i) {
    GemmProblem problem = product(size(150), size(90), size(200));
    problem.a = random() % 2 ? tile::Order::rows : tile::Order::columns;
    problem.b = random() % 2 ? tile::Order::rows : tile::Order::columns;
    if (random() % 4 == 0)
      problem.result = bf16;
    if (i % 3 == 0) // which holds the operands, rounded to bf16, as well
      problem.element = f16;
    testGemm(problem, smallSm80[i % 3], [](auto &&...x) { return buildGemmSm80(x...); });
    testGemm(problem, smallSm90[i % 3], [](auto &&...x) { return buildGemmSm90(x...); });
  }
}

TEST_F(Builders, GemmOfTableEntries) {
  for (const GemmTilingSm80 &tiling : gemmTilingsSm80())
    testGemm(product(150, 264, 200), tiling, [](auto &&...x) { return buildGemmSm80(x...); });
  for (const GemmTilingSm90 &tiling : gemmTilingsSm90())
    testGemm(product(150, 264, 200), tiling, [](auto &&...x) { return buildGemmSm90(x...); });
}

TEST_F(Builders, WholeTilesNeedNoValid) {
  for (bool isWhole : {true, false}) {
    GemmProblem problem = product(256, isWhole ? 512 : 500, 128);
    FailureOr<func::FuncOp> kernel =
        buildGemmSm90(builder, loc, isWhole ? "whole" : "tail", problem, GemmTilingSm90());
    ASSERT_TRUE(succeeded(kernel));
    bool hasValid = false;
    (*kernel).walk([&](tile::ViewOp view) { hasValid |= !view.getValid().empty(); });
    EXPECT_EQ(hasValid, !isWhole);
  }
}

TEST_F(Builders, TransportFollowsAlignment) {
  for (int64_t depth : {128, 100}) { // lines of 256 and of 200 bytes
    GemmProblem problem = product(256, 256, depth);
    FailureOr<func::FuncOp> kernel =
        buildGemmSm90(builder, loc, "k" + std::to_string(depth), problem, GemmTilingSm90());
    ASSERT_TRUE(succeeded(kernel));
    (*kernel).walk([&](tile::RingOp ring) {
      EXPECT_EQ(ring.getType().getTransport(),
                depth == 128 ? tile::Transport::tma : tile::Transport::cp_async);
    });
  }
}

/// max(sum, 0) + residual, the residual being one more array.
TEST_F(Builders, EpilogueIsClonedIntoTheProduct) {
  auto source = parse(*context, R"(
    !t = !tile.reg<8x8xf32, vectors>
    !b = !tile.reg<8x8xbf16, vectors>
    func.func @epilogue(%x: !t, %r: !b) -> !b {
      %y = tile.map (%x, %r) : (!t, !b) -> !b {
      ^bb0(%s: f32, %residual: bf16):
        %zero = arith.constant 0.0 : f32
        %kept = arith.maximumf %s, %zero : f32
        %wide = arith.extf %residual : bf16 to f32
        %sum = arith.addf %kept, %wide : f32
        %narrow = arith.truncf %sum : f32 to bf16
        tile.yield %narrow : bf16
      }
      return %y : !b
    })");
  ASSERT_TRUE(source);
  Epilogue epilogue;
  source->walk([&](tile::MapOp map) { epilogue.body = &map.getBody().front(); });
  GemmProblem problem = product(70, 50, 40);
  problem.result = bf16;
  check(buildGemmSm80(builder, loc, "sm80", problem, smallSm80[0], epilogue));
  check(buildGemmSm90(builder, loc, "sm90", problem, smallSm90[1], epilogue));
  Floats a = roundToBF16(randomFloats({70, 40}, 1)), b = roundToBF16(randomFloats({40, 50}, 2));
  Floats residual = roundToBF16(randomFloats({70, 50}, 3));
  Floats expected = multiply(a, b);
  for (auto [x, r] : llvm::zip_equal(expected.data(), residual.data()))
    x = std::max(x, 0.0) + r;
  for (const char *name : {"sm80", "sm90"}) {
    auto arrays = runTiles(*module, name, {{a}, {transpose(b)}, output({70, 50}), {residual}},
                           {.blocks = 2, .seed = 1, .late = true});
    ASSERT_EQ(arrays.size(), 4u);
    EXPECT_LT(relativeError(std::get<Floats>(arrays[2]), expected), 4e-3);
  }
}

const AttentionTilingSm80 smallAttentionSm80[] = {
    {.queries = 16, .keys = 16, .stages = 2, .warps = 1},
    {.queries = 32, .keys = 48, .stages = 3, .warps = 2},
};
const AttentionTilingSm90 smallAttentionSm90[] = {
    {.queries = 64, .keys = 16, .stages = 2, .consumers = 1},
    {.queries = 128, .keys = 48, .stages = 1, .consumers = 2},
};

TEST_F(Builders, AttentionOfGeneratedShapes) {
  std::mt19937 random(11);
  auto size = [&](int64_t most) { return static_cast<int64_t>(1 + random() % most); };
  for (int i = 0; i < 12; ++i) {
    AttentionProblem problem{};
    problem.element = i % 4 ? bf16 : f16;
    problem.batch = size(2);
    problem.kvHeads = size(2);
    problem.heads = problem.kvHeads * size(2);
    problem.headSize = i % 2 ? 32 : 16;
    problem.causal = i % 3;
    problem.queries = size(150);
    problem.keys = problem.causal ? problem.queries + (random() % 2 ? 0 : size(40)) : size(150);
    testAttention(problem, smallAttentionSm80[i / 2 % 2], buildAttentionSm80);
    testAttention(problem, smallAttentionSm90[i / 2 % 2], buildAttentionSm90);
  }
}

TEST_F(Builders, AttentionOfTableEntries) {
  for (int64_t headSize : {64, 128}) {
    AttentionProblem problem{1, 200, 200, 2, 1, headSize, /*causal=*/headSize == 64, bf16};
    for (const AttentionTilingSm80 &tiling : attentionTilingsSm80())
      testAttention(problem, tiling, buildAttentionSm80);
    for (const AttentionTilingSm90 &tiling : attentionTilingsSm90())
      testAttention(problem, tiling, buildAttentionSm90);
  }
}

/// A kernel with one operation of its protocol left out, doubled or weakened breaks it, and the check says so.
TEST_F(Builders, PlantedBugsAreFound) {
  GemmProblem problem = product(200, 300, 200);
  AttentionProblem attention{1, 300, 300, 2, 1, 64, /*causal=*/true, bf16};
  check(buildGemmSm80(builder, loc, "gemm80", problem, smallSm80[0]));
  check(buildGemmSm90(builder, loc, "gemm90", problem, smallSm90[0]));
  check(buildAttentionSm80(builder, loc, "attention80", attention, attentionTilingsSm80()[1]));
  check(buildAttentionSm90(builder, loc, "attention90", attention, {}));
  Errors errors(*context);
  /// Applies `plant` to the `i`-th operation of its kind in a clone of each kernel.
  auto plantEverywhere = [&](auto plant) {
    using Op = typename llvm::function_traits<decltype(plant)>::template arg_t<0>;
    int planted = 0;
    for (auto kernel : module->getOps<func::FuncOp>())
      for (unsigned i = 0;; ++i) {
        OwningOpRef<func::FuncOp> copy = kernel.clone();
        SmallVector<Op> found;
        copy->walk([&](Op op) { found.push_back(op); });
        if (i == found.size())
          break;
        plant(found[i]);
        EXPECT_TRUE(failed(checkTileProtocol(*copy)))
            << kernel.getName().str() << ": " << Op::getOperationName().str() << " " << i;
        ++planted;
      }
    return planted;
  };
  EXPECT_EQ(plantEverywhere([](tile::ReleaseOp op) { op.erase(); }), 8);
  EXPECT_EQ(plantEverywhere([](tile::ReleaseOp op) { OpBuilder(op).clone(*op); }), 8);
  EXPECT_EQ(plantEverywhere([](tile::PutOp op) { op.erase(); }), 8);
  EXPECT_EQ(plantEverywhere([](tile::PutOp op) { OpBuilder(op).clone(*op); }), 8);
  // A slot is released before the product that reads it is waited for.
  EXPECT_EQ(plantEverywhere([](tile::MmaWaitOp op) {
              for (Operation *next = op; next; next = next->getNextNode())
                if (isa<tile::ReleaseOp>(next)) {
                  if (Operation *use = next->getOperand(1).getDefiningOp();
                      use && use->getBlock() == op->getBlock())
                    use->moveBefore(op);
                  next->moveBefore(op);
                  break;
                }
            }),
            2);
}

/// Kernels with one operand exchanged for another value of its type run, fail or are refused, but never crash or hang.
TEST_F(Builders, MutatedKernelsNeverCrash) {
  GemmProblem problem = product(70, 40, 50);
  AttentionProblem attention{1, 40, 70, 2, 1, 16, /*causal=*/true, bf16};
  check(buildGemmSm80(builder, loc, "gemm80", problem, smallSm80[0]));
  check(buildGemmSm90(builder, loc, "gemm90", problem, smallSm90[0]));
  check(buildAttentionSm80(builder, loc, "attention80", attention, smallAttentionSm80[0]));
  check(buildAttentionSm90(builder, loc, "attention90", attention, smallAttentionSm90[0]));
  std::mt19937 random(3);
  int failures = 0;
  Errors errors(*context);
  for (auto kernel : module->getOps<func::FuncOp>())
    for (int i = 0; i < 60; ++i) {
      OwningOpRef<func::FuncOp> copy = kernel.clone();
      SmallVector<OpOperand *> operands;
      SmallVector<Value> values(copy->getArguments());
      copy->walk([&](Operation *op) {
        for (OpOperand &operand : op->getOpOperands())
          operands.push_back(&operand);
        values.append(op->result_begin(), op->result_end());
        for (Region &region : op->getRegions())
          if (op != copy.get())
            values.append(region.args_begin(), region.args_end());
      });
      OpOperand &operand = *operands[random() % operands.size()];
      DominanceInfo dominance(*copy);
      llvm::erase_if(values, [&](Value value) {
        return value == operand.get() || value.getType() != operand.get().getType() ||
               !dominance.properlyDominates(value, operand.getOwner());
      });
      if (values.empty())
        continue;
      operand.set(values[random() % values.size()]);
      if (failed(verify(*copy)))
        continue;
      std::vector<tilerun::Argument> arguments;
      for (Type type : copy->getArgumentTypes()) {
        ArrayRef<int64_t> shape = cast<MemRefType>(type).getShape();
        arguments.push_back({randomFloats(shape, i)});
      }
      failures += failed(checkTileProtocol(*copy));
      failures +=
          failed(tilerun::run(*copy, arguments, {.blocks = 2, .seed = 1, .late = i % 2 == 0}));
    }
  EXPECT_GT(failures, 50);
}

TEST_F(Builders, RefuseWhatDoesNotFit) {
  Errors errors(*context);
  auto refuses = [&](FailureOr<func::FuncOp> kernel, const char *message) {
    EXPECT_TRUE(failed(kernel));
    EXPECT_NE(errors.text().find(message), std::string::npos) << errors.text();
  };
  GemmProblem problem = product(128, 128, 128);
  refuses(buildGemmSm80(builder, loc, "a", problem, {.rows = 100}),
          "expected tile rows to be a multiple of 32, found 100");
  refuses(buildGemmSm80(builder, loc, "b", problem, {.stages = 1}),
          "expected stages to be at least 2, found 1");
  refuses(buildGemmSm80(builder, loc, "c", problem, {.stages = 20}),
          "expected bytes of shared memory to be at most 166912, found 327680");
  refuses(buildGemmSm80(builder, loc, "d", problem, {.rows = 256, .columns = 256}),
          "expected accumulators of a thread to be at most 223, found 512");
  refuses(buildGemmSm90(builder, loc, "e", problem, {.consumerRegisters = 236}),
          "expected registers of a consumer to be a multiple of 8, found 236");
  refuses(buildGemmSm90(builder, loc, "f", problem, {.rows = 192, .consumers = 3}),
          "expected registers of all threads to be at most 65536");
  refuses(buildGemmSm90(builder, loc, "g", product(0, 1, 1), {}),
          "expected rows of the product to be at least 1, found 0");
  problem.element = f32;
  refuses(buildGemmSm90(builder, loc, "h", problem, {}),
          "expected factors of f16 or bf16, found 'f32'");
  AttentionProblem attention{1, 64, 64, 3, 2, 64, false, bf16};
  refuses(buildAttentionSm80(builder, loc, "i", attention, {}),
          "expected heads to be a multiple of 2, found 3");
  attention = {1, 64, 32, 2, 2, 64, true, bf16};
  refuses(buildAttentionSm90(builder, loc, "j", attention, {}),
          "expected keys to be at least 64, found 32");
  EXPECT_TRUE(module->getBody()->empty());
}

} // namespace
