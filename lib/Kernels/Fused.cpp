// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fused: one launch for products and what follows them. A task has a tile of one product, multiplies it
// out and then runs, on that tile, what follows.

#include "lib/Kernels/Dot.h"
#include "lib/Kernels/Gemm.h"
#include "lib/Kernels/Models.h"
#include "lib/Kernels/NarrowPack.h"
#include "lib/Kernels/TileKernel.h"
#include <numeric>

using namespace mlir;

namespace dreamer::kernels {

namespace {

/// A product and what follows it.
struct Chain {
  LinearOp product;
  SmallVector<Operation *> followers;
  int64_t rows, depth, columns;
  bool packed; ///< the weight is; else it is read along its rows, for few rows of x
  Panels panels;
  Tiles tiles; ///< with `panels` of them in a row, or where not packed of a panel's width
  int64_t firstTask = 0;
  unsigned x = 0, weight = 0; ///< arguments of the kernel

  int64_t columnsPerTask() const { return std::min(columns, tiles.panelsPerTask * panels.width()); }
};

class FusedKernel {
public:
  FusedKernel(FusedOp op, ScheduleBuilder &s) : op(op), s(s) {}

  void build();

private:
  Chain chainOf(const TileChain &chain);
  unsigned argument(Value buffer);
  Value bufferOf(Value value);
  Value placeFor(Value value);
  void addArguments(Chain &chain);
  void multiplyOut(Kernel &k, const Chain &chain, Val tile, const OpTile &whole);
  void buildTask(Kernel &k, const Chain &chain, Val tile);

