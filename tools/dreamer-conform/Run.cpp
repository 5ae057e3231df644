// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/dreamer-conform/Run.h"

#include "tools/dreamer-conform/Ptx.h"

#include <cstring>

namespace dreamer::conform {

using namespace runtime;

std::vector<Group> allGroups() {
  std::vector<Group> groups = {
      mmaGroup(),    mmaNewGroup(),    wmmaGroup(),   matrixMoveGroup(), conversionGroup(),
      warpGroup(),   asyncCopyGroup(), tensorGroup(), bulkGroup(),       synchronizationGroup(),
      atomicGroup(), clusterGroup()};
  for (Group &group : wgmmaGroups())
    groups.push_back(std::move(group));
  return groups;
}

//===-- Running ---------------------------------------------------------------------------------------------------===//

LoadedGroup::LoadedGroup(Gpu &gpu, const Group &group, bool asPtx)
    : gpu(gpu), group(group), asPtx(asPtx) {
  if (Result<std::shared_ptr<GpuModule>> loaded = load(group); loaded.ok())
    whole = *loaded;
}

Result<std::shared_ptr<GpuModule>> LoadedGroup::load(const Group &of) {
  std::string ir = of.module(), ptx;
  GpuImage image;
  image.name = of.name;
  image.llvm = std::as_bytes(std::span(ir));
  if (asPtx) {
    Result<std::string> compiled = compileToPtx(ir, of.name, of.ptx);
    DREAMER_RETURN_IF_FAILED(compiled.status());
    ptx = std::move(*compiled);
    image.ptx = ptx;
  }
  return gpu.load(image);
}

namespace {
/// Memory of the device for one case.
class Memory {
public:
  explicit Memory(Gpu &gpu) : gpu(gpu) {}
  ~Memory() {
    for (DevicePointer pointer : pointers)
      (void)gpu.free(pointer);
  }
  Memory(const Memory &) = delete;

  /// Null for nothing. Outputs begin as bytes that stand out where a kernel does not write.
  template <typename T>
  Result<DevicePointer> inputs(const std::vector<T> &values) {
    return make(values.size() * sizeof(T), values.data());
  }
  Result<DevicePointer> outputs(size_t bytes) { return make(bytes, nullptr); }

