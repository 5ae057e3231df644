// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Safetensors.h"

#include "runtime/core/File.h"
#include "runtime/core/Json.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace dreamer::runtime {

static constexpr uint64_t maxHeaderBytes = 100'000'000;

/// Names in files, in the order of DType.
static constexpr std::string_view fileTypes[] = {"F32", "F64", "BF16", "I32", "I64"};

//===-- Reading ---===//

namespace {
struct Slot {
  std::string name;
  DType dtype;
  Shape shape;
  uint64_t begin, end; // bytes from the end of the header
};
} // namespace

/// The JSON text of the header.
static Result<std::string_view> headerOf(std::span<const std::byte> file, std::string_view where) {
  if (file.size() < 8)
    return failure(DREAMER_BAD_FILE, where, "a safetensors file (8 bytes and a header)",
                   std::to_string(file.size()) + " bytes");
  uint64_t size = 0;
  for (int i = 7; i >= 0; --i)
    size = size << 8 | std::to_integer<uint64_t>(file[i]);
  if (size > maxHeaderBytes)
    return failure(DREAMER_BAD_FILE, where, "a safetensors header of at most 100000000 bytes",
                   "a stated size of " + std::to_string(size), "is this a safetensors file?");
  if (size > file.size() - 8)
    return failure(DREAMER_BAD_FILE, where,
                   "a safetensors header of " + std::to_string(size) + " bytes as it states",
                   std::to_string(file.size() - 8) + " bytes", "the file may be truncated");
  std::string_view text(reinterpret_cast<const char *>(file.data()) + 8, size);
  if (!text.starts_with('{'))
    return failure(DREAMER_BAD_FILE, where, "a safetensors header that begins with '{'",
                   inQuotes(text.substr(0, 1)), "is this a safetensors file?");
  return text;
}

static DType readType(const JsonCursor &cursor) {
  std::string name = cursor.string();
  for (int32_t i = 0; i < dtypeCount; ++i)
    if (fileTypes[i] == name)
      return static_cast<DType>(i);
  cursor.fail("F32, F64, BF16, I32 or I64", inQuotes(name));
  return DType::F32;
}

static Slot readSlot(const std::string &name, const JsonCursor &cursor) {
  Slot slot{name, DType::F32, {}, 0, 0};
  if (!cursor.json().is_object() || cursor.json().size() != 3)
    cursor.fail("the keys 'dtype', 'shape' and 'data_offsets'",
                cursor.json().is_object() ? std::to_string(cursor.json().size()) + " keys"
                                          : std::string(kindOf(cursor.json())));
  slot.dtype = readType(cursor.at("dtype"));
  slot.shape = cursor.at("shape").shape();
  JsonCursor offsets = cursor.at("data_offsets");
  std::vector<JsonCursor> pair = offsets.elements();
  if (pair.size() != 2) {
    offsets.fail("two offsets", std::to_string(pair.size()));
    return slot;
  }
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  slot.begin = static_cast<uint64_t>(pair[0].integer(0, most));
  slot.end = static_cast<uint64_t>(pair[1].integer(static_cast<int64_t>(slot.begin), most));
  std::optional<int64_t> elements = elementsOf(slot.shape);
  uint64_t bytes = elements ? static_cast<uint64_t>(*elements) * sizeOf(slot.dtype) : 0;
  if (!elements)
    cursor.at("shape").fail("a size below 2^63 bytes", toString(slot.shape));
  else if (slot.end - slot.begin != bytes)
    offsets.fail(std::to_string(bytes) + " bytes for " + toString(slot.dtype, slot.shape),
                 std::to_string(slot.end - slot.begin));
  return slot;
}

static Status readMetadata(const JsonCursor &cursor, Bundle &bundle, Status &status) {
  if (!cursor.json().is_object())
    cursor.fail("an object", kindOf(cursor.json()));
  else
    for (const auto &[key, value] : cursor.json().items()) {
      std::string text = JsonCursor(value, cursor.where() + "." + inQuotes(key), status).string();
      DREAMER_RETURN_IF_FAILED(bundle.setMetadata(key, std::move(text)));
    }
  return status;
}

/// The slots, sorted by place, must follow each other without hole or overlap and end with the
/// data.
static Status checkCover(const std::vector<Slot> &slots, uint64_t bytes, std::string_view where) {
  uint64_t expected = 0;
  for (const Slot &slot : slots) {
    if (slot.begin != expected)
      return failure(DREAMER_BAD_FILE, where,
                     "tensor " + inQuotes(slot.name) + " to begin at byte " +
                         std::to_string(expected) + " of the data",
                     std::to_string(slot.begin),
                     slot.begin < expected ? "tensors overlap" : "a hole lies before it");
    expected = slot.end;
  }
  if (expected != bytes)
    return failure(DREAMER_BAD_FILE, where,
                   std::to_string(expected) + " bytes of data as the header states",
                   std::to_string(bytes), "the file may be truncated");
  return {};
}

