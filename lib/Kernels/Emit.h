// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small language to write kernel bodies in: values with arithmetic, memory with
// scalar and vector access, loops as lambdas. What is written becomes scf, arith,
// math, vector and memref operations.

#ifndef DREAMER_KERNELS_EMIT_H
#define DREAMER_KERNELS_EMIT_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/ErrorHandling.h"
#include <cstdint>

namespace dreamer::kernels {

class Emitter;

/// A scalar or vector of the kernel, or a number known while it is written. Numbers
/// take the type of what they meet: `x * 0.5` splats, `i + 1` is of i's type.
class Val {
public:
  Val() = default;
  Val(int number) : number(number), integer(number) {}
  Val(int64_t number) : number(static_cast<double>(number)), integer(number) {}
  Val(double number) : number(number), real(true) {}
  Val(Emitter &emitter, mlir::Value value) : emitter(&emitter), value(value) {}

  bool isNumber() const { return !value; }
  bool isInteger() const { return !value && !real; }
  bool isInteger(int64_t n) const { return isInteger() && integer == n; }
  /// Of a number that `isInteger`; 0 for others.
  int64_t getInteger() const { return integer; }
  double getNumber() const { return number; }
  mlir::Value get() const { return value; }
  mlir::Type getType() const { return value.getType(); }
  Emitter &getEmitter() const {
    if (!emitter)
      llvm::report_fatal_error("kernel: expected a value, found a number, which has no type yet");
    return *emitter;
  }

private:
  Emitter *emitter = nullptr;
  mlir::Value value;
  double number = 0;
  int64_t integer = 0;
  bool real = false;
};

using Vals = llvm::SmallVector<Val>;

Val operator+(Val a, Val b);
Val operator-(Val a, Val b);
Val operator*(Val a, Val b);
/// Floating-point quotient, or the quotient of non-negative integers.
Val operator/(Val a, Val b);
/// Remainder of non-negative integers.
Val operator%(Val a, Val b);
Val operator-(Val a);
Val min(Val a, Val b);
Val max(Val a, Val b);
/// Signed comparisons; of floats, false for NaN.
Val less(Val a, Val b);
Val equal(Val a, Val b);
Val both(Val a, Val b);
/// Lane by lane, or one condition for all lanes.
Val select(Val condition, Val yes, Val no);
Val fma(Val a, Val b, Val c);
Val sqrt(Val x);
Val exp(Val x);
Val log(Val x);
/// 1 / (1 + exp(-x)).
Val sigmoid(Val x);
/// To the nearest integer, ties to even.
Val roundEven(Val x);
/// Sum of the lanes, as a tree.
Val sumLanes(Val x);
Val maxLanes(Val x);
Val minLanes(Val x);
/// Integer and index types into each other, integers into floats, floats into wider
/// or narrower floats; vectors lane by lane.
Val convert(Val x, mlir::Type element);
/// Rounds f32 to the nearest bf16, ties to even; not a number stays so. The same on every machine.
Val toBF16(Val x);
/// A scalar in every lane.
Val splat(Val x, int64_t width);
/// One lane.
Val lane(Val x, int64_t i);
/// A vector of scalars.
Val fromLanes(llvm::ArrayRef<Val> lanes);

/// acc[i] + a[2i] b[2i] + a[2i + 1] b[2i + 1], of 16 lanes of f32 and 32 of bf16: for targets with
/// AVX512-BF16.
Val dotPairs(Val acc, Val a, Val b);
/// Two bf16, `pairs` times.
Val splatPair(Val pair, int64_t pairs);

/// How many lanes an access has and how many of them, the first ones, are there.
struct Lanes {
  int64_t width;
  int64_t valid;

  static Lanes all(int64_t width) { return {width, width}; }
  bool full() const { return valid == width; }
};

/// Memory of the kernel: a memref of static shape and row-major layout. Elements of
/// narrower floating-point types are widened to f32 as they are read and rounded to
/// nearest even as they are written.
class Mem {
public:
  Mem() = default;
  Mem(Emitter &emitter, mlir::Value memref) : emitter(&emitter), memref(memref) {}

