// The programs that were written by hand keep the protocol.
// RUN: dreamer-opt %S/../../dialect/Tile/gemm-x86.mlir --check-tile-protocol -o /dev/null
// RUN: dreamer-opt %S/../../dialect/Tile/gemm-sm80.mlir --check-tile-protocol -o /dev/null
// RUN: dreamer-opt %S/../../dialect/Tile/gemm-sm90.mlir --check-tile-protocol -o /dev/null
// RUN: dreamer-opt %S/../../dialect/Tile/attention-x86.mlir --check-tile-protocol -o /dev/null
// RUN: dreamer-opt %S/../../dialect/Tile/attention-sm80.mlir --check-tile-protocol -o /dev/null
// RUN: dreamer-opt %S/../../dialect/Tile/attention-sm90.mlir --check-tile-protocol -o /dev/null
// RUN: dreamer-opt %s --check-tile-protocol | FileCheck %s

!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<3 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// How long both roles run is read from an array: the same element, the same number.
// CHECK-LABEL: func @worklist
func.func @worklist(%x: memref<64x16xbf16>, %counts: memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      %end = scf.for %expert = %c0 to %c8 step %c1 iter_args(%first = %c0) -> index {
        %count32 = memref.load %counts[%expert] : memref<8xi32>
        %count = arith.index_cast %count32 : i32 to index
        scf.for %i = %c0 to %count step %c1 {
          %use = arith.addi %first, %i : index
          tile.put %ring[%use] : !ring {
          ^bb0(%slot: !s):
            %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
            tile.copy %from to %slot : !g, !s
          }
        }
        %next = arith.addi %first, %count : index
        scf.yield %next : index
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      %end = scf.for %expert = %c0 to %c8 step %c1 iter_args(%first = %c0) -> index {
        %count32 = memref.load %counts[%expert] : memref<8xi32>
        %count = arith.index_cast %count32 : i32 to index
        scf.for %i = %c0 to %count step %c1 {
          %use = arith.addi %first, %i : index
          %slot = tile.get %ring[%use] : !ring -> !s
          tile.release %ring[%use] : !ring
        }
        %next = arith.addi %first, %count : index
        scf.yield %next : index
      }
    }
  }
  return
}
