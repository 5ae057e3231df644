// RUN: dreamer-opt %s --check-tile-protocol -split-input-file -verify-diagnostics
//
// Planted bugs: each breaks the protocol of a ring in one way.

// The consumer keeps each slot.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{seen in block}}
func.func @missing_release(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        // expected-error @+1 {{deadlock: role 'producer' 0 waits until it can put use 2 of the ring (slot 0, phase 1): use 0 was put by 1 of 1 writers and released by 0 of 1 readers}}
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !s):
          %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
          tile.copy %from to %slot : !g, !s
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        // expected-note @+1 {{and role 'consumer' 0 waits for use 2 of the ring (slot 0, phase 1) to be full}}
        %got = tile.get %ring[%i] : !ring -> !s
      }
    }
  }
  return
}

// -----

// Two uses fit into the ring: nobody waits, but the last slot is never free again.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{seen in block}}
func.func @missing_last_release(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c2 step %c1 {
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !s):
          %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
          tile.copy %from to %slot : !g, !s
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      %got = tile.get %ring[%c0] : !ring -> !s
      tile.release %ring[%c0] : !ring
      // expected-error @+1 {{expected a tile.release of use 1 of the ring (slot 1, phase 0) before role 'consumer' 0 ends, found none}}
      %last = tile.get %ring[%c1] : !ring -> !s
    }
  }
  return
}

// -----

// Twice released.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{seen in block}}
func.func @double_release(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !s):
          %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
          tile.copy %from to %slot : !g, !s
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        %got = tile.get %ring[%i] : !ring -> !s
        tile.release %ring[%i] : !ring
        // expected-error @+1 {{expected a slot that role 'consumer' 0 has got and not yet released, found use 0}}
        tile.release %ring[%i] : !ring
      }
    }
  }
  return
}

// -----

// Never got.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{seen in block}}
func.func @release_without_get(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      tile.put %ring[%c0] : !ring {
      ^bb0(%slot: !s):
        %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
        tile.copy %from to %slot : !g, !s
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      // expected-error @+1 {{expected a slot that role 'consumer' 0 has got and not yet released, found use 0}}
      tile.release %ring[%c0] : !ring
    }
  }
  return
}

// -----

// Seven puts, eight gets.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{seen in block}}
func.func @put_too_few(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %c8 = arith.constant 8 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c7 step %c1 {
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !s):
          %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
          tile.copy %from to %slot : !g, !s
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        // expected-error @+1 {{deadlock: role 'consumer' 0 waits for use 7 of the ring (slot 1, phase 1) to be full: use 7 was put by 0 of 1 writers}}
        %got = tile.get %ring[%i] : !ring -> !s
        tile.release %ring[%i] : !ring
      }
    }
  }
  return
}

// -----

// Eight puts, seven gets.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{seen in block}}
func.func @get_too_few(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %c8 = arith.constant 8 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        // expected-error @+1 {{expected use 7 of the ring (slot 1, phase 1) to be read before the block ends, found it released by 0 of 1 readers}}
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !s):
          %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
          tile.copy %from to %slot : !g, !s
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c7 step %c1 {
        %got = tile.get %ring[%i] : !ring -> !s
        tile.release %ring[%i] : !ring
      }
    }
  }
  return
}

// -----

// Every second use.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{seen in block}}
func.func @not_consecutive(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c2 {
        // expected-error @+1 {{expected use 1 of the ring, the next that role 'producer' 0 puts, found use 2}}
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !s):
          %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
          tile.copy %from to %slot : !g, !s
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c4 step %c1 {
        %got = tile.get %ring[%i] : !ring -> !s
        tile.release %ring[%i] : !ring
      }
    }
  }
  return
}

// -----

// One thread that gets before it puts.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{seen in block}}
func.func @reversed(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %ring = tile.ring : !ring
      scf.for %i = %c0 to %c8 step %c1 {
        // expected-error @+1 {{deadlock: the function waits for use 0 of the ring (slot 0, phase 0) to be full}}
        %got = tile.get %ring[%i] : !ring -> !s
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !s):
          %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
          tile.copy %from to %slot : !g, !s
        }
        tile.release %ring[%i] : !ring
      }
  return
}

// -----

// One thread that puts three ahead of two stages.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{seen in block}}
func.func @too_far_ahead(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %ring = tile.ring : !ring
      scf.for %i = %c0 to %c3 step %c1 {
        // expected-error @+1 {{deadlock: the function waits until it can put use 2 of the ring (slot 0, phase 1)}}
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !s):
          %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
          tile.copy %from to %slot : !g, !s
        }
      }
      scf.for %i = %c0 to %c3 step %c1 {
        %got = tile.get %ring[%i] : !ring -> !s
        tile.release %ring[%i] : !ring
      }
  return
}