  FusedOp op;
  ScheduleBuilder &s;
  SmallVector<Value> arguments;
  DenseMap<Value, Value> buffers; ///< of values of the region
  SmallVector<Chain> chains;
};

} // namespace

/// As a product alone, but with whole runs of columns: all of them where rows make enough tasks, so that
/// what is known of a row (angles) serves all its columns.
Chain FusedKernel::chainOf(const TileChain &from) {
  auto product = cast<LinearOp>(from.product);
  int64_t rows = rowsOf(product.getX()), depth = featuresOf(product.getX());
  int64_t columns = featuresOf(product.getResult());
  bool packed = product.getTranspose() || rows >= fewRowsOf(op, op.getInput(product.getWeight()));
  bool narrow = isNarrow(product.getX()) && isNarrow(product.getWeight());
  Panels panels{depth, columns, RegisterBlock::of(s.target(), narrow)};
  Chain chain{product, from.followers, rows,   depth,
              columns, packed,         panels, Tiles::of(rows, panels)};
  int64_t run = panels.width();
  for (Operation *follower : chain.followers)
    run = std::lcm(run, cast<TileLocalOpInterface>(follower).getTileRun());
  constexpr int64_t enoughTasks = 16;
  Tiles &tiles = chain.tiles;
  if (!packed)
    tiles.rowsPerTask = rows;
  int64_t wanted = packed ? roundUp(tiles.panelsPerTask * panels.width(), run) : run;
  bool whole = (packed && tiles.rowTiles() >= enoughTasks) || columns % wanted != 0;
  tiles.panelsPerTask = whole ? panels.count() : wanted / panels.width();
  return chain;
}

unsigned FusedKernel::argument(Value buffer) {
  auto *known = llvm::find(arguments, buffer);
  unsigned index = known - arguments.begin();
  if (known == arguments.end())
    arguments.push_back(buffer);
  return index;
}

/// Memory for what the region computes: a result's, that of what replaces it in place, or scratch.
Value FusedKernel::placeFor(Value value) {
  for (auto [result, given] : llvm::zip_equal(op.getResults(), op.getGiven()))
    if (given == value)
      return s.buffer(result);
  if (value.hasOneUse()) {
    OpOperand &use = *value.use_begin();
    auto user = dyn_cast<TileLocalOpInterface>(use.getOwner());
    // Of several operands that may be replaced, the first is.
    bool isFirst =
        user && llvm::none_of(user.getTileOperands(), [&](OpOperand *other) {
          return other->getOperandNumber() < use.getOperandNumber() && other->get().getDefiningOp();
        });
    if (isFirst && llvm::is_contained(user.getTileOperands(), &use) &&
        user->getResult(0).getType() == value.getType())
      return bufferOf(user->getResult(0));
  }
  return scratch(s, tensorType(value).getShape());
}

Value FusedKernel::bufferOf(Value value) {
  if (Value known = buffers.lookup(value))
    return known;
  Value input = op.getInput(value);
  Value buffer = input ? s.buffer(input) : placeFor(value);
  buffers[value] = buffer;
  return buffer;
}

void FusedKernel::addArguments(Chain &chain) {
  LinearOp product = chain.product;
  Value x = op.getInput(product.getX()), weight = op.getInput(product.getWeight());
  if (chain.packed) {
    const RegisterBlock &block = chain.panels.block;
    chain.x = argument(block.narrow()
                           ? prepareLeft(s, block, x, /*transposed=*/false, chain.rows, chain.depth)
                           : prepareWide(s, x));
    chain.weight = argument(preparePanels(s, chain.panels, 1, !product.getTranspose(), weight));
  } else {
    chain.x = argument(s.buffer(x));
    chain.weight = argument(s.buffer(weight));
  }
  argument(bufferOf(product.getResult()));
  for (Value sum : product.getSums())
    argument(bufferOf(sum));
  for (Operation *follower : chain.followers)
    for (ValueRange values :
         {ValueRange(follower->getOperands()), ValueRange(follower->getResults())})
      for (Value value : values)
        argument(bufferOf(value));
}

/// The product's part of a tile.
void FusedKernel::multiplyOut(Kernel &k, const Chain &chain, Val tile, const OpTile &part) {
  LinearOp product = chain.product;
  Mem x = k.mem(chain.x).rows(), out = part.memory(product.getResult());
  bool accumulate = !product.getSums().empty();
  for (Value sum : product.getSums()) // a copy in the cache
    part.forRows(k, [&](Val row) {
      k.forColumns(part.columns, [&](Val i, Lanes lanes) {
        SmallVector<Val> at{row, part.columnFrom + i};
        out.store(part.memory(sum).load(at, lanes), at, lanes);
      });
    });
  if (!chain.packed)
    return multiplyByDots(k, x, k.mem(chain.weight).view({chain.columns, chain.depth}), out,
                          accumulate, part.columnFrom, part.columns);
  multiplyTile(k, chain.panels, chain.tiles, tile, chain.panels.of(k.mem(chain.weight), 1), 0, {},
               [&](Val row, int64_t count, DepthRange depth) {
                 return leftFactor(k, chain.panels, x, {row, 0}, count, depth);
               },
               {[&](const ProductBlock &c) { return placeOf(k, c, out, {c.row, c.column}); },
                accumulate, out.isNarrow()});
}

/// Whether `op`, of a chain, has `value` tile by tile.
static bool isReadByTiles(Operation *op, Value value) {
  if (auto product = dyn_cast<LinearOp>(op))
    return value == product.getResult() || llvm::is_contained(product.getSums(), value);
  return value == op->getResult(0) ||
         llvm::any_of(cast<TileLocalOpInterface>(op).getTileOperands(),
                      [&](OpOperand *operand) { return operand->get() == value; });
}

void FusedKernel::buildTask(Kernel &k, const Chain &chain, Val tile) {
  const Tiles &tiles = chain.tiles;
  auto [rowTile, columnTile] = tiles.placeOf(tile);
  auto number = [&](Value value) {
    return static_cast<unsigned>(llvm::find(arguments, bufferOf(value)) - arguments.begin());
  };
  Operation *current = chain.product;
  auto memory = [&](Value value) {
    Mem memory = k.mem(number(value));
    return isReadByTiles(current, value) ? memory.view({chain.rows, chain.columns}) : memory;
  };
  auto index = [&](Value value) { return k.scalar(number(value)); };
  Val row = rowTile * tiles.rowsPerTask;
  OpTile part{row,
              min(row + tiles.rowsPerTask, chain.rows),
              columnTile * chain.columnsPerTask(),
              chain.columnsPerTask(),
              memory,
              index};
  multiplyOut(k, chain, tile, part);
  for (Operation *follower : chain.followers) {
    current = follower;
    cast<KernelOpInterface>(follower).buildOnTile(k, part);
  }
}

void FusedKernel::build() {
  int64_t tasks = 0;
  for (const TileChain &chain : op.getChains()) {
    chains.push_back(chainOf(chain));
    chains.back().firstTask = tasks;
    tasks += chains.back().tiles.tasks();
    addArguments(chains.back());
  }
  launch(s, "tiles", tasks, arguments, /*contractions=*/1, [&](Kernel &k) {
    for (const Chain &chain : chains) {
      Val tile = chain.firstTask == 0 ? k.task : k.task - chain.firstTask;
      if (chains.size() == 1) {
        buildTask(k, chain, tile);
        continue;
      }
      Val isMine = both(less(chain.firstTask - 1, k.task),
                        less(k.task, chain.firstTask + chain.tiles.tasks()));
      k.when(isMine, [&] { buildTask(k, chain, tile); });
    }
  });
}

static void buildFused(FusedOp op, ScheduleBuilder &s) { FusedKernel(op, s).build(); }

void attachFusedKernels(MLIRContext &context) {
  FusedOp::attachInterface<Model<FusedOp, buildFused>>(context);
}

} // namespace dreamer::kernels
