// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an operation tells the passes about itself: its derivative, its cost, the
// operands a narrower element type applies to, its form in token-by-token decoding.

#ifndef DREAMER_INTERFACES_TD
#define DREAMER_INTERFACES_TD

include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::dreamer";
  let description = [{
    An operation that knows its adjoint: given the cotangents of its results it
    builds the cotangents of its operands. Operands that receive nothing
    (ids, targets, positions) are constants in differentiation.
  }];
  let methods = [
    InterfaceMethod<[{
      Builds, at the builder's insertion point, the operations that compute the
      operands' cotangents, and hands them to `context.accumulate`. Forward values
      may only be reached through `context.primal`, which notes that they have to
      be kept (or computed again). Called only if some result has a cotangent.
    }], "void", "buildAdjoint",
      (ins "::mlir::OpBuilder &":$builder, "::dreamer::AdjointContext &":$context)>,
    InterfaceMethod<[{
      Whether this operation may run a second time in the reverse pass. A choice
      (of experts) may not: it is kept and never made again.
    }], "bool", "mayRecompute", (ins), "", [{ return true; }]>,
  ];
}

def CostOpInterface : OpInterface<"CostOpInterface"> {
  let cppNamespace = "::dreamer";
  let description = [{
    An operation that knows what one execution costs. FLOPs count contractions
    only, a multiply-add as two; causal masks and depth prefixes are counted
    exactly. Bytes are what the operands and results occupy, as far as they are
    touched.
  }];
  let methods = [
    InterfaceMethod<[{
      The cost of one execution. `index` gives the value of an `index` operand
      (a depth, a count of history slots) in the execution that is asked for.
    }], "::dreamer::Cost", "getCost",
      (ins "::llvm::function_ref<int64_t(::mlir::Value)>":$index), "", [{
        return ::dreamer::Cost::ofMemoryTraffic($_op, index);
      }]>,
    InterfaceMethod<[{
      The bytes of `value`, an operand or a result, that one execution reads or
      writes: all of them but where the operation needs a part. Where the data
      decide (ids), at most so many.
    }], "int64_t", "getTouchedBytes",
      (ins "::mlir::Value":$value,
           "::llvm::function_ref<int64_t(::mlir::Value)>":$index), "", [{
        return ::dreamer::bytesOf(value);
      }]>,
  ];
}

def MatrixOperandsOpInterface : OpInterface<"MatrixOperandsOpInterface"> {
  let cppNamespace = "::dreamer";
  let description = [{
    An operation whose arithmetic is a matrix product: the operands named here are
    narrowed when a package is compiled for a narrower element type.
  }];
  let methods = [
    InterfaceMethod<"The operands that narrow.", "::llvm::SmallVector<::mlir::OpOperand *>",
      "getMatrixOperands", (ins)>,
  ];
}

def NarrowResultsOpInterface : OpInterface<"NarrowResultsOpInterface"> {
  let cppNamespace = "::dreamer";
  let description = [{
    An operation that can write results as bf16: computed as ever, rounded once, as `dreamer.cast` rounds.
    The attribute `dreamer.narrow` numbers the results that are, and their types follow from it. A
    result that a sum is given for stays f32, for it would be rounded at each addition.

    ```mlir
    %y = dreamer.rms_norm %x, %w {dreamer.narrow = array<i64: 0>, eps = 1.0e-6 : f64}
        : tensor<2x8xf32>, tensor<8xf32> // bf16
    ```
  }];
  let methods = [
    InterfaceMethod<"The results that may be bf16 where no sums are given for them.",
      "::llvm::SmallVector<::mlir::OpResult>", "getNarrowableResults", (ins), "", [{
        return {$_op->getOpResult(0)};
      }]>,
  ];
  let extraSharedClassDeclaration = [{
    bool mayNarrow(::mlir::OpResult result) {
      return llvm::is_contained($_op.getNarrowableResults(), result) &&
             !::dreamer::detail::isSum(result);
    }
    /// Makes `result` bf16.
    void narrow(::mlir::OpResult result) { ::dreamer::detail::narrowResult(result); }
  }];
}

