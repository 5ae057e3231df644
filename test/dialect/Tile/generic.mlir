// RUN: dreamer-opt %s --mlir-print-op-generic | FileCheck %s
// RUN: dreamer-opt %s --mlir-print-op-generic | dreamer-opt | FileCheck %s --check-prefix=PRETTY
//
// Attributes are printed and read in the generic form, too.

!v = !tile.reg<16x8xf32, vectors>
!s = !tile.reg<16x1xf32, slice vectors>

// CHECK: "tile.reduce"
// CHECK-SAME: combine = #tile<combine max>
// PRETTY: tile.reduce max
func.func @largest(%x: !v) -> !s {
  %m = tile.reduce max %x : !v -> !s
  return %m : !s
}
