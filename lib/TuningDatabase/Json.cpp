// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/TuningDatabase/Json.h"
#include "llvm/Support/raw_ostream.h"

namespace json = llvm::json;

namespace dreamer::tuning {

static constexpr int64_t version = 1;

static json::Object toJson(const KernelChoice &choice) {
  json::Object object;
  for (const auto &[name, value] : choice)
    object[name] = value;
  return object;
}

static bool fromJson(const json::Value &value, KernelChoice &choice, json::Path path) {
  const json::Object *object = value.getAsObject();
  if (!object) {
    path.report("expected an object");
    return false;
  }
  for (const auto &[name, number] : *object)
    if (!json::fromJSON(number, choice[llvm::StringRef(name).str()], path.field(name)))
      return false;
  return true;
}

std::string toJsonText(const KernelChoice &choice) {
  std::string text;
  llvm::raw_string_ostream(text) << json::Value(toJson(choice));
  return text;
}

std::optional<KernelChoice> choiceFromJson(llvm::StringRef text) {
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value) {
    llvm::consumeError(value.takeError());
    return std::nullopt;
  }
  KernelChoice choice;
  json::Path::Root root;
  if (!fromJson(*value, choice, root))
    return std::nullopt;
  return choice;
}

json::Value recordsToJson(llvm::ArrayRef<std::pair<Key, Record>> records) {
  json::Array list;
  for (const auto &[key, record] : records)
    list.push_back(json::Object{{"device", key.device},
                                {"target", key.target},
                                {"kernel", key.kernel},
                                {"types", key.types},
                                {"compiler", key.compiler},
                                {"choice", toJson(record.choice)},
                                {"seconds", record.seconds},
                                {"standard_seconds", record.standardSeconds},
                                {"bound_seconds", record.boundSeconds},
                                {"tried", record.tried},
                                {"threads", record.threads},
                                {"finished", record.finished}});
  return json::Object{{"dreamer_tuning", version}, {"records", std::move(list)}};
}

static bool fromJson(const json::Value &value, std::pair<Key, Record> &row, json::Path path) {
  auto &[key, record] = row;
  json::ObjectMapper map(value, path);
  if (!map || !map.map("device", key.device) || !map.map("target", key.target) ||
      !map.map("kernel", key.kernel) || !map.map("types", key.types) ||
      !map.map("compiler", key.compiler) || !map.map("seconds", record.seconds) ||
      !map.map("standard_seconds", record.standardSeconds) ||
      !map.map("bound_seconds", record.boundSeconds) || !map.map("tried", record.tried) ||
      !map.map("threads", record.threads) || !map.map("finished", record.finished))
    return false;
  const json::Value *choice = value.getAsObject()->get("choice");
  if (!choice) {
    path.field("choice").report("missing value");
    return false;
  }
  if (!fromJson(*choice, record.choice, path.field("choice")))
    return false;
  if (record.seconds > 0 && record.standardSeconds > 0 && record.boundSeconds >= 0)
    return true;
  path.report("expected times above zero");
  return false;
}

llvm::Expected<std::vector<std::pair<Key, Record>>> recordsFromJson(const json::Value &json) {
  const json::Object *object = json.getAsObject();
  std::optional<int64_t> found = object ? object->getInteger("dreamer_tuning") : std::nullopt;
  const json::Array *list = object ? object->getArray("records") : nullptr;
  if (!found || !list)
    return llvm::createStringError(
        "expected {\"dreamer_tuning\": 1, \"records\": [...]}, as --export "
        "writes it, found something else");
  if (*found != version)
    return llvm::createStringError("expected an export of version " + std::to_string(version) +
                                   ", found version " + std::to_string(*found));
  std::vector<std::pair<Key, Record>> records;
  for (const auto &[i, value] : llvm::enumerate(*list)) {
    json::Path::Root root("records");
    std::pair<Key, Record> record;
    if (!fromJson(value, record, json::Path(root).index(static_cast<unsigned>(i))))
      return root.getError();
    records.push_back(std::move(record));
  }
  return records;
}

} // namespace dreamer::tuning
