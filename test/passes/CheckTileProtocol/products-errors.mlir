// RUN: dreamer-opt %s --check-tile-protocol -split-input-file -verify-diagnostics
//
// Planted bugs about products in flight, barriers, roles and families of layouts.

// The slot is released while its product is in flight.
!a = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!b = !tile.mem<16x8xbf16, shared, columns, swizzle32>
!ga = !tile.mem<64x16xbf16, global, rows>
!gb = !tile.mem<16x8xbf16, global, columns>
!acc = !tile.reg<64x8xf32, wgmma_c>
!flying = !tile.pending<!acc>
!ring = !tile.ring<4 x (!a, !b) by tma, arrivals 1, bytes 2304, readers 1>

// expected-note @+1 {{seen in block}}
func.func @early_release(%x: memref<64x16xbf16>, %w: memref<8x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %none = tile.fill %zero : f32 -> !acc
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        tile.put %ring[%i] : !ring {
        ^bb0(%sa: !a, %sb: !b):
          %fa = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !ga
          %fb = tile.view %w[%c0, %c0] : memref<8x16xbf16> -> !gb
          tile.copy %fa to %sa : !ga, !a
          tile.copy %fb to %sb : !gb, !b
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      %sum = scf.for %i = %c0 to %c8 step %c1 iter_args(%acc = %none) -> !acc {
        %sa, %sb = tile.get %ring[%i] : !ring -> !a, !b
        // expected-note @+1 {{started here}}
        %p = tile.mma_start %sa, %sb, %acc : !a, !b, !acc -> !flying
        // expected-error @+1 {{expected no product in flight that reads use 0 of the ring (slot 0, phase 0), found one that role 'consumer' 0 has not waited for}}
        tile.release %ring[%i] : !ring
        %next = tile.mma_wait %p outstanding 0 : !flying -> !acc
        scf.yield %next : !acc
      }
    }
  }
  return
}

// -----

// One product may stay in flight, and its own slot is released.
!a = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!b = !tile.mem<16x8xbf16, shared, columns, swizzle32>
!ga = !tile.mem<64x16xbf16, global, rows>
!gb = !tile.mem<16x8xbf16, global, columns>
!acc = !tile.reg<64x8xf32, wgmma_c>
!flying = !tile.pending<!acc>
!ring = !tile.ring<4 x (!a, !b) by tma, arrivals 1, bytes 2304, readers 1>

// expected-note @+1 {{seen in block}}
func.func @one_too_many(%x: memref<64x16xbf16>, %w: memref<8x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %none = tile.fill %zero : f32 -> !acc
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        tile.put %ring[%i] : !ring {
        ^bb0(%sa: !a, %sb: !b):
          %fa = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !ga
          %fb = tile.view %w[%c0, %c0] : memref<8x16xbf16> -> !gb
          tile.copy %fa to %sa : !ga, !a
          tile.copy %fb to %sb : !gb, !b
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      %s0, %t0 = tile.get %ring[%c0] : !ring -> !a, !b
      %p0 = tile.mma_start %s0, %t0, %none : !a, !b, !acc -> !flying
      %flying = scf.for %i = %c1 to %c8 step %c1 iter_args(%acc = %p0) -> !flying {
        %sa, %sb = tile.get %ring[%i] : !ring -> !a, !b
        // expected-note @+1 {{started here}}
        %p = tile.mma_start %sa, %sb, %acc : !a, !b, !flying -> !flying
        %next = tile.mma_wait %p outstanding 1 : !flying -> !flying
        // expected-error @+1 {{expected no product in flight that reads use 1 of the ring}}
        tile.release %ring[%i] : !ring
        scf.yield %next : !flying
      }
      %sum = tile.mma_wait %flying outstanding 0 : !flying -> !acc
      tile.release %ring[%c0] : !ring
    }
  }
  return
}

// -----

// The last product is still in flight where the role ends.
!a = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!b = !tile.mem<16x8xbf16, shared, columns, swizzle32>
!ga = !tile.mem<64x16xbf16, global, rows>
!gb = !tile.mem<16x8xbf16, global, columns>
!acc = !tile.reg<64x8xf32, wgmma_c>
!flying = !tile.pending<!acc>
!ring = !tile.ring<4 x (!a, !b) by tma, arrivals 1, bytes 2304, readers 1>

