// RUN: dreamer-interpret %s | FileCheck %s

// Doubles 1 and adds slice d, two steps of at most three.
// CHECK-LABEL: @scan
// CHECK: result0 f64[1] = [24]
// CHECK: result1 f64[3,1] = {{\[}}[12], [24], [0]]
// CHECK: result2 i32[3,1] = {{\[}}[0], [0], [-1]]
func.func @scan() -> (tensor<1xf32>, tensor<3x1xf32>, tensor<3x1xi32>) {
  %n = arith.constant dense<2> : tensor<i32>
  %x0 = arith.constant dense<1.0> : tensor<1xf32>
  %ws = arith.constant dense<[[10.0], [0.0], [99.0]]> : tensor<3x1xf32>
  %r:3 = dreamer.recur depth(%n) bound 3 init(%x0) slices(%ws)
      : (tensor<i32>, tensor<1xf32>, tensor<3x1xf32>) -> (tensor<1xf32>, tensor<3x1xf32>, tensor<3x1xi32>) {
  ^bb0(%d: index, %x: tensor<1xf32>, %w: tensor<1xf32>):
    %y = dreamer.scale %x {factor = 2.0 : f64} : tensor<1xf32>
    %z = dreamer.add %y, %w : tensor<1xf32>, tensor<1xf32>
    %ids = arith.constant dense<7> : tensor<1xi32>
    %p = dreamer.positions %ids : tensor<1xi32>
    dreamer.yield carried(%z : tensor<1xf32>) stacked(%z, %p : tensor<1xf32>, tensor<1xi32>)
  }
  return %r#0, %r#1, %r#2 : tensor<1xf32>, tensor<3x1xf32>, tensor<3x1xi32>
}

// Runs d = 1, then d = 0: (1 * 2 + 0) * 2 + 10.
// CHECK-LABEL: @reverse
// CHECK: result0 f64[1] = [14]
// CHECK: result1 f64[3,1] = {{\[}}[14], [2], [0]]
func.func @reverse() -> (tensor<1xf32>, tensor<3x1xf32>) {
  %n = arith.constant dense<2> : tensor<i32>
  %x0 = arith.constant dense<1.0> : tensor<1xf32>
  %ws = arith.constant dense<[[10.0], [0.0], [99.0]]> : tensor<3x1xf32>
  %r:2 = dreamer.recur reverse depth(%n) bound 3 init(%x0) slices(%ws)
      : (tensor<i32>, tensor<1xf32>, tensor<3x1xf32>) -> (tensor<1xf32>, tensor<3x1xf32>) {
  ^bb0(%d: index, %x: tensor<1xf32>, %w: tensor<1xf32>):
    %y = dreamer.scale %x {factor = 2.0 : f64} : tensor<1xf32>
    %z = dreamer.add %y, %w : tensor<1xf32>, tensor<1xf32>
    dreamer.yield carried(%z : tensor<1xf32>) stacked(%z : tensor<1xf32>)
  }
  return %r#0, %r#1 : tensor<1xf32>, tensor<3x1xf32>
}

// A history of each step's state; its unused slots show as nan.
// CHECK-LABEL: @history
// CHECK: result0 f64[3,1,1] = {{\[\[}}[1]], {{\[}}[2]], {{\[}}[{{-?}}nan]]]
func.func @history() -> tensor<3x1x1xf32> {
  %n = arith.constant dense<2> : tensor<i32>
  %x0 = arith.constant dense<1.0> : tensor<1x1xf32>
  %h0 = dreamer.history %x0 {slots = 3, features = 1} : tensor<1x1xf32>
  %r:2 = dreamer.recur depth(%n) bound 3 init(%x0, %h0)
      : (tensor<i32>, tensor<1x1xf32>, tensor<3x1x1xf32>) -> (tensor<1x1xf32>, tensor<3x1x1xf32>) {
  ^bb0(%d: index, %x: tensor<1x1xf32>, %h: tensor<3x1x1xf32>):
    %hn = dreamer.append %h, %x, %d : tensor<3x1x1xf32>, tensor<1x1xf32>, index
    %y = dreamer.scale %x {factor = 2.0 : f64} : tensor<1x1xf32>
    dreamer.yield carried(%y, %hn : tensor<1x1xf32>, tensor<3x1x1xf32>)
  }
  return %r#1 : tensor<3x1x1xf32>
}

// CHECK-LABEL: @stacks
// CHECK: result0 f64[2,1] = {{\[}}[3], [4]]
// CHECK: result1 f64[1] = [4]
// CHECK: result2 f64[1] = [3]
func.func @stacks() -> (tensor<2x1xf32>, tensor<1xf32>, tensor<1xf32>) {
  %a = arith.constant dense<3.0> : tensor<1xf32>
  %b = arith.constant dense<4.0> : tensor<1xf32>
  %s = dreamer.stack %a, %b : tensor<1xf32>, tensor<1xf32>
  %one = arith.constant 1 : index
  %at1 = dreamer.slot %s, %one : tensor<2x1xf32>, index
  %p:2 = dreamer.unstack %s : tensor<2x1xf32>
  return %s, %at1, %p#0 : tensor<2x1xf32>, tensor<1xf32>, tensor<1xf32>
}

// CHECK-LABEL: @arithmetic
// CHECK: result0 index = 7
func.func @arithmetic() -> index {
  %two = arith.constant 2 : index
  %three = arith.constant 3 : index
  %six = arith.muli %two, %three : index
  %nine = arith.addi %six, %three : index
  %seven = arith.subi %nine, %two : index
  %r = arith.maxsi %seven, %two : index
  %s = arith.minsi %r, %nine : index
  return %s : index
}

// Seven steps in windows of three.
// CHECK-LABEL: @windows
// CHECK: result0 i32[] = 3
// CHECK: result1 i32[] = 3
// CHECK: result2 i32[] = 1
func.func @windows() -> (tensor<i32>, tensor<i32>, tensor<i32>) {
  %n = arith.constant dense<7> : tensor<i32>
  %zero = arith.constant 0 : index
  %two = arith.constant 2 : index
  %count = dreamer.window_count %n {size = 3} : tensor<i32>
  %first = dreamer.window_steps %n, %zero {size = 3} : tensor<i32>, index
  %last = dreamer.window_steps %n, %two {size = 3} : tensor<i32>, index
  return %count, %first, %last : tensor<i32>, tensor<i32>, tensor<i32>
}
