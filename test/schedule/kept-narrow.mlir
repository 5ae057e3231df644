// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kept weights have the size and the type that their target packs them in: for tiles, a depth of 40 is filled up
// to 64, and 16 columns to 32; for pairs neither is.
// RUN: dreamer-opt --dreamer-schedule=targets=x86-64-v4-amx --canonicalize --cse %s | FileCheck %s --check-prefix=TILES
// RUN: dreamer-opt --dreamer-schedule=targets=x86-64-v4-bf16 --canonicalize --cse %s | FileCheck %s --check-prefix=PAIRS
// RUN: dreamer-opt --dreamer-schedule=targets=x86-64-v4 --canonicalize --cse %s | FileCheck %s --check-prefix=WIDE

// The generation and two headers, 64 bytes each; the narrowed weight; the packed one.
// TILES: memref<[[BYTES:5568]]xi8> {schedule.buffer = "kept"}
// TILES: memref.view {{.*}} : memref<[[BYTES]]xi8> to memref<2048xbf16>
// PAIRS: memref<[[BYTES:2752]]xi8> {schedule.buffer = "kept"}
// PAIRS: memref.view {{.*}} : memref<[[BYTES]]xi8> to memref<640xbf16>
// WIDE: memref<[[BYTES:4032]]xi8> {schedule.buffer = "kept"}
// WIDE: memref.view {{.*}} : memref<[[BYTES]]xi8> to memref<640xf32>
func.func @score(
    %x: tensor<48x40xbf16> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<16x40xf32> {dreamer.name = "w", dreamer.role = "parameter"})
    -> (tensor<48x16xf32> {dreamer.name = "y"}) {
  %narrow = dreamer.cast %w : tensor<16x40xf32> -> tensor<16x40xbf16>
  %y = dreamer.linear %x, %narrow : tensor<48x40xbf16>, tensor<16x40xbf16>
  return %y : tensor<48x16xf32>
}
