// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Kernels/OpCase.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "lib/Kernels/KernelOpInterface.h"
#include "lib/Kernels/Kernels.h"
#include "lib/Kernels/TunableOpInterface.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Verifier.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "test/unit/Kernels/Jit.h"
#include "test/unit/Kernels/RecordedSchedule.h"
#include "gtest/gtest.h"
#include <array>
#include <cstring>
#include <limits>

using namespace mlir;

namespace dreamer::test {

using reference::Floats;
using reference::Ints;
using reference::Tensor;

static float toBF16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
  std::memcpy(&x, &bits, 4);
  return x;
}

Floats Random::floats(ArrayRef<int64_t> shape, double scale, bool narrow) {
  Floats result(shape);
  for (double &x : result.data()) {
    auto rounded = static_cast<float>(normal() * scale);
    x = narrow ? toBF16(rounded) : rounded;
  }
  return result;
}

Ints Random::ints(ArrayRef<int64_t> shape, int64_t low, int64_t high) {
  Ints result(shape);
  for (int32_t &x : result.data())
    x = static_cast<int32_t>(between(low, high));
  return result;
}

std::pair<Floats, Floats> attend(const Floats &q, const Floats &k, const Floats &v, int64_t heads,
                                 int64_t kvHeads) {
  int64_t batch = q.dim(0), positions = q.dim(1), c = q.dim(2) / heads;
  Floats out(q.shape()), lse({batch, heads, positions});
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t t = 0; t < positions; ++t) {
        int64_t g = h / (heads / kvHeads);
        std::vector<double> weights;
        double sum = 0;
        for (int64_t u = 0; u <= t; ++u) {
          double score = 0;
          for (int64_t i = 0; i < c; ++i)
            score += q(b, t, h * c + i) * k(b, u, g * c + i);
          weights.push_back(std::exp(score / std::sqrt(double(c))));
          sum += weights.back();
        }
        lse(b, h, t) = static_cast<float>(std::log(sum));
        for (int64_t i = 0; i < c; ++i) {
          double value = 0;
          for (int64_t u = 0; u <= t; ++u)
            value += weights[u] / sum * v(b, u, g * c + i);
          out(b, t, h * c + i) = static_cast<float>(value);
        }
      }
  return {out, lse};
}

std::vector<OpCase> mixtureOps(Random &r, const MixtureSizes &sizes, bool narrow) {
  auto [batch, positions, experts, chosen, h, f] = sizes;
  auto matrix = [&](llvm::ArrayRef<int64_t> shape, double scale = 1) {
    return Operand{r.floats(shape, scale, narrow), narrow};
  };
  double in = 1 / std::sqrt(double(h)), out = 1 / std::sqrt(double(f));
  Operand w1 = matrix({experts, f, h}, in), w3 = matrix({experts, f, h}, in);
  Operand w2 = matrix({experts, h, f}, out);
  Operand u = matrix({batch, positions, h}), d = matrix({batch, positions, h});
  Operand da = matrix({batch, positions, chosen, f}), db = matrix({batch, positions, chosen, f});
  Operand a{r.floats({batch, positions, chosen, f})}, b{r.floats({batch, positions, chosen, f})};
  Operand gates{r.floats({batch, positions, chosen})};
  Operand ids{r.ints({batch, positions, chosen}, r.chance(70) ? 0 : experts - 1, experts - 1)};
  return {{"expert_linear", "", {w1, w3, u, ids}, 2e-6},
          {"expert_linear_grad",
           "operandSegmentSizes = array<i32: 2, 2, 1>",
           {w1, w3, da, db, ids},
           2e-6},
          {"mix_experts", "", {a, b, ids, gates, w2}, 2e-6},
          {"mix_experts_grad", "", {a, b, ids, gates, w2, d}, 4e-6}};
}

std::vector<OpCase> expertWeightGrads(Random &r, bool narrow, bool many) {
  int64_t positions = many ? 2500 : r.oneOf<int64_t>({1, 3, 40, 700});
  int64_t experts = r.oneOf<int64_t>({1, 2, 5, 16});
  int64_t k = r.between(1, std::min<int64_t>(experts, 4));
  // A factor of rows or of choices.
  auto factor = [&](int64_t features) {
    return Operand{r.chance(50) ? r.floats({2, positions, features}, 1, narrow)
                                : r.floats({2, positions, k, features}, 1, narrow),
                   narrow};
  };
  std::vector<int64_t> lefts;
  for (int64_t i = 0, n = r.between(1, 2); i < n; ++i)
    lefts.push_back(many ? 5 : r.oneOf<int64_t>({1, 5, 6, 16, 40}));
  std::vector<Operand> operands;
  for (int64_t left : lefts)
    operands.push_back(factor(left));
  int64_t right = many ? 900 : r.oneOf<int64_t>({1, 7, 33, 64, 600});
  operands.push_back(factor(right));
  // Evenly, or nearly all to the last expert; some choices are none.
  operands.push_back(
      {r.ints({2, positions, k}, r.chance(30) ? experts - 1 : -r.between(0, 1), experts - 1)});
  auto attributes = [&](size_t sums) {
    return "experts = " + std::to_string(experts) +
           " : i64, operandSegmentSizes = array<i32: " + std::to_string(lefts.size()) + ", 1, 1, " +
           std::to_string(sums) + ">";
  };
  OpCase stores{"expert_weight_grad", attributes(0), operands, 4e-6}, adds = stores;
  adds.attributes = attributes(lefts.size());
  for (int64_t left : lefts)
    adds.operands.push_back({r.floats({experts, left, right})});
  return {stores, adds};
}

