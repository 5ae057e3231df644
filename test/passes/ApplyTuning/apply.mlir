// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// REQUIRES: avx2, fma
// One kernel is measured; what was found is then written by hand, so that the test knows it.
// RUN: rm -rf %t && mkdir %t
// RUN: dreamer-tune %s --compile-from=program --db=%t/tuned.db --target=cpu:x86-64-v3 --filter='16x24' --quiet \
// RUN:   --export=%t/found.json
// RUN: FileCheck %s --check-prefix=FOUND < %t/found.json
// FOUND: "kernel": "dreamer.linear, operands 1 kept"
// FOUND: "target": "x86-64-v3: {{.*}}avx2
// FOUND: "types": "(tensor<8x24xf32>, tensor<16x24xf32>) -> tensor<8x16xf32>"

// A hit, a kernel that nobody measured, and a choice that the program makes itself.
// RUN: %{python} %S/Inputs/edit.py %t/found.json %t/faster.json block_rows=4,block_vectors=3 0.5
// RUN: dreamer-tune --db=%t/tuned.db --import=%t/faster.json
// RUN: dreamer-opt %s --dreamer-apply-tuning="database=%t/tuned.db targets=x86-64-v3" --remarks-filter=tune \
// RUN:   --remark-format=emitRemark > %t/tuned.mlir 2> %t/remarks
// RUN: FileCheck %s --check-prefixes=CHECK < %t/tuned.mlir
// RUN: FileCheck %s --check-prefix=REMARK < %t/remarks
// REMARK: remark: [Passed] ApplyTuning | Category:tune | Function=kernels | Reason="x86-64-v3: block_rows = 4, block_vectors = 3, 0.50 of the standard time"
// REMARK: remark: [Missed] ApplyTuning | Category:tune | Function=kernels | Reason="x86-64-v3: this kernel was not measured here"
// REMARK: remark: [Analysis] ApplyTuning | Category:tune | Function=kernels | Reason="x86-64-v3: what the program chooses is kept"
// REMARK: remark: tuning: 1 of 2 operations are in {{.*}}tuned.db, 1 of them with other than the standard parameters
// RUN: dreamer-opt %s --dreamer-apply-tuning="database=%t/tuned.db targets=x86-64-v3" \
// RUN:   --dreamer-schedule=targets=x86-64-v3 2>&1 | FileCheck %s --check-prefix=QUIET
// QUIET-NOT: Passed
// QUIET: tuning: 1 of 2 operations are in {{.*}}tuned.db, 1 of them with other than the standard parameters
// QUIET: linear

// A choice that was not faster is not made.
// RUN: %{python} %S/Inputs/edit.py %t/found.json %t/slower.json block_rows=4,block_vectors=3 1.0
// RUN: dreamer-tune --db=%t/slower.db --import=%t/slower.json
// RUN: dreamer-opt %s --dreamer-apply-tuning="database=%t/slower.db targets=x86-64-v3" --remarks-filter=tune \
// RUN:   --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=SLOWER
// SLOWER: [Passed] {{.*}} Reason="x86-64-v3: the standard values are the best"
// SLOWER-NOT: block_rows

// Nor one that kernels no longer have.
// RUN: %{python} %S/Inputs/edit.py %t/found.json %t/changed.json block_rows=5 0.5
// RUN: dreamer-tune --db=%t/changed.db --import=%t/changed.json
// RUN: dreamer-opt %s --dreamer-apply-tuning="database=%t/changed.db targets=x86-64-v3" --remarks-filter=tune \
// RUN:   --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=CHANGED
// CHANGED: [Missed] {{.*}} Reason="x86-64-v3: kernels have changed since: expected block_rows to be one of 4, 6, 8, 12; found 5

// Other machines and other variants know nothing of it.
// RUN: dreamer-opt %s --dreamer-apply-tuning="database=%t/tuned.db targets=x86-64-v3 device=other" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=OTHER
// RUN: dreamer-opt %s --dreamer-apply-tuning="database=%t/tuned.db targets=x86-64-v4" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=OTHER
// OTHER: tuning: 0 of {{.*}}; hint: has dreamer-tune measured this program, by this version, on this machine?

// CHECK-LABEL: @kernels
func.func @kernels(
    %x: tensor<8x24xf32> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<16x24xf32> {dreamer.name = "w", dreamer.role = "parameter"},
    %v: tensor<8x16xf32> {dreamer.name = "v", dreamer.role = "parameter"}) -> (tensor<8x8xf32> {dreamer.name = "y"}) {
  // CHECK: linear %{{.*}} {dreamer.tuned = {"x86-64-v3" = {block_rows = 4 : i64, block_vectors = 3 : i64}}}
  %a = dreamer.linear %x, %w : tensor<8x24xf32>, tensor<16x24xf32>
  // CHECK: linear %{{[^{]*}} : tensor<8x16xf32>, tensor<8x16xf32>
  %b = dreamer.linear %a, %v : tensor<8x16xf32>, tensor<8x16xf32>
  // CHECK: linear %{{.*}} {dreamer.tuned = {"x86-64-v3" = {pack_weights = 0 : i64}}}
  %c = dreamer.linear %a, %v {dreamer.tuned = {"x86-64-v3" = {pack_weights = 0 : i64}}} : tensor<8x16xf32>, tensor<8x16xf32>
  %y = dreamer.add %b, %c : tensor<8x8xf32>, tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}
