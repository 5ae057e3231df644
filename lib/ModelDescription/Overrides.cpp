// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/ModelDescription/Overrides.h"
#include "lib/ModelDescription/Parse.h"
#include "lib/ModelDescription/Reader.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace dreamer {

namespace {

/// Collects the keys of a mapping.
struct KeyCollector {
  template <typename... Args>
  void field(StringRef key, Args &&...) {
    keys.push_back(key);
  }
  template <typename... Args>
  void section(StringRef key, Args &&...) {
    keys.push_back(key);
  }
  template <typename... Args>
  void list(StringRef key, Args &&...) {
    keys.push_back(key);
  }
  template <typename... Args>
  void blocks(StringRef key, Args &&...) {
    keys.push_back(key);
  }
  SmallVector<StringRef> keys;
};

class Override {
public:
  Override(yaml::Node &root, StringRef text, unsigned line) : root(root), text(text), line(line) {}

  LogicalResult apply();

private:
  /// Where in the override a part of its text stands.
  Location locate(StringRef part) {
    return FileLineColLoc::get(root.location.getContext(), overridesFileName, line,
                               part.data() - text.data() + 1);
  }
  /// The block that the path starts from, null if it starts from the top, or failure.
  FailureOr<yaml::Node *> findStart(StringRef step);
  /// The node below `node` that `step` names; made if it is missing.
  FailureOr<yaml::Node *> descend(yaml::Node &node, StringRef step);
  LogicalResult assign(yaml::Node &node, StringRef key, yaml::Node value);

  yaml::Node &root;
  StringRef text;
  unsigned line;
};

LogicalResult Override::apply() {
  size_t equals = text.find('=');
  if (equals == StringRef::npos || equals == 0 || text.contains('\n'))
    return emitError(locate(text))
           << "expected path=value, found `" << text << "`; for example core.depth=8";
  StringRef path = text.take_front(equals), valueText = text.drop_front(equals + 1);
  FailureOr<yaml::Node> value =
      yaml::parse(valueText, {overridesFileName, line, static_cast<unsigned>(equals) + 2},
                  root.location.getContext());
  if (failed(value))
    return failure();
  if (value->kind == yaml::Node::Kind::Nothing)
    value->location = locate(path);

  SmallVector<StringRef> steps;
  path.split(steps, '.');
  yaml::Node *node = &root;
  FailureOr<yaml::Node *> start = findStart(steps.front());
  if (failed(start))
    return failure();
  ArrayRef<StringRef> remaining = steps;
  if (*start) {
    node = *start;
    remaining = remaining.drop_front();
    if (remaining.empty())
      return emitError(locate(path))
             << "expected a key of the block `" << path << "`, found the block alone; for example "
             << path << ".depth=8";
  }
  for (StringRef step : remaining.drop_back()) {
    FailureOr<yaml::Node *> next = descend(*node, step);
    if (failed(next))
      return failure();
    node = *next;
  }
  return assign(*node, remaining.back(), std::move(*value));
}

FailureOr<yaml::Node *> Override::findStart(StringRef step) {
  KeyCollector top;
  Description description;
  schema::visit(top, description);
  if (llvm::is_contained(top.keys, step))
    return static_cast<yaml::Node *>(nullptr);

  SmallVector<std::string> names;
  if (yaml::Entry *stack = root.find("stack")) {
    for (auto [index, item] : llvm::enumerate(stack->value.items)) {
      if (!item.isMapping() || item.entries.size() != 1)
        continue;
      yaml::Node &block = item.entries.front().value;
      yaml::Entry *name = block.find("name");
      names.push_back(name ? name->value.text : "block" + std::to_string(index));
      if (names.back() == step)
        return &block;
    }
  }
  SmallVector<StringRef> all(top.keys);
  all.append(names.begin(), names.end());
  return emitError(locate(step)) << "expected a key of the description or the name of a block ("
                                 << llvm::join(names, ", ") << "), found `" << step << "`"
                                 << suggestion(step, all);
}

FailureOr<yaml::Node *> Override::descend(yaml::Node &node, StringRef step) {
  if (node.isList()) {
    size_t index = 0;
    if (!step.getAsInteger(10, index) && index < node.items.size())
      return &node.items[index];
    return emitError(locate(step)) << "expected the index of one of " << node.items.size()
                                   << " entries, counted from 0, found `" << step << "`";
  }
  if (node.isScalar())
    return emitError(locate(step)) << "expected no more keys below a value, found `" << step
                                   << "` below " << node.describe();
  node.kind = yaml::Node::Kind::Mapping;
  if (yaml::Entry *entry = node.find(step))
    return &entry->value;
  node.entries.push_back({step.str(), locate(step), yaml::Node(locate(step))});
  node.entries.back().value.kind = yaml::Node::Kind::Mapping;
  return &node.entries.back().value;
}

LogicalResult Override::assign(yaml::Node &node, StringRef key, yaml::Node value) {
  if (node.isMapping() && value.kind == yaml::Node::Kind::Nothing) {
    llvm::erase_if(node.entries, [&](const yaml::Entry &entry) { return entry.key == key; });
    return success();
  }
  FailureOr<yaml::Node *> target = descend(node, key);
  if (failed(target))
    return failure();
  **target = std::move(value);
  return success();
}

} // namespace

LogicalResult applyOverrides(yaml::Node &root, ArrayRef<std::string> overrides) {
  if (overrides.empty() || !root.isMapping())
    return success();
  bool ok = true;
  for (auto [index, text] : llvm::enumerate(overrides))
    ok &= succeeded(Override(root, text, index + 1).apply());
  return success(ok);
}

} // namespace dreamer
