// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Team.h"
#include "gtest/gtest.h"
#include <functional>
#include <thread>
#include <vector>

using namespace dreamer::runtime;

namespace {

/// What the body of a loop does to a range.
using Work = std::function<void(int64_t begin, int64_t end)>;

void call(void *closure, int64_t begin, int64_t end) {
  (*static_cast<Work *>(closure))(begin, end);
}

void run(Team &team, int64_t tasks, Work work) { team.run(tasks, call, &work); }

/// `lead` with so many followers.
void withFollowers(int count, const std::function<void(Team &)> &lead) {
  Team team(count + 1);
  std::vector<std::thread> threads;
  for (int member = 1; member <= count; ++member)
    threads.emplace_back([&team, member] { team.follow(member); });
  lead(team);
  team.dismiss();
  for (std::thread &thread : threads)
    thread.join();
}

/// Tasks write to memory that nobody else writes to, so that a task that ran twice, or in another loop, shows.
void expectEachOnce(Team &team, int64_t tasks) {
  std::vector<int> runs(tasks, 0);
  run(team, tasks, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      ++runs[i];
  });
  EXPECT_EQ(runs, std::vector<int>(tasks, 1));
}

} // namespace

TEST(Team, RunsEachTaskOnce) {
  for (int followers : {0, 1, 3})
    withFollowers(followers, [](Team &team) {
      for (int64_t tasks : {1, 2, 3, 7, 16, 17, 64, 1000})
        expectEachOnce(team, tasks);
    });
}

// Loops follow each other at once, of different lengths: followers still look at the one before.
TEST(Team, LoopsDoNotMix) {
  withFollowers(3, [](Team &team) {
    for (int64_t loop = 0; loop < 20000; ++loop)
      expectEachOnce(team, 1 + loop * 7 % 40);
  });
}

// Who has been promised and never comes is not waited for.
TEST(Team, DoesNotWaitForWhoTookNothing) {
  Team team(4);
  expectEachOnce(team, 100);
}

TEST(Team, InsideABodyTheThreadWorksAlone) {
  withFollowers(1, [](Team &team) {
    std::thread::id leader = std::this_thread::get_id();
    run(team, 8, [&](int64_t, int64_t) {
      if (std::this_thread::get_id() == leader)
        expectEachOnce(team, 10);
    });
    expectEachOnce(team, 10);
  });
}
