// RUN: dreamer-emulate %s --kernel=scale --grid=4 --block=64 --args="f32[256]:iota f32:2.0 f32[256]" --print=2 | FileCheck %s --check-prefix=SCALE
// RUN: dreamer-emulate %s --kernel=scale --grid=4 --block=64 --args="f32[256]:iota f32:2.0 f32[256]" --outputs=%t.safetensors --seed=3 --workers=2
// RUN: dreamer-emulate %s --kernel=scale --grid=4 --block=64 --args="f32[256]:%t.safetensors#arg2 f32:0.5 f32[256]" --print=2 --print-count=3 --completion=lazy | FileCheck %s --check-prefix=AGAIN
// RUN: not dreamer-emulate %s --kernel=scale --grid=5 --block=64 --args="f32[256]:iota f32:2.0 f32[256]" 2>&1 | FileCheck %s --check-prefix=BOUNDS
// RUN: not dreamer-emulate %s --kernel=scale --grid=4 --block=64 --args="f32[256] f32:2.0 f32[256]" 2>&1 | FileCheck %s --check-prefix=UNWRITTEN
// RUN: not dreamer-emulate %s --kernel=reverse --args="i32[64]:iota i32[64]" 2>&1 | FileCheck %s --check-prefix=RACE
// RUN: dreamer-emulate %s --list | FileCheck %s --check-prefix=LIST
//
// A kernel runs on numbers, buffers and files; what is wrong with it is told with its line here.

// SCALE: arg2 = f32[256]: 0 2 4 6 8 10 12 14 ...
// SCALE: scale: 4x1x1 blocks of 64x1x1 threads, {{.*}} ms, nothing found
// AGAIN: arg2 = f32[256]: 0 1 2 ...
// LIST: reverse(8 bytes, 8 bytes), blocks of up to 64x1x1, 256 bytes of shared variables
// LIST: scale(8 bytes, 4 bytes, 8 bytes), 0 bytes of shared variables

module attributes {gpu.container_module} {
  gpu.module @kernels {
    // Without a barrier between: other warps may not have stored yet.
    gpu.func @reverse(%x: memref<64xi32>, %y: memref<64xi32>) workgroup(%s: memref<64xi32, #gpu.address_space<workgroup>>)
        kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
      %c63 = arith.constant 63 : index
      %t = gpu.thread_id x
      %v = memref.load %x[%t] : memref<64xi32>
      memref.store %v, %s[%t] : memref<64xi32, #gpu.address_space<workgroup>>
      %r = arith.subi %c63, %t : index
      // RACE: {{race|uninitialised}}: kernel reverse, {{.*}}, at load i32 in reverse (run.mlir:[[@LINE+1]]:
      %w = memref.load %s[%r] : memref<64xi32, #gpu.address_space<workgroup>>
      memref.store %w, %y[%t] : memref<64xi32>
      gpu.return
    }
    gpu.func @scale(%x: memref<256xf32>, %factor: f32, %y: memref<256xf32>) kernel {
      %b = gpu.block_id x
      %n = gpu.block_dim x
      %t = gpu.thread_id x
      %first = arith.muli %b, %n : index
      %i = arith.addi %first, %t : index
      // BOUNDS: bounds: kernel scale, block (4,0,0), thread 0: global read of 4 bytes at byte 1024 of an allocation of 1024 bytes, at load float in scale (run.mlir:[[@LINE+2]]:
      // UNWRITTEN: uninitialised: kernel scale, block (0,0,0), thread 0: global read of byte 0 of an allocation of 1024 bytes, which nobody wrote, at load float in scale (run.mlir:[[@LINE+1]]:
      %v = memref.load %x[%i] : memref<256xf32>
      %w = arith.mulf %v, %factor : f32
      memref.store %w, %y[%i] : memref<256xf32>
      gpu.return
    }
  }
}
