// RUN: dreamer-opt %s --build-nvidia-kernel="kernel=attention-sm80 batch=2 queries=256 keys=256 heads=4 kv-heads=2 causal" --check-tile-protocol | FileCheck %s --check-prefix=SM80
// RUN: dreamer-opt %s --build-nvidia-kernel="kernel=attention-sm90 queries=256 keys=256 head-size=128" --check-tile-protocol | FileCheck %s --check-prefix=SM90

// SM80-LABEL: func @kernel(%arg0: memref<2x256x256xbf16>, %arg1: memref<2x256x128xbf16>, %arg2: memref<2x256x128xbf16>, %arg3: memref<2x256x256xbf16>, %arg4: memref<2x4x256xf32>)
// SM80: tile.load {{.*}} -> <64x64xbf16, mma_a, warps 4x1>
// Steps before the diagonal have no mask.
// SM80: tile.mma
// SM80-NOT: arith.select
// SM80: tile.reduce max
// SM80: tile.convert_layout {{.*}} -> <64x64xbf16, mma_a, warps 4x1>
// SM80: tile.mma
// SM80: tile.mma
// SM80: arith.select
// SM80: tile.reduce max

// One loop where nothing is masked; both factors of the first product are places.
// SM90-LABEL: func @kernel(
// SM90: tile.ring : <1 x(<128x128xbf16, shared, rows, swizzle128>) by tma, arrivals 1, bytes 32768, readers 2>
// SM90: tile.ring : <2 x(<128x128xbf16, shared, columns, swizzle128>, <128x128xbf16, shared, rows, swizzle128>) by tma, arrivals 1, bytes 65536, readers 2>
// SM90: tile.role "consumer"
// SM90: tile.mma {{.*}} : !tile.mem<64x128xbf16, shared, rows, swizzle128>, !tile.mem<128x128xbf16, shared, columns, swizzle128>, <64x128xf32, wgmma_c>
// SM90: tile.convert_layout {{.*}} -> <64x128xbf16, wgmma_a>
// SM90-NOT: arith.select
