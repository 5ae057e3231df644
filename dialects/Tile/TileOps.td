// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The core of the Tile dialect: operations that every target has.

#ifndef DREAMER_TILE_OPS_TD
#define DREAMER_TILE_OPS_TD

include "dialects/Tile/TileDialect.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ViewLikeInterface.td"

class Tile_Op<string mnemonic, list<Trait> traits = []> : Op<Tile_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

def Tile_BlockIdOp : Tile_Op<"block_id", [Pure]> {
  let summary = "which block this is, 0 .. block_count-1";
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def Tile_BlockCountOp : Tile_Op<"block_count", [Pure]> {
  let summary = "how many blocks run";
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def Tile_BarrierOp : Tile_Op<"barrier"> {
  let summary = "all threads that run this code wait for each other";
  let description = "What they stored in shared places before, all of them see after. In a role these are the threads of all of its `count`. Nothing on a CPU, where a block is one thread.";
  let assemblyFormat = "attr-dict";
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

def Tile_ViewOp : Tile_Op<"view", [Pure, AttrSizedOperandSegments, ViewLikeOpInterface]> {
  let summary = "a tile of an array or of a larger place";
  let description = [{
    The tile's first element is at `offsets`, of which there are as many as the base has dimensions. An
    array's last two dimensions are those of the tile (three for `pairs`: `[rows / 2][columns][2]`), exchanged where
    the tile's order is `columns`.

    `valid` says how many rows and columns are there; what is beyond reads 0 and is not written. Without it, all are.

    ```mlir
    %a6 = tile.view %a[%row, %c0] : memref<510x300xf32> -> !tile.mem<6x300xf32, global, rows>
    %c6 = tile.view %c[%row, %col] valid(%c6, %rest) : memref<510x300xf32> -> !tile.mem<6x16xf32, global, rows>
    ```
  }];
  let arguments = (ins AnyTypeOf<[AnyMemRef, Tile_Mem]>:$base, Variadic<Index>:$offsets,
                       Variadic<Index>:$valid);
  let results = (outs Tile_Mem:$result);
  let assemblyFormat = [{
    $base `[` $offsets `]` (`valid` `(` $valid^ `)`)? attr-dict `:` type($base) `->` type($result)
  }];
  let extraClassDeclaration = [{
    ::mlir::Value getViewSource() { return getBase(); }
    ::mlir::Value getViewDest() { return getResult(); }
  }];
  let hasVerifier = 1;
}

def Tile_RowsOp : Tile_Op<"rows", [Pure, ViewLikeOpInterface]> {
  let summary = "rows of a matrix, gathered";
  let description = [{
    Row `r` of the result is row `ids[r]` of the matrix, from `column` on; where the id is negative there is no row: it reads 0 and is not written.
    `valid` says how many columns are there, as of a `view`; no two rows that are written may be the same.
    On sm_90a gathered rows are copied by threads (`cp_async`), as TMA has no such access.

    ```mlir
    %x = tile.rows %u[%ids, %c0] : memref<1024x512xf32>, !tile.mem<6x1xi32, global, rows> -> !tile.mem<6x512xf32, global, rows>
    ```
  }];
  let arguments = (ins AnyMemRef:$matrix, Tile_Mem:$ids, Index:$column, Optional<Index>:$valid);
  let results = (outs Tile_Mem:$result);
  let assemblyFormat = [{
    $matrix `[` $ids `,` $column `]` (`valid` `(` $valid^ `)`)? attr-dict `:` type($matrix) `,` type($ids) `->` type($result)
  }];
  let extraClassDeclaration = [{
    ::mlir::Value getViewSource() { return getMatrix(); }
    ::mlir::Value getViewDest() { return getResult(); }
  }];
  let hasVerifier = 1;
}

def Tile_AllocOp : Tile_Op<"alloc", [MemoryEffects<[MemAlloc]>]> {
  let summary = "memory of the block, with undefined contents";
  let results = (outs Tile_Mem:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Tile_LoadOp : Tile_Op<"load"> {
  let summary = "reads a tile into registers";
  let arguments = (ins Arg<Tile_Mem, "", [MemRead]>:$source);
  let results = (outs Tile_Reg:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_StoreOp : Tile_Op<"store"> {
  let summary = "writes a tile, or combines it with what is there";
  let description = [{
    Combining (`tile.store %x, %place by add`) reads, combines and writes. It is not atomic: one block owns a place.
  }];
  let arguments = (ins Tile_Reg:$value, Arg<Tile_Mem, "", [MemWrite]>:$target,
                       OptionalAttr<Tile_CombineAttr>:$combine);
  let assemblyFormat = [{
    $value `,` $target (`by` $combine^)? attr-dict `:` type($value) `,` type($target)
  }];
  let hasVerifier = 1;
}

def Tile_PrefetchOp : Tile_Op<"prefetch"> {
  let summary = "brings a place that will be written nearer; changes nothing";
  let description = "For sums that are added to what is in memory: the place is on its way while the products are computed.";
  let arguments = (ins Arg<Tile_Mem, "", [MemRead, MemWrite]>:$target);
  let assemblyFormat = "$target attr-dict `:` type($target)";
}

def Tile_CopyOp : Tile_Op<"copy"> {
  let summary = "copies a tile from place to place";
  let description = [{
    From one order or form to another as well: this is how matrices are packed. In a `put` the copy may end later, when the
    slot becomes full; elsewhere it has ended with the operation.
  }];
  let arguments = (ins Arg<Tile_Mem, "", [MemRead]>:$source, Arg<Tile_Mem, "", [MemWrite]>:$target);
  let assemblyFormat = "$source `to` $target attr-dict `:` type($source) `,` type($target)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

def Tile_FillOp : Tile_Op<"fill", [Pure]> {
  let summary = "a scalar in every element";
  let arguments = (ins AnyTypeOf<[AnyFloat, AnySignlessInteger]>:$value);
  let results = (outs Tile_Reg:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_MmaOp : Tile_Op<"mma", [AllTypesMatch<["acc", "result"]>]> {
  let summary = "acc + a b";
  let description = [{
    Products are summed in the accumulators' element type, in an order that the target fixes. The accumulators' layout says the family, and the family what the factors must be:

    | accumulators | a | b |
    | --- | --- | --- |
    | `vectors` f32 | a place, f32 or bf16 | a place of the order `rows`; bf16 also as `pairs` |
    | `amx_c` f32, multiples of 16x16 | a place of the order `rows`, bf16 | a place in `pairs`, bf16, depth a multiple of 32 |
    | `mma_c` f32, multiples of 16x8 for each warp | `mma_a`, f16 or bf16 | `mma_b`, depth a multiple of 16 |
    | `wgmma_c` f32, multiples of 64 by multiples of 8 up to 256 | `wgmma_a` or a shared place | a shared place, 16-bit, depth a multiple of 16 |
  }];
  let arguments = (ins Arg<Tile_Factor, "", [MemRead]>:$a, Arg<Tile_Factor, "", [MemRead]>:$b, Tile_Reg:$acc);
  let results = (outs Tile_Reg:$result);
  let assemblyFormat = "$a `,` $b `,` $acc attr-dict `:` type($a) `,` type($b) `,` type($acc)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Fails, and says why, where no target multiplies these.
    static ::llvm::LogicalResult check(::llvm::function_ref<::mlir::InFlightDiagnostic()> error,
                                       ::mlir::Type a, ::mlir::Type b, RegType acc);
  }];
}

def Tile_MapOp : Tile_Op<"map", [AttrSizedOperandSegments, IsolatedFromAbove, RecursiveMemoryEffects, SingleBlock]> {
  let summary = "computes every element from the same elements of other tiles";
  let description = [{
    The region's arguments are an element of each input, then those of `scalars`, which are the same for all. All tiles have one shape and layout. `tile.coordinate` says which
    element it is.

    ```mlir
    %h = tile.map (%a, %b) : (!acc, !acc) -> !acc {
    ^bb0(%x: f32, %y: f32):
      %z = arith.mulf %x, %y : f32
      tile.yield %z : f32
    }
    ```
  }];
  let arguments = (ins Variadic<Tile_Reg>:$inputs, Variadic<AnyTypeOf<[AnyFloat, AnySignlessIntegerOrIndex]>>:$scalars);
  let results = (outs Variadic<Tile_Reg>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let assemblyFormat = [{
    `(` $inputs `)` (`with` `(` $scalars^ `)`)? attr-dict-with-keyword `:` functional-type(operands, results) $body
  }];
}

def Tile_CoordinateOp : Tile_Op<"coordinate", [Pure, HasParent<"MapOp">]> {
  let summary = "the row (0) or column (1) of the element that a map computes";
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative, IntMaxValue<1>]>:$dimension);
  let results = (outs Index:$result);
  let assemblyFormat = "$dimension attr-dict";
}

def Tile_YieldOp : Tile_Op<"yield", [Pure, Terminator, HasParent<"MapOp">]> {
  let summary = "the elements that a map computed";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def Tile_ReduceOp : Tile_Op<"reduce", [Pure]> {
  let summary = "combines the elements of each row";
  let description = [{
    The result is a column. The order of the sum is fixed when compiling, and is the target's.
  }];
  let arguments = (ins Tile_CombineAttr:$combine, Tile_Reg:$source);
  let results = (outs Tile_Reg:$result);
  let assemblyFormat = "$combine $source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_BroadcastOp : Tile_Op<"broadcast", [Pure]> {
  let summary = "a column, in every column";
  let arguments = (ins Tile_Reg:$source);
  let results = (outs Tile_Reg:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_ConvertLayoutOp : Tile_Op<"convert_layout", [Pure]> {
  let summary = "the same tile in another layout";
  let description = [{
    Free where accumulators of 16-bit elements become left factors (`mma_c` to `mma_a`, `wgmma_c` to `wgmma_a`); through shared memory from and to `blocked`. Others do not exist.
  }];
  let arguments = (ins Tile_Reg:$source);
  let results = (outs Tile_Reg:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

include "dialects/Tile/TilePipelineOps.td"

#endif // DREAMER_TILE_OPS_TD
