// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A loop over depth as a loop of the host: carried values stay in one place, stacked values are written to
// their slots directly, entries of steps that are not run are filled.
//
// RUN: dreamer-opt %s --dreamer-schedule=targets=x86-64-v3 -canonicalize -cse | FileCheck %s

// CHECK: module attributes
// CHECK-SAME: schedule.errors = ["tokens: expected ids in [0, 7)", "core.depth: expected a depth in [1, 4]"]
// CHECK-SAME: schedule.parameter_bytes = 1536
// CHECK: module @"x86-64-v3"
// CHECK-SAME: vector_bits = 256

// CHECK: func.func @score(%[[ARENA:[a-z0-9]+]]: memref<768xi8> {schedule.buffer = "arena"}
// CHECK-SAME: %[[STATES:[a-z0-9]+]]: memref<1536xi8> {schedule.buffer = "tensor", schedule.name = "states"}, %{{[a-z0-9]+}}: memref<{{[0-9]+}}xi8> {schedule.buffer = "kept"})
// CHECK-SAME: schedule.plan = {arena_bytes = 768
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C384:.*]] = arith.constant 384 : index
// CHECK-DAG: %[[X:.*]] = memref.view %[[ARENA]][%[[C0]]][] : memref<768xi8> to memref<2x3x16xf32>
// CHECK-DAG: schedule.require_range %{{.*}} in 0 to 7 else 1
// CHECK: schedule.launch @embedding_{{.*}}, %[[X]] :
// CHECK: schedule.require %{{.*}} else 2
// CHECK: scf.for %[[D:.*]] = %[[C0]] to %[[N:.*]] step
// CHECK:   %[[SLOT:.*]] = arith.muli %[[D]], %[[C384]]
// CHECK:   %[[U:.*]] = memref.view %[[STATES]][%[[SLOT]]][]
// CHECK:   schedule.launch @rms_norm{{.*}} (%[[X]], %{{.*}}, %[[U]] :
// CHECK:   schedule.launch @linear{{.*}} (%[[U]],
// CHECK:   schedule.launch @add{{.*}} (%[[X]], %{{.*}}, %[[X]] :
// CHECK-NOT: memref.copy
// CHECK: scf.for %{{.*}} = %[[N]] to
// CHECK:   schedule.fill %{{.*}} with 0
// CHECK: return
// CHECK: func.func private @embedding_
// CHECK-SAME: schedule.kernel = "dreamer.embedding"
func.func @score(%tokens: tensor<2x3xi32> {dreamer.name = "tokens"},
                 %n: tensor<i32> {dreamer.name = "core.depth", dreamer.role = "option"},
                 %e: tensor<7x16xf32> {dreamer.name = "embed.weight", dreamer.role = "parameter"},
                 %w: tensor<16xf32> {dreamer.name = "norm.weight", dreamer.role = "parameter"},
                 %a: tensor<16x16xf32> {dreamer.name = "a.weight", dreamer.role = "parameter"})
    -> (tensor<2x3x7xf32> {dreamer.name = "logits"}, tensor<4x2x3x16xf32> {dreamer.name = "states"}) {
  %x0 = dreamer.embedding %tokens, %e : tensor<2x3xi32>, tensor<7x16xf32>
  %x, %s = dreamer.recur depth(%n) bound 4 init(%x0)
      : (tensor<i32>, tensor<2x3x16xf32>) -> (tensor<2x3x16xf32>, tensor<4x2x3x16xf32>) {
  ^bb0(%d: index, %xd: tensor<2x3x16xf32>):
    %u = dreamer.rms_norm %xd, %w {eps = 1.0e-6} : tensor<2x3x16xf32>, tensor<16xf32>
    %y = dreamer.linear %u, %a : tensor<2x3x16xf32>, tensor<16x16xf32>
    %z = dreamer.add %xd, %y : tensor<2x3x16xf32>, tensor<2x3x16xf32>
    dreamer.yield carried(%z : tensor<2x3x16xf32>) stacked(%u : tensor<2x3x16xf32>)
  }
  %l = dreamer.linear %x, %e : tensor<2x3x16xf32>, tensor<7x16xf32>
  return %l, %s : tensor<2x3x7xf32>, tensor<4x2x3x16xf32>
}
