// RUN: dreamer-opt %s --dreamer-lower-tile-to-vector --split-input-file --verify-diagnostics
// RUN: not dreamer-opt %s --dreamer-lower-tile-to-vector=vector-bits=100 2>&1 | FileCheck %s --check-prefix=BITS
// BITS: expected vectors of 128, 256 or 512 bits, found 100

func.func @layout() {
  %zero = arith.constant 0.0 : f32
  // expected-error @+1 {{expected a tile in the layout vectors on this target, found '!tile.reg<64x64xf32, wgmma_c>'}}
  %0 = tile.fill %zero : f32 -> !tile.reg<64x64xf32, wgmma_c>
  return
}

// -----

func.func @width() {
  %zero = arith.constant 0.0 : f32
  // expected-error @+1 {{expected columns in a multiple of 4, half the lanes of a vector, found '!tile.reg<2x10xf32, vectors>'}}
  %0 = tile.fill %zero : f32 -> !tile.reg<2x10xf32, vectors>
  return
}

// -----

func.func @roles() {
  // expected-error @+1 {{expected an operation that a processor has, found one of another target}}
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
    }
  }
  return
}

// -----

func.func @swizzle() {
  // expected-error @+1 {{expected a place that is plain or in pairs on this target}}
  %0 = tile.alloc : !tile.mem<8x64xbf16, shared, rows, swizzle128>
  return
}

// -----

func.func @array(%a: memref<?x8xf32>) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{expected a memref of static shape, contiguous, found 'memref<?x8xf32>'}}
  %0 = tile.view %a[%c0, %c0] : memref<?x8xf32> -> !tile.mem<2x8xf32, global, rows>
  return
}

// -----

func.func private @count(%task: index) attributes {schedule.kernel = "test"} {
  // expected-error @+1 {{expected a kernel that does not ask for the number of tasks}}
  %0 = tile.block_count
  return
}

// -----

func.func private @use(!tile.mem<2x8xf32, global, rows>)
func.func @given(%a: memref<8x8xf32>) {
  %c0 = arith.constant 0 : index
  %t = tile.view %a[%c0, %c0] : memref<8x8xf32> -> !tile.mem<2x8xf32, global, rows>
  // expected-error @+1 {{expected tiles in registers to be carried by scf.for or given by scf.if, found 'func.call'}}
  call @use(%t) : (!tile.mem<2x8xf32, global, rows>) -> ()
  return
}
