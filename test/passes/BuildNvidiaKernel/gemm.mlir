// RUN: dreamer-opt %s --build-nvidia-kernel="kernel=gemm-sm80 rows=256 columns=384 depth=160" --check-tile-protocol | FileCheck %s --check-prefix=SM80
// RUN: dreamer-opt %s --build-nvidia-kernel="kernel=gemm-sm90 rows=256 columns=512 depth=160 transpose-a" --check-tile-protocol | FileCheck %s --check-prefix=SM90
// RUN: dreamer-opt %s --build-nvidia-kernel="kernel=gemm-sm90 name=odd tiling=3 element=f16 rows=70 columns=45 depth=13 plain-b" --check-tile-protocol | FileCheck %s --check-prefix=ODD

// SM80-LABEL: func @kernel(%arg0: memref<256x160xbf16>, %arg1: memref<384x160xbf16>, %arg2: memref<256x384xf32>)
// SM80: tile.ring : <4 x(<128x32xbf16, shared, rows, swizzle64>, <32x128xbf16, shared, columns, swizzle64>) by cp_async, arrivals 1, bytes 16384, readers 1>
// SM80: scf.for {{.*}} to %c6
// Three slices are put ahead, the others one a step.
// SM80: scf.for {{.*}} to %c3
// SM80: tile.put
// SM80: scf.for {{.*}} to %c5
// SM80: tile.get
// SM80: scf.if
// SM80: tile.put
// SM80: tile.load {{.*}} -> <128x32xbf16, mma_a, warps 2x2>
// SM80: tile.mma {{.*}} <128x128xf32, mma_c, warps 2x2>
// SM80: tile.release
// SM80: tile.store
// SM80-NOT: valid

// SM90-LABEL: func @kernel(%arg0: memref<160x256xbf16>, %arg1: memref<512x160xbf16>, %arg2: memref<256x512xf32>)
// SM90: tile.ring : <4 x(<128x64xbf16, shared, columns, swizzle128>, <64x256xbf16, shared, columns, swizzle128>) by tma, arrivals 1, bytes 49152, readers 2>
// SM90: tile.role "producer" count 1 warps 4 registers 40
// SM90: tile.view %arg0{{.*}} valid
// SM90: tile.role "consumer" count 2 warps 4 registers 232
// SM90: tile.mma_start
// SM90: scf.for
// SM90: tile.mma_start
// SM90: tile.mma_wait {{.*}} outstanding 1
// SM90: tile.release
// SM90: tile.mma_wait {{.*}} outstanding 0
// SM90: tile.release

// Lines of 26 bytes are no business of TMA.
// ODD-LABEL: func @odd(%arg0: memref<70x13xf16>, %arg1: memref<13x45xf16>, %arg2: memref<70x45xf32>)
// ODD: tile.ring : <4 x(<64x64xf16, shared, rows, swizzle128>, <64x256xf16, shared, rows, swizzle128>) by cp_async, arrivals 1, bytes 40960, readers 1>
