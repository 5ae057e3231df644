// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/dreamer-emulate/Arguments.h"

#include "lib/Emulator/Machine/Formats.h"
#include "lib/Emulator/Machine/TensorMap.h"
#include "runtime/core/Safetensors.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>
#include <random>

using llvm::createStringError;
using llvm::Error;
using llvm::StringRef;

namespace dreamer::emulator {

static constexpr ElementKind kinds[] = {
    {"f64", 8, true},  {"f32", 4, true},  {"f16", 2, true},  {"bf16", 2, true},
    {"i64", 8, false}, {"i32", 4, false}, {"i16", 2, false}, {"i8", 1, false},
};

int64_t Argument::elements() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

//===-- Elements --------------------------------------------------------------------------------------------------===//

static double load(const ElementKind &kind, const std::byte *at) {
  uint64_t bits = 0;
  std::memcpy(&bits, at, kind.bytes);
  if (kind.name == "f64")
    return std::bit_cast<double>(bits);
  if (kind.name == "f32")
    return std::bit_cast<float>(uint32_t(bits));
  if (kind.isFloat)
    return decode(uint32_t(bits), kind.name == "f16" ? Format::F16 : Format::BF16);
  unsigned unused = 64 - 8 * kind.bytes;
  return double(int64_t(bits << unused) >> unused);
}

static uint64_t encoded(const ElementKind &kind, double value) {
  if (kind.name == "f64")
    return std::bit_cast<uint64_t>(value);
  if (kind.name == "f32")
    return std::bit_cast<uint32_t>(float(value));
  if (kind.isFloat)
    return encode(float(value), kind.name == "f16" ? Format::F16 : Format::BF16);
  return uint64_t(int64_t(value));
}

static void store(const ElementKind &kind, std::byte *at, double value) {
  uint64_t bits = encoded(kind, value);
  std::memcpy(at, &bits, kind.bytes);
}

//===-- Reading ---------------------------------------------------------------------------------------------------===//

static constexpr StringRef forms =
    "i32:5, f32[64x32], f32[64x32]:zeros|ones|iota|random|random(SEED)|FILE#TENSOR or "
    "map(ARGUMENT,box=64x64,...)";

static Error wrong(StringRef text, const llvm::Twine &expected) {
  return createStringError("--args: expected " + expected + ", found '" + text + "'");
}

Error Arguments::parse(StringRef text) {
  llvm::SmallVector<StringRef> parts;
  llvm::SplitString(text, parts, " ;\t\n");
  for (StringRef part : parts)
    if (Error error = one(part))
      return error;
  return Error::success();
}

static const ElementKind *kindNamed(StringRef name) {
  for (const ElementKind &kind : kinds)
    if (kind.name == name)
      return &kind;
  return nullptr;
}

static bool readShape(StringRef text, std::vector<int64_t> &shape) {
  llvm::SmallVector<StringRef> sizes;
  text.split(sizes, 'x');
  int64_t all = 1;
  constexpr int64_t most = int64_t(1) << 40;
  for (StringRef size : sizes) {
    int64_t number = 0;
    if (size.trim().getAsInteger(10, number) || number <= 0 || number > most / all)
      return false;
    all *= number;
    shape.push_back(number);
  }
  return !shape.empty();
}

Error Arguments::one(StringRef text) {
  if (text.starts_with("map("))
    return map(text);
  if (text.contains('['))
    return buffer(text);
  auto [name, value] = text.split(':');
  const ElementKind *kind = kindNamed(name);
  if (!kind || value.empty())
    return wrong(text, forms);
  Argument argument;
  argument.element = *kind;
  double number = 0;
  int64_t whole = 0;
  if (!kind->isFloat && !value.getAsInteger(0, whole))
    argument.bits = uint64_t(whole);
  else if (kind->isFloat && !value.getAsDouble(number))
    argument.bits = encoded(*kind, number);
  else
    return wrong(text, "a number of " + name);
  all.push_back(argument);
  return Error::success();
}

Error Arguments::buffer(StringRef text) {
  auto [type, how] = text.split(']');
  auto [name, sizes] = type.split('[');
  Argument argument;
  argument.kind = Argument::Buffer;
  const ElementKind *kind = kindNamed(name);
  if (!kind)
    return wrong(text, "f64, f32, f16, bf16, i64, i32, i16 or i8 before '['");
  argument.element = *kind;
  if (!readShape(sizes, argument.shape))
    return wrong(text, "sizes as 64x32 in brackets");
  argument.memory = memory.allocate(size_t(argument.elements()) * kind->bytes);
  if (!argument.memory)
    return wrong(text, "a buffer that fits in memory");
  argument.bits = reinterpret_cast<uint64_t>(argument.memory);
  if (how.consume_front(":"))
    if (Error error = fill(argument, how))
      return error;
  all.push_back(std::move(argument));
  return Error::success();
}

Error Arguments::fill(Argument &argument, StringRef how) {
  if (how.contains('#')) {
    auto [path, name] = how.split('#');
    return fillFromFile(argument, path, name);
  }
  uint64_t seed = 1;
  bool random = how == "random";
  if (StringRef inside = how; inside.consume_front("random(") && inside.consume_back(")"))
    random = !inside.getAsInteger(10, seed);
  if (!random && how != "zeros" && how != "ones" && how != "iota")
    return wrong(how, "zeros, ones, iota, random, random(SEED) or FILE#TENSOR");
  std::mt19937_64 generator(seed);
  for (int64_t i = 0; i < argument.elements(); ++i) {
    double value = how == "ones" ? 1 : how == "iota" ? double(i) : 0;
    if (random) // in [-1, 1), or whole numbers of one byte
      value = argument.element.isFloat ? double(generator() >> 40) / (1 << 23) - 1
                                       : double(generator() >> 56) - 128;
    store(argument.element, argument.memory + i * argument.element.bytes, value);
  }
  memory.hostWrote(argument.memory, size_t(argument.elements()) * argument.element.bytes);
  return Error::success();
}

Error Arguments::fillFromFile(Argument &argument, StringRef path, StringRef name) {
  runtime::Result<runtime::Bundle> file = runtime::readSafetensors(path.str());
  if (file.failed())
    return createStringError(file.status().message());
  const runtime::Tensor *tensor = file->find(name.str());
  if (!tensor)
    return createStringError(path + ": expected a tensor '" + name + "', found none of that name");
  if (tensor->elements() != argument.elements())
    return createStringError(path + ": expected " + llvm::Twine(argument.elements()) +
                             " elements in '" + name + "', found " +
                             llvm::Twine(tensor->elements()));
  for (int64_t i = 0; i < argument.elements(); ++i) {
    double value = 0;
    switch (tensor->dtype()) {
    case runtime::DType::F32:
      value = tensor->as<float>()[i];
      break;
    case runtime::DType::F64:
      value = tensor->as<double>()[i];
      break;
    case runtime::DType::BF16:
      value = decode(tensor->as<uint16_t>()[i], Format::BF16);
      break;
    case runtime::DType::I32:
      value = tensor->as<int32_t>()[i];
      break;
    case runtime::DType::I64:
      value = double(tensor->as<int64_t>()[i]);
      break;
    }
    store(argument.element, argument.memory + i * argument.element.bytes, value);
  }
  memory.hostWrote(argument.memory, size_t(argument.elements()) * argument.element.bytes);
  return Error::success();
}

static ElementType typeInMaps(StringRef name) {
  return llvm::StringSwitch<ElementType>(name)
      .Case("f64", ElementType::F64)
      .Case("f32", ElementType::F32)
      .Case("f16", ElementType::F16)
      .Case("bf16", ElementType::BF16)
      .Case("i64", ElementType::S64)
      .Case("i32", ElementType::S32)
      .Case("i16", ElementType::U16)
      .Default(ElementType::U8);
}

Error Arguments::map(StringRef text) {
  StringRef inside = text;
  inside.consume_front("map(");
  if (!inside.consume_back(")"))
    return wrong(text, "map(ARGUMENT,box=64x64,swizzle=128) with a ) at its end");
  llvm::SmallVector<StringRef> parts;
  inside.split(parts, ',');
  unsigned index = 0;
  if (parts.front().getAsInteger(10, index) || index >= all.size() ||
      all[index].kind != Argument::Buffer)
    return wrong(text, "the number of a buffer before the map");
  const Argument &of = all[index];
  TensorMapRequest request;
  request.type = unsigned(typeInMaps(of.element.name));
  request.rank = of.shape.size();
  request.address = of.bits;
  if (request.rank > TensorMapRequest::mostRank)
    return wrong(text, "a buffer of 1 to 5 dimensions");
  uint64_t stride = of.element.bytes;
  for (unsigned d = 0; d < request.rank; ++d) {
    request.dims[d] = uint64_t(of.shape[request.rank - 1 - d]);
    request.box[d] = uint32_t(std::min<uint64_t>(request.dims[d], 256));
    request.elementSteps[d] = 1;
    stride *= request.dims[d];
    if (d + 1 < request.rank)
      request.strides[d] = stride;
  }
  for (StringRef part : llvm::drop_begin(parts)) {
    auto [key, value] = part.trim().split('=');
    std::vector<int64_t> sizes;
    if (key == "box" || key == "steps") {
      if (!readShape(value, sizes) || sizes.size() != request.rank)
        return wrong(part, llvm::Twine(request.rank) + " sizes");
      for (unsigned d = 0; d < request.rank; ++d)
        (key == "box" ? request.box : request.elementSteps)[d] =
            uint32_t(sizes[request.rank - 1 - d]);
    } else if (key == "swizzle") {
      unsigned bytes = 0;
      if (value.getAsInteger(10, bytes) ||
          (bytes != 0 && bytes != 32 && bytes != 64 && bytes != 128))
        return wrong(part, "swizzle=0, 32, 64 or 128");
      request.swizzle = bytes == 32 ? 1 : bytes == 64 ? 2 : bytes == 128 ? 3 : 0;
    } else if (key == "fill" && (value == "nan" || value == "zeros")) {
      request.fill = value == "nan";
    } else {
      return wrong(part, "box=, steps=, swizzle= or fill=zeros|nan");
    }
  }
  Argument argument;
  argument.kind = Argument::Map;
  argument.memory = memory.allocate(sizeof(TensorMap));
  auto *encodedMap = new (argument.memory) TensorMap();
  if (std::string why = encode(*encodedMap, request); !why.empty())
    return createStringError("--args: " + text + ": " + why);
  memory.hostWrote(argument.memory, sizeof(TensorMap));
  argument.bits = reinterpret_cast<uint64_t>(argument.memory);
  all.push_back(std::move(argument));
  return Error::success();
}

//===-- Using -----------------------------------------------------------------------------------------------------===//

llvm::Expected<std::vector<void *>> Arguments::forKernel(const Kernel &kernel) {
  const std::vector<uint32_t> &sizes = kernel.parameterBytes;
  if (sizes.size() != all.size())
    return createStringError("--args: expected " + llvm::Twine(sizes.size()) +
                             " arguments for the kernel " + kernel.name + ", found " +
                             llvm::Twine(all.size()));
  std::vector<void *> values;
  for (unsigned i = 0; i < all.size(); ++i) {
    bool whole = all[i].kind == Argument::Map && sizes[i] == sizeof(TensorMap); // by value
    unsigned bytes = whole                             ? sizeof(TensorMap)
                     : all[i].kind == Argument::Number ? all[i].element.bytes
                                                       : 8;
    if (bytes != sizes[i])
      return createStringError("--args: expected an argument of " + llvm::Twine(sizes[i]) +
                               " bytes as number " + llvm::Twine(i) + " of the kernel " +
                               kernel.name + ", found one of " + llvm::Twine(bytes));
    values.push_back(whole ? static_cast<void *>(all[i].memory) : &all[i].bits);
  }
  return values;
}

Error Arguments::write(StringRef path) const {
  runtime::Bundle bundle;
  for (unsigned i = 0; i < all.size(); ++i) {
    const Argument &argument = all[i];
    if (argument.kind != Argument::Buffer)
      continue;
    const ElementKind &kind = argument.element;
    bool wide = kind.bytes == 8;
    auto dtype = kind.isFloat ? (wide ? runtime::DType::F64 : runtime::DType::F32)
                              : (wide ? runtime::DType::I64 : runtime::DType::I32);
    runtime::Result<runtime::Tensor> tensor = runtime::Tensor::allocate(dtype, argument.shape);
    if (tensor.failed())
      return createStringError(tensor.status().message());
    auto *out = static_cast<std::byte *>(tensor->mutableData());
    ElementKind as{"", unsigned(runtime::sizeOf(dtype)), kind.isFloat};
    as.name = kind.isFloat ? (wide ? "f64" : "f32") : (wide ? "i64" : "i32");
    for (int64_t k = 0; k < argument.elements(); ++k) {
      const std::byte *from = argument.memory + k * kind.bytes;
      if (as.name == kind.name)
        std::memcpy(out + k * as.bytes, from, as.bytes);
      else
        store(as, out + k * as.bytes, load(kind, from));
    }
    if (runtime::Status status = bundle.add("arg" + std::to_string(i), std::move(*tensor));
        status.failed())
      return createStringError(status.message());
  }
  if (runtime::Status status = runtime::writeSafetensors(bundle, path.str()); status.failed())
    return createStringError(status.message());
  return Error::success();
}

llvm::Expected<std::string> Arguments::show(unsigned index, unsigned count) const {
  if (index >= all.size() || all[index].kind != Argument::Buffer)
    return createStringError("--print: expected the number of a buffer, found " +
                             llvm::Twine(index));
  const Argument &argument = all[index];
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "arg" << index << " = " << argument.element.name << '[';
  llvm::interleave(argument.shape, stream, "x");
  stream << "]:";
  int64_t shown = std::min<int64_t>(count, argument.elements());
  for (int64_t i = 0; i < shown; ++i) {
    double value = load(argument.element, argument.memory + i * argument.element.bytes);
    stream << ' ';
    if (argument.element.isFloat)
      stream << llvm::format("%g", value);
    else
      stream << int64_t(value);
  }
  if (shown < argument.elements())
    stream << " ...";
  return text;
}

} // namespace dreamer::emulator
