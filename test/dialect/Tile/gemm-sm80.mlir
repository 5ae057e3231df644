// RUN: dreamer-opt %s | dreamer-opt | FileCheck %s
//
// C = A W^T on sm_80 by hand: tiles of 128x128, 32 deep, by four warps (2x2), four stages filled by
// cp.async. All threads put and get: three uses are put ahead, then each step multiplies one and puts one.

!a = !tile.mem<128x32xbf16, shared, rows, swizzle64>
!b = !tile.mem<32x128xbf16, shared, columns, swizzle64>
!ga = !tile.mem<128x32xbf16, global, rows>
!gb = !tile.mem<32x128xbf16, global, columns>
!ring = !tile.ring<4 x (!a, !b) by cp_async, arrivals 1, bytes 16384, readers 1>
!acc = !tile.reg<128x128xf32, mma_c, warps 2x2>

// CHECK-LABEL: func @gemm
func.func @gemm(%a: memref<4096x4096xbf16>, %w: memref<4096x4096xbf16>, %c: memref<4096x4096xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c32 = arith.constant 32 : index
  %c128 = arith.constant 128 : index
  %steps = arith.constant 128 : index
  %zero = arith.constant 0.0 : f32
  %block = tile.block_id
  %rowTile = arith.divui %block, %c32 : index
  %columnTile = arith.remui %block, %c32 : index
  %row = arith.muli %rowTile, %c128 : index
  %column = arith.muli %columnTile, %c128 : index
  %ring = tile.ring : !ring
  scf.for %i = %c0 to %c3 step %c1 {
    %k = arith.muli %i, %c32 : index
    tile.put %ring[%i] : !ring {
    ^bb0(%sa: !a, %sb: !b):
      %ga = tile.view %a[%row, %k] : memref<4096x4096xbf16> -> !ga
      %gb = tile.view %w[%column, %k] : memref<4096x4096xbf16> -> !gb
      tile.copy %ga to %sa : !ga, !a
      tile.copy %gb to %sb : !gb, !b
    }
  }
  %start = tile.fill %zero : f32 -> !acc
  %sum = scf.for %i = %c0 to %steps step %c1 iter_args(%acc = %start) -> !acc {
    %sa, %sb = tile.get %ring[%i] : !ring -> !a, !b
    %ahead = arith.addi %i, %c3 : index
    %more = arith.cmpi slt, %ahead, %steps : index
    scf.if %more {
      %k = arith.muli %ahead, %c32 : index
      tile.put %ring[%ahead] : !ring {
      ^bb0(%na: !a, %nb: !b):
        %ga = tile.view %a[%row, %k] : memref<4096x4096xbf16> -> !ga
        %gb = tile.view %w[%column, %k] : memref<4096x4096xbf16> -> !gb
        tile.copy %ga to %na : !ga, !a
        tile.copy %gb to %nb : !gb, !b
      }
    }
    // CHECK: tile.load %{{.*}} : <128x32xbf16, shared, rows, swizzle64> -> <128x32xbf16, mma_a, warps 2x2>
    %x = tile.load %sa : !a -> !tile.reg<128x32xbf16, mma_a, warps 2x2>
    %y = tile.load %sb : !b -> !tile.reg<32x128xbf16, mma_b, warps 2x2>
    %next = tile.mma %x, %y, %acc : !tile.reg<128x32xbf16, mma_a, warps 2x2>, !tile.reg<32x128xbf16, mma_b, warps 2x2>, !acc
    tile.release %ring[%i] : !ring
    scf.yield %next : !acc
  }
  %out = tile.view %c[%row, %column] : memref<4096x4096xf32> -> !tile.mem<128x128xf32, global, rows>
  tile.store %sum, %out : !acc, !tile.mem<128x128xf32, global, rows>
  return
}