// -----

// Two consumers of a ring for one.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{seen in block}}
func.func @too_many_readers(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !s):
          %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
          tile.copy %from to %slot : !g, !s
        }
      }
    }
    tile.role "consumer" count 2 warps 4 registers 240 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        // expected-error @+1 {{expected 1 readers of the ring, as its type says, found one more, role 'consumer'}}
        %got = tile.get %ring[%i] : !ring -> !s
        tile.release %ring[%i] : !ring
      }
    }
  }
  return
}

// -----

// One consumer of a ring for two.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 2>

// expected-note @+1 {{seen in block}}
func.func @too_few_readers(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        // expected-error @+1 {{use 0 was put by 1 of 1 writers and released by 1 of 2 readers}}
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !s):
          %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
          tile.copy %from to %slot : !g, !s
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        // expected-note @+1 {{role 'consumer' 0 waits for use 2}}
        %got = tile.get %ring[%i] : !ring -> !s
        tile.release %ring[%i] : !ring
      }
    }
  }
  return
}

// -----

// The function reads a ring that a role reads as well.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{seen in block}}
func.func @reader_outside(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      tile.put %ring[%c0] : !ring {
      ^bb0(%slot: !s):
        %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
        tile.copy %from to %slot : !g, !s
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      %got = tile.get %ring[%c0] : !ring -> !s
      tile.release %ring[%c0] : !ring
    }
  }
  // expected-error @+1 {{expected 1 readers of the ring, as its type says, found one more, the function}}
  %again = tile.get %ring[%c0] : !ring -> !s
  tile.release %ring[%c0] : !ring
  return
}

// -----

// Two writers where the type says one.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{seen in block}}
func.func @writers(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 2 warps 4 registers 24 {
    ^bb0(%which: index):
      // expected-error @+1 {{deadlock: role 'producer' }}
      tile.put %ring[%c0] : !ring {
      ^bb0(%slot: !s):
        %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
        tile.copy %from to %slot : !g, !s
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      %got = tile.get %ring[%c0] : !ring -> !s
      tile.release %ring[%c0] : !ring
    }
  }
  return
}

// -----

// Read too late.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{seen in block}}
func.func @read_after_release(%x: memref<64x16xbf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !s):
          %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
          tile.copy %from to %slot : !g, !s
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %c8 step %c1 {
        // expected-note @+1 {{the slot was got here}}
        %got = tile.get %ring[%i] : !ring -> !s
        tile.release %ring[%i] : !ring
        // expected-error @+1 {{expected a slot between its get and its release, found use 0 after its release}}
        %late = tile.load %got : !s -> !tile.reg<64x16xbf16, blocked>
      }
    }
  }
  return
}

// -----

// A release on one path of two: whether it is taken depends on an argument.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{argument 1 = }}
func.func @one_path(%x: memref<64x16xbf16>, %n: index, %flag: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %n step %c1 {
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !s):
          %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
          tile.copy %from to %slot : !g, !s
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      scf.for %i = %c0 to %n step %c1 {
        // expected-error @+1 {{expected a tile.release of use 0 of the ring (slot 0, phase 0) before role 'consumer' 0 ends, found none}}
        %got = tile.get %ring[%i] : !ring -> !s
        scf.if %flag {
          tile.release %ring[%i] : !ring
        }
      }
    }
  }
  return
}

// -----

// Each role reads its own length.
!s = !tile.mem<64x16xbf16, shared, rows, swizzle32>
!g = !tile.mem<64x16xbf16, global, rows>
!ring = !tile.ring<2 x (!s) by tma, arrivals 1, bytes 2048, readers 1>

// expected-note @+1 {{argument 1 [0] = }}
func.func @other_element(%x: memref<64x16xbf16>, %lengths: memref<2xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %ring = tile.ring : !ring
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      %n = memref.load %lengths[%c0] : memref<2xindex>
      scf.for %i = %c0 to %n step %c1 {
        tile.put %ring[%i] : !ring {
        ^bb0(%slot: !s):
          %from = tile.view %x[%c0, %c0] : memref<64x16xbf16> -> !g
          tile.copy %from to %slot : !g, !s
        }
      }
    }
    tile.role "consumer" count 1 warps 4 registers 240 {
    ^bb0(%which: index):
      %n = memref.load %lengths[%c1] : memref<2xindex>
      scf.for %i = %c0 to %n step %c1 {
        // expected-error @+1 {{deadlock: role 'consumer' 0 waits for use 0 of the ring}}
        %got = tile.get %ring[%i] : !ring -> !s
        tile.release %ring[%i] : !ring
      }
    }
  }
  return
}
