// RUN: dreamer-opt %S/../../dialect/Tile/gemm-amx.mlir --dreamer-lower-tile-to-vector="vector-bits=512 features=avx512bf16,amx-tile,amx-bf16" -canonicalize -cse | FileCheck %s
//
// Four accumulators are carried by the loop over the depth, each tile of a factor is read once; a block
// that is not all there is stored by way of the stack.

// CHECK-LABEL: func.func @gemm(
// CHECK:         memref.alloca() {{.*}}: memref<16x16xf32>
// CHECK-NOT:     memref.alloca
// CHECK-COUNT-4: amx.tile_zero
// CHECK:         %{{.*}}:4 = scf.for
// CHECK-NEXT:    arith.muli
// CHECK-NEXT:    %[[Y0:.*]] = amx.tile_load %{{.*}} : memref<3x32x64xbf16> into !amx.tile<16x32xbf16>
// CHECK:         %[[X0:.*]] = amx.tile_load %{{.*}} : memref<96x64xbf16> into !amx.tile<16x32xbf16>
// CHECK-NEXT:    amx.tile_mulf %[[X0]], %[[Y0]]
// CHECK:         %[[X1:.*]] = amx.tile_load %{{.*}} : memref<96x64xbf16>
// CHECK-NEXT:    amx.tile_mulf %[[X1]], %[[Y0]]
// CHECK-NEXT:    %[[Y1:.*]] = amx.tile_load %{{.*}} : memref<3x32x64xbf16>
// CHECK-NEXT:    amx.tile_mulf %[[X0]], %[[Y1]]
// CHECK-NEXT:    amx.tile_mulf %[[X1]], %[[Y1]]
// CHECK-NEXT:    scf.yield
// CHECK-COUNT-4: amx.tile_store
// CHECK-NOT:     tile.
