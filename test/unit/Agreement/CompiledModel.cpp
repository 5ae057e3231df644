// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CompiledModel.h"
#include "dialects/Dreamer/DreamerOps.h"
#include "lib/ModelDescription/Build.h"
#include "lib/ModelDescription/Parse.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Support/Recur.h"
#include "llvm/Support/FileSystem.h"
#include <gtest/gtest.h>
#include <random>

using namespace mlir;

namespace dreamer::testing {

using reference::Bundle;
using reference::Floats;
using reference::Ints;

namespace {

/// Reports a failed status; whether it was fine.
bool ok(const runtime::Status &status) {
  if (status.failed())
    ADD_FAILURE() << status.message();
  return status.ok();
}

reference::Tensor toReference(const runtime::Tensor &tensor) {
  reference::Shape shape(tensor.shape().begin(), tensor.shape().end());
  if (runtime::isFloat(tensor.dtype())) {
    Floats values(shape);
    for (int64_t i = 0; i < tensor.elements(); ++i)
      values.data()[i] = tensor.element(i);
    return values;
  }
  Ints values(shape);
  for (int64_t i = 0; i < tensor.elements(); ++i)
    values.data()[i] = static_cast<int32_t>(tensor.element(i));
  return values;
}

runtime::Tensor toRuntime(const reference::Tensor &tensor) {
  bool floats = std::holds_alternative<Floats>(tensor);
  llvm::ArrayRef<int64_t> shape = reference::shapeOf(tensor);
  auto result = runtime::Tensor::allocate(floats ? runtime::DType::F64 : runtime::DType::I32,
                                          runtime::Shape(shape.begin(), shape.end()));
  if (floats)
    llvm::copy(std::get<Floats>(tensor).data(), result->asMutable<double>());
  else
    llvm::copy(std::get<Ints>(tensor).data(), result->asMutable<int32_t>());
  return *result;
}

} // namespace

std::unique_ptr<CompiledModel> CompiledModel::create(const std::string &yaml,
                                                     const ModelOptions &options) {
  std::unique_ptr<CompiledModel> model(new CompiledModel);
  model->options = options;
  if (!model->compile(yaml) || !model->load()) {
    ADD_FAILURE() << "with the description\n" << yaml;
    return nullptr;
  }
  return model;
}

CompiledModel::~CompiledModel() {
  if (!path.empty())
    (void)llvm::sys::fs::remove(path);
}

bool CompiledModel::compile(const std::string &yaml) {
  DialectRegistry registry;
  registerCompilerDialects(registry);
  registerReferenceModels(registry);
  mlirContext = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  mlirContext->loadAllAvailableDialects();
  auto parsed = parseDescription(yaml, "generated.yaml", mlirContext.get());
  if (failed(parsed))
    return false;
  theDescription = *parsed;
  program = buildProgram(/*narrow=*/false);
  if (options.bf16)
    narrowed = buildProgram(/*narrow=*/true);
  OwningOpRef<ModuleOp> model = buildModel(mlirContext.get(), theDescription,
                                           {.batch = options.batch, .depths = options.depths});
  if (!program || !model || (options.bf16 && !narrowed))
    return false;

  llvm::SmallString<128> file;
  if (llvm::sys::fs::createTemporaryFile("agreement", "dreamer", file))
    return false;
  path = file.str();
  CompilerOptions compiler;
  compiler.program.entries = options.entries;
  compiler.program.recompute = options.recompute;
  compiler.program.fuseProducts = options.fuseProducts;
  compiler.program.fuseTiles = options.fuseTiles;
  compiler.program.defer = options.defer;
  compiler.program.deferWindow = options.deferWindow;
  compiler.program.memoryBudget = options.memoryBudget;
  compiler.program.microBatches = options.microBatches;
  compiler.program.narrowMatrices = options.bf16;
  compiler.targets = {"cpu:native"};
  return succeeded(dreamer::compile(*model, compiler, path));
}

OwningOpRef<ModuleOp> CompiledModel::buildProgram(bool narrow) {
  OwningOpRef<ModuleOp> module = buildModel(mlirContext.get(), theDescription,
                                            {.batch = options.batch, .depths = options.depths});
  ProgramOptions programOptions;
  programOptions.entries = options.entries;
  programOptions.narrowMatrices = narrow;
  programOptions.defer = Defer::None; // the gradient that every step adds to is the specification
  PassManager passes(mlirContext.get());
  addProgramPipeline(passes, programOptions);
  if (!module || failed(passes.run(*module)))
    return nullptr;
  return module;
}

bool CompiledModel::load() {
  auto package = runtime::Package::open(path);
  if (!ok(package.status()))
    return false;
  runtime::SessionOptions sessionOptions;
  sessionOptions.deviceOptions.threads = options.threads;
  auto session = runtime::Session::create(*package, sessionOptions);
  if (!ok(session.status()))
    return false;
  theSession = *session;
  return true;
}

void CompiledModel::initialize(uint64_t seed) {
  ASSERT_TRUE(ok(theSession->initialize(seed)));
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<float> noise(-0.2f, 0.2f);
  auto parameters = theSession->state(runtime::BufferKind::Parameters);
  ASSERT_TRUE(ok(parameters.status()));
  for (const auto &[name, tensor] : parameters->entries())
    if (tensor.shape().size() == 1)
      for (int64_t i = 0; i < tensor.elements(); ++i)
        tensor.asMutable<float>()[i] += noise(random);
}

void CompiledModel::train(int64_t steps, uint64_t seed) {
  for (int64_t step = 1; step <= steps; ++step) {
    Bundle inputs = randomBatch(seed + step);
    inputs["step"] = Ints::scalar(static_cast<int32_t>(step));
    inputs["rate"] = Floats::scalar(3e-3);
    run("train_step", inputs);
  }
}

Bundle CompiledModel::randomBatch(uint64_t seed) const {
  std::mt19937_64 random(seed);
  auto draw = [&](int64_t bound) { return static_cast<int32_t>(random() % bound); };
  Ints tokens({options.batch, context()}), targets({options.batch, context()});
  for (int32_t &token : tokens.data())
    token = draw(theDescription.vocabSize);
  for (int32_t &target : targets.data())
    target = draw(5) == 0 ? -1 : draw(theDescription.vocabSize);
  targets.data()[0] = draw(theDescription.vocabSize); // never all ignored
  return {{"tokens", tokens}, {"targets", targets}};
}

Bundle CompiledModel::withParameters(const Bundle &inputs) {
  Bundle all = inputs;
  auto parameters = theSession->state(runtime::BufferKind::Parameters);
  for (const auto &[name, tensor] : parameters->entries())
    all[name] = toReference(tensor);
  return all;
}

Bundle CompiledModel::run(const std::string &entry, const Bundle &inputs) {
  Bundle results;
  auto call = runtime::Call::create(theSession, entry);
  if (!ok(call.status()))
    return results;
  for (const auto &[name, tensor] : inputs)
    if (!ok((*call)->set(name, toRuntime(tensor))))
      return results;
  if (!ok((*call)->run()))
    return results;
  for (const runtime::ValueSpec &output : (*call)->entry().outputs) {
    auto tensor = (*call)->output(output.name);
    if (ok(tensor.status()))
      results[output.name] = toReference(*tensor);
  }
  return results;
}

Bundle CompiledModel::interpret(ModuleOp module, const std::string &entry, const Bundle &inputs,
                                reference::Options how) {
  reference::Interpreter interpreter(module, how);
  auto results = interpreter.run(entry, withParameters(inputs));
  EXPECT_TRUE(succeeded(results)) << entry;
  return succeeded(results) ? *results : Bundle();
}

Bundle CompiledModel::interpret(const std::string &entry, const Bundle &inputs) {
  return interpret(*program, entry, inputs, {});
}

Bundle CompiledModel::interpretRounded(const std::string &entry, const Bundle &inputs) {
  return interpret(*narrowed, entry, inputs, {.roundBF16 = true});
}

std::vector<std::string> CompiledModel::exposeRankedScores() {
  std::vector<std::string> ranks;
  auto score = program->lookupSymbol<func::FuncOp>("score");
  Builder builder(mlirContext.get());
  for (RecurOp loop : llvm::make_early_inc_range(score.getOps<RecurOp>())) {
    SmallVector<Value> seen;
    SmallVector<std::string> names;
    for (auto topK : loop.getBody().getOps<TopKOp>()) {
      std::string index = std::to_string(ranks.size());
      seen.append({topK.getScores(), topK.getBias()});
      names.insert(names.end(), {"scores." + index, "bias." + index});
      ranks.push_back(topK.getRank().str());
    }
    RecurOp larger = addStackedResults(loop, seen);
    auto returned = cast<func::ReturnOp>(score.getBody().front().getTerminator());
    for (auto [name, value] : llvm::zip(names, larger.getResults().take_back(seen.size()))) {
      unsigned index = returned.getNumOperands();
      returned.getOperandsMutable().append(value);
      (void)score.insertResult(index, value.getType(),
                               builder.getDictionaryAttr(builder.getNamedAttr(
                                   attribute::name, builder.getStringAttr(name))));
    }
    loop.erase();
  }
  return ranks;
}

} // namespace dreamer::testing
