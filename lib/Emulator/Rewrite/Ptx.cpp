// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Rewrite/Ptx.h"

#include <cctype>

using namespace llvm;

namespace dreamer::emulator::ptx {

namespace {

class Parser {
public:
  explicit Parser(StringRef text) : rest(text) {}

  Expected<Program> run() {
    Statement statement;
    for (skip(); !rest.empty(); skip()) {
      if (take("{") || take("}") || take(";"))
        continue; // scopes: names are told apart by our compilers
      if (rest.starts_with(".reg")) {
        if (!declaration())
          return fail();
        continue;
      }
      if (StringRef name = labelHere(); !name.empty()) {
        statement.labels.push_back(name.str());
        continue;
      }
      if (!parse(statement))
        return fail();
      program.statements.push_back(std::move(statement));
      statement = Statement();
    }
    program.statements.push_back(std::move(statement));
    return std::move(program);
  }

private:
  Error fail() {
    return createStringError("cannot read inline PTX at \"" + rest.take_front(40) + "\"");
  }

  void skip() {
    while (!rest.empty()) {
      if (std::isspace(static_cast<unsigned char>(rest.front())))
        rest = rest.drop_front();
      else if (rest.starts_with("//"))
        rest = rest.drop_until([](char c) { return c == '\n'; });
      else if (rest.starts_with("/*"))
        rest = rest.substr(std::min(
            rest.size(), rest.find("*/") == StringRef::npos ? rest.size() : rest.find("*/") + 2));
      else
        break;
    }
  }

  bool take(StringRef token) {
    skip();
    return rest.consume_front(token);
  }

  static bool isNamePart(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == ':' ||
           c == '%' || c == '$';
  }

  /// A name, with dots and double colons (shared::cta), not a label's colon.
  StringRef name() {
    skip();
    size_t end = 0;
    while (end < rest.size() && isNamePart(rest[end])) {
      if (rest[end] == ':') {
        if (end + 1 < rest.size() && rest[end + 1] == ':')
          ++end;
        else
          break;
      }
      ++end;
    }
    StringRef found = rest.take_front(end);
    rest = rest.drop_front(end);
    return found;
  }

  StringRef labelHere() {
    StringRef before = rest, found = name();
    if (!found.empty() && rest.starts_with(":") && !rest.starts_with("::")) {
      rest = rest.drop_front();
      return found;
    }
    rest = before;
    return "";
  }

  bool declaration() {
    name(); // .reg
    StringRef type = name();
    if (!type.consume_front("."))
      return false;
    do {
      std::string base = name().str();
      if (base.empty())
        return false;
      if (take("<")) {
        unsigned count = 0;
        if (rest.consumeInteger(10, count) || !take(">") || count > 4096)
          return false;
        for (unsigned i = 0; i < count; ++i)
          program.registers[base + std::to_string(i)] = type;
      } else {
        program.registers[base] = type;
      }
    } while (take(","));
    return take(";");
  }

  bool parse(Statement &statement) {
    StringRef begin = rest;
    if (take("@")) {
      statement.guardIsNegated = take("!");
      statement.guard = name();
      if (statement.guard.empty())
        return false;
    }
    skip();
    statement.opcode = name();
    if (statement.opcode.empty())
      return false;
    if (!take(";") && !rest.empty()) {
      bool first = true;
      do {
        if (!operandGroup(statement.operands, false))
          return false;
        if (first)
          statement.firstGroup = statement.operands.size();
        first = false;
      } while (take(","));
      if (!take(";") && !rest.empty() && !rest.starts_with("}"))
        return false;
    }
    statement.text = begin.drop_back(rest.size()).trim().str();
    return true;
  }

  bool operandGroup(std::vector<Operand> &operands, bool inBrackets) {
    if (take("[")) {
      do {
        if (!operandGroup(operands, true))
          return false;
      } while (take(","));
      return take("]");
    }
    if (take("{")) {
      if (take("}"))
        return true;
      do {
        if (!operandGroup(operands, inBrackets))
          return false;
      } while (take(","));
      return take("}");
    }
    Operand operand;
    if (!single(operand))
      return false;
    operand.isAddress = inBrackets;
    if (inBrackets && (take("+"))) {
      skip();
      if (rest.consumeInteger(0, operand.offset))
        return false;
    }
    operands.push_back(operand);
    if (take("|")) {
      Operand second;
      if (!single(second))
        return false;
      second.isPredicateOf = true;
      operands.push_back(second);
    }
    return true;
  }

  bool single(Operand &operand) {
    skip();
    if (rest.consume_front("!"))
      return false; // negated predicates as operands
    if (rest.starts_with("$")) {
      rest = rest.drop_front();
      operand.kind = Operand::Argument;
      return !rest.consumeInteger(10, operand.argument);
    }
    if (rest.starts_with("0f") || rest.starts_with("0F") || rest.starts_with("0d") ||
        rest.starts_with("0D")) {
      bool single = rest[1] == 'f' || rest[1] == 'F';
      uint64_t bits = 0;
      if (rest.substr(2, single ? 8 : 16).getAsInteger(16, bits))
        return false;
      rest = rest.drop_front(single ? 10 : 18);
      operand.kind = Operand::Immediate;
      operand.value = int64_t(bits);
      return true;
    }
    if (!rest.empty() &&
        (std::isdigit(static_cast<unsigned char>(rest.front())) || rest.front() == '-')) {
      operand.kind = Operand::Immediate;
      uint64_t large = 0;
      if (rest.front() != '-') {
        if (rest.consumeInteger(0, large))
          return false;
        operand.value = int64_t(large);
      } else if (rest.consumeInteger(0, operand.value)) {
        return false;
      }
      rest.consume_front("U");
      return true;
    }
    StringRef found = name();
    if (found.empty())
      return false;
    if (found == "_") {
      operand.kind = Operand::Nothing;
      return true;
    }
    operand.name = found;
    operand.kind = program.registers.contains(found.str()) ? Operand::Register
                   : found.starts_with("%")                ? Operand::Special
                                                           : Operand::Label;
    return true;
  }

  StringRef rest;
  Program program;
};

} // namespace

Expected<Program> parse(StringRef text) { return Parser(text).run(); }

bool hasNoDestination(StringRef opcode) {
  for (StringRef prefix : {"bar.",
                           "barrier.",
                           "bra",
                           "cp.async",
                           "cp.reduce",
                           "mbarrier.init",
                           "mbarrier.inval",
                           "mbarrier.expect_tx",
                           "mbarrier.complete_tx",
                           "fence",
                           "membar",
                           "stmatrix",
                           "prefetch",
                           "wmma.store",
                           "wgmma.fence",
                           "wgmma.commit",
                           "wgmma.wait",
                           "setmaxnreg",
                           "nanosleep",
                           "ret",
                           "exit",
                           "trap",
                           "brkpt",
                           "griddepcontrol",
                           "discard",
                           "applypriority",
                           "multimem.red"})
    if (opcode.starts_with(prefix))
      return true;
  return false;
}

} // namespace dreamer::emulator::ptx
