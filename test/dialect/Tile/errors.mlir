// RUN: dreamer-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected an order (rows, columns), found 'diagonal'}}
func.func private @order(!tile.mem<8x8xf32, global, diagonal>)

// -----

// expected-error @+1 {{expected a space (global, shared), found 'heap'}}
func.func private @space(!tile.mem<8x8xf32, heap, rows>)

// -----

// expected-error @+1 {{expected a swizzle in shared memory, found it in global}}
func.func private @swizzle(!tile.mem<8x64xbf16, global, rows, swizzle128>)

// -----

// expected-error @+1 {{expected lines of a multiple of 128 bytes, found 64}}
func.func private @lines(!tile.mem<8x32xbf16, shared, rows, swizzle128>)

// -----

// expected-error @+1 {{expected an even number of rows of 16-bit elements in pairs, found 7 rows}}
func.func private @pairs(!tile.mem<7x32xbf16, shared, rows, pairs>)

// -----

// expected-error @+1 {{expected a tile of rows x columns, found 3 dimensions}}
func.func private @rank(!tile.reg<2x8x8xf32, vectors>)

// -----

// expected-error @+1 {{expected a layout (vectors, amx_c, mma_a, mma_b, mma_c, wgmma_a, wgmma_c, blocked), found 'linear'}}
func.func private @layout(!tile.reg<8x8xf32, linear>)

// -----

// expected-error @+1 {{expected a multiple of 32x16 in the layout mma_c, found 16x16}}
func.func private @granule(!tile.reg<16x16xf32, mma_c, warps 2x2>)

// -----

// expected-error @+1 {{expected 'warps RxC' with the layout mma_a}}
func.func private @warps(!tile.reg<16x16xbf16, mma_a>)

// -----

// expected-error @+1 {{expected no 'warps' with the layout vectors}}
func.func private @noWarps(!tile.reg<16x16xf32, vectors, warps 2x2>)

// -----

// expected-error @+1 {{expected 16-bit elements in the layout wgmma_a, found 'f32'}}
func.func private @factor(!tile.reg<64x16xf32, wgmma_a>)

// -----

// expected-error @+1 {{expected one column in a slice, found 2}}
func.func private @slice(!tile.reg<6x2xf32, slice vectors>)

// -----

// expected-error @+1 {{expected 2048 bytes, as the slots hold, found 1024}}
func.func private @bytes(!tile.ring<2 x (!tile.mem<16x64xbf16, shared, rows>) by tma, arrivals 1, bytes 1024, readers 1>)

// -----

// expected-error @+1 {{expected lines of a multiple of 16 bytes for tma}}
func.func private @tma(!tile.ring<2 x (!tile.mem<16x4xbf16, shared, rows>) by tma, arrivals 1, bytes 128, readers 1>)

// -----

// expected-error @+1 {{expected accumulators in the layout wgmma_c}}
func.func private @pending(!tile.pending<!tile.reg<6x16xf32, vectors>>)

// -----

func.func @offsets(%a: memref<8x8x8xf32>, %i: index) {
  // expected-error @+1 {{expected 3 offsets, one for each dimension of the base, found 2}}
  %0 = tile.view %a[%i, %i] : memref<8x8x8xf32> -> !tile.mem<4x4xf32, global, rows>
  return
}

// -----

func.func @valid(%a: memref<8x8xf32>, %i: index) {
  // expected-error @+1 {{expected 'valid' rows and columns, found 1 numbers}}
  %0 = tile.view %a[%i, %i] valid(%i) : memref<8x8xf32> -> !tile.mem<4x4xf32, global, rows>
  return
}

// -----

func.func @within(%i: index) {
  %a = tile.alloc : !tile.mem<8x8xf32, shared, rows>
  // expected-error @+1 {{expected a tile within 8x8, found 16x4}}
  %0 = tile.view %a[%i, %i] : !tile.mem<8x8xf32, shared, rows> -> !tile.mem<16x4xf32, shared, rows>
  return
}

// -----

func.func @strides(%a: memref<8x8xf32, strided<[8, 2]>>, %i: index) {
  // expected-error @+1 {{expected a base whose last dimension is contiguous}}
  %0 = tile.view %a[%i, %i] : memref<8x8xf32, strided<[8, 2]>> -> !tile.mem<4x4xf32, global, rows>
  return
}