static Status addSlot(Bundle &bundle, Slot slot, const std::byte *data,
                      const std::shared_ptr<const void> &owner) {
  const std::byte *place = data + slot.begin;
  size_t bytes = slot.end - slot.begin;
  bool aligned = reinterpret_cast<uintptr_t>(place) % sizeOf(slot.dtype) == 0;
  if (aligned || bytes == 0) {
    Result<Tensor> view = Tensor::borrowConst(slot.dtype, std::move(slot.shape),
                                              bytes == 0 ? nullptr : place, bytes, owner);
    return view.failed() ? view.status() : bundle.add(std::move(slot.name), std::move(*view));
  }
  Result<Tensor> copy = Tensor::allocate(slot.dtype, std::move(slot.shape));
  if (copy.failed())
    return copy.status();
  std::memcpy(copy->mutableData(), place, bytes);
  return bundle.add(std::move(slot.name), std::move(*copy));
}

Result<Bundle> parseSafetensors(std::span<const std::byte> file, std::string_view where,
                                const std::shared_ptr<const void> &owner) {
  Result<std::string_view> header = headerOf(file, where);
  if (header.failed())
    return header.status();
  std::string place = std::string(where) + ": header";
  Result<Json> json = parseJson(*header, place);
  if (json.failed())
    return json.status();

  Bundle bundle;
  bundle.setOrigin(std::string(where));
  std::vector<Slot> slots;
  Status status;
  for (const auto &[name, value] : json->items()) {
    JsonCursor cursor(value, place + ": " + inQuotes(name), status);
    if (name == "__metadata__")
      DREAMER_RETURN_IF_FAILED(readMetadata(cursor, bundle, status));
    else
      slots.push_back(readSlot(name, cursor));
    DREAMER_RETURN_IF_FAILED(status);
  }
  std::sort(slots.begin(), slots.end(), [](const Slot &a, const Slot &b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::span<const std::byte> data = file.subspan(8 + header->size());
  DREAMER_RETURN_IF_FAILED(checkCover(slots, data.size(), where));
  for (Slot &slot : slots)
    DREAMER_RETURN_IF_FAILED(addSlot(bundle, std::move(slot), data.data(), owner));
  return bundle;
}

Result<Bundle> readSafetensors(const std::string &path) {
  Result<std::shared_ptr<const MappedFile>> file = MappedFile::open(path);
  if (file.failed())
    return file.status();
  std::shared_ptr<const MappedFile> mapped = *file;
  return parseSafetensors(mapped->bytes(), path, mapped);
}

//===-- Writing ---===//

/// Wider types first: with every size a multiple of its type's, all are aligned.
static std::vector<const Bundle::Entry *> orderInFile(const Bundle &bundle) {
  std::vector<const Bundle::Entry *> order;
  for (size_t width : {8, 4, 2})
    for (const Bundle::Entry &entry : bundle.entries())
      if (sizeOf(entry.tensor.dtype()) == width)
        order.push_back(&entry);
  return order;
}

/// The size, the JSON text, and spaces up to a multiple of 64 bytes.
static std::string headerText(const Bundle &bundle,
                              const std::vector<const Bundle::Entry *> &order) {
  std::string text = "{";
  if (!bundle.metadata().empty())
    text += "\"__metadata__\":" + Json(bundle.metadata()).dump();
  uint64_t offset = 0;
  for (const Bundle::Entry *entry : order) {
    uint64_t end = offset + entry->tensor.bytes();
    text += text.size() > 1 ? "," : "";
    text += Json(entry->name).dump() + ":{\"dtype\":\"";
    text += fileTypes[static_cast<int32_t>(entry->tensor.dtype())];
    text += "\",\"shape\":" + toString(entry->tensor.shape()) + ",\"data_offsets\":[" +
            std::to_string(offset) + "," + std::to_string(end) + "]}";
    offset = end;
  }
  text += "}";
  text.append((tensorAlignment - (8 + text.size()) % tensorAlignment) % tensorAlignment, ' ');
  std::string size(8, '\0');
  for (size_t i = 0; i < 8; ++i)
    size[i] = static_cast<char>(text.size() >> (8 * i));
  return size + text;
}

Status writeSafetensors(const Bundle &bundle, const std::string &path) {
  std::vector<const Bundle::Entry *> order = orderInFile(bundle);
  std::string header = headerText(bundle, order);
  if (header.size() - 8 > maxHeaderBytes)
    return failure(DREAMER_INVALID_ARGUMENT, path, "names and metadata of at most 100000000 bytes",
                   std::to_string(header.size() - 8));
  Result<AtomicFile> file = AtomicFile::create(path);
  if (file.failed())
    return file.status();
  DREAMER_RETURN_IF_FAILED(file->write(header.data(), header.size()));
  for (const Bundle::Entry *entry : order)
    DREAMER_RETURN_IF_FAILED(file->write(entry->tensor.data(), entry->tensor.bytes()));
  return file->commit();
}

} // namespace dreamer::runtime
