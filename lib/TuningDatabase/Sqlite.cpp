// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/TuningDatabase/Sqlite.h"

namespace dreamer::tuning {

/// How long a call waits for another process that writes.
static constexpr int waitMilliseconds = 5000;

llvm::Expected<std::unique_ptr<Connection>> Connection::open(const std::string &path, int flags) {
  std::unique_ptr<Connection> connection(new Connection(path));
  int status = sqlite3_open_v2(path.c_str(), &connection->handle, flags, nullptr);
  if (status != SQLITE_OK)
    return connection->error(status);
  sqlite3_busy_timeout(connection->handle, waitMilliseconds);
  return connection;
}

Connection::~Connection() { sqlite3_close(handle); }

llvm::Error Connection::error(int status) const {
  std::string message;
  switch (status & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    message = "the database is locked: another process has been writing for " +
              std::to_string(waitMilliseconds / 1000) + " s; hint: wait for it, and try again";
    break;
  case SQLITE_NOTADB:
    message = "expected a tuning database, found a file that is none";
    break;
  case SQLITE_CORRUPT:
    message = "the database is damaged; hint: copy it away, and tune again or import an export";
    break;
  case SQLITE_READONLY:
  case SQLITE_PERM:
    message = "the database cannot be written; hint: who owns the file and its folder?";
    break;
  case SQLITE_CANTOPEN:
    message = "cannot open the database; hint: is there such a file, and may it be read?";
    break;
  default:
    message = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(status);
  }
  return llvm::createStringError(path + ": " + message);
}

llvm::Error Connection::run(const char *sql) {
  int status = sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
  return status == SQLITE_OK ? llvm::Error::success() : error(status);
}

llvm::Expected<int64_t> Connection::number(const char *sql) {
  llvm::Expected<Statement> query = Statement::prepare(*this, sql);
  if (!query)
    return query.takeError();
  llvm::Expected<bool> row = query->step();
  if (!row)
    return row.takeError();
  return *row ? query->numberAt(0) : 0;
}

llvm::Expected<Statement> Statement::prepare(Connection &connection, const char *sql) {
  sqlite3_stmt *handle = nullptr;
  int status = sqlite3_prepare_v2(connection.get(), sql, -1, &handle, nullptr);
  if (status != SQLITE_OK)
    return connection.error(status);
  return Statement(connection, handle);
}

Statement &Statement::text(llvm::StringRef value) {
  sqlite3_bind_text(handle.get(), ++bound, value.data(), static_cast<int>(value.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

Statement &Statement::number(int64_t value) {
  sqlite3_bind_int64(handle.get(), ++bound, value);
  return *this;
}

Statement &Statement::real(double value) {
  sqlite3_bind_double(handle.get(), ++bound, value);
  return *this;
}

llvm::Expected<bool> Statement::step() {
  int status = sqlite3_step(handle.get());
  if (status == SQLITE_ROW || status == SQLITE_DONE)
    return status == SQLITE_ROW;
  return connection->error(status);
}

std::string Statement::textAt(int column) const {
  const unsigned char *text = sqlite3_column_text(handle.get(), column);
  return text ? reinterpret_cast<const char *>(text) : "";
}

} // namespace dreamer::tuning
