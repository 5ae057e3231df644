// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/TuningDatabase/Database.h"
#include "lib/TuningDatabase/Json.h"
#include "lib/TuningDatabase/Sqlite.h"

namespace dreamer::tuning {

// In the header of the file: whose it is, and how it is laid out.
static constexpr int64_t applicationId = 0x44724d54, version = 1;

static const char createTables[] = R"(
  CREATE TABLE tuned (
    device TEXT NOT NULL, target TEXT NOT NULL, kernel TEXT NOT NULL, types TEXT NOT NULL,
    compiler TEXT NOT NULL,
    choice TEXT NOT NULL, -- JSON: {"parameter": value}
    seconds REAL NOT NULL, standard_seconds REAL NOT NULL, bound_seconds REAL NOT NULL,
    tried INTEGER NOT NULL, threads INTEGER NOT NULL, finished INTEGER NOT NULL,
    PRIMARY KEY (device, target, kernel, types, compiler)) WITHOUT ROWID;
  PRAGMA application_id = 1148341588;
  PRAGMA user_version = 1;
)";

static const char columns[] =
    "device, target, kernel, types, compiler, choice, seconds, standard_seconds, bound_seconds, "
    "tried, threads, finished";

/// Makes the tables of a new file, or checks that those of an old one are ours.
static llvm::Error prepareFile(Connection &file, bool create) {
  auto number = [&](const char *sql) { return file.number(sql); };
  llvm::Expected<int64_t> tables = number("SELECT count(*) FROM sqlite_schema");
  if (!tables)
    return tables.takeError();
  if (*tables == 0 && create)
    return file.run(createTables);
  llvm::Expected<int64_t> id = number("PRAGMA application_id");
  if (!id)
    return id.takeError();
  if (*id != applicationId)
    return llvm::createStringError(file.getPath() + ": expected a tuning database, found " +
                                   (*tables ? "a database of another program" : "an empty one"));
  llvm::Expected<int64_t> found = number("PRAGMA user_version");
  if (!found)
    return found.takeError();
  if (*found != version)
    return llvm::createStringError(
        file.getPath() + ": expected a tuning database of version " + std::to_string(version) +
        ", found version " + std::to_string(*found) +
        "; hint: export it with the Dreamer that made it, and import that here");
  llvm::Expected<Statement> check = Statement::prepare(file, "PRAGMA quick_check(1)");
  if (!check)
    return check.takeError();
  llvm::Expected<bool> row = check->step();
  if (!row)
    return row.takeError();
  return check->textAt(0) == "ok" ? llvm::Error::success() : file.error(SQLITE_CORRUPT);
}

/// Runs `body` so that nobody sees half of it, and half of it is never kept.
static llvm::Error inTransaction(Connection &file, llvm::function_ref<llvm::Error()> body) {
  if (llvm::Error error = file.run("BEGIN IMMEDIATE"))
    return error;
  llvm::Error error = body();
  if (!error)
    error = file.run("COMMIT");
  if (error)
    llvm::consumeError(file.run("ROLLBACK"));
  return error;
}

llvm::Expected<Database> Database::open(const std::string &path, Mode mode) {
  int flags =
      mode == Mode::Write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  llvm::Expected<std::unique_ptr<Connection>> file = Connection::open(path, flags);
  if (!file)
    return file.takeError();
  auto prepare = [&] { return prepareFile(**file, mode == Mode::Write); };
  llvm::Error error = mode == Mode::Write ? inTransaction(**file, prepare) : prepare();
  if (error)
    return std::move(error);
  return Database(std::move(*file));
}

Database::Database(std::unique_ptr<Connection> connection) : connection(std::move(connection)) {}
Database::Database(Database &&) noexcept = default;
Database &Database::operator=(Database &&) noexcept = default;
Database::~Database() = default;

static llvm::Expected<std::pair<Key, Record>> readRow(const Connection &file,
                                                      const Statement &row) {
  Key key{row.textAt(0), row.textAt(1), row.textAt(2), row.textAt(3), row.textAt(4)};
  std::optional<KernelChoice> choice = choiceFromJson(row.textAt(5));
  if (!choice)
    return llvm::createStringError(file.getPath() + ": expected the values of parameters, found '" +
                                   row.textAt(5) + "' for " + key.kernel);
  return std::pair(key, Record{*choice, row.realAt(6), row.realAt(7), row.realAt(8),
                               row.numberAt(9), row.numberAt(10), row.numberAt(11) != 0});
}

llvm::Expected<std::optional<Record>> Database::find(const Key &key) const {
  std::string sql = std::string("SELECT ") + columns +
                    " FROM tuned WHERE device = ? AND target = ? AND kernel = ? AND types = ? AND "
                    "compiler = ?";
  llvm::Expected<Statement> query = Statement::prepare(*connection, sql.c_str());
  if (!query)
    return query.takeError();
  query->text(key.device).text(key.target).text(key.kernel).text(key.types).text(key.compiler);
  llvm::Expected<bool> row = query->step();
  if (!row)
    return row.takeError();
  if (!*row)
    return std::nullopt;
  auto found = readRow(*connection, *query);
  if (!found)
    return found.takeError();
  return found->second;
}

llvm::Error Database::store(const Key &key, const Record &record) {
  std::string sql =
      std::string("INSERT INTO tuned (") + columns +
      ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT DO UPDATE SET choice = excluded.choice, seconds = excluded.seconds, "
      "standard_seconds = excluded.standard_seconds, bound_seconds = "
      "excluded.bound_seconds, tried = excluded.tried, threads = excluded.threads, "
      "finished = excluded.finished WHERE excluded.finished >= tuned.finished";
  llvm::Expected<Statement> change = Statement::prepare(*connection, sql.c_str());
  if (!change)
    return change.takeError();
  change->text(key.device).text(key.target).text(key.kernel).text(key.types).text(key.compiler);
  change->text(toJsonText(record.choice)).real(record.seconds).real(record.standardSeconds);
  change->real(record.boundSeconds).number(record.tried).number(record.threads);
  llvm::Expected<bool> done = change->number(record.finished).step();
  return done ? llvm::Error::success() : done.takeError();
}

llvm::Expected<std::vector<std::pair<Key, Record>>> Database::all() const {
  std::string sql = std::string("SELECT ") + columns +
                    " FROM tuned ORDER BY device, target, kernel, types, compiler";
  llvm::Expected<Statement> query = Statement::prepare(*connection, sql.c_str());
  if (!query)
    return query.takeError();
  std::vector<std::pair<Key, Record>> records;
  while (true) {
    llvm::Expected<bool> row = query->step();
    if (!row)
      return row.takeError();
    if (!*row)
      return records;
    auto record = readRow(*connection, *query);
    if (!record)
      return record.takeError();
    records.push_back(std::move(*record));
  }
}

llvm::Expected<llvm::json::Value> Database::toJson() const {
  auto records = all();
  if (!records)
    return records.takeError();
  return recordsToJson(*records);
}

llvm::Expected<int64_t> Database::addJson(const llvm::json::Value &json) {
  auto records = recordsFromJson(json);
  if (!records)
    return records.takeError();
  llvm::Error error = inTransaction(*connection, [&]() -> llvm::Error {
    for (const auto &[key, record] : *records)
      if (llvm::Error problem = store(key, record))
        return problem;
    return llvm::Error::success();
  });
  if (error)
    return std::move(error);
  return static_cast<int64_t>(records->size());
}

} // namespace dreamer::tuning
