// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Support.h"

#include "runtime/core/File.h"
#include "runtime/core/Safetensors.h"

#include <csignal>

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace dreamer::runtime;
using namespace dreamer::runtime::test;

static std::string textOf(const std::string &path) {
  std::vector<std::byte> bytes = readBytes(path);
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

/// A megabyte times `megabytes`, every element `value`.
static Bundle filled(float value, int64_t megabytes) {
  Bundle bundle;
  Tensor tensor = *Tensor::allocate(DType::F32, {megabytes << 18});
  EXPECT_OK(tensor.fill(value, "x"));
  EXPECT_OK(bundle.add("x", tensor));
  return bundle;
}

/// Runs a function in a child process; its exit status.
template <typename F>
static int inChild(F function) {
  pid_t child = fork();
  if (child == 0)
    _exit(function());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(File, WritesAndReplaces) {
  TemporaryFolder folder;
  ASSERT_OK(writeFileAtomically(folder / "f", "one"));
  ASSERT_OK(writeFileAtomically(folder / "f", "two"));
  EXPECT_EQ(textOf(folder / "f"), "two");
  EXPECT_FALSE(std::filesystem::exists(folder / "f.partial"));
}

TEST(File, KeepsModeAndFollowsLinks) {
  TemporaryFolder folder;
  ASSERT_OK(writeFileAtomically(folder / "f", "one"));
  chmod((folder / "f").c_str(), 0600);
  ASSERT_EQ(symlink("f", (folder / "link").c_str()), 0);
  ASSERT_OK(writeFileAtomically(folder / "link", "two"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(textOf(folder / "f"), "two");
  struct stat info;
  ASSERT_EQ(stat((folder / "f").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(File, AbandonedWriteLeavesNothing) {
  TemporaryFolder folder;
  ASSERT_OK(writeFileAtomically(folder / "f", "one"));
  {
    Result<AtomicFile> file = AtomicFile::create(folder / "f");
    ASSERT_OK(file);
    ASSERT_OK(file->write("half", 4));
  }
  EXPECT_EQ(textOf(folder / "f"), "one");
  EXPECT_FALSE(std::filesystem::exists(folder / "f.partial"));
}

TEST(File, RefusesWhatIsNoFile) {
  TemporaryFolder folder;
  EXPECT_FAILURE(writeFileAtomically(folder.path, "x"), DREAMER_IO_ERROR, "a directory");
  EXPECT_FAILURE(writeFileAtomically("/dev/full", "x"), DREAMER_IO_ERROR, "a device");
  EXPECT_FAILURE(writeFileAtomically(folder / "none/f", "x"), DREAMER_NOT_FOUND, "cannot create");
  EXPECT_FAILURE(MappedFile::open(folder / "none"), DREAMER_NOT_FOUND, "cannot open");
  EXPECT_FAILURE(MappedFile::open(folder.path), DREAMER_IO_ERROR,
                 "expected a regular file, found a directory");
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_FAILURE(MappedFile::open(folder / "pipe"), DREAMER_IO_ERROR, "a pipe");
}

TEST(File, RefusesASecondWriter) {
  TemporaryFolder folder;
  Result<AtomicFile> first = AtomicFile::create(folder / "f");
  ASSERT_OK(first);
  EXPECT_FAILURE(AtomicFile::create(folder / "f"), DREAMER_IO_ERROR, "the only writer");
  ASSERT_OK(first->commit());
  EXPECT_OK(writeFileAtomically(folder / "f", "later"));
}

TEST(File, KilledWhileSaving) {
  TemporaryFolder folder;
  std::string path = folder / "checkpoint.safetensors";
  ASSERT_OK(writeSafetensors(filled(0, 4), path));
  for (int round = 1; round <= 20; ++round) {
    pid_t child = fork();
    if (child == 0) {
      for (float value = 1;; ++value)
        if (writeSafetensors(filled(value, 4), path).failed())
          _exit(1);
    }
    usleep(static_cast<useconds_t>(1500 * round));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself";
    Result<Bundle> bundle = readSafetensors(path);
    ASSERT_OK(bundle);
    const Tensor *x = bundle->find("x");
    ASSERT_TRUE(x);
    for (int64_t i = 0; i < x->elements(); ++i)
      ASSERT_EQ(x->as<float>()[i], x->as<float>()[0]);
  }
  ASSERT_OK(writeSafetensors(filled(-1, 1), path)); // takes over what the killed one left
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST(File, SizeLimitWhileSaving) {
  TemporaryFolder folder;
  std::string path = folder / "checkpoint.safetensors";
  ASSERT_OK(writeSafetensors(filled(7, 1), path));
  int code = inChild([&] {
    signal(SIGXFSZ, SIG_IGN);
    rlimit limit = {2 << 20, 2 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    Status status = writeSafetensors(filled(8, 4), path);
    bool told = status.code() == DREAMER_IO_ERROR &&
                status.message().find("the previous file is unchanged") != std::string::npos;
    return told ? 0 : 1;
  });
  EXPECT_EQ(code, 0);
  Result<Bundle> bundle = readSafetensors(path);
  ASSERT_OK(bundle);
  EXPECT_EQ(bundle->find("x")->element(0), 7);
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST(File, FullDiskWhileSaving) {
  TemporaryFolder folder;
  constexpr int noMount = 77;
  int code = inChild([&] {
    // A file system of 2 MiB, seen by the child alone.
    if ((unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", folder.path.c_str(), "tmpfs", 0, "size=2m") != 0)
      return noMount;
    std::string path = folder / "checkpoint.safetensors";
    if (writeSafetensors(filled(7, 1), path).failed())
      return 1;
    Status status = writeSafetensors(filled(8, 4), path);
    if (status.code() != DREAMER_IO_ERROR ||
        status.message().find("No space left") == std::string::npos)
      return 2;
    Result<Bundle> bundle = readSafetensors(path);
    if (bundle.failed() || bundle->find("x")->element(0) != 7)
      return 3;
    return std::filesystem::exists(path + ".partial") ? 4 : 0;
  });
  if (code == noMount)
    GTEST_SKIP() << "a file system cannot be mounted here";
  EXPECT_EQ(code, 0);
}
