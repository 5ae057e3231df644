// RUN: dreamer-opt %s --dreamer-lower-tile-to-vector=vector-bits=512 | FileCheck %s
//
// Columns that are an odd number of halves of vectors are in halves.

// CHECK-LABEL: func.func @halves(
// CHECK-COUNT-3: vector.load %{{.*}} : memref<1x24xf32>, vector<8xf32>
// CHECK-COUNT-3: vector.store %{{.*}} : memref<1x24xf32>, vector<8xf32>
// CHECK-NOT:     tile.
func.func @halves(%x: memref<1x24xf32>, %y: memref<1x24xf32>) {
  %c0 = arith.constant 0 : index
  %from = tile.view %x[%c0, %c0] : memref<1x24xf32> -> !tile.mem<1x24xf32, global, rows>
  %to = tile.view %y[%c0, %c0] : memref<1x24xf32> -> !tile.mem<1x24xf32, global, rows>
  %value = tile.load %from : !tile.mem<1x24xf32, global, rows> -> !tile.reg<1x24xf32, vectors>
  tile.store %value, %to : !tile.reg<1x24xf32, vectors>, !tile.mem<1x24xf32, global, rows>
  return
}
