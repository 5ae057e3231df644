// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/TuningDatabase/Database.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <thread>

using namespace dreamer;
using namespace dreamer::tuning;
using testing::HasSubstr;
using Mode = Database::Mode;

namespace {

class Databases : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("tuning", folder));
    path = (folder + "/a.db").str();
  }
  void TearDown() override { EXPECT_FALSE(llvm::sys::fs::remove_directories(folder)); }

  Database open(Mode mode = Mode::Write) { return llvm::cantFail(Database::open(path, mode)); }
  std::string problemOf(Mode mode) {
    auto database = Database::open(path, mode);
    return database ? "" : llvm::toString(database.takeError());
  }
  std::string bytes() {
    auto file = llvm::MemoryBuffer::getFile(path);
    return file ? (*file)->getBuffer().str() : "";
  }
  void write(llvm::StringRef text) {
    std::error_code problem;
    llvm::raw_fd_ostream(path, problem) << text;
    ASSERT_FALSE(problem);
  }

  llvm::SmallString<128> folder;
  std::string path;
};

Key keyNumber(int i) {
  return {"machine", "native", "dreamer.linear", "tensor<" + std::to_string(i) + "xf32>", "v1"};
}

Record record(double seconds, KernelChoice choice = {{"block_rows", 4}}) {
  return {std::move(choice), seconds, 2e-3, 1e-3, 17, 2, true};
}

bool isSame(const Record &a, const Record &b) {
  return a.choice == b.choice && a.seconds == b.seconds && a.standardSeconds == b.standardSeconds &&
         a.boundSeconds == b.boundSeconds && a.tried == b.tried && a.threads == b.threads &&
         a.finished == b.finished;
}

} // namespace

TEST_F(Databases, KeepWhatIsStored) {
  Record stored = record(1.25e-3, {{"key_block", 96}, {"query_blocks", 8}});
  llvm::cantFail(open().store(keyNumber(1), stored));
  auto found = llvm::cantFail(open(Mode::Read).find(keyNumber(1)));
  ASSERT_TRUE(found);
  EXPECT_TRUE(isSame(*found, stored));
}

TEST_F(Databases, TellKeysApartByEachOfTheirParts) {
  Database database = open();
  Key key = keyNumber(1);
  llvm::cantFail(database.store(key, record(1e-3)));
  for (std::string Key::*part :
       {&Key::device, &Key::target, &Key::kernel, &Key::types, &Key::compiler}) {
    Key other = key;
    other.*part += "'";
    EXPECT_FALSE(llvm::cantFail(database.find(other)));
  }
  EXPECT_TRUE(llvm::cantFail(database.find(key)));
}

TEST_F(Databases, KeepAFinishedRecordFromOneThatIsNot) {
  Database database = open();
  Record unfinished = record(1.5e-3), better = record(1.2e-3);
  unfinished.finished = false;
  llvm::cantFail(database.store(keyNumber(1), unfinished));
  EXPECT_FALSE(llvm::cantFail(database.find(keyNumber(1)))->finished);
  llvm::cantFail(database.store(keyNumber(1), record(1.4e-3)));
  llvm::cantFail(database.store(keyNumber(1), unfinished));
  EXPECT_EQ(llvm::cantFail(database.find(keyNumber(1)))->seconds, 1.4e-3);
  llvm::cantFail(database.store(keyNumber(1), better));
  EXPECT_EQ(llvm::cantFail(database.find(keyNumber(1)))->seconds, 1.2e-3);
}

TEST_F(Databases, AChoiceIsBetterOnlyIfItIsFaster) {
  EXPECT_TRUE(record(1.9e-3).isBetter());
  EXPECT_FALSE(record(2e-3).isBetter());
  EXPECT_FALSE(record(1e-3, {}).isBetter());
}

TEST_F(Databases, AreNotMadeByReading) {
  EXPECT_THAT(problemOf(Mode::Read), HasSubstr("a.db: cannot open the database"));
  EXPECT_FALSE(llvm::sys::fs::exists(path));
}