  template <typename T>
  Status read(std::vector<T> &into, size_t count, DevicePointer from) {
    into.resize(count);
    return count ? gpu.copyToHost(into.data(), from, count * sizeof(T)) : Status();
  }

private:
  Result<DevicePointer> make(size_t bytes, const void *from) {
    if (bytes == 0)
      return DevicePointer(0);
    Result<DevicePointer> pointer = gpu.allocate(bytes);
    DREAMER_RETURN_IF_FAILED(pointer.status());
    pointers.push_back(*pointer);
    DREAMER_RETURN_IF_FAILED(from ? gpu.copyToDevice(*pointer, from, bytes)
                                  : gpu.fill(*pointer, 0xcd, bytes));
    return pointer;
  }
  Gpu &gpu;
  std::vector<DevicePointer> pointers;
};
} // namespace

Result<Outputs> LoadedGroup::run(const Case &one) {
  std::shared_ptr<GpuModule> module = whole;
  if (!module) {
    auto found = single.find(one.kernel.name);
    if (found == single.end()) {
      Group alone{.name = one.name, .ptx = group.ptx};
      alone.cases.push_back(one);
      found = single.emplace(one.kernel.name, load(alone)).first;
    }
    DREAMER_RETURN_IF_FAILED(found->second.status());
    module = *found->second;
  }
  Result<GpuFunction *> function = module->function(one.kernel.name);
  DREAMER_RETURN_IF_FAILED(function.status());
  Memory memory(gpu);
  std::vector<uint32_t> tensorWords = one.tensor ? one.tensor->words : std::vector<uint32_t>();
  auto in = memory.inputs(one.in), image = memory.inputs(one.image),
       tensor = memory.inputs(tensorWords), out = memory.outputs(one.outSlots * 8),
       after = memory.outputs(one.afterWords * 4);
  for (const auto *pointer : {&in, &image, &tensor, &out, &after})
    DREAMER_RETURN_IF_FAILED(pointer->status());
  std::vector<GpuArgument> arguments = {*in, *out, *image, *after};
  EncodedTensorMap map{};
  if (one.tensor) {
    TensorMapRequest request = one.tensor->map;
    request.address = *tensor;
    Result<EncodedTensorMap> encoded = gpu.encodeTensorMap(request);
    DREAMER_RETURN_IF_FAILED(encoded.status());
    map = *encoded;
    arguments.push_back(map);
  }
  DREAMER_RETURN_IF_FAILED(gpu.launch(**function, one.launch, arguments));
  DREAMER_RETURN_IF_FAILED(gpu.synchronize());
  Outputs outputs;
  DREAMER_RETURN_IF_FAILED(memory.read(outputs.out, one.outSlots, *out));
  DREAMER_RETURN_IF_FAILED(memory.read(outputs.after, one.afterWords, *after));
  DREAMER_RETURN_IF_FAILED(memory.read(outputs.tensor, tensorWords.size(), *tensor));
  return outputs;
}

//===-- Storing and comparing -------------------------------------------------------------------------------------===//

/// Calls visit(name, isInput, data, count, bytes of each) for all that belongs to a case.
template <typename Visit>
static Status each(const Case &one, const Outputs &outputs, Visit visit) {
  auto part = [&](const char *name, bool isInput, const auto &values) -> Status {
    return values.empty() ? Status()
                          : visit(one.name + ":" + name, isInput, values.data(), values.size(),
                                  sizeof(values[0]));
  };
  DREAMER_RETURN_IF_FAILED(part("in", true, one.in));
  DREAMER_RETURN_IF_FAILED(part("image", true, one.image));
  if (one.tensor)
    DREAMER_RETURN_IF_FAILED(part("tensor", true, one.tensor->words));
  DREAMER_RETURN_IF_FAILED(part("out", false, outputs.out));
  DREAMER_RETURN_IF_FAILED(part("after", false, outputs.after));
  return part("tensor.after", false, outputs.tensor);
}

Status store(Bundle &bundle, const Case &one, const Outputs &outputs) {
  return each(one, outputs,
              [&](std::string name, bool, const void *data, size_t count, size_t bytes) {
                Result<runtime::Tensor> tensor = runtime::Tensor::borrowConst(
                    bytes == 8 ? DType::I64 : DType::I32, {int64_t(count)}, data, count * bytes);
                DREAMER_RETURN_IF_FAILED(tensor.status());
                return bundle.add(std::move(name), std::move(*tensor));
              });
}

static std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof(text), "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

/// "inputs outputs", each a number of 64 bits (FNV-1a of names and bytes).
static std::string digestsOf(const Case &one, const Outputs &outputs) {
  uint64_t digests[2] = {0xcbf29ce484222325, 0xcbf29ce484222325};
  (void)each(
      one, outputs,
      [&](const std::string &name, bool isInput, const void *data, size_t count, size_t bytes) {
        uint64_t &digest = digests[!isInput];
        auto add = [&](const void *from, size_t size) {
          for (size_t i = 0; i < size; ++i)
            digest = (digest ^ static_cast<const unsigned char *>(from)[i]) * 0x100000001b3;
        };
        add(name.data(), name.size());
        add(data, count * bytes);
        return Status();
      });
  return hex(digests[0]) + " " + hex(digests[1]);
}

Status storeDigests(Bundle &bundle, const Case &one, const Outputs &outputs) {
  return bundle.setMetadata(one.name, digestsOf(one, outputs));
}

static Status changed(const std::string &name) {
  return failure(DREAMER_MISMATCH, name, "the inputs that were stored", "others",
                 "the cases have changed: store them anew");
}

static Result<Difference> compareDigests(const std::string &stored, const Case &one,
                                         const Outputs &outputs) {
  std::string found = digestsOf(one, outputs);
  size_t inputs = found.find(' ') + 1;
  if (stored.substr(0, inputs) != found.substr(0, inputs))
    return changed(one.name);
  if (stored == found)
    return Difference{0, 1, ""};
  return Difference{1, 1,
                    one.name + ": expected digest " + stored.substr(inputs) + ", found " +
                        found.substr(inputs)};
}

Result<Difference> compare(const Bundle &stored, const Case &one, const Outputs &outputs) {
  if (auto digests = stored.metadata().find(one.name); digests != stored.metadata().end())
    return compareDigests(digests->second, one, outputs);
  Difference difference;
  Status status = each(
      one, outputs,
      [&](const std::string &name, bool isInput, const void *data, size_t count, size_t bytes) {
        const runtime::Tensor *tensor = stored.find(name);
        if (!tensor || tensor->bytes() != count * bytes)
          return failure(DREAMER_MISMATCH, name,
                         std::to_string(count * bytes) + " bytes that are stored",
                         tensor ? std::to_string(tensor->bytes()) : "nothing", "store them anew");
        bool same = std::memcmp(tensor->data(), data, count * bytes) == 0;
        if (isInput)
          return same ? Status() : changed(name);
        difference.values += count;
        for (size_t i = 0; i < count && !same; ++i) {
          uint64_t expected = 0, found = 0;
          std::memcpy(&expected, static_cast<const std::byte *>(tensor->data()) + i * bytes, bytes);
          std::memcpy(&found, static_cast<const std::byte *>(data) + i * bytes, bytes);
          if (expected == found)
            continue;
          if (difference.differing++ == 0)
            difference.first = name + "[" + std::to_string(i) + "]: expected " + hex(expected) +
                               ", found " + hex(found);
        }
        return Status();
      });
  DREAMER_RETURN_IF_FAILED(status);
  return difference;
}

} // namespace dreamer::conform
