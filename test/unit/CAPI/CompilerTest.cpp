// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dreamer-c/Compiler.h"
#include "dreamer-c/Runtime.h"
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr char description[] = R"(model: small
vocab_size: 11
hidden_size: 16
context: 6
stack:
  - recur:
      name: core
      depth: 3
      sequence_attention: {heads: 2, kv_heads: 1, head_dim: 8}
      feed_forward: {hidden: 24}
)";

/// Options that note what the compiler says.
struct Compilation {
  std::vector<std::string> errors, phases;
  const char *entries[1] = {"score"};
  const char *targets[1] = {"cpu:x86-64-v3"};
  dreamer_compile_options options = {};

  Compilation() {
    options.size = sizeof(options);
    options.batch = 2;
    options.entries = entries;
    options.entry_count = 1;
    options.targets = targets;
    options.target_count = 1;
    options.user = this;
    options.on_diagnostic = [](void *user, dreamer_severity severity, const char *message) {
      if (severity == DREAMER_SEVERITY_ERROR)
        static_cast<Compilation *>(user)->errors.push_back(message);
    };
    options.on_progress = [](void *user, const char *phase) {
      static_cast<Compilation *>(user)->phases.push_back(phase);
    };
  }

  dreamer_compile_status run(const char *text, const std::string &output) {
    return dreamer_compile_text(text, std::strlen(text), "small.yaml", output.c_str(), &options);
  }
};

std::string temporary(const std::string &name) {
  return (std::filesystem::temp_directory_path() /
          (name + "." + std::to_string(getpid()) + ".dreamer"))
      .string();
}

TEST(CompilerCApi, PackageRunsInTheRuntime) {
  Compilation compilation;
  std::string path = temporary("runs");
  ASSERT_EQ(compilation.run(description, path), DREAMER_COMPILE_OK)
      << ::testing::PrintToString(compilation.errors);
  EXPECT_THAT(compilation.phases,
              ::testing::ElementsAre("program", "kernels", "target", "package", ""));

  dreamer_package *package = nullptr;
  ASSERT_EQ(dreamer_package_open(path.c_str(), &package), DREAMER_OK) << dreamer_error_message();
  EXPECT_STREQ(dreamer_package_model_name(package), "small");
  dreamer_session *session = nullptr;
  ASSERT_EQ(dreamer_session_create(package, nullptr, &session), DREAMER_OK);
  ASSERT_EQ(dreamer_session_initialize(session, 1), DREAMER_OK);
  dreamer_call *call = nullptr;
  ASSERT_EQ(dreamer_call_create(session, "score", &call), DREAMER_OK);
  int32_t ids[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1};
  int64_t shape[2] = {2, 6};
  dreamer_tensor *tokens = nullptr;
  ASSERT_EQ(dreamer_tensor_borrow(DREAMER_I32, 2, shape, ids, sizeof ids, &tokens), DREAMER_OK);
  EXPECT_EQ(dreamer_call_set(call, "tokens", tokens), DREAMER_OK);
  EXPECT_EQ(dreamer_call_set(call, "targets", tokens), DREAMER_OK);
  ASSERT_EQ(dreamer_call_run(call), DREAMER_OK) << dreamer_error_message();
  double loss = 0;
  EXPECT_EQ(dreamer_call_get_scalar(call, "loss", &loss), DREAMER_OK);
  EXPECT_GT(loss, 0.5);
  EXPECT_LT(loss, 10);
  dreamer_tensor_destroy(tokens);
  dreamer_call_destroy(call);
  dreamer_session_destroy(session);
  dreamer_package_destroy(package);
  std::filesystem::remove(path);
}

