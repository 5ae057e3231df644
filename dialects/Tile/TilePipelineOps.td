// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Target operations of the Tile dialect: how a GPU overlaps copies with arithmetic.

#ifndef DREAMER_TILE_PIPELINE_OPS_TD
#define DREAMER_TILE_PIPELINE_OPS_TD

//===----------------------------------------------------------------------===//
// Rings
//===----------------------------------------------------------------------===//

def Tile_RingOp : Tile_Op<"ring", [MemoryEffects<[MemAlloc]>]> {
  let summary = "a ring of the block; sm_80 by cp_async, sm_90a also by tma";
  let results = (outs Tile_Ring:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Tile_PutOp : Tile_Op<"put", [SingleBlock, NoTerminator, RecursiveMemoryEffects]> {
  let summary = "fills a slot";
  let description = [{
    Waits until the slot of this use is free and runs the region, whose arguments are the slot's places and which holds copies and what they need.
    The slot is full when all copies have ended; that may be long after the operation.

    ```mlir
    tile.put %ring[%i] : !ring {
    ^bb0(%a: !a, %b: !b):
      tile.copy %x to %a : !x, !a
    }
    ```
  }];
  let arguments = (ins Arg<Tile_Ring, "", [MemWrite]>:$ring, Index:$use);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$ring `[` $use `]` attr-dict-with-keyword `:` type($ring) $body";
  let hasRegionVerifier = 1;
}

def Tile_GetOp : Tile_Op<"get"> {
  let summary = "waits until a slot is full and gives its places";
  let description = "They may be read until `release`.";
  let arguments = (ins Arg<Tile_Ring, "", [MemRead]>:$ring, Index:$use);
  let results = (outs Variadic<Tile_Mem>:$slots);
  let assemblyFormat = "$ring `[` $use `]` attr-dict `:` type($ring) `->` type($slots)";
  let hasVerifier = 1;
}

def Tile_ReleaseOp : Tile_Op<"release"> {
  let summary = "this reader no longer reads the slot of this use";
  let arguments = (ins Arg<Tile_Ring, "", [MemWrite]>:$ring, Index:$use);
  let assemblyFormat = "$ring `[` $use `]` attr-dict `:` type($ring)";
}

//===----------------------------------------------------------------------===//
// Roles
//===----------------------------------------------------------------------===//

def Tile_RolesOp : Tile_Op<"roles", [SingleBlock, NoTerminator, RecursiveMemoryEffects]> {
  let summary = "parts of the block that run at the same time; sm_90a";
  let description = [{
    The region holds the roles and nothing else. The operation ends when all have ended.
  }];
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

def Tile_RoleOp
    : Tile_Op<"role", [SingleBlock, NoTerminator, RecursiveMemoryEffects, HasParent<"RolesOp">]> {
  let summary = "what some warps of the block do";
  let description = [{
    There are `count` of this role, each of `warps` warps; the region's argument says which one runs. `registers` is
    what a thread of it may use, a multiple of 8 from 24 to 240.

    ```mlir
    tile.role "consumer" count 2 warps 4 registers 240 {
    ^bb0(%which: index):
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, ConfinedAttr<I64Attr, [IntPositive]>:$count,
                       ConfinedAttr<I64Attr, [IntPositive]>:$warps,
                       ConfinedAttr<I64Attr, [IntMinValue<24>, IntMaxValue<240>]>:$registers);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat =
      "$name `count` $count `warps` $warps `registers` $registers attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Products in flight
//===----------------------------------------------------------------------===//

def Tile_MmaStartOp : Tile_Op<"mma_start"> {
  let summary = "starts acc + a b; sm_90a";
  let description = [{
    Products are done in the order in which they were started. The factors may not be written before `mma_wait` has
    seen the product end.
  }];
  let arguments = (ins Arg<Tile_Factor, "", [MemRead]>:$a, Arg<Tile_Mem, "", [MemRead]>:$b,
                       AnyTypeOf<[Tile_Reg, Tile_Pending]>:$acc);
  let results = (outs Tile_Pending:$result);
  let assemblyFormat =
      "$a `,` $b `,` $acc attr-dict `:` type($a) `,` type($b) `,` type($acc) `->` type($result)";
  let hasVerifier = 1;
}

def Tile_MmaWaitOp : Tile_Op<"mma_wait"> {
  let summary = "waits until at most `outstanding` products of this role are in flight";
  let description = [{
    Gives the accumulators: as a value where `outstanding` is 0, still pending otherwise.
  }];
  let arguments = (ins Arg<Tile_Pending, "", [MemRead, MemWrite]>:$pending,
                       ConfinedAttr<I64Attr, [IntNonNegative]>:$outstanding);
  let results = (outs AnyTypeOf<[Tile_Reg, Tile_Pending]>:$result);
  let assemblyFormat =
      "$pending `outstanding` $outstanding attr-dict `:` type($pending) `->` type($result)";
  let hasVerifier = 1;
}

#endif // DREAMER_TILE_PIPELINE_OPS_TD
