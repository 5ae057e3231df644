// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Options.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace dreamer::run {

using train::listAlternatives;
using train::quote;
using train::text;

namespace {

template <typename T>
bool parseNumber(const std::string &given, T &into) {
  T number{};
  auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), number);
  if (error != std::errc() || end != given.data() + given.size() || given.empty())
    return false;
  into = number;
  return true;
}

} // namespace

Options::Options(std::string verb, std::string synopsis, std::string summary)
    : theVerb(std::move(verb)), synopsis(std::move(synopsis)), summary(std::move(summary)) {}

Options::Entry &Options::add(std::string name, std::string meta, std::string help,
                             std::function<std::string(const std::string &)> set) {
  Entry entry;
  entry.name = std::move(name);
  entry.meta = std::move(meta);
  entry.help = std::move(help);
  entry.set = std::move(set);
  entries.push_back(std::move(entry));
  return entries.back();
}

void Options::argument(std::string name, std::string *value, std::string help) {
  theArguments.push_back({std::move(name), std::move(help), value});
}

void Options::arguments(std::string name, std::vector<std::string> *values, std::string help) {
  restName = std::move(name);
  restHelp = std::move(help);
  rest = values;
}

void Options::value(std::string name, std::string meta, std::string *into, std::string help) {
  add(std::move(name), std::move(meta), std::move(help), [into](const std::string &given) {
    *into = given;
    return std::string();
  });
}

void Options::value(std::string name, std::string meta, int64_t *into, std::string help) {
  add(std::move(name), std::move(meta), std::move(help), [into](const std::string &given) {
    int64_t number = 0;
    if (!parseNumber(given, number) || number < 0)
      return std::string("a whole number from 0");
    *into = number;
    return std::string();
  });
}

void Options::value(std::string name, std::string meta, uint64_t *into, std::string help) {
  add(std::move(name), std::move(meta), std::move(help), [into](const std::string &given) {
    return parseNumber(given, *into) ? "" : std::string("a whole number from 0");
  });
}

void Options::value(std::string name, std::string meta, double *into, std::string help) {
  add(std::move(name), std::move(meta), std::move(help), [into](const std::string &given) {
    double number = 0.0;
    if (!parseNumber(given, number) || !std::isfinite(number) || number < 0.0)
      return std::string("a number from 0");
    *into = number;
    return std::string();
  });
}

void Options::value(std::string name, std::string meta, std::vector<std::string> *into,
                    std::string help) {
  add(std::move(name), std::move(meta), std::move(help), [into](const std::string &given) {
    into->push_back(given);
    return std::string();
  });
}

void Options::choice(std::string name, std::vector<std::string> words, std::string *into,
                     std::string help) {
  std::string meta;
  for (const std::string &word : words)
    meta += (meta.empty() ? "" : "|") + word;
  add(std::move(name), std::move(meta), std::move(help),
      [into, words = std::move(words)](const std::string &given) {
        if (std::find(words.begin(), words.end(), given) == words.end())
          return listAlternatives(words);
        *into = given;
        return std::string();
      });
}

void Options::optionalValue(std::string name, std::string meta, std::optional<std::string> *into,
                            std::string bare, std::string help) {
  add(std::move(name), std::move(meta), std::move(help), [into](const std::string &given) {
    *into = given;
    return std::string();
  }).bare = std::move(bare);
}

void Options::flag(std::string name, bool *into, std::string help) {
  add(std::move(name), "", std::move(help), [into](const std::string & /*given*/) {
    *into = true;
    return std::string();
  }).bare = "";
}

std::optional<int> Options::wrong(const std::string &message) const {
  fprintf(stderr, "dreamer-run %s: error: %s\nusage: dreamer-run %s %s\n", theVerb.c_str(),
          message.c_str(), theVerb.c_str(), synopsis.c_str());
  return 2;
}

std::optional<int> Options::takeOption(const std::vector<std::string> &words, size_t &index) {
  const std::string &word = words[index];
  size_t equals = word.find('=');
  std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
  auto entry = std::find_if(entries.begin(), entries.end(),
                            [&](const Entry &known) { return known.name == name; });
  if (entry == entries.end()) {
    std::vector<std::string> names = {"--help"};
    for (const Entry &known : entries)
      names.push_back("--" + known.name);
    std::string hint = runtime::nearestHint("--" + name, names);
    return wrong(text("unknown option --", name, hint.empty() ? "" : "; hint: ", hint));
  }
  std::string given;
  if (equals != std::string::npos) {
    if (entry->meta.empty())
      return wrong(text("--", name, ": expected no value, found ", quote(word.substr(equals + 1))));
    given = word.substr(equals + 1);
  } else if (entry->bare) {
    given = *entry->bare;
  } else if (index + 1 < words.size()) {
    given = words[++index];
  } else {
    return wrong(text("--", name, ": expected a value: --", name, "=", entry->meta));
  }
  if (std::string expected = entry->set(given); !expected.empty())
    return wrong(text("--", name, ": expected ", expected, ", found ", quote(given)));
  entry->isGiven = true;
  return std::nullopt;
}

std::optional<int> Options::takeArguments(const std::vector<std::string> &given) {
  for (size_t i = 0; i < given.size(); ++i) {
    if (i < theArguments.size())
      *theArguments[i].value = given[i];
    else if (rest)
      rest->push_back(given[i]);
    else
      return wrong(text("unexpected argument ", quote(given[i])));
  }
  if (given.size() < theArguments.size())
    return wrong(text("expected ", theArguments[given.size()].name, ", found nothing"));
  if (rest && rest->empty())
    return wrong(text("expected ", restName, ", found nothing"));
  for (const Entry &entry : entries)
    if (entry.isRequired && !entry.isGiven)
      return wrong(text("expected --", entry.name, "=", entry.meta, ", found nothing"));
  return std::nullopt;
}

std::optional<int> Options::parse(const std::vector<std::string> &words) {
  std::vector<std::string> given;
  bool onlyArguments = false;
  for (size_t i = 0; i < words.size(); ++i) {
    if (onlyArguments || !words[i].starts_with("-") || words[i] == "-") {
      given.push_back(words[i]);
    } else if (words[i] == "--") {
      onlyArguments = true;
    } else if (words[i] == "--help" || words[i] == "-h") {
      fputs(help().c_str(), stdout);
      return 0;
    } else if (!words[i].starts_with("--")) {
      return wrong(text("unknown option ", words[i], "; hint: options begin with --"));
    } else if (std::optional<int> status = takeOption(words, i)) {
      return status;
    }
  }
  return takeArguments(given);
}

std::string Options::help() const {
  std::string out = text("usage: dreamer-run ", theVerb, " ", synopsis, "\n\n", summary, "\n\n");
  auto line = [&](const std::string &left, const std::string &right) {
    out += "  " + left;
    out += left.size() < 28 ? std::string(28 - left.size(), ' ') : "\n" + std::string(30, ' ');
    out += right + "\n";
  };
  for (const Argument &argument : theArguments)
    line(argument.name, argument.help);
  if (rest)
    line(restName, restHelp);
  for (const Entry &entry : entries)
    line(text("--", entry.name,
              entry.meta.empty() ? ""
              : entry.bare       ? "[=" + entry.meta + "]"
                                 : "=" + entry.meta),
         entry.help);
  line("--help", "this text");
  return out;
}

} // namespace dreamer::run
