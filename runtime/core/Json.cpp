// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Json.h"

#include <limits>
#include <set>

namespace dreamer::runtime {

namespace {

constexpr int maxDepth = 64;

/// Watches the parser's events for what its document cannot show: keys that came twice, and depth.
struct Watcher {
  std::vector<std::set<std::string>> keys;
  std::string duplicate;
  bool tooDeep = false;

  bool operator()(int depth, Json::parse_event_t event, Json &parsed) {
    if (depth > maxDepth)
      tooDeep = true;
    if (event == Json::parse_event_t::object_start) {
      keys.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      keys.pop_back();
    } else if (event == Json::parse_event_t::key && duplicate.empty()) {
      const std::string &key = parsed.get_ref<const std::string &>();
      if (!keys.back().insert(key).second)
        duplicate = inQuotes(key);
    }
    return !tooDeep; // what is too deep is not kept
  }
};

} // namespace

/// "[json.exception.parse_error.101] parse error at ...: x" -> "parse error at ...: x"
static std::string withoutTag(std::string_view text) {
  size_t end = text.find("] ");
  if (text.starts_with("[json.") && end != std::string_view::npos)
    text.remove_prefix(end + 2);
  return escaped(text.substr(0, 240));
}

Result<Json> parseJson(std::string_view text, std::string_view where) {
  Watcher watcher;
  try {
    Json value = Json::parse(text.begin(), text.end(), std::ref(watcher));
    if (watcher.tooDeep)
      return failure(DREAMER_BAD_FILE, where,
                     "JSON nested at most " + std::to_string(maxDepth) + " deep", "more");
    if (!watcher.duplicate.empty())
      return failure(DREAMER_BAD_FILE, where, "every key once", watcher.duplicate + " twice");
    return value;
  } catch (const Json::exception &error) {
    return failure(DREAMER_BAD_FILE, where, "valid JSON", withoutTag(error.what()));
  }
}

std::string_view kindOf(const Json &value) {
  switch (value.type()) {
  case Json::value_t::null:
    return "null";
  case Json::value_t::object:
    return "an object";
  case Json::value_t::array:
    return "an array";
  case Json::value_t::string:
    return "a string";
  case Json::value_t::boolean:
    return "true or false";
  case Json::value_t::number_integer:
  case Json::value_t::number_unsigned:
    return "an integer";
  case Json::value_t::number_float:
    return "a number";
  default:
    return "something else";
  }
}

static const Json &nothing() {
  static const Json null;
  return null;
}

void JsonCursor::fail(std::string_view expected, std::string_view found,
                      std::string_view hint) const {
  if (status->ok())
    *status = failure(DREAMER_BAD_FILE, path, expected, found, hint);
}

bool JsonCursor::has(std::string_view key) const {
  return value->is_object() && value->contains(std::string(key));
}

JsonCursor JsonCursor::at(std::string_view key) const {
  std::string place = path + (path.ends_with(": ") ? "" : ".") + std::string(key);
  if (!value->is_object()) {
    fail("an object", kindOf(*value));
    return JsonCursor(nothing(), std::move(place), *status);
  }
  auto found = value->find(std::string(key));
  if (found == value->end()) {
    fail("the key '" + std::string(key) + "'", "no such key");
    return JsonCursor(nothing(), std::move(place), *status);
  }
  return JsonCursor(*found, std::move(place), *status);
}

std::vector<JsonCursor> JsonCursor::elements() const {
  std::vector<JsonCursor> result;
  if (!value->is_array()) {
    fail("an array", kindOf(*value));
    return result;
  }
  for (size_t i = 0; i < value->size(); ++i)
    result.emplace_back((*value)[i], path + "[" + std::to_string(i) + "]", *status);
  return result;
}

std::vector<std::pair<std::string, JsonCursor>> JsonCursor::members() const {
  std::vector<std::pair<std::string, JsonCursor>> result;
  if (!value->is_object()) {
    fail("an object", kindOf(*value));
    return result;
  }
  for (const auto &member : value->items())
    result.emplace_back(member.key(), at(member.key()));
  return result;
}

std::string JsonCursor::string() const {
  if (const std::string *text = value->get_ptr<const std::string *>())
    return *text;
  fail("a string", kindOf(*value));
  return {};
}

double JsonCursor::number() const {
  if (value->is_number())
    return value->get<double>();
  fail("a number", kindOf(*value));
  return 0;
}

int64_t JsonCursor::integer(int64_t minimum, int64_t maximum) const {
  std::string range = "an integer in " + std::to_string(minimum) + ".." + std::to_string(maximum);
  if (!value->is_number_integer()) {
    fail(range, kindOf(*value));
    return minimum;
  }
  bool large = value->is_number_unsigned() &&
               value->get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()};
  if (large || value->get<int64_t>() < minimum || value->get<int64_t>() > maximum) {
    fail(range, value->dump());
    return minimum;
  }
  return value->get<int64_t>();
}

std::vector<int64_t> JsonCursor::shape() const {
  std::vector<int64_t> sizes;
  for (const JsonCursor &element : elements()) {
    if (sizes.size() == DREAMER_MAX_RANK) {
      fail("at most " + std::to_string(DREAMER_MAX_RANK) + " dimensions",
           std::to_string(value->size()));
      break;
    }
    sizes.push_back(element.integer(0, std::numeric_limits<int64_t>::max()));
  }
  return sizes;
}

} // namespace dreamer::runtime