namespace {

/// Bytes between guards.
class Buffer {
public:
  explicit Buffer(int64_t size) : size(size), bytes(size + 2 * guard + alignment, fill) {}

  char *data() {
    auto address = reinterpret_cast<uintptr_t>(bytes.data()) + guard;
    return reinterpret_cast<char *>((address + alignment - 1) / alignment * alignment);
  }
  bool intact() {
    return std::all_of(bytes.data(), data(), [](char c) { return c == fill; }) &&
           std::all_of(data() + size, bytes.data() + bytes.size(),
                       [](char c) { return c == fill; });
  }
  std::vector<char> copy() { return {data(), data() + size}; }

private:
  static constexpr int64_t guard = 256, alignment = 64;
  static constexpr char fill = static_cast<char>(0xff); // a NaN in every format
  int64_t size;
  std::vector<char> bytes;
};

int64_t bytesOf(ShapedType type) {
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

void write(const Tensor &tensor, ShapedType type, char *to) {
  if (auto *ints = std::get_if<Ints>(&tensor)) {
    std::memcpy(to, ints->data().data(), ints->size() * 4);
    return;
  }
  bool narrow = type.getElementType().isBF16();
  for (double x : std::get<Floats>(tensor).data()) {
    auto value = static_cast<float>(x);
    std::memcpy(to, reinterpret_cast<char *>(&value) + (narrow ? 2 : 0), narrow ? 2 : 4);
    to += narrow ? 2 : 4;
  }
}

double read(ShapedType type, const char *from, int64_t i) {
  float value = 0;
  if (type.getElementType().isBF16())
    std::memcpy(reinterpret_cast<char *>(&value) + 2, from + i * 2, 2);
  else
    std::memcpy(&value, from + i * 4, 4);
  return value;
}

/// The buffers of one run.
struct Memory {
  std::vector<std::unique_ptr<Buffer>> buffers;
  DenseMap<Value, int64_t> addresses;

  void allocate(Value host, ShapedType type) {
    buffers.push_back(std::make_unique<Buffer>(bytesOf(type)));
    addresses[host] = reinterpret_cast<int64_t>(buffers.back()->data());
  }
};

/// The operation in a function of its operands, and its kernels compiled.
class Runner {
public:
  explicit Runner(const OpCase &test) : test(test) {}

  bool buildOperation();
  bool interpret();
  bool buildKernels(const KernelChoice &choice);
  bool compile();
  void compare();
  TunableOpInterface tunable() { return dyn_cast<TunableOpInterface>(op); }
  const KernelTarget &machine() const { return target; }

private:
  using Results = std::vector<std::vector<char>>;
  bool buildFunction();
  bool parseFunction();
  Memory prepare(std::optional<std::pair<unsigned, unsigned>> shared);
  void execute(Memory &memory, bool backwards);
  /// Runs the kernels; the buffer of result `first` is that of operand `second`, if given.
  Results run(bool backwards, std::optional<std::pair<unsigned, unsigned>> shared);
  void compareResult(unsigned i, const Tensor &expected, const std::vector<char> &actual,
                     double wholeNorm);
  std::string describe();

  static MLIRContext &context();

  const OpCase &test;
  OwningOpRef<ModuleOp> module, kernels;
  func::FuncOp function;
  Operation *op = nullptr;
  SmallVector<Tensor> expected;
  KernelOpInterface model;
  KernelTarget target;
  std::unique_ptr<RecordedSchedule> schedule;
  std::unique_ptr<Jit> jit;
};

MLIRContext &Runner::context() {
  static MLIRContext *context = [] {
    DialectRegistry registry;
    registerAllDialects(registry);
    registerAllExtensions(registry);
    registry.insert<DreamerDialect>();
    registerKernelModels(registry);
    registerReferenceModels(registry);
    auto *result = new MLIRContext(registry, MLIRContext::Threading::DISABLED);
    result->loadAllAvailableDialects();
    return result;
  }();
  return *context;
}

/// A function of the operands that returns what the operation makes of them.
bool Runner::buildFunction() {
  OpBuilder b(&context());
  Location loc = b.getUnknownLoc();
  SmallVector<Type> types;
  for (const Operand &operand : test.operands) {
    if (std::holds_alternative<int64_t>(operand.value)) {
      types.push_back(b.getIndexType());
      continue;
    }
    Type element = std::holds_alternative<Ints>(operand.value) ? Type(b.getI32Type())
                   : operand.narrow                            ? Type(b.getBF16Type())
                                                               : Type(b.getF32Type());
    types.push_back(RankedTensorType::get(reference::shapeOf(operand.value), element));
  }
  module = ModuleOp::create(loc);
  b.setInsertionPointToEnd(module->getBody());
  function = func::FuncOp::create(b, loc, "test", b.getFunctionType(types, {}));
  Block *block = function.addEntryBlock();
  b.setInsertionPointToEnd(block);

  OperationState state(loc, "dreamer." + test.name);
  state.addOperands(block->getArguments());
  auto attributes =
      dyn_cast_or_null<DictionaryAttr>(parseAttribute("{" + test.attributes + "}", &context()));
  if (!attributes)
    return false;
  state.addAttributes(attributes.getValue());
  if (!test.resultType.empty()) {
    state.addTypes(parseType(test.resultType, &context()));
  } else {
    auto *inference = state.name.getInterface<InferTypeOpInterface>();
    SmallVector<Type> results;
    std::vector<char> storage(static_cast<size_t>(state.name.getOpPropertyByteSize()) + 1);
    OpaqueProperties properties(storage.data());
    state.name.initOpProperties(properties, nullptr);
    if ((storage.size() > 1 &&
         failed(state.name.setOpPropertiesFromAttribute(state.name, properties, attributes,
                                                        [&] { return emitError(loc); }))) ||
        failed(inference->inferReturnTypes(&context(), loc, state.operands, attributes, properties,
                                           {}, results)))
      return false;
    state.addTypes(results);
  }
  op = b.create(state);
  func::ReturnOp::create(b, loc, op->getResults());
  function.setFunctionType(b.getFunctionType(types, op->getResultTypes()));
  return succeeded(verify(*module));
}

/// The function that the test gives.
bool Runner::parseFunction() {
  module = parseSourceString<ModuleOp>(test.function, &context());
  if (!module)
    return false;
  function = *module->getOps<func::FuncOp>().begin();
  op = &function.getBody().front().front();
  return true;
}

bool Runner::buildOperation() {
  target.name = "test";
  target.vectorBits = test.vectorBits;
  if (test.products != NarrowProducts::widened)
    target.emulated = {"avx512bf16"};
  if (test.products == NarrowProducts::tiles)
    target.emulated.insert({"amx-tile", "amx-bf16"});
  return test.function.empty() ? buildFunction() : parseFunction();
}

bool Runner::interpret() {
  SmallVector<Tensor> inputs;
  for (const Operand &operand : test.operands)
    inputs.push_back(operand.value);
  reference::Interpreter interpreter(*module, {.roundBF16 = true});
  expected = interpreter.call(function, inputs).value_or(SmallVector<Tensor>());
  return expected.size() == op->getNumResults();
}

bool Runner::buildKernels(const KernelChoice &choice) {
  if (!choice.empty())
    writeChoice(op, target.name, choice);
  if (failed(checkChoice(op, target)))
    return false;
  kernels = ModuleOp::create(op->getLoc());
  schedule = std::make_unique<RecordedSchedule>(op, *kernels, target);
  model = dyn_cast<KernelOpInterface>(op);
  if (!model)
    return false;
  model.buildKernels(*schedule);
  if (getenv("DREAMER_TEST_DUMP"))
    kernels->dump();
  return succeeded(verify(*kernels));
}

bool Runner::compile() {
  jit = Jit::compile(*kernels, target);
  return jit != nullptr;
}

Memory Runner::prepare(std::optional<std::pair<unsigned, unsigned>> shared) {
  Memory memory;
  for (auto [i, operand] : llvm::enumerate(test.operands)) {
    Value value = op->getOperand(static_cast<unsigned>(i)), host = schedule->buffer(value);
    if (auto *index = std::get_if<int64_t>(&operand.value)) {
      memory.addresses[host] = *index;
      continue;
    }
    auto type = cast<ShapedType>(value.getType());
    memory.allocate(host, type);
    write(operand.value, type, reinterpret_cast<char *>(memory.addresses[host]));
  }
  for (OpResult result : op->getResults()) {
    Value host = schedule->buffer(result);
    std::optional<unsigned> operand = model.getUpdatedOperand(result.getResultNumber());
    if (shared && shared->first == result.getResultNumber())
      operand = shared->second;
    if (operand)
      memory.addresses[host] = memory.addresses[schedule->buffer(op->getOperand(*operand))];
    else
      memory.allocate(host, cast<ShapedType>(result.getType()));
  }
  for (Value host : schedule->scratches)
    memory.allocate(host, cast<ShapedType>(host.getType()));
  return memory;
}

void Runner::execute(Memory &memory, bool backwards) {
  for (const RecordedSchedule::Launch &launch : schedule->launches) {
    for (int64_t i = 0; i < launch.tasks; ++i) {
      SmallVector<int64_t> arguments{backwards ? launch.tasks - 1 - i : i};
      for (Value argument : launch.arguments)
        arguments.push_back(getConstantIntValue(argument).value_or(memory.addresses[argument]));
      jit->call(launch.function, arguments);
    }
  }
}

Runner::Results Runner::run(bool backwards, std::optional<std::pair<unsigned, unsigned>> shared) {
  Memory memory = prepare(shared);
  execute(memory, backwards);
  for (auto &buffer : memory.buffers)
    EXPECT_TRUE(buffer->intact()) << "written outside of a buffer: " << describe();
  Results results;
  for (OpResult result : op->getResults()) {
    auto *data = reinterpret_cast<char *>(memory.addresses[schedule->buffer(result)]);
    results.emplace_back(data, data + bytesOf(cast<ShapedType>(result.getType())));
  }
  return results;
}

std::string Runner::describe() {
  std::string text;
  llvm::raw_string_ostream os(text);
  op->print(os);
  os << " vectors of " << test.vectorBits << " bits, "
     << std::array{"widened", "pairs", "tiles"}[static_cast<int>(test.products)];
  return text;
}

void Runner::compareResult(unsigned i, const Tensor &expected, const std::vector<char> &actual,
                           double wholeNorm) {
  auto type = cast<ShapedType>(op->getResult(i).getType());
  if (auto *ints = std::get_if<Ints>(&expected)) {
    EXPECT_EQ(std::memcmp(ints->data().data(), actual.data(), actual.size()), 0)
        << "result " << i << " of " << describe();
    return;
  }
  double difference = 0, norm = 0;
  const Floats &floats = std::get<Floats>(expected);
  for (int64_t j = 0; j < floats.size(); ++j) {
    double x = floats.data()[j], y = read(type, actual.data(), j);
    difference += (x - y) * (x - y);
    norm += x * x;
  }
  // Few values lie so close to the middle between two of bf16 that they are rounded the other way; not to round to
  // nearest would be off by twice as much.
  double tolerance =
      type.getElementType().isBF16() ? std::max(test.tolerance, 1e-3) : test.tolerance;
  // What is zero by construction is compared with all results. False for NaN.
  EXPECT_TRUE(std::sqrt(difference) <= tolerance * std::sqrt(norm) + 5e-7 * wholeNorm)
      << "result " << i << " of " << describe() << ": off by " << std::sqrt(difference) << " of "
      << std::sqrt(norm);
}

void Runner::compare() {
  Results results = run(false, std::nullopt);
  double squares = 0;
  for (const Tensor &tensor : expected)
    if (auto *floats = std::get_if<Floats>(&tensor))
      for (double x : floats->data())
        squares += x * x;
  for (unsigned i = 0; i < results.size(); ++i)
    compareResult(i, expected[i], results[i], std::sqrt(squares));
  EXPECT_TRUE(run(true, std::nullopt) == results)
      << "depends on the order of tasks: " << describe();
  for (unsigned i = 0; i < op->getNumResults(); ++i)
    for (unsigned j = 0; j < op->getNumOperands(); ++j)
      if (op->getResult(i).getType() == op->getOperand(j).getType() && model.mayShareBuffer(i, j))
        EXPECT_TRUE(run(false, std::pair(i, j)) == results)
            << "result " << i << " in the buffer of operand " << j << ": " << describe();
}

} // namespace

KernelParameters parametersOf(const OpCase &test) {
  Runner runner(test);
  if (!runner.buildOperation() || !runner.tunable()) {
    ADD_FAILURE() << "expected an operation with parameters, found " << test.name;
    return {};
  }
  return runner.tunable().getKernelParameters(runner.machine());
}

void check(const OpCase &test) { check(test, KernelChoice()); }

void check(const OpCase &test, ArrayRef<KernelChoice> choices) {
  Runner runner(test);
  ASSERT_TRUE(runner.buildOperation() && runner.interpret()) << "cannot run " << test.name;
  for (const KernelChoice &choice : choices) {
    SCOPED_TRACE(toString(choice));
    ASSERT_TRUE(runner.buildKernels(choice) && runner.compile())
        << "cannot build the kernels of " << test.name;
    runner.compare();
  }
}

} // namespace dreamer::test