  Val load(llvm::ArrayRef<Val> at) const;
  void store(Val value, llvm::ArrayRef<Val> at) const;
  /// Vector access along the last dimension. Absent lanes read 0 and are not touched.
  Val load(llvm::ArrayRef<Val> at, Lanes lanes) const;
  void store(Val value, llvm::ArrayRef<Val> at, Lanes lanes) const;
  /// The same where only the kernel knows how many of `width` lanes are there: all from `width` on,
  /// none up to 0.
  Val load(llvm::ArrayRef<Val> at, int64_t width, Val valid) const;
  void store(Val value, llvm::ArrayRef<Val> at, int64_t width, Val valid) const;
  /// Asks for the cache line that `at` lies in, which will be written.
  void prefetch(llvm::ArrayRef<Val> at) const;
  /// Reads a vector from `at` on that nobody wants, of any elements there: prefetchers learn from what is read, not from
  /// what is asked for.
  void touch(llvm::ArrayRef<Val> at) const;
  /// The same memory in another shape of as many elements (or fewer).
  Mem view(llvm::ArrayRef<int64_t> shape) const;

  mlir::MemRefType getType() const { return llvm::cast<mlir::MemRefType>(memref.getType()); }
  /// Whether elements are bf16.
  bool isNarrow() const { return getType().getElementType().isBF16(); }
  int64_t size(unsigned dim) const { return getType().getDimSize(dim); }
  int64_t size() const { return getType().getNumElements(); }
  /// The last dimension; 1 for scalars.
  int64_t features() const;
  /// [all dimensions but the last, last].
  Mem rows() const;
  /// [all elements].
  Mem flat() const { return view({size()}); }
  /// The last `count` dimensions in one.
  Mem flatInner(unsigned count) const;
  /// The same memory, whose elements are neither widened nor rounded.
  Mem asItIs() const;
  mlir::Value get() const { return memref; }

private:
  Val widened(Val x) const;
  Val narrowed(Val x) const;

  Emitter *emitter = nullptr;
  mlir::Value memref;
  bool converts = true;
};

/// Writes operations at the insertion point of a builder.
class Emitter {
public:
  Emitter(mlir::OpBuilder &builder, mlir::Location loc, int64_t vectorBits)
      : builder(builder), loc(loc), vectorBits(vectorBits) {}

  mlir::OpBuilder &getBuilder() { return builder; }
  mlir::Location getLoc() const { return loc; }
  template <typename OpT, typename... Args>
  OpT create(Args &&...args) {
    return OpT::create(builder, loc, std::forward<Args>(args)...);
  }

  /// f32 lanes of the widest vector.
  int64_t vectorLanes() const { return vectorBits / 32; }
  /// Lanes of a vector that is as wide as `n` columns can use.
  int64_t lanesFor(int64_t n) const;

  Val index(int64_t n);
  /// A number in the given type, in all lanes of a vector type.
  Val number(Val n, mlir::Type type);
  Val f32(double x);
  /// The same number in `width` f32 lanes.
  Val f32(double x, int64_t width);
  /// A vector of given numbers.
  Val f64(llvm::ArrayRef<double> lanes);
  /// 0, 1, 2, ... as an i32 vector.
  Val iota(int64_t width);
  /// The value as an operand, `like` says of what type if it is a number.
  mlir::Value materialize(Val v, mlir::Type like);
  mlir::Value materializeIndex(Val v);

  void loop(Val from, Val to, Val step, llvm::function_ref<void(Val)> body);
  /// A loop that carries values.
  Vals loop(Val from, Val to, Val step, llvm::ArrayRef<Val> initial,
            llvm::function_ref<Vals(Val, llvm::ArrayRef<Val>)> body);
  void when(Val condition, llvm::function_ref<void()> body);
  /// Runs `cases[which]`; every value of `which` must have its case.
  void pick(Val which, int64_t cases, llvm::function_ref<void(int64_t)> body);

  /// Memory on the stack of the kernel, allocated once a call.
  Mem stack(llvm::ArrayRef<int64_t> shape, mlir::Type element = {});

private:
  mlir::OpBuilder &builder;
  mlir::Location loc;
  int64_t vectorBits;
};

} // namespace dreamer::kernels

#endif // DREAMER_KERNELS_EMIT_H
