// RUN: dreamer-opt %s | dreamer-opt | FileCheck %s
//
// C = A B on AMX by hand: 90x64 by 64x70, in bf16. A was padded to 96 rows, B packed in 3 panels of 32
// columns in pairs of rows, zeros in the last one. A block of 2x2 accumulators stays in tile registers over
// the whole depth.

!a = !tile.mem<32x64xbf16, global, rows>
!b = !tile.mem<64x32xbf16, global, rows, pairs>
!c = !tile.mem<32x32xf32, global, rows>
!acc = !tile.reg<32x32xf32, amx_c>

// CHECK-LABEL: func @gemm
func.func @gemm(%a: memref<96x64xbf16>, %packed: memref<3x32x32x2xbf16>, %c: memref<90x70xf32>) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %panels = arith.constant 3 : index
  %rows = arith.constant 90 : index
  %columns = arith.constant 70 : index
  %zero = arith.constant 0.0 : f32
  %block = tile.block_id
  %blocks = tile.block_count
  scf.for %panel = %block to %panels step %blocks {
    %column = arith.muli %panel, %c32 : index
    %width = arith.subi %columns, %column : index
    // CHECK: tile.view %{{.*}} : memref<3x32x32x2xbf16> -> <64x32xbf16, global, rows, pairs>
    %b = tile.view %packed[%panel, %c0, %c0, %c0] : memref<3x32x32x2xbf16> -> !b
    scf.for %row = %c0 to %rows step %c32 {
      %height = arith.subi %rows, %row : index
      %x = tile.view %a[%row, %c0] : memref<96x64xbf16> -> !a
      %start = tile.fill %zero : f32 -> !acc
      // CHECK: tile.mma %{{.*}} : !tile.mem<32x64xbf16, global, rows>, !tile.mem<64x32xbf16, global, rows, pairs>, <32x32xf32, amx_c>
      %sum = tile.mma %x, %b, %start : !a, !b, !acc
      %y = tile.view %c[%row, %column] valid(%height, %width) : memref<90x70xf32> -> !c
      // CHECK: tile.store %{{.*}} : <32x32xf32, amx_c>, <32x32xf32, global, rows>
      tile.store %sum, %y : !acc, !c
    }
  }
  return
}
