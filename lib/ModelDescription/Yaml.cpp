// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/ModelDescription/Yaml.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/YAMLParser.h"

using namespace mlir;

namespace dreamer::yaml {

Node::Node(Location location) : location(location) {}

const Entry *Node::find(StringRef key) const {
  for (const Entry &entry : entries)
    if (entry.key == key)
      return &entry;
  return nullptr;
}

Entry *Node::find(StringRef key) {
  return const_cast<Entry *>(static_cast<const Node *>(this)->find(key));
}

std::string Node::describe() const {
  switch (kind) {
  case Kind::Nothing:
    return "nothing";
  case Kind::Mapping:
    return "a mapping";
  case Kind::List:
    return "a list of " + std::to_string(items.size());
  case Kind::Scalar:
    break;
  }
  std::string shown = StringRef(text).take_front(60).str();
  if (shown.size() < text.size())
    shown += "...";
  return quoted ? "the text \"" + shown + "\"" : "`" + shown + "`";
}

namespace {

/// Deeper nesting than any description has; keeps recursion bounded.
constexpr unsigned maxNesting = 32;
constexpr size_t maxKeys = 1000;
constexpr size_t maxBytes = size_t(1) << 20;

class Parser {
public:
  Parser(StringRef text, Origin origin, MLIRContext *context)
      : text(text), origin(origin), context(context), stream(text, sourceMgr, false) {
    sourceMgr.setDiagHandler(
        [](const llvm::SMDiagnostic &diagnostic, void *self) {
          static_cast<Parser *>(self)->syntaxError(diagnostic);
        },
        this);
  }

  FailureOr<Node> parse();

private:
  Location locate(llvm::SMLoc location);
  Location locate(unsigned line, unsigned column);
  InFlightDiagnostic error(llvm::yaml::Node *node) {
    reported = true;
    return emitError(locate(node->getSourceRange().Start));
  }
  void syntaxError(const llvm::SMDiagnostic &diagnostic);
  LogicalResult checkText();
  LogicalResult convert(llvm::yaml::Node *from, Node &to, unsigned nesting);
  LogicalResult convertMapping(llvm::yaml::MappingNode *from, Node &to, unsigned nesting);
  LogicalResult convertList(llvm::yaml::SequenceNode *from, Node &to, unsigned nesting);
  void convertScalar(llvm::yaml::ScalarNode *from, Node &to);

