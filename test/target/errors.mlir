// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// IR of the kernels phase may be edited by hand.
//
// RUN: dreamer-opt %s --split-input-file --verify-diagnostics

func.func private @not_a_kernel(%x: memref<16xf32>, %task: index)
func.func @score(%x: memref<16xf32>, %n: index) {
  // expected-error @below {{expected the name of a kernel, found @not_a_kernel}}
  schedule.launch @not_a_kernel tasks(%n) (%x : memref<16xf32>)
  return
}

// -----

func.func private @kernel(%x: memref<16xf32>, %task: index) attributes {schedule.kernel = "test"} {
  return
}
func.func @score(%x: memref<8xf32>, %n: index) {
  // expected-error @below {{expected arguments of types 'memref<16xf32>', found 'memref<8xf32>'}}
  schedule.launch @kernel tasks(%n) (%x : memref<8xf32>)
  return
}

// -----

// expected-error @below {{found the unknown attribute 'schedule.kernels'}}
func.func private @kernel(%task: index) attributes {schedule.kernels = "test"}

// -----

// expected-error @below {{expected a dictionary for 'schedule.target', found 3 : i64}}
module attributes {schedule.target = 3} {}

// -----

// expected-error @below {{'schedule.entry': expected inputs and outputs, found {inputs = []}}}
func.func @score() attributes {schedule.entry = {inputs = []}} {
  return
}

// -----

// expected-error @below {{'schedule.entry': expected {name, type, buffer, offset} inside a buffer of the entry, found {buffer = 0 : i64, name = "x", offset = 4 : i64, type = tensor<f32>}}}
func.func @score(%b: memref<4xi8> {schedule.buffer = "arena"})
    attributes {schedule.entry = {inputs = [{name = "x", type = tensor<f32>, buffer = 0, offset = 4}], outputs = []}} {
  return
}

// -----

// expected-error @below {{expected 'schedule.buffer' on argument 0, a memref<N x i8>}}
func.func @score(%b: memref<4xi8>) attributes {schedule.entry = {inputs = [], outputs = []}} {
  return
}

// -----

// expected-error @below {{'schedule.parameters': expected {name, type, role, offset}, found {name = "a"}}}
module attributes {schedule.parameters = [{name = "a"}]} {}
