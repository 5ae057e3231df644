// RUN: dreamer-opt %s --dreamer-lower-tile-to-vector="vector-bits=512 features=avx512bf16" -canonicalize | FileCheck %s
// RUN: dreamer-opt %s --dreamer-lower-tile-to-vector="vector-bits=512" -canonicalize | FileCheck %s --check-prefix=WIDENED
//
// A pair of the left factor is broadcast, a vector of pairs of the right one read as it lies.

// CHECK-LABEL: func.func @multiply(
// CHECK:         %{{.*}}:6 = scf.for %[[PAIR:[a-z0-9]+]] =
// CHECK-COUNT-2: vector.load %{{.*}} : memref<10x64xbf16>, vector<32xbf16>
// CHECK:         vector.load %{{.*}} : memref<3x20xbf16>, vector<2xbf16>
// CHECK-NOT:     vector.fma
// CHECK-COUNT-6: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%{{.*}}) : (vector<16xf32>, vector<32xbf16>, vector<32xbf16>) -> vector<16xf32>
// CHECK-NOT:     llvm.call_intrinsic
// CHECK:         scf.yield

// WIDENED-LABEL: func.func @multiply(
// WIDENED-NOT:     call_intrinsic
// WIDENED:         vector.deinterleave
// WIDENED:         vector.fma
func.func @multiply(%a: memref<3x20xbf16>, %b: memref<10x32x2xbf16>, %c: memref<3x32xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %x = tile.view %a[%c0, %c0] : memref<3x20xbf16> -> !tile.mem<3x20xbf16, global, rows>
  %y = tile.view %b[%c0, %c0, %c0] : memref<10x32x2xbf16> -> !tile.mem<20x32xbf16, global, rows, pairs>
  %z = tile.view %c[%c0, %c0] : memref<3x32xf32> -> !tile.mem<3x32xf32, global, rows>
  %none = tile.fill %zero : f32 -> !tile.reg<3x32xf32, vectors>
  %sum = tile.mma %x, %y, %none : !tile.mem<3x20xbf16, global, rows>, !tile.mem<20x32xbf16, global, rows, pairs>, !tile.reg<3x32xf32, vectors>
  tile.store %sum, %z : !tile.reg<3x32xf32, vectors>, !tile.mem<3x32xf32, global, rows>
  return
}
