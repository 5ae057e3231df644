// RUN: dreamer-opt %s --dreamer-differentiate | FileCheck %s
// RUN: dreamer-opt %s --dreamer-differentiate=recompute=depth | FileCheck %s --check-prefix=DEPTH
// Executed against central differences by test/unit/Differentiate/OperationGradientsTest.cpp.

// A history is not kept step by step: its final value serves every step, since each reads a
// prefix. Its cotangent is an accumulator of all slots.
// CHECK-LABEL: @history
// CHECK: %[[H:.*]] = dreamer.history
// CHECK: %[[F:.*]]:{{.*}} = dreamer.recur depth(%[[N:.*]]) bound 4 init(%{{.*}}, %[[H]])
// CHECK: %[[ONE:.*]] = arith.constant 1 : index
// CHECK: %[[ZERO:.*]] = dreamer.zero : tensor<4x2x4xf32>
// CHECK: dreamer.recur reverse depth(%[[N]]) bound 4 init(%{{.*}}, %[[ZERO]]
// CHECK: ^bb0(%[[D:.*]]: index, %{{.*}}: tensor<2x4xf32>, %[[DH:[^:]*]]: tensor<4x2x4xf32>
// CHECK-DAG: %[[COUNT:.*]] = arith.addi %[[D]]
// CHECK: %{{.*}}, %[[DK:.*]], %[[DV:.*]] = dreamer.depth_attention_grad %{{.*}}, %[[F]]#1, %[[F]]#1, %[[COUNT]]
// CHECK: %[[S1:.*]] = dreamer.add %[[DH]], %[[DK]]
// CHECK: %[[S2:.*]] = dreamer.add %[[S1]], %[[DV]]
// CHECK: dreamer.slot %[[S2]], %[[D]]
// CHECK: dreamer.yield carried(%{{[^,]*}}, %[[S2]]

// DEPTH-LABEL: @history
// DEPTH: %[[F:.*]]:3 = dreamer.recur depth
// DEPTH: dreamer.recur reverse
// DEPTH: dreamer.depth_attention_grad %{{.*}}, %[[F]]#1, %[[F]]#1
func.func @history(%x: tensor<2x4xf32>, %wq: tensor<4x4xf32>, %wk: tensor<4x4xf32>) -> tensor<2x4xf32> {
  %n = arith.constant dense<3> : tensor<i32>
  %h = dreamer.history %x {slots = 4, features = 4} : tensor<2x4xf32>
  %y, %all = dreamer.recur depth(%n) bound 4 init(%x, %h)
      : (tensor<i32>, tensor<2x4xf32>, tensor<4x2x4xf32>) -> (tensor<2x4xf32>, tensor<4x2x4xf32>) {
  ^bb0(%d: index, %xd: tensor<2x4xf32>, %hd: tensor<4x2x4xf32>):
    %one = arith.constant 1 : index
    %q = dreamer.linear %xd, %wq : tensor<2x4xf32>, tensor<4x4xf32>
    %k = dreamer.linear %xd, %wk : tensor<2x4xf32>, tensor<4x4xf32>
    %hn = dreamer.append %hd, %k, %d : tensor<4x2x4xf32>, tensor<2x4xf32>, index
    %count = arith.addi %d, %one : index
    %a = dreamer.depth_attention %q, %hn, %hn, %count {heads = 2, kv_heads = 2}
        : tensor<2x4xf32>, tensor<4x2x4xf32>, tensor<4x2x4xf32>, index
    %xn = dreamer.add %xd, %a : tensor<2x4xf32>, tensor<2x4xf32>
    dreamer.yield carried(%xn, %hn : tensor<2x4xf32>, tensor<4x2x4xf32>)
  }
  return %y : tensor<2x4xf32>
}

// Two entries a step, read before, between and after.
// CHECK-LABEL: @two_a_step
// DEPTH-LABEL: @two_a_step
func.func @two_a_step(%x: tensor<2x4xf32>, %wk: tensor<4x4xf32>) -> tensor<2x4xf32> {
  %h = dreamer.history %x {slots = 6, features = 4} : tensor<2x4xf32>
  %y, %all = dreamer.recur bound 3 init(%x, %h)
      : (tensor<2x4xf32>, tensor<6x2x4xf32>) -> (tensor<2x4xf32>, tensor<6x2x4xf32>) {
  ^bb0(%d: index, %xd: tensor<2x4xf32>, %h0: tensor<6x2x4xf32>):
    %one = arith.constant 1 : index
    %two = arith.constant 2 : index
    %slot0 = arith.muli %d, %two : index
    %slot1 = arith.addi %slot0, %one : index
    %count = arith.addi %slot0, %two : index
    %a = dreamer.depth_attention %xd, %h0, %h0, %slot0 {heads = 2, kv_heads = 2}
        : tensor<2x4xf32>, tensor<6x2x4xf32>, tensor<6x2x4xf32>, index
    %k = dreamer.linear %xd, %wk : tensor<2x4xf32>, tensor<4x4xf32>
    %h1 = dreamer.append %h0, %k, %slot0 : tensor<6x2x4xf32>, tensor<2x4xf32>, index
    %b = dreamer.depth_attention %k, %h1, %h1, %slot1 {heads = 2, kv_heads = 2}
        : tensor<2x4xf32>, tensor<6x2x4xf32>, tensor<6x2x4xf32>, index
    %h2 = dreamer.append %h1, %b, %slot1 : tensor<6x2x4xf32>, tensor<2x4xf32>, index
    %c = dreamer.depth_attention %b, %h2, %h2, %count {heads = 1, kv_heads = 1}
        : tensor<2x4xf32>, tensor<6x2x4xf32>, tensor<6x2x4xf32>, index
    %s = dreamer.add %a, %c : tensor<2x4xf32>, tensor<2x4xf32>
    %xn = dreamer.add %xd, %s : tensor<2x4xf32>, tensor<2x4xf32>
    dreamer.yield carried(%xn, %h2 : tensor<2x4xf32>, tensor<6x2x4xf32>)
  }
  return %y : tensor<2x4xf32>
}
