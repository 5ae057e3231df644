// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arguments in, blocks one after another, arrays out.

#include "lib/TileRun/TileRun.h"

#include "lib/TileRun/Arithmetic.h"
#include "lib/TileRun/Frame.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include <limits>
#include <numeric>

using namespace mlir;
using namespace dreamer;
using namespace dreamer::tilerun;

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

/// The element of a tensor as a number of `type`; none if they do not belong together.
static std::optional<Scalar> scalarOf(Type type, const reference::Tensor &tensor, int64_t i) {
  bool isReal = isa<FloatType>(type);
  if (auto *floats = std::get_if<reference::Floats>(&tensor))
    return isReal ? std::optional(Scalar::ofReal(roundTo(type, floats->data()[i]))) : std::nullopt;
  auto *integers = std::get_if<reference::Ints>(&tensor);
  int64_t value = integers ? integers->data()[i] : std::get<int64_t>(tensor);
  return isReal ? std::nullopt : std::optional(Scalar::ofInteger(wrapTo(type, value)));
}

/// Whether sizes that the type does not say fit, and all others are equal.
static bool hasShape(MemRefType type, ArrayRef<int64_t> shape) {
  return type.getRank() == static_cast<int64_t>(shape.size()) &&
         llvm::all_of(llvm::zip_equal(type.getShape(), shape), [](auto sizes) {
           auto [declared, found] = sizes;
           return declared == found || ShapedType::isDynamic(declared);
         });
}

static FailureOr<Datum> toDatum(func::FuncOp function, unsigned i, const Argument &argument) {
  Type type = function.getArgumentTypes()[i];
  auto fail = [&] {
    return function.emitError() << "'" << function.getName() << "': expected " << type
                                << " as argument " << i << ", found "
                                << reference::describe(argument.value);
  };
  ArrayRef<int64_t> shape = reference::shapeOf(argument.value);
  auto array = dyn_cast<MemRefType>(type);
  if (!array) {
    std::optional<Scalar> number = type.isIntOrIndexOrFloat() && shape.empty()
                                       ? scalarOf(type, argument.value, 0)
                                       : std::nullopt;
    return number ? FailureOr<Datum>(*number) : fail();
  }
  if (!array.getElementType().isIntOrIndexOrFloat() || !hasShape(array, shape) ||
      std::holds_alternative<int64_t>(argument.value))
    return fail();
  auto memory = std::make_shared<Memory>(array.getElementType(), shape, argument.isDefined);
  for (auto [n, element] : llvm::enumerate(memory->elements)) {
    std::optional<Scalar> number = scalarOf(array.getElementType(), argument.value, n);
    if (!number)
      return fail();
    element = *number;
  }
  return Datum(std::move(memory));
}

