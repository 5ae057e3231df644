// RUN: dreamer-opt %s | dreamer-opt | FileCheck %s
//
// Causal attention of one head on sm_90a by hand: 1024 positions, 64 features, bf16. 128 queries a block, 64
// for each of two consumers; a producer fills a ring of one stage with queries and a ring of two with keys
// and values. Probabilities stay in registers: accumulators become the left factor (Shah et al. 2024).
// Scores are in units of log 2, so `scale` is log2(e) / 8.

!q = !tile.mem<128x64xbf16, shared, rows, swizzle128>
!half = !tile.mem<64x64xbf16, shared, rows, swizzle128>
!kt = !tile.mem<64x128xbf16, shared, columns, swizzle128>
!v = !tile.mem<128x64xbf16, shared, rows, swizzle128>
!gq = !tile.mem<128x64xbf16, global, rows>
!gkt = !tile.mem<64x128xbf16, global, columns>
!gv = !tile.mem<128x64xbf16, global, rows>
!go = !tile.mem<64x64xbf16, global, rows>
!gl = !tile.mem<64x1xf32, global, rows>
!queries = !tile.ring<1 x (!q) by tma, arrivals 1, bytes 16384, readers 2>
!pairs = !tile.ring<2 x (!kt, !v) by tma, arrivals 1, bytes 32768, readers 2>
!s = !tile.reg<64x128xf32, wgmma_c>
!pc = !tile.reg<64x128xbf16, wgmma_c>
!pa = !tile.reg<64x128xbf16, wgmma_a>
!o = !tile.reg<64x64xf32, wgmma_c>
!oc = !tile.reg<64x64xbf16, wgmma_c>
!col = !tile.reg<64x1xf32, slice wgmma_c>

// CHECK-LABEL: func @attend
func.func @attend(%q: memref<1024x64xbf16>, %k: memref<1024x64xbf16>, %v: memref<1024x64xbf16>, %out: memref<1024x64xbf16>, %lse: memref<1024x1xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %scale = arith.constant 0.18033688 : f32
  %block = tile.block_id
  %from = arith.muli %block, %c128 : index
  %end = arith.addi %from, %c128 : index
  %queries = tile.ring : !queries
  %pairs = tile.ring : !pairs
  tile.roles {
    tile.role "producer" count 1 warps 4 registers 24 {
    ^bb0(%which: index):
      tile.put %queries[%c0] : !queries {
      ^bb0(%slot: !q):
        %rows = tile.view %q[%from, %c0] : memref<1024x64xbf16> -> !gq
        tile.copy %rows to %slot : !gq, !q
      }
      scf.for %key = %c0 to %end step %c128 {
        %i = arith.divui %key, %c128 : index
        tile.put %pairs[%i] : !pairs {
        ^bb0(%sk: !kt, %sv: !v):
          %keys = tile.view %k[%key, %c0] : memref<1024x64xbf16> -> !gkt
          %values = tile.view %v[%key, %c0] : memref<1024x64xbf16> -> !gv
          tile.copy %keys to %sk : !gkt, !kt
          tile.copy %values to %sv : !gv, !v
        }
      }
    }
    tile.role "consumer" count 2 warps 4 registers 240 {
    ^bb0(%which: index):
      %offset = arith.muli %which, %c64 : index
      %row = arith.addi %from, %offset : index
      %all = tile.get %queries[%c0] : !queries -> !q
      %mine = tile.view %all[%offset, %c0] : !q -> !half
      %nothing = tile.fill %zero : f32 -> !o
      %none = tile.fill %lowest : f32 -> !col
      %empty = tile.fill %zero : f32 -> !col
      %total, %max, %sum = scf.for %key = %c0 to %end step %c128 iter_args(%o = %nothing, %m = %none, %l = %empty) -> (!o, !col, !col) {
        %i = arith.divui %key, %c128 : index
        %sk, %sv = tile.get %pairs[%i] : !pairs -> !kt, !v
        %start = tile.fill %zero : f32 -> !s
        // CHECK: tile.mma
        %s = tile.mma %mine, %sk, %start : !half, !kt, !s
        %scaled = tile.map (%s) with (%row, %key, %scale, %lowest) : (!s, index, index, f32, f32) -> !s {
        ^bb0(%x: f32, %q0: index, %k0: index, %f: f32, %low: f32):
          %r = tile.coordinate 0
          %c = tile.coordinate 1
          %qi = arith.addi %q0, %r : index
          %ki = arith.addi %k0, %c : index
          %seen = arith.cmpi sle, %ki, %qi : index
          %y = arith.mulf %x, %f : f32
          %z = arith.select %seen, %y, %low : f32
          tile.yield %z : f32
        }
        %blockMax = tile.reduce max %scaled : !s -> !col
        %m1 = tile.map (%m, %blockMax) : (!col, !col) -> !col {
        ^bb0(%x: f32, %y: f32):
          %z = arith.maximumf %x, %y : f32
          tile.yield %z : f32
        }
        %factor = tile.map (%m, %m1) : (!col, !col) -> !col {
        ^bb0(%x: f32, %y: f32):
          %d = arith.subf %x, %y : f32
          %z = math.exp2 %d : f32
          tile.yield %z : f32
        }
        %m1wide = tile.broadcast %m1 : !col -> !s
        %p = tile.map (%scaled, %m1wide) : (!s, !s) -> !s {
        ^bb0(%x: f32, %y: f32):
          %d = arith.subf %x, %y : f32
          %z = math.exp2 %d : f32
          tile.yield %z : f32
        }
        %blockSum = tile.reduce add %p : !s -> !col
        %l1 = tile.map (%l, %factor, %blockSum) : (!col, !col, !col) -> !col {
        ^bb0(%x: f32, %f: f32, %y: f32):
          %w = math.fma %x, %f, %y : f32
          tile.yield %w : f32
        }
        %narrow = tile.map (%p) : (!s) -> !pc {
        ^bb0(%x: f32):
          %y = arith.truncf %x : f32 to bf16
          tile.yield %y : bf16
        }
        // CHECK: tile.convert_layout %{{.*}} : <64x128xbf16, wgmma_c> -> <64x128xbf16, wgmma_a>
        %left = tile.convert_layout %narrow : !pc -> !pa
        %factorWide = tile.broadcast %factor : !col -> !o
        %o1 = tile.map (%o, %factorWide) : (!o, !o) -> !o {
        ^bb0(%x: f32, %f: f32):
          %y = arith.mulf %x, %f : f32
          tile.yield %y : f32
        }
        %o2 = tile.mma %left, %sv, %o1 : !pa, !v, !o
        tile.release %pairs[%i] : !pairs
        scf.yield %o2, %m1, %l1 : !o, !col, !col
      }
      tile.release %queries[%c0] : !queries
      %place = tile.view %out[%row, %c0] : memref<1024x64xbf16> -> !go
      %stat = tile.view %lse[%row, %c0] : memref<1024x1xf32> -> !gl
      %sumWide = tile.broadcast %sum : !col -> !o
      %mean = tile.map (%total, %sumWide) : (!o, !o) -> !oc {
      ^bb0(%x: f32, %y: f32):
        %z = arith.divf %x, %y : f32
        %n = arith.truncf %z : f32 to bf16
        tile.yield %n : bf16
      }
      tile.store %mean, %place : !oc, !go
      %logs = tile.map (%max, %sum) : (!col, !col) -> !col {
      ^bb0(%x: f32, %y: f32):
        %z = math.log2 %y : f32
        %w = arith.addf %x, %z : f32
        tile.yield %w : f32
      }
      tile.store %logs, %stat : !col, !gl
    }
  }
  return
}
