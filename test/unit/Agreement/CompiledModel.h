// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One description both ways: compiled to a package and run by the runtime, and as IR of
// the program phase run by the interpreter, with the same parameters and inputs.

#ifndef DREAMER_TEST_UNIT_AGREEMENT_COMPILEDMODEL_H
#define DREAMER_TEST_UNIT_AGREEMENT_COMPILEDMODEL_H

#include "lib/ModelDescription/Description.h"
#include "lib/Pipelines/Compiler.h"
#include "lib/Reference/Interpreter.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/core/Call.h"
#include <memory>
#include <string>
#include <vector>

namespace dreamer::testing {

struct ModelOptions {
  int64_t batch = 2;
  bool bf16 = false;
  Recompute recompute = Recompute::None;
  When fuseTiles = When::Auto;
  When fuseProducts = When::Auto; ///< of the package; the interpreter's program is not fused
  Defer defer = Defer::Auto;
  int64_t deferWindow = 0;
  int64_t memoryBudget = 0;
  int64_t microBatches = 1;
  std::vector<std::string> entries = {"score", "gradients", "prefill", "decode"};
  std::vector<std::pair<std::string, int64_t>> depths = {}; ///< compiled depth of blocks
  int threads = 2;
};

class CompiledModel {
public:
  /// Null, after test failures that say why, if something fails.
  static std::unique_ptr<CompiledModel> create(const std::string &yaml,
                                               const ModelOptions &options);
  ~CompiledModel();

  const Description &description() const { return theDescription; }
  bool isBF16() const { return options.bf16; }
  int64_t batch() const { return options.batch; }
  int64_t context() const { return theDescription.context; }
  runtime::Session &session() { return *theSession; }

  /// Draws the parameters: as initialised, then norms and biases moved off their constants.
  void initialize(uint64_t seed);
  /// `steps` steps of the compiled train_step on random tokens.
  void train(int64_t steps, uint64_t seed);

  /// The parameters and the given inputs, for the interpreter.
  reference::Bundle withParameters(const reference::Bundle &inputs);
  /// Random tokens and targets (some of them -1) of one batch.
  reference::Bundle randomBatch(uint64_t seed) const;

  /// Runs an entry of the package; its results by the interpreter's names.
  reference::Bundle run(const std::string &entry, const reference::Bundle &inputs);
  /// Runs an entry in the interpreter, on the same parameters.
  reference::Bundle interpret(const std::string &entry, const reference::Bundle &inputs);

  /// The same on the narrowed program, with every cast to bf16 rounding: what bf16 packages compute.
  reference::Bundle interpretRounded(const std::string &entry, const reference::Bundle &inputs);

  /// Makes @score of the interpreter's module also return what the n-th top_k ranks, as
  /// "scores.<n>" [D, B, T, N] and "bias.<n>" [D, N]; gives how each of them ranks.
  std::vector<std::string> exposeRankedScores();

private:
  CompiledModel() = default;
  bool compile(const std::string &yaml);
  /// The program phase of the model, in f32 or narrowed; null on failure.
  mlir::OwningOpRef<mlir::ModuleOp> buildProgram(bool narrow);
  reference::Bundle interpret(mlir::ModuleOp module, const std::string &entry,
                              const reference::Bundle &inputs, reference::Options how);
  bool load();

  ModelOptions options;
  std::unique_ptr<mlir::MLIRContext> mlirContext;
  Description theDescription;
  mlir::OwningOpRef<mlir::ModuleOp> program, narrowed;
  std::string path;
  std::shared_ptr<runtime::Session> theSession;
};

} // namespace dreamer::testing

#endif // DREAMER_TEST_UNIT_AGREEMENT_COMPILEDMODEL_H
