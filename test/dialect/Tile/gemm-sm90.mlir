// RUN: dreamer-opt %s | dreamer-opt | FileCheck %s
//
// C = A W^T on sm_90a by hand: A [M, K], W [N, K] as weights are stored, bf16. Tiles of 128x256, 64 deep,
// in four stages; a producer warp group starts TMA copies, two consumers multiply 64 rows each. Blocks are
// persistent: the ring runs on from tile to tile, so that the next tile's copies pass under this one's stores.

!a = !tile.mem<128x64xbf16, shared, rows, swizzle128>
!b = !tile.mem<64x256xbf16, shared, columns, swizzle128>
!half = !tile.mem<64x64xbf16, shared, rows, swizzle128>
!ring = !tile.ring<4 x (!a, !b) by tma, arrivals 1, bytes 49152, readers 2>
!acc = !tile.reg<64x256xf32, wgmma_c>
!out = !tile.reg<64x256xbf16, wgmma_c>

// CHECK-LABEL: func @gemm
func.func @gemm(%a: memref<8192x4096xbf16>, %w: memref<8192x4096xbf16>, %c: memref<8192x8192xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %c256 = arith.constant 256 : index
  %tiles = arith.constant 2048 : index
  %depth = arith.constant 4096 : index
  %zero = arith.constant 0.0 : f32
  %block = tile.block_id
  %blocks = tile.block_count
  // CHECK: tile.ring : <4 x(<128x64xbf16, shared, rows, swizzle128>, <64x256xbf16, shared, columns, swizzle128>) by tma, arrivals 1, bytes 49152, readers 2>
  %ring = tile.ring : !ring
  tile.roles {
    // CHECK: tile.role "producer" count 1 warps 4 registers 40
    tile.role "producer" count 1 warps 4 registers 40 {
    ^bb0(%which: index):
      %end = scf.for %tile = %block to %tiles step %blocks iter_args(%first = %c0) -> index {
        %rowTile = arith.divui %tile, %c32 : index
        %columnTile = arith.remui %tile, %c32 : index
        %row = arith.muli %rowTile, %c128 : index
        %column = arith.muli %columnTile, %c256 : index
        %next = scf.for %k = %c0 to %depth step %c64 iter_args(%i = %first) -> index {
          // CHECK: tile.put
          tile.put %ring[%i] : !ring {
          ^bb0(%sa: !a, %sb: !b):
            %ga = tile.view %a[%row, %k] : memref<8192x4096xbf16> -> !tile.mem<128x64xbf16, global, rows>
            %gb = tile.view %w[%column, %k] : memref<8192x4096xbf16> -> !tile.mem<64x256xbf16, global, columns>
            tile.copy %ga to %sa : !tile.mem<128x64xbf16, global, rows>, !a
            tile.copy %gb to %sb : !tile.mem<64x256xbf16, global, columns>, !b
          }
          %i1 = arith.addi %i, %c1 : index
          scf.yield %i1 : index
        }
        scf.yield %next : index
      }
    }
    tile.role "consumer" count 2 warps 4 registers 232 {
    ^bb0(%which: index):
      %offset = arith.muli %which, %c64 : index
      %end = scf.for %tile = %block to %tiles step %blocks iter_args(%first = %c0) -> index {
        %rowTile = arith.divui %tile, %c32 : index
        %columnTile = arith.remui %tile, %c32 : index
        %tileRow = arith.muli %rowTile, %c128 : index
        %row = arith.addi %tileRow, %offset : index
        %column = arith.muli %columnTile, %c256 : index
        %start = tile.fill %zero : f32 -> !acc
        %next, %sum = scf.for %k = %c0 to %depth step %c64 iter_args(%i = %first, %acc = %start) -> (index, !acc) {
          %sa, %sb = tile.get %ring[%i] : !ring -> !a, !b
          %mine = tile.view %sa[%offset, %c0] : !a -> !half
          // CHECK: tile.mma_start
          %flying = tile.mma_start %mine, %sb, %acc : !half, !b, !acc -> !tile.pending<!acc>
          // CHECK: tile.mma_wait %{{.*}} outstanding 0
          %done = tile.mma_wait %flying outstanding 0 : !tile.pending<!acc> -> !acc
          tile.release %ring[%i] : !ring
          %i1 = arith.addi %i, %c1 : index
          scf.yield %i1, %done : index, !acc
        }
        %narrow = tile.map (%sum) : (!acc) -> !out {
        ^bb0(%x: f32):
          %y = arith.truncf %x : f32 to bf16
          tile.yield %y : bf16
        }
        %out = tile.view %c[%row, %column] : memref<8192x8192xbf16> -> !tile.mem<64x256xbf16, global, rows>
        tile.store %narrow, %out : !out, !tile.mem<64x256xbf16, global, rows>
        scf.yield %next : index
      }
    }
  }
  return
}
