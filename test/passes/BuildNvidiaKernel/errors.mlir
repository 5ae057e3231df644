// RUN: not dreamer-opt %s --build-nvidia-kernel="kernel=gemm-sm70" 2>&1 | FileCheck %s --check-prefix=KERNEL
// KERNEL: error: expected kernel gemm-sm80, gemm-sm90, attention-sm80 or attention-sm90, found 'gemm-sm70'

// RUN: not dreamer-opt %s --build-nvidia-kernel="kernel=gemm-sm80 rows=1 columns=1" 2>&1 | FileCheck %s --check-prefix=DEPTH
// DEPTH: error: expected depth of the product to be at least 1, found 0

// RUN: not dreamer-opt %s --build-nvidia-kernel="kernel=gemm-sm80 element=f32" 2>&1 | FileCheck %s --check-prefix=ELEMENT
// ELEMENT: error: expected element f16 or bf16, found 'f32'

// RUN: not dreamer-opt %s --build-nvidia-kernel="kernel=gemm-sm90 tiling=99" 2>&1 | FileCheck %s --check-prefix=TILING
// TILING: error: expected a tiling below {{[0-9]+}}, found 99

// RUN: not dreamer-opt %s --build-nvidia-kernel="kernel=attention-sm90 queries=8 keys=8 head-size=60" 2>&1 | FileCheck %s --check-prefix=HEAD
// HEAD: error: expected head size to be a multiple of 16, found 60

// RUN: not dreamer-opt %s --build-nvidia-kernel="kernel=gemm-sm90 name=taken" 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: expected a name that is free, found 'taken'
func.func private @taken()