TEST(CompilerCApi, DiagnosticsSayWhere) {
  Compilation compilation;
  std::string path = temporary("diagnostics");
  EXPECT_EQ(compilation.run("model: x\nvocab_size: 3\nhiden_size: 4\n", path),
            DREAMER_COMPILE_FAILED);
  ASSERT_FALSE(compilation.errors.empty());
  EXPECT_THAT(compilation.errors, ::testing::Contains(::testing::HasSubstr("small.yaml:3:1: ")));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(CompilerCApi, OverridesChangeTheDescription) {
  Compilation compilation;
  const char *overrides[] = {"core.depth=0"};
  compilation.options.overrides = overrides;
  compilation.options.override_count = 1;
  EXPECT_EQ(compilation.run(description, temporary("overrides")), DREAMER_COMPILE_FAILED);
  EXPECT_THAT(compilation.errors, ::testing::Contains(::testing::HasSubstr("depth")));
}

TEST(CompilerCApi, OptionsAreChecked) {
  Compilation compilation;
  compilation.options.dtype = "f64";
  EXPECT_EQ(compilation.run(description, temporary("options")), DREAMER_COMPILE_INVALID_ARGUMENT);
  EXPECT_THAT(compilation.errors, ::testing::ElementsAre("dtype: expected f32 or bf16, found f64"));

  Compilation entries;
  entries.entries[0] = "scores";
  EXPECT_EQ(entries.run(description, temporary("options")), DREAMER_COMPILE_INVALID_ARGUMENT);
  EXPECT_THAT(entries.errors, ::testing::ElementsAre(::testing::HasSubstr("found 'scores'")));

  Compilation budget;
  budget.entries[0] = "train_step";
  budget.options.memory_budget = 1;
  EXPECT_EQ(budget.run(description, temporary("options")), DREAMER_COMPILE_FAILED);
  EXPECT_THAT(budget.errors, ::testing::ElementsAre(
                                 ::testing::HasSubstr("expected a memory budget of at least ")));
  budget.options.memory_budget = -1;
  EXPECT_EQ(budget.run(description, temporary("options")), DREAMER_COMPILE_INVALID_ARGUMENT);

  Compilation nothing;
  nothing.options.size = 0;
  EXPECT_EQ(nothing.run(description, temporary("options")), DREAMER_COMPILE_INVALID_ARGUMENT);
  EXPECT_EQ(dreamer_compile_text(nullptr, 3, "x", "y", nullptr), DREAMER_COMPILE_INVALID_ARGUMENT);
  EXPECT_EQ(dreamer_compile_file(nullptr, "y", nullptr), DREAMER_COMPILE_INVALID_ARGUMENT);
}

TEST(CompilerCApi, TuningDatabaseIsOpened) {
  Compilation compilation;
  compilation.options.tuning_database = "/nowhere/tuned.db";
  EXPECT_EQ(compilation.run(description, temporary("tuned")), DREAMER_COMPILE_FAILED);
  EXPECT_THAT(compilation.errors, ::testing::ElementsAre(::testing::HasSubstr(
                                      "/nowhere/tuned.db: cannot open the database")));

  // A program that was compiled before the option was there does not know of it.
  compilation.options.size = offsetof(dreamer_compile_options, tuning_database);
  std::string path = temporary("tuned");
  EXPECT_EQ(compilation.run(description, path), DREAMER_COMPILE_OK);
  std::filesystem::remove(path);
}

TEST(CompilerCApi, MissingFileIsTold) {
  Compilation compilation;
  EXPECT_EQ(dreamer_compile_file("/nowhere/model.yaml", temporary("missing").c_str(),
                                 &compilation.options),
            DREAMER_COMPILE_FAILED);
  EXPECT_THAT(compilation.errors,
              ::testing::ElementsAre(::testing::HasSubstr("/nowhere/model.yaml")));
}

TEST(CompilerCApi, CallsAreIndependent) {
  std::string paths[2] = {temporary("one"), temporary("two")};
  dreamer_compile_status status[2];
  {
    std::jthread threads[2];
    for (int i = 0; i < 2; ++i)
      threads[i] = std::jthread([&, i] { status[i] = Compilation().run(description, paths[i]); });
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(status[i], DREAMER_COMPILE_OK);
    std::filesystem::remove(paths[i]);
  }
}

} // namespace