  StringRef text;
  Origin origin;
  MLIRContext *context;
  llvm::SourceMgr sourceMgr;
  llvm::yaml::Stream stream;
  bool reported = false;
  bool repeatedKeys = false;
};

Location Parser::locate(unsigned line, unsigned column) {
  unsigned shift = line == 1 ? origin.firstColumn - 1 : 0;
  return FileLineColLoc::get(context, origin.file, line + origin.firstLine - 1, column + shift);
}

Location Parser::locate(llvm::SMLoc location) {
  const char *at = location.getPointer();
  if (!at || at < text.begin() || at > text.end())
    return locate(1, 1);
  auto [line, column] = sourceMgr.getLineAndColumn(location, sourceMgr.getMainFileID());
  return locate(line, column);
}

void Parser::syntaxError(const llvm::SMDiagnostic &diagnostic) {
  if (reported) // what follows a first syntax error is its consequence
    return;
  reported = true;
  std::string message = diagnostic.getMessage().str();
  while (!message.empty() && message.back() == '.')
    message.pop_back();
  emitError(locate(diagnostic.getLoc())) << "expected YAML, found a syntax error: " << message
                                         << "; check the indentation and the brackets here";
}

LogicalResult Parser::checkText() {
  if (text.size() > maxBytes)
    return emitError(locate(1, 1))
           << "expected a description of at most " << maxBytes << " bytes, found " << text.size()
           << "; is this another kind of file?";
  size_t bad = 0;
  bool legal = llvm::json::isUTF8(text, &bad);
  size_t zero = text.find('\0');
  if (legal && zero == StringRef::npos)
    return success();
  const char *at = text.begin() + (legal ? zero : bad);
  return emitError(locate(llvm::SMLoc::getFromPointer(at)))
         << "expected UTF-8 text, found " << (legal ? "a zero byte" : "an invalid byte sequence")
         << "; is this a description, and saved as UTF-8?";
}

FailureOr<Node> Parser::parse() {
  if (failed(checkText()))
    return failure();
  Node root(locate(1, 1));
  llvm::yaml::document_iterator document = stream.begin();
  if (document == stream.end())
    return root;
  llvm::yaml::Node *node = document->getRoot();
  if (!node || failed(convert(node, root, 0)) || stream.failed()) {
    if (!reported)
      emitError(root.location) << "expected YAML, found text that is not; check its first lines";
    return failure();
  }
  ++document;
  if (stream.failed() || repeatedKeys)
    return failure();
  if (document == stream.end())
    return root;
  llvm::yaml::Node *second = document->getRoot();
  Location where = second ? locate(second->getSourceRange().Start) : root.location;
  return emitError(where) << "expected one document, found another after it; "
                             "keep one description in a file";
}

LogicalResult Parser::convert(llvm::yaml::Node *from, Node &to, unsigned nesting) {
  to.location = locate(from->getSourceRange().Start);
  if (nesting > maxNesting)
    return error(from) << "expected at most " << maxNesting
                       << " levels of nesting, found more; a description needs six";
  if (isa<llvm::yaml::AliasNode>(from) || !from->getAnchor().empty())
    return error(from) << "expected no anchors and aliases, found one; write the values out";
  if (!from->getRawTag().empty())
    return error(from) << "expected no tags, found `" << from->getRawTag()
                       << "`; the type of a value follows from its key";
  if (auto *mapping = dyn_cast<llvm::yaml::MappingNode>(from))
    return convertMapping(mapping, to, nesting);
  if (auto *list = dyn_cast<llvm::yaml::SequenceNode>(from))
    return convertList(list, to, nesting);
  if (auto *block = dyn_cast<llvm::yaml::BlockScalarNode>(from)) {
    to.kind = Node::Kind::Scalar;
    to.text = block->getValue().str();
    to.quoted = true;
  } else if (auto *scalar = dyn_cast<llvm::yaml::ScalarNode>(from)) {
    convertScalar(scalar, to);
  }
  return success(!stream.failed());
}

LogicalResult Parser::convertMapping(llvm::yaml::MappingNode *from, Node &to, unsigned nesting) {
  to.kind = Node::Kind::Mapping;
  for (llvm::yaml::KeyValueNode &pair : *from) {
    llvm::yaml::Node *key = pair.getKey();
    if (!key || stream.failed())
      return failure();
    auto *word = dyn_cast<llvm::yaml::ScalarNode>(key);
    if (!word) // nothing below may be skipped over: the parser would recurse without a bound
      return error(key) << "expected a key, found something else; keys are plain words";
    if (to.entries.size() == maxKeys)
      return error(key) << "expected at most " << maxKeys << " keys in a mapping, found more";
    llvm::SmallString<32> storage;
    Entry entry{word->getValue(storage).str(), locate(word->getSourceRange().Start),
                Node(to.location)};
    llvm::yaml::Node *value = pair.getValue();
    if (!value || stream.failed() || failed(convert(value, entry.value, nesting + 1)))
      return failure();
    if (entry.value.kind == Node::Kind::Nothing)
      entry.value.location = entry.keyLocation;
    if (const Entry *first = to.find(entry.key)) {
      repeatedKeys = reported = true;
      auto where = dyn_cast<FileLineColLoc>(first->keyLocation);
      emitError(entry.keyLocation)
          << "expected each key once, found `" << entry.key << "` again; it stands in line "
          << (where ? where.getLine() : 0) << " already";
      continue;
    }
    to.entries.push_back(std::move(entry));
  }
  return success(!stream.failed());
}

LogicalResult Parser::convertList(llvm::yaml::SequenceNode *from, Node &to, unsigned nesting) {
  to.kind = Node::Kind::List;
  for (llvm::yaml::Node &item : *from) {
    Node converted(to.location);
    if (failed(convert(&item, converted, nesting + 1)))
      return failure();
    to.items.push_back(std::move(converted));
  }
  return success(!stream.failed());
}

void Parser::convertScalar(llvm::yaml::ScalarNode *from, Node &to) {
  llvm::SmallString<64> storage;
  StringRef raw = from->getRawValue();
  to.text = from->getValue(storage).str();
  to.quoted = raw.starts_with("\"") || raw.starts_with("'");
  bool nothing = !to.quoted && (to.text.empty() || to.text == "~" || to.text == "null");
  to.kind = nothing ? Node::Kind::Nothing : Node::Kind::Scalar;
}

} // namespace

FailureOr<Node> parse(StringRef text, Origin origin, MLIRContext *context) {
  return Parser(text, origin, context).parse();
}

} // namespace dreamer::yaml