static void fromMemory(const Memory &memory, reference::Tensor &tensor) {
  if (auto *floats = std::get_if<reference::Floats>(&tensor)) {
    for (auto [n, element] : llvm::enumerate(floats->data()))
      element = memory.defined[n] ? memory.elements[n].real : std::nan("");
    return;
  }
  for (auto [n, element] : llvm::enumerate(std::get<reference::Ints>(tensor).data()))
    element = memory.defined[n] ? static_cast<int32_t>(memory.elements[n].integer)
                                : std::numeric_limits<int32_t>::min();
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

static LogicalResult runBlock(func::FuncOp function, ArrayRef<Datum> arguments, BlockRun &block) {
  Worker worker;
  Frame frame(block, worker);
  Block &body = function.getBody().front();
  for (auto [argument, datum] : llvm::zip_equal(body.getArguments(), arguments))
    frame.set(argument, datum);
  if (failed(frame.runBlock(body)) || failed(checkEnd(worker)))
    return failure();
  for (const RingPtr &ring : block.rings)
    if (failed(ring->checkEnd()))
      return failure();
  return success();
}

/// What a tile or the slots of a ring hold.
static int64_t elementsOf(Type type) {
  if (auto mem = dyn_cast<tile::MemType>(type))
    return mem.getNumElements();
  if (auto reg = dyn_cast<tile::RegType>(type))
    return reg.getNumElements();
  int64_t elements = 0;
  if (auto ring = dyn_cast<tile::RingType>(type))
    for (tile::MemType slot : ring.getSlots())
      elements += slot.getNumElements() * ring.getStages();
  return elements;
}

static LogicalResult checkFunction(func::FuncOp function) {
  if (!function.getBody().hasOneBlock())
    return function.emitError() << "'" << function.getName()
                                << "': expected a function with a body of one block, found "
                                << function.getBody().getBlocks().size() << " blocks";
  constexpr int64_t most = 1 << 26;
  WalkResult walked = function.walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (int64_t elements = elementsOf(type); elements < 0 || elements > most) {
        op->emitOpError("expected a tile or ring of at most ")
            << most << " elements, found " << type;
        return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return failure(walked.wasInterrupted());
}

LogicalResult tilerun::run(func::FuncOp function, MutableArrayRef<Argument> arguments,
                           const Options &options) {
  if (failed(checkFunction(function)))
    return failure();
  if (function.getNumResults())
    return function.emitError() << "'" << function.getName()
                                << "': expected a function that writes its results to arrays, "
                                   "found one that returns them";
  if (arguments.size() != function.getNumArguments())
    return function.emitError() << "'" << function.getName() << "': expected "
                                << function.getNumArguments() << " arguments, found "
                                << arguments.size();
  SmallVector<Datum> data;
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    FailureOr<Datum> datum = toDatum(function, i, argument);
    if (failed(datum))
      return failure();
    data.push_back(std::move(*datum));
  }
  std::vector<int64_t> order(std::max<int64_t>(options.blocks, 0));
  std::iota(order.begin(), order.end(), 0);
  std::mt19937 random(options.seed);
  for (size_t i = order.size(); options.seed && i > 1; --i)
    std::swap(order[i - 1], order[random() % i]);
  for (int64_t id : order) {
    BlockRun block(id, options.blocks, static_cast<uint32_t>(random()));
    block.late = options.late;
    if (failed(runBlock(function, data, block)))
      return failure();
  }
  for (auto [datum, argument] : llvm::zip_equal(data, arguments))
    if (auto *memory = std::get_if<MemoryPtr>(&datum))
      fromMemory(**memory, argument.value);
  return success();
}

//===----------------------------------------------------------------------===//
// Trials of the protocol
//===----------------------------------------------------------------------===//

namespace {
/// Small numbers, numbers about the length of rings, and some in the order of extents of tiles. In the first trials all
/// unknown numbers are equal; after that they are drawn.
class TrialNumbers : public Unknowns {
public:
  TrialNumbers(func::FuncOp function, unsigned trial) : trial(trial), random(trial) {
    int64_t stages = 1;
    function.walk(
        [&](tile::RingOp ring) { stages = std::max(stages, ring.getType().getStages()); });
    choices = {1, 0, 2, 3, stages + 1, 2 * stages + 1, 100, 777, 128 * (2 * stages + 1)};
  }

  int64_t numberOf(Value value, ArrayRef<int64_t> index) override {
    auto [known, isNew] = numbers.insert({{value.getAsOpaquePointer(), index.vec()}, 0});
    if (isNew)
      known->second = trial < choices.size() ? choices[trial] : choices[random() % choices.size()];
    if (isNew && numbers.size() <= 4)
      description += ", " + describe(value, index) + " = " + std::to_string(known->second);
    return known->second;
  }

  /// ", argument 2 = 5, argument 3 [0] = 2" for the first numbers that were asked for
  const std::string &describe() const { return description; }

private:
  static std::string describe(Value value, ArrayRef<int64_t> index) {
    std::string text = "a value";
    if (auto argument = dyn_cast<BlockArgument>(value))
      text = "argument " + std::to_string(argument.getArgNumber());
    for (int64_t i : index)
      text += " [" + std::to_string(i) + "]";
    return text;
  }

  unsigned trial;
  std::mt19937 random;
  SmallVector<int64_t> choices;
  std::map<std::pair<const void *, std::vector<int64_t>>, int64_t> numbers;
  std::string description;
};
} // namespace

LogicalResult tilerun::tryProtocol(func::FuncOp function, unsigned trial, int64_t budget) {
  if (failed(checkFunction(function)))
    return failure();
  constexpr std::array<int64_t, 5> counts = {1 << 20, 1, 2, 3, 132};
  int64_t blocks = counts[trial % counts.size()];
  int64_t block = std::array<int64_t, 4>{0, 1, 5, blocks - 1}[trial / counts.size() % 4];
  TrialNumbers numbers(function, trial);
  BlockRun run(std::min(block, blocks - 1), blocks, trial, &numbers);
  run.budget = budget;
  SmallVector<Datum> arguments;
  for (BlockArgument argument : function.getArguments()) {
    Type type = argument.getType();
    if (isa<MemRefType>(type))
      arguments.push_back(MemoryPtr());
    else if (isa<FloatType>(type))
      arguments.push_back(Scalar::ofReal(numbers.numberOf(argument, {})));
    else if (type.isIntOrIndex())
      arguments.push_back(Scalar::ofInteger(wrapTo(type, numbers.numberOf(argument, {}))));
    else
      return function.emitError() << "'" << function.getName()
                                  << "': expected arrays and numbers as arguments, found " << type;
  }
  ScopedDiagnosticHandler handler(function.getContext(), [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      diagnostic.attachNote(function.getLoc())
          << "seen in block " << run.block << " of " << run.blocks << numbers.describe();
    return failure();
  });
  return success(succeeded(runBlock(function, arguments, run)) || run.isCut);
}
