// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loop over depth, histories and depth-indexed values.

#ifndef DREAMER_RECURRENCE_OPS_TD
#define DREAMER_RECURRENCE_OPS_TD

include "dialects/Dreamer/DreamerOpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Dreamer_RecurOp
    : Dreamer_Op<"recur", [RecursiveMemoryEffects, AttrSizedOperandSegments,
                           SingleBlockImplicitTerminator<"::dreamer::YieldOp">]> {
  let summary = "a bounded scan: the loop over depth";
  let description = [{
    Runs its region for d = 0, 1, ..., n - 1 (`reverse`: n - 1, ..., 0), where n is
    the run-time `depth` i32 [], in [1, bound], or `bound` where there is none.

    * *Carried* values start as `inits` and become what each step yields.
    * *Slices* are tensors [bound, ...] of which step d sees entry d.
    * *Stacked* results [bound, ...] hold at entry d what step d yields; entries of
      steps that did not run are 0, integers -1.

    The region's arguments are d, the carried values, the slices. A carried value
    that every step only appends to (`dreamer.append`) is a *history*: its final value
    serves every step, since each reads a prefix only.

    ```mlir
    %x, %ids = dreamer.recur depth(%n) bound 5 init(%x0) slices(%given)
        : (tensor<i32>, tensor<2x8xf32>, tensor<5x2x2xi32>) -> (tensor<2x8xf32>, tensor<5x2x2xi32>) {
    ^bb0(%d: index, %xd: tensor<2x8xf32>, %gd: tensor<2x2xi32>):
      ...
      dreamer.yield carried(%xn : tensor<2x8xf32>) stacked(%ids_d : tensor<2x2xi32>)
    }
    ```
  }];
  let arguments = (ins Optional<Dreamer_IntScalar>:$depth,
                       Variadic<Dreamer_AnyTensor>:$inits,
                       Variadic<Dreamer_AnyTensor>:$slices,
                       I64Attr:$bound, UnitAttr:$reverse);
  let results = (outs Variadic<Dreamer_AnyTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`reverse` $reverse^)? (`depth` `(` $depth^ `)`)? `bound` $bound
    (`init` `(` $inits^ `)`)? (`slices` `(` $slices^ `)`)?
    attr-dict `:` functional-type(operands, results) $body
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// The depth index of the step.
    ::mlir::BlockArgument getIndex() { return getBody().getArgument(0); }
    ::mlir::Block::BlockArgListType getCarriedArguments() {
      return getBody().getArguments().slice(1, getInits().size());
    }
    ::mlir::Block::BlockArgListType getSliceArguments() {
      return getBody().getArguments().drop_front(1 + getInits().size());
    }
    ::mlir::ResultRange getCarriedResults() { return getResults().take_front(getInits().size()); }
    ::mlir::ResultRange getStackedResults() { return getResults().drop_front(getInits().size()); }
    ::dreamer::YieldOp getYield();
    /// Whether carried value `i` is a history: every step only appends to it.
    bool isHistory(unsigned i);
  }];
}

def Dreamer_YieldOp
    : Dreamer_Op<"yield", [Pure, Terminator, AttrSizedOperandSegments, ParentOneOf<["RecurOp"]>]> {
  let summary = "what a step hands on and what it leaves";
  let arguments = (ins Variadic<Dreamer_AnyTensor>:$carried, Variadic<Dreamer_AnyTensor>:$stacked);
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange(), ::mlir::ValueRange()); }]>];
  let assemblyFormat = [{
    (`carried` `(` $carried^ `:` type($carried) `)`)?
    (`stacked` `(` $stacked^ `:` type($stacked) `)`)? attr-dict
  }];
}

def Dreamer_AppendOp : Dreamer_PureOp<"append", [Partial, Differentiable]> {
  let summary = "a history [S, lead, F] with value [lead, F] in `slot`";
  let description = [{
    Only slots before `slot` of the operand are valid, those up to it of the result.
  }];
  let arguments = (ins Dreamer_Float:$history, Dreamer_Float:$value, Index:$slot);
  let results = (outs Dreamer_Float:$result);
  let assemblyFormat = "$history `,` $value `,` $slot attr-dict `:` type(operands)";
}

def Dreamer_HistoryOp : Dreamer_PureOp<"history", [Cheap, Differentiable]> {
  let summary = "an empty history [slots, lead, features] for values that lead as `like` does";
  let arguments = (ins Dreamer_Float:$like, I64Attr:$slots, I64Attr:$features);
  let results = (outs Dreamer_Float:$result);
  let assemblyFormat = "$like attr-dict `:` type($like)";
}

def Dreamer_SlotOp : Dreamer_PureOp<"slot", [Partial]> {
  let summary = "entry `slot` of a stack [S, ...]";
  let arguments = (ins Dreamer_AnyTensor:$stack, Index:$slot);
  let results = (outs Dreamer_AnyTensor:$result);
  let assemblyFormat = "$stack `,` $slot attr-dict `:` type(operands)";
}

def Dreamer_StackOp : Dreamer_PureOp<"stack", [Cheap, Differentiable]> {
  let summary = "n tensors of one type as one tensor [n, ...]";
  let arguments = (ins Variadic<Dreamer_AnyTensor>:$parts);
  let results = (outs Dreamer_AnyTensor:$result);
  let assemblyFormat = "$parts attr-dict `:` type($parts)";
}

def Dreamer_UnstackOp : Dreamer_PureOp<"unstack", [Cheap]> {
  let summary = "the entries of a tensor [n, ...]";
  let arguments = (ins Dreamer_AnyTensor:$stack);
  let results = (outs Variadic<Dreamer_AnyTensor>:$parts);
  let assemblyFormat = "$stack attr-dict `:` type($stack)";
}

def Dreamer_SplitOp : Dreamer_PureOp<"split", [Cheap]> {
  let summary = "dimension `axis` in `parts` parts: [.., n * b, ..] -> [n, .., b, ..]";
  let description = "Gives a loop over micro-batches its slices. `merge` is the inverse.";
  let arguments = (ins Dreamer_AnyTensor:$x, I64Attr:$axis, I64Attr:$parts);
  let results = (outs Dreamer_AnyTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

def Dreamer_MergeOp : Dreamer_PureOp<"merge", [Cheap]> {
  let summary = "parts of dimension `axis` put together: [n, .., b, ..] -> [.., n * b, ..]";
  let arguments = (ins Dreamer_AnyTensor:$stack, I64Attr:$axis);
  let results = (outs Dreamer_AnyTensor:$result);
  let assemblyFormat = "$stack attr-dict `:` type($stack)";
}

def Dreamer_WindowCountOp : Dreamer_PureOp<"window_count", [Cheap]> {
  let summary = "how many windows of `size` steps hold `depth` steps: i32 []";
  let arguments = (ins Dreamer_IntScalar:$depth, I64Attr:$size);
  let results = (outs Dreamer_IntScalar:$result);
  let assemblyFormat = "$depth attr-dict `:` type($depth)";
}

def Dreamer_WindowStepsOp : Dreamer_PureOp<"window_steps", [Cheap]> {
  let summary = "how many steps window `window` has of `depth` steps: min(size, depth - window * size)";
  let description = "Gives the loop over the steps of a window its depth.";
  let arguments = (ins Dreamer_IntScalar:$depth, Index:$window, I64Attr:$size);
  let results = (outs Dreamer_IntScalar:$result);
  let assemblyFormat = "$depth `,` $window attr-dict `:` type(operands)";
}

#endif // DREAMER_RECURRENCE_OPS_TD