TEST_F(Databases, LeaveOtherFilesAsTheyAre) {
  write(std::string(5000, 'x'));
  std::string before = bytes();
  for (Mode mode : {Mode::Read, Mode::Write})
    EXPECT_THAT(problemOf(mode),
                HasSubstr("expected a tuning database, found a file that is none"));
  EXPECT_EQ(bytes(), before);
}

TEST_F(Databases, RefuseDamage) {
  {
    Database database = open();
    std::vector<std::pair<Key, Record>> records;
    for (int i = 0; i < 300; ++i)
      llvm::cantFail(database.store(keyNumber(i), record(1e-3)));
  }
  std::string whole = bytes();
  // A page that is noise, a file that ends too early.
  std::string noise = whole, cut = whole.substr(0, whole.size() / 2);
  for (size_t i = 4096; i < 8192; ++i)
    noise[i] = static_cast<char>(i * 37 % 251);
  for (const std::string &damaged : {noise, cut}) {
    write(damaged);
    for (Mode mode : {Mode::Read, Mode::Write})
      EXPECT_THAT(problemOf(mode), HasSubstr("the database is damaged; hint: copy it away"));
    EXPECT_EQ(bytes(), damaged);
  }
  write(whole);
  EXPECT_EQ(llvm::cantFail(open(Mode::Read).all()).size(), 300U);
}

TEST_F(Databases, SayThatSomebodyElseWrites) {
  Database database = open();
  llvm::cantFail(database.store(keyNumber(1), record(1e-3)));
  sqlite3 *other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_THAT(llvm::toString(database.store(keyNumber(2), record(1e-3))),
              HasSubstr("the database is locked: another process has been writing for 5 s"));
  sqlite3_close(other);
  llvm::cantFail(database.store(keyNumber(2), record(1e-3)));
  EXPECT_EQ(llvm::cantFail(database.all()).size(), 2U);
}

TEST_F(Databases, TakeRecordsOfSeveralWriters) {
  constexpr int writers = 4, each = 20;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < writers; ++writer)
    threads.emplace_back([&, writer] {
      Database database = open(); // the first of them makes the file
      for (int i = 0; i < each; ++i)
        llvm::cantFail(database.store(keyNumber(writer * each + i), record(1e-3)));
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(llvm::cantFail(open(Mode::Read).all()).size(), size_t(writers * each));
}

TEST_F(Databases, GoThroughJson) {
  Database database = open();
  llvm::cantFail(database.store(keyNumber(1), record(1e-3, {})));
  llvm::cantFail(database.store(keyNumber(2), record(0.1 + 0.2, {{"one_pass", 0}})));
  llvm::json::Value json = llvm::cantFail(database.toJson());
  std::string text;
  llvm::raw_string_ostream(text) << json;
  path = (folder + "/b.db").str();
  EXPECT_EQ(llvm::cantFail(open().addJson(llvm::cantFail(llvm::json::parse(text)))), 2);
  auto before = llvm::cantFail(database.all()), after = llvm::cantFail(open().all());
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i].first, after[i].first);
    EXPECT_TRUE(isSame(before[i].second, after[i].second));
  }
}

TEST_F(Databases, ImportAllOrNothing) {
  Database database = open();
  llvm::cantFail(database.store(keyNumber(1), record(1e-3)));
  llvm::json::Value json = llvm::cantFail(database.toJson());
  llvm::json::Array &records = *json.getAsObject()->getArray("records");
  records.push_back(records[0]);
  (*records[1].getAsObject())["seconds"] = -1.0;
  path = (folder + "/b.db").str();
  Database other = open();
  auto added = other.addJson(json);
  ASSERT_FALSE(added);
  EXPECT_THAT(llvm::toString(added.takeError()), HasSubstr("expected times above zero"));
  EXPECT_TRUE(llvm::cantFail(other.all()).empty());
}
