// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What was measured, in a file of SQLite that several processes may read and write.

#ifndef DREAMER_LIB_TUNINGDATABASE_DATABASE_H
#define DREAMER_LIB_TUNINGDATABASE_DATABASE_H

#include "lib/Kernels/KernelParameters.h"
#include "lib/TuningDatabase/Key.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <memory>
#include <optional>
#include <vector>

namespace dreamer::tuning {

class Connection;

/// The best that was found for a key.
struct Record {
  KernelChoice choice;        ///< what differs from the standard values
  double seconds = 0;         ///< with that choice, the median
  double standardSeconds = 0; ///< with the standard values, measured in turns with it
  double boundSeconds = 0;    ///< the roofline
  int64_t tried = 0;          ///< candidates measured
  int64_t threads = 0;        ///< that ran it
  bool finished = false;      ///< nothing was left to try

  /// Whether the choice is worth making: never worse than the standard.
  bool isBetter() const { return !choice.empty() && seconds < standardSeconds; }
};

class Database {
public:
  enum class Mode { Read, Write };

  /// Opens the file; `Write` makes it where there is none. Anything else than a whole database of this
  /// version is an error, and left as it is.
  static llvm::Expected<Database> open(const std::string &path, Mode mode);
  Database(Database &&) noexcept;
  Database &operator=(Database &&) noexcept;
  ~Database();

  llvm::Expected<std::optional<Record>> find(const Key &key) const;
  /// Adds the record or replaces the one of that key, but no finished one by one that is not.
  llvm::Error store(const Key &key, const Record &record);
  /// In order of keys.
  llvm::Expected<std::vector<std::pair<Key, Record>>> all() const;

  llvm::Expected<llvm::json::Value> toJson() const;
  /// Stores all records of what `toJson` gave, or none of them after an error; gives their number.
  llvm::Expected<int64_t> addJson(const llvm::json::Value &json);

private:
  explicit Database(std::unique_ptr<Connection> connection);

  std::unique_ptr<Connection> connection;
};

} // namespace dreamer::tuning

#endif // DREAMER_LIB_TUNINGDATABASE_DATABASE_H
