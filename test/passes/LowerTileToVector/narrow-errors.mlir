// RUN: dreamer-opt %s --dreamer-lower-tile-to-vector="vector-bits=512 features=avx512bf16,amx-tile,amx-bf16" --split-input-file --verify-diagnostics
// RUN: not dreamer-opt %S/../../dialect/Tile/gemm-amx.mlir --dreamer-lower-tile-to-vector="vector-bits=512 features=amx-tile" 2>&1 | FileCheck %s --check-prefix=FEATURES
// RUN: not dreamer-opt %S/../../dialect/Tile/gemm-amx.mlir --dreamer-lower-tile-to-vector 2>&1 | FileCheck %s --check-prefix=NONE
// FEATURES: expected a target with amx-tile, amx-bf16, avx512bf16 and vectors of 512 bits for '!tile.reg<32x32xf32, amx_c>', found vectors of 512 bits and amx-tile
// NONE: found vectors of 256 bits and none of these

!acc = !tile.reg<16x16xf32, amx_c>
func.func @start() {
  %one = arith.constant 1.0 : f32
  // expected-error @+1 {{expected 0 in accumulators of AMX, found another number}}
  %0 = tile.fill %one : f32 -> !acc
  return
}

// -----

!acc = !tile.reg<16x16xf32, amx_c>
func.func @map(%c: memref<16x16xf32>) {
  %c0 = arith.constant 0 : index
  %z = tile.view %c[%c0, %c0] : memref<16x16xf32> -> !tile.mem<16x16xf32, global, rows>
  %x = tile.load %z : !tile.mem<16x16xf32, global, rows> -> !acc
  // expected-error @+1 {{expected a tile in the layout vectors on this target, found '!tile.reg<16x16xf32, amx_c>'}}
  %y = tile.map (%x) : (!acc) -> !acc {
  ^bb0(%a: f32):
    %b = arith.addf %a, %a : f32
    tile.yield %b : f32
  }
  return
}

// -----

!acc = !tile.reg<16x16xf32, amx_c>
func.func @rows(%a: memref<16x32xbf16>, %b: memref<16x16x2xbf16>) {
  %c0 = arith.constant 0 : index
  %c9 = arith.constant 9 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant 0.0 : f32
  %x = tile.view %a[%c0, %c0] valid(%c9, %c32) : memref<16x32xbf16> -> !tile.mem<16x32xbf16, global, rows>
  %y = tile.view %b[%c0, %c0, %c0] : memref<16x16x2xbf16> -> !tile.mem<32x16xbf16, global, rows, pairs>
  %none = tile.fill %zero : f32 -> !acc
  // expected-error @+1 {{expected all rows of the left and all columns of the right factor to be there on AMX}}
  %sum = tile.mma %x, %y, %none : !tile.mem<16x32xbf16, global, rows>, !tile.mem<32x16xbf16, global, rows, pairs>, !acc
  return
}

// -----

!acc = !tile.reg<16x16xf32, amx_c>
func.func @depth(%a: memref<16x32xbf16>, %b: memref<16x16x2xbf16>, %depth: index) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  %x = tile.view %a[%c0, %c0] valid(%c16, %depth) : memref<16x32xbf16> -> !tile.mem<16x32xbf16, global, rows>
  %y = tile.view %b[%c0, %c0, %c0] : memref<16x16x2xbf16> -> !tile.mem<32x16xbf16, global, rows, pairs>
  %none = tile.fill %zero : f32 -> !acc
  // expected-error @+1 {{expected a depth that is known to be a multiple of 32 where the right factor is in pairs; hint: give 'valid' as a number times 32}}
  %sum = tile.mma %x, %y, %none : !tile.mem<16x32xbf16, global, rows>, !tile.mem<32x16xbf16, global, rows, pairs>, !acc
  return
}

// -----

!acc = !tile.reg<16x16xf32, amx_c>
func.func @gathered(%a: memref<16x32xbf16>, %ids: memref<16x1xi32>, %b: memref<16x16x2xbf16>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %i = tile.view %ids[%c0, %c0] : memref<16x1xi32> -> !tile.mem<16x1xi32, global, rows>
  %x = tile.rows %a[%i, %c0] : memref<16x32xbf16>, !tile.mem<16x1xi32, global, rows> -> !tile.mem<16x32xbf16, global, rows>
  %y = tile.view %b[%c0, %c0, %c0] : memref<16x16x2xbf16> -> !tile.mem<32x16xbf16, global, rows, pairs>
  %none = tile.fill %zero : f32 -> !acc
  // expected-error @+1 {{expected factors that are not gathered on AMX}}
  %sum = tile.mma %x, %y, %none : !tile.mem<16x32xbf16, global, rows>, !tile.mem<32x16xbf16, global, rows, pairs>, !acc
  return
}

// -----

!acc = !tile.reg<8x16xf32, vectors>
func.func @odd(%a: memref<8x32xbf16>, %b: memref<16x16x2xbf16>) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c7 = arith.constant 7 : index
  %zero = arith.constant 0.0 : f32
  %x = tile.view %a[%c0, %c0] valid(%c8, %c7) : memref<8x32xbf16> -> !tile.mem<8x32xbf16, global, rows>
  %y = tile.view %b[%c0, %c0, %c0] : memref<16x16x2xbf16> -> !tile.mem<32x16xbf16, global, rows, pairs>
  %none = tile.fill %zero : f32 -> !acc
  // expected-error @+1 {{expected a depth that is known to be a multiple of 2}}
  %sum = tile.mma %x, %y, %none : !tile.mem<8x32xbf16, global, rows>, !tile.mem<32x16xbf16, global, rows, pairs>, !acc
  return
}
