// RUN: dreamer-opt %s --dreamer-lower-tile-to-vector -canonicalize | FileCheck %s
//
// In a schedule's kernel the block is the task; a tail that is constant has no mask.

// CHECK-LABEL: func.func private @copy(
// CHECK-SAME:    %[[X:.*]]: memref<12x5xf32>, %[[Y:.*]]: memref<12x5xf32>, %[[TASK:.*]]: index)
// CHECK:         %[[PIECE:.*]] = vector.maskedload %[[X]][%[[TASK]], %{{.*}}], %{{.*}}, %{{.*}} : memref<12x5xf32>, vector<8xi1>
// CHECK:         vector.extract_strided_slice %[[PIECE]] {{.*}}sizes = [4]
// CHECK:         vector.store %{{.*}}, %[[Y]][%[[TASK]], %{{.*}}] : memref<12x5xf32>, vector<4xf32>
// CHECK:         vector.store %{{.*}}, %[[Y]][%[[TASK]], %{{.*}}] : memref<12x5xf32>, vector<1xf32>
func.func private @copy(%x: memref<12x5xf32>, %y: memref<12x5xf32>, %task: index) attributes {schedule.kernel = "test"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %row = tile.block_id
  %from = tile.view %x[%row, %c0] valid(%c1, %c5) : memref<12x5xf32> -> !tile.mem<1x8xf32, global, rows>
  %to = tile.view %y[%row, %c0] valid(%c1, %c5) : memref<12x5xf32> -> !tile.mem<1x8xf32, global, rows>
  %v = tile.load %from : !tile.mem<1x8xf32, global, rows> -> !tile.reg<1x8xf32, vectors>
  tile.store %v, %to : !tile.reg<1x8xf32, vectors>, !tile.mem<1x8xf32, global, rows>
  return
}
