// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parameters that are stacked are neighbours, so that the stack is a view; so are their gradients. An
// update is in place.
//
// RUN: dreamer-opt %s --dreamer-schedule=targets=x86-64-v3 -canonicalize -cse --split-input-file | FileCheck %s

// CHECK: schedule.parameter_bytes = 768
// CHECK-SAME: name = "a.0", offset = 0
// CHECK-SAME: name = "a.1", offset = 256
// CHECK-SAME: name = "b", offset = 512
// CHECK: func.func @gradients
// CHECK-SAME: %[[P:[a-z0-9]*]]: memref<768xi8> {schedule.buffer = "parameters"}
// CHECK-SAME: %[[G:[a-z0-9]*]]: memref<768xi8> {schedule.buffer = "gradients"}
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK: scf.for %[[D:.*]] =
// CHECK:   %[[SLOT:.*]] = arith.muli %[[D]]
// CHECK:   memref.view %[[P]][%[[SLOT]]]
// CHECK:   memref.view %[[G]][%[[SLOT]]]
// CHECK-NOT: memref.copy
// CHECK: return
func.func @gradients(%a0: tensor<4x16xf32> {dreamer.name = "a.0", dreamer.role = "parameter"},
                     %b: tensor<4x16xf32> {dreamer.name = "b", dreamer.role = "parameter"},
                     %a1: tensor<4x16xf32> {dreamer.name = "a.1", dreamer.role = "parameter"})
    -> (tensor<4x16xf32> {dreamer.name = "grad.a.0"}, tensor<4x16xf32> {dreamer.name = "grad.a.1"}) {
  %a = dreamer.stack %a0, %a1 : tensor<4x16xf32>, tensor<4x16xf32>
  %g = dreamer.recur bound 2 slices(%a) : (tensor<2x4x16xf32>) -> tensor<2x4x16xf32> {
  ^bb0(%d: index, %ad: tensor<4x16xf32>):
    %n = dreamer.add %ad, %b : tensor<4x16xf32>, tensor<4x16xf32>
    dreamer.yield stacked(%n : tensor<4x16xf32>)
  }
  %g0, %g1 = dreamer.unstack %g : tensor<2x4x16xf32>
  return %g0, %g1 : tensor<4x16xf32>, tensor<4x16xf32>
}

// -----

// Parameters of 80 bytes cannot be neighbours, since each begins at a multiple of 64.
// CHECK-LABEL: func.func @score
// CHECK-COUNT-2: memref.copy
// CHECK: scf.for
func.func @score(%a0: tensor<20xf32> {dreamer.name = "a.0", dreamer.role = "parameter"},
                 %a1: tensor<20xf32> {dreamer.name = "a.1", dreamer.role = "parameter"},
                 %x: tensor<4x20xf32> {dreamer.name = "x"})
    -> (tensor<4x20xf32> {dreamer.name = "y"}) {
  %a = dreamer.stack %a0, %a1 : tensor<20xf32>, tensor<20xf32>
  %y = dreamer.recur bound 2 init(%x) slices(%a) : (tensor<4x20xf32>, tensor<2x20xf32>) -> tensor<4x20xf32> {
  ^bb0(%d: index, %xd: tensor<4x20xf32>, %ad: tensor<20xf32>):
    %n = dreamer.rms_norm %xd, %ad {eps = 1.0e-6} : tensor<4x20xf32>, tensor<20xf32>
    dreamer.yield carried(%n : tensor<4x20xf32>)
  }
  return %y : tensor<4x20xf32>
}

// -----

// CHECK-LABEL: func.func @train_step
// CHECK-SAME: updates = "b"
// CHECK-NOT: memref.copy
// CHECK: schedule.launch @balance_bias{{.*}} tasks(%{{.*}}) (%[[B:[a-z0-9_]*]],
// CHECK: return
func.func @train_step(%b: tensor<4xf32> {dreamer.name = "b", dreamer.role = "balance"},
                      %load: tensor<1x4xi32> {dreamer.name = "load"}, %norm: tensor<f32> {dreamer.name = "norm"})
    -> (tensor<4xf32> {dreamer.updates = "b"}) {
  %n = dreamer.balance_bias %b, %load, %norm {rate = 1.0e-3} : tensor<4xf32>, tensor<1x4xi32>, tensor<f32>
  return %n : tensor<4xf32>
}