// -----

func.func @ids(%a: memref<8x8xf32>, %ids: !tile.mem<4x1xi64, global, rows>, %i: index) {
  // expected-error @+1 {{expected ids 4x1xi32}}
  %0 = tile.rows %a[%ids, %i] : memref<8x8xf32>, !tile.mem<4x1xi64, global, rows> -> !tile.mem<4x4xf32, global, rows>
  return
}

// -----

func.func @alloc() {
  // expected-error @+1 {{expected a place in shared memory}}
  %0 = tile.alloc : !tile.mem<4x4xf32, global, rows>
  return
}

// -----

func.func @load(%a: !tile.mem<4x4xf32, global, rows>) {
  // expected-error @+1 {{expected tiles of one shape and element type}}
  %0 = tile.load %a : !tile.mem<4x4xf32, global, rows> -> !tile.reg<4x4xbf16, vectors>
  return
}

// -----

func.func @ldmatrix(%a: !tile.mem<16x16xbf16, global, rows>) {
  // expected-error @+1 {{expected a shared place to load mma_a from (ldmatrix)}}
  %0 = tile.load %a : !tile.mem<16x16xbf16, global, rows> -> !tile.reg<16x16xbf16, mma_a, warps 1x1>
  return
}

// -----

func.func @mmaShape(%a: !tile.mem<6x8xf32, global, rows>, %b: !tile.mem<7x16xf32, global, rows>, %c: !tile.reg<6x16xf32, vectors>) {
  // expected-error @+1 {{expected factors MxK and KxN of accumulators MxN}}
  %0 = tile.mma %a, %b, %c : !tile.mem<6x8xf32, global, rows>, !tile.mem<7x16xf32, global, rows>, !tile.reg<6x16xf32, vectors>
  return
}

// -----

func.func @mmaVectors(%a: !tile.mem<6x8xf32, global, rows>, %b: !tile.mem<8x16xf32, global, columns>, %c: !tile.reg<6x16xf32, vectors>) {
  // expected-error @+1 {{expected a place of f32 or bf16 in the order rows (pairs: both bf16) as the right factor}}
  %0 = tile.mma %a, %b, %c : !tile.mem<6x8xf32, global, rows>, !tile.mem<8x16xf32, global, columns>, !tile.reg<6x16xf32, vectors>
  return
}

// -----

func.func @mmaAmx(%a: !tile.mem<16x16xbf16, global, rows>, %b: !tile.mem<16x16xbf16, global, rows, pairs>, %c: !tile.reg<16x16xf32, amx_c>) {
  // expected-error @+1 {{a multiple of 32 deep, as the left factor}}
  %0 = tile.mma %a, %b, %c : !tile.mem<16x16xbf16, global, rows>, !tile.mem<16x16xbf16, global, rows, pairs>, !tile.reg<16x16xf32, amx_c>
  return
}

// -----

func.func @mmaWarps(%a: !tile.reg<32x16xbf16, mma_a, warps 1x2>, %b: !tile.reg<16x16xbf16, mma_b, warps 2x2>, %c: !tile.reg<32x16xf32, mma_c, warps 2x2>) {
  // expected-error @+1 {{expected a value in mma_a with the accumulators' warps as the left factor}}
  %0 = tile.mma %a, %b, %c : !tile.reg<32x16xbf16, mma_a, warps 1x2>, !tile.reg<16x16xbf16, mma_b, warps 2x2>, !tile.reg<32x16xf32, mma_c, warps 2x2>
  return
}

// -----

func.func @mmaWgmma(%a: !tile.mem<64x16xbf16, shared, rows>, %b: !tile.mem<16x64xbf16, global, rows>, %c: !tile.reg<64x64xf32, wgmma_c>) {
  // expected-error @+1 {{expected a shared place of the same elements as the right factor}}
  %0 = tile.mma %a, %b, %c : !tile.mem<64x16xbf16, shared, rows>, !tile.mem<16x64xbf16, global, rows>, !tile.reg<64x64xf32, wgmma_c>
  return
}

// -----

func.func @mmaWide(%a: !tile.mem<64x16xbf16, shared, rows>, %b: !tile.mem<16x512xbf16, shared, rows>, %c: !tile.reg<64x512xf32, wgmma_c>) {
  // expected-error @+1 {{expected at most 256 columns of wgmma_c, found 512}}
  %0 = tile.mma %a, %b, %c : !tile.mem<64x16xbf16, shared, rows>, !tile.mem<16x512xbf16, shared, rows>, !tile.reg<64x512xf32, wgmma_c>
  return
}

