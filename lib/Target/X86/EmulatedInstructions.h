// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// VDPBF16PS, TILEZERO, TILELOADD, TILESTORED and TDPBF16PS as LLVM IR, after the operations in Intel's
// Architecture Instruction Set Extensions Programming Reference. A tile is memory of 16 rows of 64 bytes; the functions
// take sizes as the intrinsics do, columns in bytes. Denormals are as MXCSR says, which the runtime sets to
// flush them: so do these instructions, always.

#ifndef DREAMER_LIB_TARGET_X86_EMULATEDINSTRUCTIONS_H
#define DREAMER_LIB_TARGET_X86_EMULATEDINSTRUCTIONS_H

namespace dreamer {

inline constexpr const char *emulatedInstructions = R"(
declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

; The second element of each pair, then the first.
define <16 x float> @dreamer.dpbf16ps(<16 x float> %sum, <32 x bfloat> %a, <32 x bfloat> %b) alwaysinline {
  %as = bitcast <32 x bfloat> %a to <16 x i32>
  %bs = bitcast <32 x bfloat> %b to <16 x i32>
  %a1i = and <16 x i32> %as, splat (i32 -65536)
  %b1i = and <16 x i32> %bs, splat (i32 -65536)
  %a0i = shl <16 x i32> %as, splat (i32 16)
  %b0i = shl <16 x i32> %bs, splat (i32 16)
  %a1 = bitcast <16 x i32> %a1i to <16 x float>
  %b1 = bitcast <16 x i32> %b1i to <16 x float>
  %a0 = bitcast <16 x i32> %a0i to <16 x float>
  %b0 = bitcast <16 x i32> %b0i to <16 x float>
  %odd = call <16 x float> @llvm.fma.v16f32(<16 x float> %a1, <16 x float> %b1, <16 x float> %sum)
  %both = call <16 x float> @llvm.fma.v16f32(<16 x float> %a0, <16 x float> %b0, <16 x float> %odd)
  ret <16 x float> %both
}

define void @dreamer.tile_zero(ptr %tile, i16 %rows, i16 %columns) {
  call void @llvm.memset.p0.i64(ptr %tile, i8 0, i64 1024, i1 false)
  ret void
}

; What is beyond the rows and columns becomes 0.
define void @dreamer.tile_load(ptr %tile, i16 %rows, i16 %columns, ptr %base, i64 %stride) {
entry:
  call void @llvm.memset.p0.i64(ptr %tile, i8 0, i64 1024, i1 false)
  %end = zext i16 %rows to i64
  %bytes = zext i16 %columns to i64
  br label %row
row:
  %m = phi i64 [ 0, %entry ], [ %next, %row ]
  %to.at = mul i64 %m, 64
  %from.at = mul i64 %m, %stride
  %to = getelementptr i8, ptr %tile, i64 %to.at
  %from = getelementptr i8, ptr %base, i64 %from.at
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 false)
  %next = add i64 %m, 1
  %more = icmp ult i64 %next, %end
  br i1 %more, label %row, label %exit
exit:
  ret void
}

define void @dreamer.tile_store(i16 %rows, i16 %columns, ptr %base, i64 %stride, ptr %tile) {
entry:
  %end = zext i16 %rows to i64
  %bytes = zext i16 %columns to i64
  br label %row
row:
  %m = phi i64 [ 0, %entry ], [ %next, %row ]
  %from.at = mul i64 %m, 64
  %to.at = mul i64 %m, %stride
  %from = getelementptr i8, ptr %tile, i64 %from.at
  %to = getelementptr i8, ptr %base, i64 %to.at
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 false)
  %next = add i64 %m, 1
  %more = icmp ult i64 %next, %end
  br i1 %more, label %row, label %exit
exit:
  ret void
}

; %rows rows of %columns bytes, summed over %depth bytes of a row of a: first elements of pairs and second ones
; apart, then both, then the accumulator.
define void @dreamer.tile_dpbf16ps(ptr %result, i16 %rows, i16 %columns, i16 %depth, ptr %sum, ptr %a, ptr %b) {
entry:
  %end = zext i16 %rows to i64
  %deep = zext i16 %depth to i64
  %pairs = lshr i64 %deep, 2
  %wide = zext i16 %columns to i32
  %lanes = lshr i32 %wide, 2
  %lanes.1 = insertelement <16 x i32> poison, i32 %lanes, i64 0
  %lanes.all = shufflevector <16 x i32> %lanes.1, <16 x i32> poison, <16 x i32> zeroinitializer
  %there = icmp ult <16 x i32> <i32 0, i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8, i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15>, %lanes.all
  call void @llvm.memset.p0.i64(ptr %result, i8 0, i64 1024, i1 false)
  br label %row
row:
  %m = phi i64 [ 0, %entry ], [ %m.next, %row.end ]
  %row.at = mul i64 %m, 64
  br label %step
step:
  %k = phi i64 [ 0, %row ], [ %k.next, %step ]
  %t0 = phi <16 x float> [ zeroinitializer, %row ], [ %t0.next, %step ]
  %t1 = phi <16 x float> [ zeroinitializer, %row ], [ %t1.next, %step ]
  %a.row = getelementptr i8, ptr %a, i64 %row.at
  %a.at = getelementptr i32, ptr %a.row, i64 %k
  %pair = load i32, ptr %a.at, align 4
  %pair.1 = insertelement <16 x i32> poison, i32 %pair, i64 0
  %as = shufflevector <16 x i32> %pair.1, <16 x i32> poison, <16 x i32> zeroinitializer
  %b.row = mul i64 %k, 64
  %b.at = getelementptr i8, ptr %b, i64 %b.row
  %bs = load <16 x i32>, ptr %b.at, align 64
  %a1i = and <16 x i32> %as, splat (i32 -65536)
  %b1i = and <16 x i32> %bs, splat (i32 -65536)
  %a0i = shl <16 x i32> %as, splat (i32 16)
  %b0i = shl <16 x i32> %bs, splat (i32 16)
  %a1 = bitcast <16 x i32> %a1i to <16 x float>
  %b1 = bitcast <16 x i32> %b1i to <16 x float>
  %a0 = bitcast <16 x i32> %a0i to <16 x float>
  %b0 = bitcast <16 x i32> %b0i to <16 x float>
  %t0.next = call <16 x float> @llvm.fma.v16f32(<16 x float> %a0, <16 x float> %b0, <16 x float> %t0)
  %t1.next = call <16 x float> @llvm.fma.v16f32(<16 x float> %a1, <16 x float> %b1, <16 x float> %t1)
  %k.next = add i64 %k, 1
  %k.more = icmp ult i64 %k.next, %pairs
  br i1 %k.more, label %step, label %row.end
row.end:
  %both = fadd <16 x float> %t0.next, %t1.next
  %sum.at = getelementptr i8, ptr %sum, i64 %row.at
  %before = load <16 x float>, ptr %sum.at, align 64
  %after = fadd <16 x float> %before, %both
  %kept = select <16 x i1> %there, <16 x float> %after, <16 x float> zeroinitializer
  %result.at = getelementptr i8, ptr %result, i64 %row.at
  store <16 x float> %kept, ptr %result.at, align 64
  %m.next = add i64 %m, 1
  %m.more = icmp ult i64 %m.next, %end
  br i1 %m.more, label %row, label %exit
exit:
  ret void
}
)";

} // namespace dreamer

#endif // DREAMER_LIB_TARGET_X86_EMULATEDINSTRUCTIONS_H
