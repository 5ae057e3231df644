// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the processor is given for products of bf16: accumulators stay in registers over the whole depth, no tile and no
// vector of a product is ever put on the stack. Any machine compiles it.
//
// RUN: rm -rf %t && mkdir %t
// RUN: dreamer-compile %s --compile-from=program --target=cpu --dump-artifacts-to=%t -o %t/p.dreamer --quiet
// RUN: FileCheck %s --check-prefix=AMX --input-file=%t/x86-64-v4-amx.s
// RUN: FileCheck %s --check-prefix=PAIRS --input-file=%t/x86-64-v4-bf16.s
// RUN: FileCheck %s --check-prefix=OTHERS --input-file=%t/x86-64-v4.s
// RUN: FileCheck %s --check-prefix=OTHERS --input-file=%t/x86-64-v3.s
//
// An f32 package has no variants for bf16, a bf16 package has them, the most demanding last.
// RUN: llvm-objdump -d --mcpu=sapphirerapids %t/p.dreamer | FileCheck %s --check-prefix=OBJECT

// AMX-LABEL: {{^}}linear_product_0:
// AMX: ldtilecfg
// AMX-COUNT-4: tilezero
// AMX: tileloadd [[Y0:.*]], %[[Y:tmm[0-9]]]
// AMX: tileloadd {{.*}}, %[[X:tmm[0-9]]]
// AMX: tdpbf16ps %[[Y]], %[[X]], %tmm
// AMX-COUNT-3: tdpbf16ps
// AMX-NOT: {{tilestored.*%rsp|tileloadd.*\(%rsp}}
// AMX: retq
// AMX-LABEL: {{^}}linear_weight_grad_product_0:
// AMX: tdpbf16ps
// AMX-NOT: {{tilestored.*%rsp|tileloadd.*\(%rsp}}
// AMX: retq

// PAIRS-LABEL: {{^}}linear_product_0:
// PAIRS-COUNT-24: vdpbf16ps
// PAIRS-NOT: {{zmm[0-9]+, .*\(%rsp\)|\(%rsp\), %zmm}}
// PAIRS: retq

// OTHERS-NOT: {{tdpbf16ps|vdpbf16ps}}

// OBJECT: vdpbf16ps
// OBJECT: tdpbf16ps
func.func @gradients(
    %x: tensor<256x512xbf16> {dreamer.name = "x", dreamer.role = "input"},
    %w: tensor<192x512xbf16> {dreamer.name = "w", dreamer.role = "parameter"})
    -> (tensor<256x192xf32> {dreamer.name = "y"}, tensor<192x512xf32> {dreamer.name = "dw"}) {
  %y = dreamer.linear %x, %w : tensor<256x512xbf16>, tensor<192x512xbf16>
  %d = dreamer.cast %y : tensor<256x192xf32> -> tensor<256x192xbf16>
  %dw = dreamer.linear_weight_grad %d, %x : tensor<256x192xbf16>, tensor<256x512xbf16>
  return %y, %dw : tensor<256x192xf32>, tensor<192x512xf32>
}
