// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// RUN: dreamer-opt %s --dreamer-schedule=targets=x86-64-v3 --split-input-file --verify-diagnostics
// RUN: echo 'module {}' | not dreamer-opt --dreamer-schedule=targets=x86-64-v9 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: expected x86-64-v3, x86-64-v4, x86-64-v4-bf16, x86-64-v4-amx or native as a target, found 'x86-64-v9'

func.func @no_kernel(%a: tensor<4xf32> {dreamer.name = "a"}) -> (tensor<4xf32> {dreamer.name = "b"}) {
  // expected-error @below {{expected an operation with kernels for x86-64-v3, found 'arith.addf', which has none}}
  %b = arith.addf %a, %a : tensor<4xf32>
  return %b : tensor<4xf32>
}

// -----

// expected-error @below {{expected 'dreamer.name' on argument 0}}
func.func @no_name(%a: tensor<4xf32>) -> (tensor<4xf32> {dreamer.name = "b"}) {
  return %a : tensor<4xf32>
}

// -----

// expected-error @below {{expected 'dreamer.name' on result 0}}
func.func @no_result_name(%a: tensor<4xf32> {dreamer.name = "a"}) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}

// -----

// expected-error @below {{found two arguments of the name 'a'}}
func.func @twice(%a: tensor<4xf32> {dreamer.name = "a"}, %b: tensor<4xf32> {dreamer.name = "a"}) {
  return
}

// -----

// expected-error @below {{expected 'grad.<name>' of a parameter of this module, found 'grad.w'}}
func.func @gradient_of_nothing(%a: tensor<4xf32> {dreamer.name = "a"}) -> (tensor<4xf32> {dreamer.name = "grad.w"}) {
  return %a : tensor<4xf32>
}

// -----

// expected-error @below {{expected 'moment1.<name>' of a parameter of this module, found 'moment1.w'}}
func.func @moment_of_nothing(%a: tensor<4xf32> {dreamer.name = "moment1.w", dreamer.role = "moment1"}) {
  return
}

// -----

// expected-error @below {{expected result 0 ('b') to update an argument of its type, found 'c'}}
func.func @updates_nothing(%a: tensor<4xf32> {dreamer.name = "a"})
    -> (tensor<4xf32> {dreamer.name = "b", dreamer.updates = "c"}) {
  return %a : tensor<4xf32>
}

// -----

func.func @exchange(%a: tensor<4xf32> {dreamer.name = "a"}, %b: tensor<4xf32> {dreamer.name = "b"})
    -> (tensor<4xf32> {dreamer.updates = "a"}, tensor<4xf32> {dreamer.updates = "b"}) {
  // expected-error @below {{expected results that do not exchange the values of arguments, found result 1}}
  return %b, %a : tensor<4xf32>, tensor<4xf32>
}

// -----

func.func @first(%a: tensor<4xf32> {dreamer.name = "a", dreamer.role = "parameter"}) {
  return
}
// expected-error @below {{expected parameter 'a' of type 'tensor<4xf32>' as in the functions before, found 'tensor<5xf32>'}}
func.func @second(%a: tensor<5xf32> {dreamer.name = "a", dreamer.role = "parameter"}) {
  return
}
