// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// C API: status, tensors, bundles, random numbers.

#include "runtime/core/CApi/Handles.h"
#include "runtime/core/Random.h"
#include "runtime/core/Safetensors.h"

#include <cstring>

using namespace dreamer::runtime;
using namespace dreamer::runtime::capi;

#ifndef DREAMER_VERSION
#define DREAMER_VERSION "unknown"
#endif

//===-- Status ---===//

static std::string &lastMessage() {
  static thread_local std::string message;
  return message;
}

dreamer_status capi::report(const Status &status) {
  if (status.failed())
    lastMessage() = status.message();
  return status.code();
}

Status capi::nullArgument(const char *name) {
  return failure(DREAMER_INVALID_ARGUMENT, std::string("argument '") + name + "'", "a pointer",
                 "NULL");
}

uint32_t dreamer_runtime_api_version(void) {
  return DREAMER_RUNTIME_API_MAJOR * 1000 + DREAMER_RUNTIME_API_MINOR;
}
const char *dreamer_runtime_version(void) { return DREAMER_VERSION; }
const char *dreamer_error_message(void) { return lastMessage().c_str(); }

const char *dreamer_status_name(dreamer_status status) {
  static constexpr const char *names[] = {
      "ok",           "invalid argument", "not found",    "input/output error",
      "bad file",     "incompatible",     "unavailable",  "mismatch",
      "out of range", "out of memory",    "entry failed", "internal fault"};
  size_t index = static_cast<size_t>(status);
  return index < std::size(names) ? names[index] : "unknown status";
}

//===-- Tensors ---===//

static bool isKnown(dreamer_dtype dtype) {
  return static_cast<unsigned>(dtype) < static_cast<unsigned>(dtypeCount);
}

const char *dreamer_dtype_name(dreamer_dtype dtype) {
  return isKnown(dtype) ? nameOf(static_cast<DType>(dtype)).data() : nullptr;
}
size_t dreamer_dtype_size(dreamer_dtype dtype) {
  return isKnown(dtype) ? sizeOf(static_cast<DType>(dtype)) : 0;
}

void capi::give(Tensor tensor, dreamer_tensor **out) {
  *out = new dreamer_tensor{std::move(tensor)};
}

static Status checkType(dreamer_dtype dtype) {
  if (isKnown(dtype))
    return {};
  return failure(DREAMER_INVALID_ARGUMENT, "tensor", "an element type of dreamer_dtype",
                 std::to_string(static_cast<int>(dtype)));
}

static Result<Shape> shapeOf(dreamer_dtype dtype, int32_t rank, const int64_t *shape) {
  DREAMER_RETURN_IF_FAILED(checkType(dtype));
  if (rank < 0 || rank > DREAMER_MAX_RANK)
    return failure(DREAMER_INVALID_ARGUMENT, "tensor",
                   "a rank of 0.." + std::to_string(DREAMER_MAX_RANK), std::to_string(rank));
  if (rank > 0 && !shape)
    return nullArgument("shape");
  return rank > 0 ? Shape(shape, shape + rank) : Shape();
}

dreamer_status dreamer_tensor_create(dreamer_dtype dtype, int32_t rank, const int64_t *shape,
                                     dreamer_tensor **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(out);
    Result<Shape> sizes = shapeOf(dtype, rank, shape);
    if (sizes.failed())
      return sizes.status();
    return giveResult(Tensor::allocate(static_cast<DType>(dtype), std::move(*sizes)), out);
  });
}

dreamer_status dreamer_tensor_borrow(dreamer_dtype dtype, int32_t rank, const int64_t *shape,
                                     void *data, size_t bytes, dreamer_tensor **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(out);
    Result<Shape> sizes = shapeOf(dtype, rank, shape);
    if (sizes.failed())
      return sizes.status();
    return giveResult(Tensor::borrow(static_cast<DType>(dtype), std::move(*sizes), data, bytes),
                      out);
  });
}

dreamer_status dreamer_tensor_share(const dreamer_tensor *tensor, dreamer_tensor **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(tensor);
    DREAMER_REQUIRE(out);
    give(tensor->tensor, out);
    return {};
  });
}

dreamer_status dreamer_tensor_convert(const dreamer_tensor *tensor, dreamer_dtype dtype,
                                      dreamer_tensor **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(tensor);
    DREAMER_REQUIRE(out);
    DREAMER_RETURN_IF_FAILED(checkType(dtype));
    return giveResult(tensor->tensor.convert(static_cast<DType>(dtype)), out);
  });
}

void dreamer_tensor_destroy(dreamer_tensor *tensor) { delete tensor; }

dreamer_dtype dreamer_tensor_dtype(const dreamer_tensor *tensor) {
  return tensor ? static_cast<dreamer_dtype>(tensor->tensor.dtype()) : DREAMER_F32;
}
int32_t dreamer_tensor_rank(const dreamer_tensor *tensor) {
  return tensor ? static_cast<int32_t>(tensor->tensor.shape().size()) : 0;
}
const int64_t *dreamer_tensor_shape(const dreamer_tensor *tensor) {
  return tensor ? tensor->tensor.shape().data() : nullptr;
}
int64_t dreamer_tensor_elements(const dreamer_tensor *tensor) {
  return tensor ? tensor->tensor.elements() : 0;
}
size_t dreamer_tensor_bytes(const dreamer_tensor *tensor) {
  return tensor ? tensor->tensor.bytes() : 0;
}
void *dreamer_tensor_data(dreamer_tensor *tensor) {
  return tensor ? tensor->tensor.mutableData() : nullptr;
}
const void *dreamer_tensor_const_data(const dreamer_tensor *tensor) {
  return tensor ? tensor->tensor.data() : nullptr;
}

