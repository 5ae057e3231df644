// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parameters of a model: names, shapes and how they start.

#ifndef DREAMER_LIB_MODELDESCRIPTION_PARAMETERS_H
#define DREAMER_LIB_MODELDESCRIPTION_PARAMETERS_H

#include "lib/ModelDescription/Description.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

namespace dreamer {

struct Parameter {
  std::string name;
  llvm::SmallVector<int64_t, 3> shape; ///< [out, in] for matrices
  bool balance = false;                ///< an expert bias: balanced, not differentiated
  bool random = false;                 ///< normal(0, value), else filled with value
  double value = 0;
  double biasRate = 0; ///< of a balance bias: how far a step moves it

  /// Elements; at most 2^62, larger products are clamped to that.
  int64_t size() const;
};

/// Parameters of one layer, in the order of weight files. Names start with `prefix`.
void appendLayerParameters(const Description &description, const Layer &layer,
                           llvm::StringRef prefix, std::vector<Parameter> &parameters);

/// All parameters and balance biases of the model, in the order of weight files.
std::vector<Parameter> listParameters(const Description &description);

/// a * b for sizes that are not negative, clamped to 2^62.
int64_t saturatingProduct(int64_t a, int64_t b);

} // namespace dreamer

#endif // DREAMER_LIB_MODELDESCRIPTION_PARAMETERS_H
