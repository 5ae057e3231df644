// RUN: dreamer-opt %s | dreamer-opt | FileCheck %s
//
// Causal attention of one head on AVX2 by hand: 512 positions, 64 features. K^T and V were packed in
// panels of 16 columns. Six queries at a time; scores of a block of 128 keys lie in the first-level cache;
// the running maximum, the sum and the output so far are rescaled once a block (Milakov and Gimelshein 2018,
// Dao et al. 2022).

!acc = !tile.reg<6x16xf32, vectors>
!col = !tile.reg<6x1xf32, slice vectors>
!q = !tile.mem<6x64xf32, global, rows>
!kt = !tile.mem<64x16xf32, global, rows>
!v = !tile.mem<128x16xf32, global, rows>
!p = !tile.mem<6x128xf32, shared, rows>
!p16 = !tile.mem<6x16xf32, shared, rows>
!out = !tile.mem<6x16xf32, global, rows>
!stat = !tile.mem<6x1xf32, global, rows>

// CHECK-LABEL: func @attend
func.func @attend(%q: memref<512x64xf32>, %kt: memref<32x64x16xf32>, %v: memref<4x512x16xf32>, %o: memref<512x64xf32>, %lse: memref<512x1xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c6 = arith.constant 6 : index
  %c16 = arith.constant 16 : index
  %c128 = arith.constant 128 : index
  %positions = arith.constant 512 : index
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %scale = arith.constant 0.125 : f32
  %block = tile.block_id
  %from = arith.muli %block, %c6 : index
  %left = arith.subi %positions, %from : index
  %there = arith.minsi %left, %c6 : index
  %end = arith.addi %from, %there : index
  %scores = tile.alloc : !p
  %query = tile.view %q[%from, %c0] valid(%there, %positions) : memref<512x64xf32> -> !q
  %none = tile.fill %lowest : f32 -> !col
  %nothing = tile.fill %zero : f32 -> !col
  scf.for %panel = %c0 to %c4 step %c1 {
    %column = arith.muli %panel, %c16 : index
    %start = tile.fill %zero : f32 -> !acc
    %place = tile.view %o[%from, %column] valid(%there, %c16) : memref<512x64xf32> -> !out
    tile.store %start, %place : !acc, !out
  }
  %max, %sum = scf.for %key = %c0 to %end step %c128 iter_args(%m = %none, %l = %nothing) -> (!col, !col) {
    // Scores of the block, masked and scaled, and their maximum.
    %lowestTile = tile.fill %lowest : f32 -> !acc
    %top = scf.for %k = %c0 to %c128 step %c16 iter_args(%best = %lowestTile) -> !acc {
      %first = arith.addi %key, %k : index
      %keyPanel = arith.divui %first, %c16 : index
      %keys = tile.view %kt[%keyPanel, %c0, %c0] : memref<32x64x16xf32> -> !kt
      %start = tile.fill %zero : f32 -> !acc
      %s = tile.mma %query, %keys, %start : !q, !kt, !acc
      // CHECK: tile.map
      %masked = tile.map (%s) with (%from, %first, %scale, %lowest) : (!acc, index, index, f32, f32) -> !acc {
      ^bb0(%x: f32, %q0: index, %k0: index, %f: f32, %low: f32):
        // CHECK: tile.coordinate 0
        %r = tile.coordinate 0
        %c = tile.coordinate 1
        %qi = arith.addi %q0, %r : index
        %ki = arith.addi %k0, %c : index
        %seen = arith.cmpi sle, %ki, %qi : index
        %y = arith.mulf %x, %f : f32
        %z = arith.select %seen, %y, %low : f32
        tile.yield %z : f32
      }
      %place = tile.view %scores[%c0, %k] : !p -> !p16
      tile.store %masked, %place : !acc, !p16
      %better = tile.map (%best, %masked) : (!acc, !acc) -> !acc {
      ^bb0(%x: f32, %y: f32):
        %z = arith.maximumf %x, %y : f32
        tile.yield %z : f32
      }
      scf.yield %better : !acc
    }
    // CHECK: tile.reduce max
    %blockMax = tile.reduce max %top : !acc -> !col
    %m1 = tile.map (%m, %blockMax) : (!col, !col) -> !col {
    ^bb0(%x: f32, %y: f32):
      %z = arith.maximumf %x, %y : f32
      tile.yield %z : f32
    }
    %factor = tile.map (%m, %m1) : (!col, !col) -> !col {
    ^bb0(%x: f32, %y: f32):
      %d = arith.subf %x, %y : f32
      %z = math.exp %d : f32
      tile.yield %z : f32
    }
    // CHECK: tile.broadcast
    %m1wide = tile.broadcast %m1 : !col -> !acc
    %factorWide = tile.broadcast %factor : !col -> !acc
    %emptySum = tile.fill %zero : f32 -> !acc
    %sums = scf.for %k = %c0 to %c128 step %c16 iter_args(%t = %emptySum) -> !acc {
      %place = tile.view %scores[%c0, %k] : !p -> !p16
      %s = tile.load %place : !p16 -> !acc
      %p, %t1 = tile.map (%s, %m1wide, %t) : (!acc, !acc, !acc) -> (!acc, !acc) {
      ^bb0(%x: f32, %y: f32, %before: f32):
        %d = arith.subf %x, %y : f32
        %z = math.exp %d : f32
        %w = arith.addf %before, %z : f32
        tile.yield %z, %w : f32, f32
      }
      tile.store %p, %place : !acc, !p16
      scf.yield %t1 : !acc
    }
    %blockSum = tile.reduce add %sums : !acc -> !col
    %l1 = tile.map (%l, %factor, %blockSum) : (!col, !col, !col) -> !col {
    ^bb0(%x: f32, %f: f32, %y: f32):
      %w = math.fma %x, %f, %y : f32
      tile.yield %w : f32
    }
    scf.for %panel = %c0 to %c4 step %c1 {
      %column = arith.muli %panel, %c16 : index
      %place = tile.view %o[%from, %column] valid(%there, %c16) : memref<512x64xf32> -> !out
      %old = tile.load %place : !out -> !acc
      %scaled = tile.map (%old, %factorWide) : (!acc, !acc) -> !acc {
      ^bb0(%x: f32, %f: f32):
        %y = arith.mulf %x, %f : f32
        tile.yield %y : f32
      }
      %values = tile.view %v[%panel, %key, %c0] : memref<4x512x16xf32> -> !v
      %new = tile.mma %scores, %values, %scaled : !p, !v, !acc
      tile.store %new, %place : !acc, !out
    }
    scf.yield %m1, %l1 : !col, !col
  }
  %sumWide = tile.broadcast %sum : !col -> !acc
  scf.for %panel = %c0 to %c4 step %c1 {
    %column = arith.muli %panel, %c16 : index
    %place = tile.view %o[%from, %column] valid(%there, %c16) : memref<512x64xf32> -> !out
    %old = tile.load %place : !out -> !acc
    %mean = tile.map (%old, %sumWide) : (!acc, !acc) -> !acc {
    ^bb0(%x: f32, %y: f32):
      %z = arith.divf %x, %y : f32
      tile.yield %z : f32
    }
    tile.store %mean, %place : !acc, !out
  }
  %logs = tile.map (%max, %sum) : (!col, !col) -> !col {
  ^bb0(%x: f32, %y: f32):
    %z = math.log %y : f32
    %w = arith.addf %x, %z : f32
    tile.yield %w : f32
  }
  %stat = tile.view %lse[%from, %c0] valid(%there, %c1) : memref<512x1xf32> -> !stat
  tile.store %logs, %stat : !col, !stat
  return
}