//===-- Bundles ---===//

void dreamer_bundle::complete() {
  for (size_t i = handles.size(); i < bundle.entries().size(); ++i)
    handles.push_back(std::make_unique<dreamer_tensor>(dreamer_tensor{bundle.entries()[i].tensor}));
}

void capi::give(Bundle bundle, dreamer_bundle **out) {
  auto handle = std::make_unique<dreamer_bundle>();
  handle->bundle = std::move(bundle);
  handle->complete();
  *out = handle.release();
}

dreamer_status dreamer_bundle_create(dreamer_bundle **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(out);
    give(Bundle(), out);
    return {};
  });
}

dreamer_status dreamer_bundle_open(const char *path, dreamer_bundle **out) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(path);
    DREAMER_REQUIRE(out);
    return giveResult(readSafetensors(path), out);
  });
}

dreamer_status dreamer_bundle_save(const dreamer_bundle *bundle, const char *path) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(bundle);
    DREAMER_REQUIRE(path);
    return writeSafetensors(bundle->bundle, path);
  });
}

void dreamer_bundle_destroy(dreamer_bundle *bundle) { delete bundle; }

int64_t dreamer_bundle_count(const dreamer_bundle *bundle) {
  return bundle ? static_cast<int64_t>(bundle->handles.size()) : 0;
}

const char *dreamer_bundle_name(const dreamer_bundle *bundle, int64_t index) {
  if (index < 0 || index >= dreamer_bundle_count(bundle))
    return nullptr;
  return bundle->bundle.entries()[static_cast<size_t>(index)].name.c_str();
}

const dreamer_tensor *dreamer_bundle_tensor(const dreamer_bundle *bundle, int64_t index) {
  if (index < 0 || index >= dreamer_bundle_count(bundle))
    return nullptr;
  return bundle->handles[static_cast<size_t>(index)].get();
}

const dreamer_tensor *dreamer_bundle_find(const dreamer_bundle *bundle, const char *name) {
  if (!bundle || !name)
    return nullptr;
  std::optional<size_t> index = bundle->bundle.indexOf(name);
  return index ? bundle->handles[*index].get() : nullptr;
}

dreamer_status dreamer_bundle_add(dreamer_bundle *bundle, const char *name,
                                  const dreamer_tensor *tensor) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(bundle);
    DREAMER_REQUIRE(name);
    DREAMER_REQUIRE(tensor);
    DREAMER_RETURN_IF_FAILED(bundle->bundle.add(name, tensor->tensor));
    bundle->complete();
    return {};
  });
}

dreamer_status dreamer_bundle_add_all(dreamer_bundle *bundle, const dreamer_bundle *other,
                                      const char *prefix) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(bundle);
    DREAMER_REQUIRE(other);
    std::string front = prefix ? prefix : "";
    for (const Bundle::Entry &entry : other->bundle.entries())
      if (bundle->bundle.find(front + entry.name)) // before anything is added
        return failure(DREAMER_INVALID_ARGUMENT, "tensor name", "every name once",
                       inQuotes(front + entry.name) + " twice");
    for (const Bundle::Entry &entry : other->bundle.entries())
      DREAMER_RETURN_IF_FAILED(bundle->bundle.add(front + entry.name, entry.tensor));
    bundle->complete();
    return {};
  });
}

int64_t dreamer_bundle_metadata_count(const dreamer_bundle *bundle) {
  return bundle ? static_cast<int64_t>(bundle->bundle.metadata().size()) : 0;
}

const char *dreamer_bundle_metadata_key(const dreamer_bundle *bundle, int64_t index) {
  if (index < 0 || index >= dreamer_bundle_metadata_count(bundle))
    return nullptr;
  return std::next(bundle->bundle.metadata().begin(), index)->first.c_str();
}

const char *dreamer_bundle_metadata(const dreamer_bundle *bundle, const char *key) {
  if (!bundle || !key)
    return nullptr;
  auto found = bundle->bundle.metadata().find(key);
  return found == bundle->bundle.metadata().end() ? nullptr : found->second.c_str();
}

dreamer_status dreamer_bundle_set_metadata(dreamer_bundle *bundle, const char *key,
                                           const char *value) {
  return guarded([&]() -> Status {
    DREAMER_REQUIRE(bundle);
    DREAMER_REQUIRE(key);
    DREAMER_REQUIRE(value);
    return bundle->bundle.setMetadata(key, value);
  });
}

//===-- Random numbers ---===//

void dreamer_random_block(uint64_t seed, uint64_t block, uint32_t purpose, uint32_t stream,
                          uint32_t out[4]) {
  std::array<uint32_t, 4> words = randomBlock(seed, block, purpose, stream);
  std::memcpy(out, words.data(), sizeof(words));
}

uint32_t dreamer_random_stream(const char *name) { return fnv1a32(name ? name : ""); }