def AccumulatingOpInterface : OpInterface<"AccumulatingOpInterface"> {
  let cppNamespace = "::dreamer";
  let description = [{
    An operation that can add results to tensors that it is given, its `sums`, instead of making them
    anew: the gradient of a weight that many steps share. `sums` are as many as
    `getSummedResults`, or none; what is then a result is the sum.
  }];
  let methods = [
    InterfaceMethod<"The results that sums may be given for, in order.",
      "::llvm::SmallVector<::mlir::OpResult>", "getSummedResults">,
    InterfaceMethod<"The sums.", "::mlir::MutableOperandRange", "getSumOperands", (ins), "", [{
      return $_op.getSumsMutable();
    }]>,
  ];
  let verify = "return ::dreamer::detail::verifySums($_op);";
}

def ReducesProductOpInterface : OpInterface<"ReducesProductOpInterface"> {
  let cppNamespace = "::dreamer";
  let description = [{
    An operation that reads a product x W^T row by row and leaves little of it (a loss): it has a form that
    is given the factors and computes the product itself, some rows at a time, so that the whole is
    never in memory. With the operation that gives the product's cotangent at hand, that form gives
    the factors' cotangents too.
  }];
  let methods = [
    InterfaceMethod<"The operand that may be such a product.", "::mlir::Value", "getProduct", (ins)>,
    InterfaceMethod<[{
      The cotangent of the product if that is what `user`, another reader of the product, computes for
      this operation; else null.
    }], "::mlir::Value", "getProductCotangent", (ins "::mlir::Operation *":$user)>,
    InterfaceMethod<[{
      Builds the form with factors `x` and `weight`, and gives its results: those of this operation and,
      if `adjoint` (the owner of the product's cotangent) is given, the cotangents of x and weight.
      `exact`: the factors are not to be narrowed.
    }], "::llvm::SmallVector<::mlir::Value>", "buildFromFactors",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Value":$x, "::mlir::Value":$weight,
           "bool":$exact, "::mlir::Operation *":$adjoint)>,
  ];
}

def TileLocalOpInterface : OpInterface<"TileLocalOpInterface"> {
  let cppNamespace = "::dreamer";
  let description = [{
    An operation with one result [lead, features], of which a run of features at some position follows
    from the same run at the same position of operands of that shape, its *tile operands*, and from other
    operands that are needed whole and are small (a norm's weight, positions). So it can be computed on a
    tile of what it follows as soon as that tile is there, and in its place.
  }];
  let methods = [
    InterfaceMethod<"The length of a run; tiles are whole runs.", "int64_t", "getTileRun", (ins)>,
    InterfaceMethod<"The operands that are read tile by tile.",
      "::llvm::SmallVector<::mlir::OpOperand *>", "getTileOperands", (ins)>,
  ];
}

def DeferrableOpInterface : OpInterface<"DeferrableOpInterface", [AccumulatingOpInterface]> {
  let cppNamespace = "::dreamer";
  let description = [{
    An operation whose summed results are sums over rows, the lead dimensions of some operands. What
    the steps of a loop add up is then made at once of the rows of all steps: of operands
    [steps, lead, ...] for [lead, ...]. Rows of steps that did not run are 0, their ids -1: they add
    nothing. All results are summed results.
  }];
  let methods = [
    InterfaceMethod<"The operands that hold rows; no others are the step's.",
      "::llvm::SmallVector<::mlir::OpOperand *>", "getRowOperands">,
    InterfaceMethod<[{
      How many rows one product sums over, in the mean where the data decide: a short sum does not
      fill a product.
    }], "int64_t", "getSummedRows">,
  ];
}

def DecodableOpInterface : OpInterface<"DecodableOpInterface"> {
  let cppNamespace = "::dreamer";
  let description = [{
    An operation that mixes or knows positions, and so takes another form when one
    token is decoded at a time. Every other operation decodes as it is, with the
    position dimension gone.
  }];
  let methods = [
    InterfaceMethod<[{
      Builds this operation's form for one token a sequence. `operands` are its
      operands without their position dimension; `context` gives the position of
      the token and the caches.
    }], "::llvm::SmallVector<::mlir::Value>", "buildDecode",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands,
           "::dreamer::DecodeContext &":$context)>,
    InterfaceMethod<[{
      The operands whose values over all earlier positions decoding needs (keys,
      values), with the short name of the cache that keeps each.
    }], "::llvm::SmallVector<std::pair<::mlir::Value, ::llvm::StringRef>>",
      "getCachedOperands", (ins), "", [{ return {}; }]>,
  ];
}

#endif // DREAMER_INTERFACES_TD