// -----

func.func @inFlight(%p: !tile.pending<!tile.reg<64x64xf32, wgmma_c>>) {
  // expected-error @+1 {{where 1 stay in flight}}
  %0 = tile.mma_wait %p outstanding 1 : !tile.pending<!tile.reg<64x64xf32, wgmma_c>> -> !tile.reg<64x64xf32, wgmma_c>
  return
}

// -----

func.func @mapLayout(%a: !tile.reg<64x8xf32, vectors>, %b: !tile.reg<64x8xf32, wgmma_c>) {
  // expected-error @+1 {{expected tiles of one shape and layout}}
  %0 = tile.map (%a, %b) : (!tile.reg<64x8xf32, vectors>, !tile.reg<64x8xf32, wgmma_c>) -> !tile.reg<64x8xf32, vectors> {
  ^bb0(%x: f32, %y: f32):
    tile.yield %x : f32
  }
  return
}

// -----

func.func @mapYield(%a: !tile.reg<8x8xf32, vectors>) {
  // expected-error @+1 {{expected the region to yield 'bf16', found 'f32'}}
  %0 = tile.map (%a) : (!tile.reg<8x8xf32, vectors>) -> !tile.reg<8x8xbf16, vectors> {
  ^bb0(%x: f32):
    tile.yield %x : f32
  }
  return
}

// -----

func.func @reduce(%a: !tile.reg<8x8xf32, vectors>) {
  // expected-error @+1 {{expected the column}}
  %0 = tile.reduce add %a : !tile.reg<8x8xf32, vectors> -> !tile.reg<8x1xf32, vectors>
  return
}

// -----

func.func @convert(%a: !tile.reg<64x16xbf16, vectors>) {
  // expected-error @+1 {{no target converts}}
  %0 = tile.convert_layout %a : !tile.reg<64x16xbf16, vectors> -> !tile.reg<64x16xbf16, wgmma_a>
  return
}

// -----

!slot = !tile.mem<16x64xbf16, shared, rows>
!ring = !tile.ring<2 x (!slot) by tma, arrivals 1, bytes 2048, readers 1>
func.func @emptyPut(%i: index) {
  %ring = tile.ring : !ring
  // expected-error @+1 {{expected one copy to place 0 of the slot, found 0}}
  tile.put %ring[%i] : !ring {
  ^bb0(%s: !slot):
  }
  return
}

// -----

!slot = !tile.mem<16x64xbf16, shared, rows>
!ring = !tile.ring<2 x (!slot) by tma, arrivals 1, bytes 2048, readers 1>
func.func @gatherByTma(%a: memref<64x64xbf16>, %ids: !tile.mem<16x1xi32, global, rows>, %i: index) {
  %ring = tile.ring : !ring
  tile.put %ring[%i] : !ring {
  ^bb0(%s: !slot):
    %rows = tile.rows %a[%ids, %i] : memref<64x64xbf16>, !tile.mem<16x1xi32, global, rows> -> !tile.mem<16x64xbf16, global, rows>
    // expected-error @+1 {{expected a ring by cp_async to gather rows, found tma}}
    tile.copy %rows to %s : !tile.mem<16x64xbf16, global, rows>, !slot
  }
  return
}

// -----

!slot = !tile.mem<16x64xbf16, shared, rows>
!ring = !tile.ring<2 x (!slot) by tma, arrivals 1, bytes 2048, readers 1>
func.func @wrongSlot(%i: index) {
  %ring = tile.ring : !ring
  // expected-error @+1 {{expected the slot's places}}
  %0 = tile.get %ring[%i] : !ring -> !tile.mem<16x32xbf16, shared, rows>
  return
}

// -----

func.func @roles() {
  // expected-error @+1 {{expected only roles in the region, found 'tile.barrier'}}
  tile.roles {
    tile.barrier
  }
  return
}

// -----

func.func @registers() {
  tile.roles {
    // expected-error @+1 {{expected registers in multiples of 8, found 100}}
    tile.role "consumer" count 1 warps 4 registers 100 {
    ^bb0(%which: index):
    }
  }
  return
}
