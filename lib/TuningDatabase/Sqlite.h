// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SQLite with errors that say what to do.

#ifndef DREAMER_LIB_TUNINGDATABASE_SQLITE_H
#define DREAMER_LIB_TUNINGDATABASE_SQLITE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <sqlite3.h>
#include <string>

namespace dreamer::tuning {

/// An open file.
class Connection {
public:
  static llvm::Expected<std::unique_ptr<Connection>> open(const std::string &path, int flags);
  ~Connection();

  const std::string &getPath() const { return path; }
  llvm::Error run(const char *sql);
  /// The first column of the first row of a query; 0 if there is none.
  llvm::Expected<int64_t> number(const char *sql);
  /// Why `status`, which is not success.
  llvm::Error error(int status) const;
  sqlite3 *get() const { return handle; }

private:
  explicit Connection(std::string path) : path(std::move(path)) {}

  std::string path;
  sqlite3 *handle = nullptr;
};

/// A query or a change with parameters, once.
class Statement {
public:
  static llvm::Expected<Statement> prepare(Connection &connection, const char *sql);

  /// In the order of the question marks.
  Statement &text(llvm::StringRef value);
  Statement &number(int64_t value);
  Statement &real(double value);
  /// Whether there is a next row.
  llvm::Expected<bool> step();

  std::string textAt(int column) const;
  int64_t numberAt(int column) const { return sqlite3_column_int64(handle.get(), column); }
  double realAt(int column) const { return sqlite3_column_double(handle.get(), column); }

private:
  Statement(Connection &connection, sqlite3_stmt *handle)
      : connection(&connection), handle(handle, sqlite3_finalize) {}

  Connection *connection;
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt *)> handle;
  int bound = 0;
};

} // namespace dreamer::tuning

#endif // DREAMER_LIB_TUNINGDATABASE_SQLITE_H
