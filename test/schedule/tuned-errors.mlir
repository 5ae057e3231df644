// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RUN: dreamer-opt %s --dreamer-schedule=targets=x86-64-v3 --split-input-file --verify-diagnostics

func.func @value(%x: tensor<8x8xf32> {dreamer.name = "x"}, %w: tensor<8x8xf32> {dreamer.name = "w"})
    -> (tensor<8x8xf32> {dreamer.name = "y"}) {
  // expected-error @below {{expected block_rows to be one of 4, 6, 8, 12; found 5 (for x86-64-v3)}}
  %y = dreamer.linear %x, %w {dreamer.tuned = {"x86-64-v3" = {block_rows = 5 : i64}}}
      : tensor<8x8xf32>, tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// -----

func.func @name(%x: tensor<8x8xf32> {dreamer.name = "x"}, %w: tensor<8x8xf32> {dreamer.name = "w"})
    -> (tensor<8x8xf32> {dreamer.name = "y"}) {
  // expected-error @below {{expected parameters of pack_weights, block_rows, block_vectors, task_kflops, depth_chunk; found 'key_block'}}
  %y = dreamer.linear %x, %w {dreamer.tuned = {"x86-64-v3" = {key_block = 96 : i64}}}
      : tensor<8x8xf32>, tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// -----

func.func @together(%x: tensor<8x8xf32> {dreamer.name = "x"}, %w: tensor<8x8xf32> {dreamer.name = "w"})
    -> (tensor<8x8xf32> {dreamer.name = "y"}) {
  // expected-error @below {{expected a register block in 16 registers, found 8 rows of 2 vectors, which need 19}}
  %y = dreamer.linear %x, %w {dreamer.tuned = {"x86-64-v3" = {block_rows = 8 : i64}}}
      : tensor<8x8xf32>, tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// -----

func.func @scores(%q: tensor<1x400x8xf32> {dreamer.name = "q"}, %k: tensor<1x400x8xf32> {dreamer.name = "k"},
                  %v: tensor<1x400x8xf32> {dreamer.name = "v"}) -> (tensor<1x400x8xf32> {dreamer.name = "y"}) {
  // expected-error @below {{expected blocks of scores of at most 131072 bytes, found query_blocks = 16 and key_block = 384, which need 147456}}
  %y, %lse = dreamer.sequence_attention %q, %k, %v {heads = 1, kv_heads = 1,
      dreamer.tuned = {"x86-64-v3" = {query_blocks = 16 : i64, key_block = 384 : i64}}}
      : tensor<1x400x8xf32>, tensor<1x400x8xf32>, tensor<1x400x8xf32>
  return %y : tensor<1x400x8xf32>
}

// -----

func.func @shape(%x: tensor<8x8xf32> {dreamer.name = "x"}, %w: tensor<8x8xf32> {dreamer.name = "w"})
    -> (tensor<8x8xf32> {dreamer.name = "y"}) {
  // expected-error @below {{expected {<target> = {<parameter> = <integer>, ...}} for 'dreamer.tuned', found {block_rows = 4 : i64}}}
  %y = dreamer.linear %x, %w {dreamer.tuned = {block_rows = 4 : i64}} : tensor<8x8xf32>, tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// -----

func.func @elsewhere(%x: tensor<8x8xf32> {dreamer.name = "x"}) -> (tensor<8x8xf32> {dreamer.name = "y"}) {
  // expected-error @below {{expected no 'dreamer.tuned' on an operation without parameters, found block_rows = 4}}
  %y = dreamer.scale %x {factor = 2.0 : f64, dreamer.tuned = {"x86-64-v3" = {block_rows = 4 : i64}}} : tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// -----

func.func @target(%x: tensor<8x8xf32> {dreamer.name = "x"}, %w: tensor<8x8xf32> {dreamer.name = "w"})
    -> (tensor<8x8xf32> {dreamer.name = "y"}) {
  // expected-error @below {{as a target, found 'x86-64-v33' in 'dreamer.tuned'}}
  %y = dreamer.linear %x, %w {dreamer.tuned = {"x86-64-v33" = {block_rows = 4 : i64}}} : tensor<8x8xf32>, tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}
