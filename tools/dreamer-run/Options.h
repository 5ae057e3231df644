// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Options of a verb: --name=value, --name value, --flag, and arguments without a name.

#ifndef DREAMER_TOOLS_DREAMER_RUN_OPTIONS_H
#define DREAMER_TOOLS_DREAMER_RUN_OPTIONS_H

#include "runtime/train/Text.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dreamer::run {

class Options {
public:
  /// "train", "PACKAGE --data=FILE ...", "Trains a model."
  Options(std::string verb, std::string synopsis, std::string summary);

  /// An argument without a name; all of these must be given.
  void argument(std::string name, std::string *value, std::string help);
  /// One or more arguments without a name, after the others.
  void arguments(std::string name, std::vector<std::string> *values, std::string help);

  /// Options with a value. `meta` stands for it in the help: "FILE", "N".
  void value(std::string name, std::string meta, std::string *into, std::string help);
  void value(std::string name, std::string meta, int64_t *into, std::string help);
  void value(std::string name, std::string meta, uint64_t *into, std::string help);
  void value(std::string name, std::string meta, double *into, std::string help);
  template <typename T>
  void value(std::string name, std::string meta, std::optional<T> *into, std::string help) {
    auto held = std::make_shared<T>();
    value(std::move(name), std::move(meta), held.get(), std::move(help));
    entries.back().set = [set = std::move(entries.back().set), held,
                          into](const std::string &given) {
      std::string expected = set(given);
      if (expected.empty())
        *into = *held;
      return expected;
    };
  }
  /// May be given several times.
  void value(std::string name, std::string meta, std::vector<std::string> *into, std::string help);
  /// One of some words.
  void choice(std::string name, std::vector<std::string> words, std::string *into,
              std::string help);
  /// --name or --name=value; `bare` is the value of the former.
  void optionalValue(std::string name, std::string meta, std::optional<std::string> *into,
                     std::string bare, std::string help);
  void flag(std::string name, bool *into, std::string help);
  /// The option added last must be given.
  void required() { entries.back().isRequired = true; }

  /// Reads the arguments after the verb. Nothing if the verb is to run; else the exit status: 0
  /// after --help, 2 after a mistake, which is then on stderr.
  std::optional<int> parse(const std::vector<std::string> &words);

  const std::string &verb() const { return theVerb; }
  std::string help() const;

private:
  struct Entry {
    std::string name;
    std::string meta; ///< "" for flags
    std::string help;
    /// Takes the value; gives what was expected if it is another, else "".
    std::function<std::string(const std::string &)> set;
    std::optional<std::string> bare; ///< the value of --name alone
    bool isRequired = false;
    bool isGiven = false;
  };

  std::optional<int> wrong(const std::string &message) const;
  std::optional<int> takeOption(const std::vector<std::string> &words, size_t &index);
  std::optional<int> takeArguments(const std::vector<std::string> &given);
  Entry &add(std::string name, std::string meta, std::string help,
             std::function<std::string(const std::string &)> set);

  std::string theVerb, synopsis, summary;
  std::vector<Entry> entries;
  struct Argument {
    std::string name, help;
    std::string *value;
  };
  std::vector<Argument> theArguments;
  std::string restName, restHelp;
  std::vector<std::string> *rest = nullptr;
};

} // namespace dreamer::run

#endif // DREAMER_TOOLS_DREAMER_RUN_OPTIONS_H
