// RUN: dreamer-opt %S/../../dialect/Tile/gemm-x86.mlir --dreamer-lower-tile-to-vector -canonicalize -cse | FileCheck %s
// RUN: dreamer-opt %S/../../dialect/Tile/gemm-x86.mlir --dreamer-lower-tile-to-vector=vector-bits=512 | FileCheck %s --check-prefix=WIDE
//
// Twelve accumulators are carried by the loop over the depth; whole rows of the left factor need no
// mask; only the stores, cut by a number that the program computes, have one.

// CHECK-LABEL: func.func @gemm(
// CHECK-SAME:    %[[BLOCK:[a-z0-9]+]]: index, %[[BLOCKS:[a-z0-9]+]]: index)
// CHECK:         scf.for %{{.*}} = %[[BLOCK]] to %{{.*}} step %[[BLOCKS]]
// CHECK:         %{{.*}}:12 = scf.for
// CHECK-COUNT-2: vector.load %{{.*}} : memref<19x300x16xf32>, vector<8xf32>
// CHECK-COUNT-12: vector.fma
// CHECK-NOT:     vector.fma
// CHECK:         scf.yield
// CHECK-COUNT-12: vector.maskedstore
// CHECK-NOT:     tile.

// WIDE: %{{.*}}:6 = scf.for
// WIDE-COUNT-6: vector.fma {{.*}} : vector<16xf32>
