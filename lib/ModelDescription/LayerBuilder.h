// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds the operations of one layer application.

#ifndef DREAMER_LIB_MODELDESCRIPTION_LAYERBUILDER_H
#define DREAMER_LIB_MODELDESCRIPTION_LAYERBUILDER_H

#include "lib/ModelDescription/Description.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace dreamer {

/// What flows from one layer application to the next.
struct LayerState {
  mlir::Value x;      ///< f32 [B, T, h]
  mlir::Value keys;   ///< history f32 [S, B, T, kv_heads * head_dim], null without depth attention
  mlir::Value values; ///< likewise
};

/// Where in its block an application stands, and what it works with.
struct Application {
  std::string name;        ///< what locations say: "core", "pair.1"
  mlir::Value positions;   ///< i32 [B, T]
  mlir::Value index;       ///< the depth that rotations see
  mlir::Value slot;        ///< its slot in the history, null without depth attention
  mlir::Value historySize; ///< slots that its depth attention sees
  mlir::Value givenIds;    ///< i32 [B, T, k], null without experts
};

class LayerBuilder {
public:
  /// `weight` gives the value of a parameter by its name within the layer.
  LayerBuilder(mlir::OpBuilder &builder, const Description &description, const Layer &layer,
               const Application &application,
               llvm::function_ref<mlir::Value(llvm::StringRef)> weight);

  /// Builds the layer; returns its experts' ids i32 [B, T, k], null without experts.
  mlir::Value build(LayerState &state);

private:
  mlir::Value sequenceAttention(const SequenceAttention &a, mlir::Value u);
  mlir::Value depthAttention(const DepthAttention &a, mlir::Value u, LayerState &state);
  mlir::Value expertAttention(const ExpertAttention &a, mlir::Value u, mlir::Value &ids);
  mlir::Value swiglu(llvm::StringRef part, mlir::Value u);
  mlir::Value attend(LayerState &state);

  /// x W^T with the weight `<part>.<name>.weight`.
  mlir::Value linear(mlir::Value x, llvm::StringRef part, llvm::StringRef name,
                     bool fullPrecision = false);
  mlir::Value norm(mlir::Value x, llvm::Twine name);
  mlir::Value rotate(mlir::Value x, mlir::Value position, int64_t headDim, double theta);
  mlir::Value add(mlir::Value a, mlir::Value b);
  /// A projection `<part>.<name>_proj`, with its norm where there is one, rotated.
  template <typename Attention>
  mlir::Value head(const Attention &a, llvm::StringRef part, llvm::StringRef name, mlir::Value u,
                   mlir::Value position);
  void enter(llvm::StringRef part);

  mlir::ImplicitLocOpBuilder b;
  const Description &description;
  const Layer &layer;
  const Application &application;
  llvm::function_ref<mlir::Value(llvm::StringRef)> weight;
};

} // namespace dreamer

#endif // DREAMER_LIB_MODELDESCRIPTION_LAYERBUILDER_H
