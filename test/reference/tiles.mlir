// Tile programs run as they are written: blocks, copies that end late, arrays by name in and out.
//
// RUN: dreamer-interpret %s --entry=table --blocks=2 | FileCheck %s --check-prefix=TABLE
// RUN: dreamer-interpret %s --entry=table --blocks=3 --seed=9 --outputs=%t.safetensors
// RUN: dreamer-interpret %s --entry=copy --inputs=%t.safetensors | FileCheck %s --check-prefix=COPY
// RUN: dreamer-interpret %s --entry=copy --inputs=%t.safetensors --late --seed=3 | FileCheck %s --check-prefix=COPY
// RUN: not dreamer-interpret %s --entry=copy 2>&1 | FileCheck %s --check-prefix=UNDEFINED
// RUN: not dreamer-interpret %s --entry=sized 2>&1 | FileCheck %s --check-prefix=SIZED

// TABLE: @table
// TABLE-NEXT: x f64{{\[}}4,4] = {{\[\[}}0, 1, 2, 3], [10, 11, 12, 13], [20, 21, 22, 23], [30, 31, 32, 33]]
func.func @table(%x: memref<4x4xf32> {dreamer.name = "x"}) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0.0 : f32
  %block = tile.block_id
  %blocks = tile.block_count
  scf.for %row = %block to %c4 step %blocks {
    %none = tile.fill %zero : f32 -> !tile.reg<1x4xf32, vectors>
    %numbers = tile.map (%none) with (%row) : (!tile.reg<1x4xf32, vectors>, index) -> !tile.reg<1x4xf32, vectors> {
    ^bb0(%x0: f32, %r: index):
      %c10 = arith.constant 10 : index
      %c = tile.coordinate 1
      %tens = arith.muli %r, %c10 : index
      %sum = arith.addi %tens, %c : index
      %sum32 = arith.index_cast %sum : index to i32
      %number = arith.sitofp %sum32 : i32 to f32
      tile.yield %number : f32
    }
    %place = tile.view %x[%row, %c0] : memref<4x4xf32> -> !tile.mem<1x4xf32, global, rows>
    tile.store %numbers, %place : !tile.reg<1x4xf32, vectors>, !tile.mem<1x4xf32, global, rows>
  }
  return
}

!slot = !tile.mem<1x4xf32, shared, rows>
!row = !tile.mem<1x4xf32, global, rows>
!ring = !tile.ring<2 x (!slot) by tma, arrivals 1, bytes 16, readers 1>

// Rows in reverse order, through a ring.
// COPY: @copy
// COPY-NEXT: x f64{{\[}}4,4] = {{\[\[}}0, 1, 2, 3],
// COPY-NEXT: y f64{{\[}}4,4] = {{\[\[}}30, 31, 32, 33], [20, 21, 22, 23], [10, 11, 12, 13], [0, 1, 2, 3]]
// UNDEFINED: error: {{.*}}expected an element that was written at [0, 0] of '!tile.mem<1x4xf32, global, rows>', found one that was not
func.func @copy(%x: memref<4x4xf32> {dreamer.name = "x"}, %y: memref<4x4xf32> {dreamer.name = "y"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c4 step %c1 {
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !slot):
          %from = tile.view %x[%i, %c0] : memref<4x4xf32> -> !row
          tile.copy %from to %slot : !row, !slot
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c4 step %c1 {
        %slot = tile.get %ring[%i] : !ring -> !slot
        %last = arith.subi %c3, %i : index
        %to = tile.view %y[%last, %c0] : memref<4x4xf32> -> !row
        tile.copy %slot to %to : !slot, !row
        tile.release %ring[%i] : !ring
      }
    }
  }
  return
}

// SIZED: error: {{.*}}'sized': expected input 'arg0' 'memref<?xf32>', found none of that name
func.func @sized(%x: memref<?xf32>) {
  tile.barrier
  return
}