// expected-note @+1 {{seen in block}}
func.func @never_waited(%x: memref<64x16xbf16>, %w: memref<8x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %none = tile.fill %zero : f32 -> !acc
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        tile.put %ring[%i] : !ring {
        ^bb0(%sa: !a, %sb: !b):
          %fa = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !ga
          %fb = tile.view %w[%c0, %c0] : memref<8x16xbf16> -> !gb
          tile.copy %fa to %sa : !ga, !a
          tile.copy %fb to %sb : !gb, !b
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        %sa, %sb = tile.get %ring[%i] : !ring -> !a, !b
        // expected-error @+1 {{expected a tile.mma_wait for this product before role 'consumer' 0 ends, found none}}
        %p = tile.mma_start %sa, %sb, %none : !a, !b, !acc -> !flying
        %q = tile.mma_wait %p outstanding 1 : !flying -> !flying
        %previous = arith.subi %i, %c1 : index
        %isLater = arith.cmpi sgt, %i, %c0 : index
        scf.if %isLater {
          tile.release %ring[%previous] : !ring
        }
      }
    }
  }
  return
}

// -----

// Two products continue the same accumulators.
!a = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!b = !tile.mem<16x8xbf16, shared, columns, swizzle32>
!ga = !tile.mem<64x16xbf16, global, rows>
!gb = !tile.mem<16x8xbf16, global, columns>
!acc = !tile.reg<64x8xf32, wgmma_c>
!flying = !tile.pending<!acc>
!ring = !tile.ring<4 x (!a, !b) by tma, arrivals 1, bytes 2304, readers 1>

// expected-note @+1 {{seen in block}}
func.func @taken_twice(%x: memref<64x16xbf16>, %w: memref<8x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %none = tile.fill %zero : f32 -> !acc
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        tile.put %ring[%i] : !ring {
        ^bb0(%sa: !a, %sb: !b):
          %fa = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !ga
          %fb = tile.view %w[%c0, %c0] : memref<8x16xbf16> -> !gb
          tile.copy %fa to %sa : !ga, !a
          tile.copy %fb to %sb : !gb, !b
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        %sa, %sb = tile.get %ring[%i] : !ring -> !a, !b
        %p = tile.mma_start %sa, %sb, %none : !a, !b, !acc -> !flying
        %q = tile.mma_start %sa, %sb, %p : !a, !b, !flying -> !flying
        // expected-error @+1 {{expected accumulators that no other product has taken, found some that one has}}
        %r = tile.mma_start %sa, %sb, %p : !a, !b, !flying -> !flying
        %sum = tile.mma_wait %r outstanding 0 : !flying -> !acc
        tile.release %ring[%i] : !ring
      }
    }
  }
  return
}

// -----

// A barrier that one of two reaches.
// expected-note @+1 {{seen in block}}
func.func @barrier() {
  %c0 = arith.constant 0 : index
  tile.roles {
    tile.role "worker" count 2 warps 4 registers 24 {
    ^bb0(%which: index):
      %isFirst = arith.cmpi eq, %which, %c0 : index
      scf.if %isFirst {
        // expected-error @+1 {{deadlock: role 'worker' 0 waits at a barrier that 1 of 2 have reached}}
        tile.barrier
      }
    }
  }
  return
}

// -----

// Roles inside of a role.
// expected-note @+1 {{seen in block}}
func.func @nested() {
  tile.roles {
    tile.role "outer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      // expected-error @+1 {{expected roles outside of roles, found them in role 'outer' 0}}
      tile.roles {
        tile.role "inner" count 1 warps 4 registers 24 {
        ^bb0(%one: index):
        }
      }
    }
  }
  return
}

// -----

// Registers of two families.
func.func @families(%x: f32) {
  // expected-note @+1 {{the first of x86 is here}}
  %a = tile.fill %x : f32 -> !tile.reg<16x8xf32, vectors>
  // expected-error @+1 {{expected operations and layouts of one family of targets in a function, found those of NVIDIA beside those of x86}}
  %b = tile.fill %x : f32 -> !tile.reg<16x8xf32, mma_c, warps 1x1>
  return
}

// -----

// A ring beside vectors.
func.func @ring(%x: f32) {
  // expected-note @+1 {{the first of NVIDIA is here}}
  %ring = tile.ring : !tile.ring<2 x (!tile.mem<8x64xf32, shared, rows>) by tma, arrivals 1, bytes 2048, readers 1>
  // expected-error @+1 {{found those of x86 beside those of NVIDIA}}
  %a = tile.fill %x : f32 -> !tile.reg<16x8xf32, vectors>
  return
}

// -----

// What the check cannot follow is an error, not silence.
// expected-note @+1 {{seen in block}}
func.func @unknown(%x: memref<2xf32>) {
  tile.barrier
  // expected-error @+1 {{expected an operation of tile programs (tile, scf, arith, math, memref.load, memref.store, memref.dim, func.call), found 'memref.alloc'}}
  %y = memref.alloc() : memref<2xf32>
  return
}
