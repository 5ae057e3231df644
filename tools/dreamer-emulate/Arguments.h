// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel is called with, as one writes it on a command line.

#ifndef DREAMER_TOOLS_EMULATE_ARGUMENTS_H
#define DREAMER_TOOLS_EMULATE_ARGUMENTS_H

#include "lib/Emulator/Machine/GlobalMemory.h"
#include "lib/Emulator/Machine/Launch.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace dreamer::emulator {

/// How elements of a buffer lie in memory, and the type of a safetensors file that holds them.
struct ElementKind {
  llvm::StringRef name; ///< "bf16"
  unsigned bytes;
  bool isFloat;
};

/// One argument of a kernel:
///   i32:5  f32:0.5                 a number
///   f32[64x32]                     a buffer that nobody has written
///   f32[64x32]:zeros  :ones  :iota  :random  :random(7)
///   f16[64x32]:weights.safetensors#name
///   map(0,box=64x64,swizzle=128)   a tensor map of the buffer that is argument 0; also
///                                  fill=nan, and steps=AxB
/// Dimensions are outermost first, as everywhere but in tensor maps of the hardware.
struct Argument {
  enum Kind { Number, Buffer, Map } kind = Number;
  ElementKind element{};
  std::vector<int64_t> shape;
  uint64_t bits = 0;           ///< of a number, or a buffer's address
  std::byte *memory = nullptr; ///< of a buffer or a map
  int64_t elements() const;
};

class Arguments {
public:
  explicit Arguments(GlobalMemory &memory) : memory(memory) {}

  /// Reads arguments separated by blanks or semicolons.
  llvm::Error parse(llvm::StringRef text);
  /// Pointers to the values, as a launch takes them. Fails when the kernel takes others.
  llvm::Expected<std::vector<void *>> forKernel(const Kernel &kernel);
  /// Writes buffers, as "arg0", "arg1", ..., in f32, f64, i32 or i64.
  llvm::Error write(llvm::StringRef path) const;
  /// The first elements of a buffer: "arg1 = f32[4]: 1 2 3 4".
  llvm::Expected<std::string> show(unsigned index, unsigned count) const;

private:
  llvm::Error one(llvm::StringRef text);
  llvm::Error buffer(llvm::StringRef text);
  llvm::Error map(llvm::StringRef text);
  llvm::Error fill(Argument &argument, llvm::StringRef how);
  llvm::Error fillFromFile(Argument &argument, llvm::StringRef path, llvm::StringRef name);

  GlobalMemory &memory;
  std::vector<Argument> all;
};

} // namespace dreamer::emulator

#endif // DREAMER_TOOLS_EMULATE_ARGUMENTS_H
