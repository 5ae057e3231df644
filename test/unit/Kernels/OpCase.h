// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One operation with operands, computed by its kernels and by the interpreter.

#ifndef DREAMER_TEST_UNIT_KERNELS_OPCASE_H
#define DREAMER_TEST_UNIT_KERNELS_OPCASE_H

#include "lib/Kernels/KernelParameters.h"
#include "lib/Kernels/KernelTarget.h"
#include "lib/Reference/Interpreter.h"
#include "mlir/IR/MLIRContext.h"
#include <random>
#include <string>
#include <vector>

namespace dreamer::test {

/// Repeatable random numbers for one test.
class Random {
public:
  explicit Random(unsigned seed) : engine(seed) {}
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine() % static_cast<uint64_t>(high - low + 1));
  }
  bool chance(int percent) { return between(1, 100) <= percent; }
  template <typename T>
  T oneOf(std::initializer_list<T> values) {
    return values.begin()[between(0, static_cast<int64_t>(values.size()) - 1)];
  }
  double normal() { return std::normal_distribution<double>()(engine); }

  /// f32 values, normal times `scale`; bf16 values if `narrow`.
  reference::Floats floats(llvm::ArrayRef<int64_t> shape, double scale = 1, bool narrow = false);
  reference::Ints ints(llvm::ArrayRef<int64_t> shape, int64_t low, int64_t high);

private:
  std::mt19937_64 engine;
};

/// The results of sequence_attention, as its adjoint takes them: out and lse.
std::pair<reference::Floats, reference::Floats> attend(const reference::Floats &q,
                                                       const reference::Floats &k,
                                                       const reference::Floats &v, int64_t heads,
                                                       int64_t kvHeads);

struct Operand {
  reference::Tensor value;
  bool narrow = false; ///< bf16
};

/// An operation under test.
struct OpCase {
  std::string name;       ///< "rms_norm"
  std::string attributes; ///< "eps = 1.0e-6 : f64"
  std::vector<Operand> operands = {};
  double tolerance = 2e-6;     ///< of ||kernel - reference|| / ||reference||
  std::string resultType = {}; ///< where types do not follow from operands
  int64_t vectorBits = 256;
  std::string function =
      {}; ///< instead of name and attributes: a function with the operation first
  NarrowProducts products = NarrowProducts::widened; ///< others are emulated
};

/// Rows [batch, positions], experts and how many are chosen, features and hidden features.
struct MixtureSizes {
  int64_t batch, positions, experts, chosen, h, f;
};
/// The operations of a mixture of SwiGLUs and their adjoints, but for the weights' gradients. Experts are chosen
/// evenly, or nearly always the last one; matrices are bf16 if `narrow`.
std::vector<OpCase> mixtureOps(Random &r, const MixtureSizes &sizes, bool narrow = false);

/// expert_weight_grad of random shapes, with and without sums to add to; with `many` rows not all of
/// them are packed at once.
std::vector<OpCase> expertWeightGrads(Random &r, bool narrow, bool many = false);

/// What the kernels of the case leave open; fails the test if it is nothing.
KernelParameters parametersOf(const OpCase &test);

/// Runs the case: kernels agree with the interpreter, give the same bits with tasks in
/// reverse order and with results in the buffers of operands they may lie in, and write
/// nothing but their buffers.
void check(const OpCase &test);
/// The same for kernels with each of these choices of their parameters.
void check(const OpCase &test, llvm::ArrayRef<KernelChoice> choices);

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_KERNELS_OPCASE_H
