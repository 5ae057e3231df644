// RUN: dreamer-opt %s | dreamer-opt | FileCheck %s
//
// C = A B on AVX2 by hand: 510x300 by 300x290. B was packed in 19 panels of 16 columns, zeros in the
// last one. A block of 6x16 accumulators stays in 12 registers over the whole depth. A panel of B stays
// in the second-level cache while all rows of A pass by it.

!a = !tile.mem<6x300xf32, global, rows>
!b = !tile.mem<300x16xf32, global, rows>
!c = !tile.mem<6x16xf32, global, rows>
!acc = !tile.reg<6x16xf32, vectors>

// CHECK-LABEL: func @gemm
func.func @gemm(%a: memref<510x300xf32>, %packed: memref<19x300x16xf32>, %c: memref<510x290xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %c16 = arith.constant 16 : index
  %panels = arith.constant 19 : index
  %rows = arith.constant 510 : index
  %columns = arith.constant 290 : index
  %zero = arith.constant 0.0 : f32
  %block = tile.block_id
  %blocks = tile.block_count
  scf.for %panel = %block to %panels step %blocks {
    %column = arith.muli %panel, %c16 : index
    %left = arith.subi %columns, %column : index
    %width = arith.minsi %left, %c16 : index
    // CHECK: tile.view %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] : memref<19x300x16xf32> -> <300x16xf32, global, rows>
    %b = tile.view %packed[%panel, %c0, %c0] : memref<19x300x16xf32> -> !b
    scf.for %row = %c0 to %rows step %c6 {
      %x = tile.view %a[%row, %c0] : memref<510x300xf32> -> !a
      %start = tile.fill %zero : f32 -> !acc
      // CHECK: tile.mma %{{.*}}, %{{.*}}, %{{.*}} : !tile.mem<6x300xf32, global, rows>, !tile.mem<300x16xf32, global, rows>, <6x16xf32, vectors>
      %sum = tile.mma %x, %b, %start : !a, !b, !acc
      // CHECK: tile.view %{{.*}} valid(%{{.*}}, %{{.*}}) :
      %y = tile.view %c[%row, %column] valid(%c6, %width) : memref<510x290xf32> -> !c
      // CHECK: tile.store
      tile.store %sum, %y : !acc, !c
    }
  }
  return
}
