// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Support.h"

#include "dreamer-c/Runtime.h"

#include <array>
#include <cstdio>
#include <regex>
#include <set>
#include <thread>

using namespace dreamer::runtime::test;

using ::testing::HasSubstr;

#define EXPECT_C(expression) EXPECT_EQ(expression, DREAMER_OK) << dreamer_error_message()
#define ASSERT_C(expression) ASSERT_EQ(expression, DREAMER_OK) << dreamer_error_message()

namespace {
struct Opened {
  dreamer_package *package = nullptr;
  dreamer_session *session = nullptr;
  Opened() {
    EXPECT_C(dreamer_package_open(TINY_PACKAGE, &package));
    EXPECT_C(dreamer_session_create(package, nullptr, &session));
  }
  ~Opened() {
    dreamer_session_destroy(session);
    dreamer_package_destroy(package);
  }
};
} // namespace

TEST(CApi, Versions) {
  EXPECT_EQ(dreamer_runtime_api_version(),
            DREAMER_RUNTIME_API_MAJOR * 1000u + DREAMER_RUNTIME_API_MINOR);
  EXPECT_THAT(dreamer_runtime_version(), HasSubstr("."));
  EXPECT_STREQ(dreamer_status_name(DREAMER_OK), "ok");
  EXPECT_STREQ(dreamer_status_name(DREAMER_INTERNAL), "internal fault");
  EXPECT_STREQ(dreamer_status_name(static_cast<dreamer_status>(99)), "unknown status");
}

TEST(CApi, Tensors) {
  int64_t shape[] = {2, 3};
  dreamer_tensor *tensor = nullptr, *view = nullptr, *wide = nullptr;
  ASSERT_C(dreamer_tensor_create(DREAMER_F32, 2, shape, &tensor));
  EXPECT_EQ(dreamer_tensor_bytes(tensor), 24u);
  EXPECT_EQ(dreamer_tensor_rank(tensor), 2);
  EXPECT_EQ(dreamer_tensor_shape(tensor)[1], 3);
  static_cast<float *>(dreamer_tensor_data(tensor))[5] = 1.5f;
  ASSERT_C(dreamer_tensor_share(tensor, &view));
  dreamer_tensor_destroy(tensor);
  ASSERT_C(dreamer_tensor_convert(view, DREAMER_F64, &wide));
  EXPECT_EQ(static_cast<const double *>(dreamer_tensor_const_data(wide))[5], 1.5);
  dreamer_tensor_destroy(view);
  dreamer_tensor_destroy(wide);
  EXPECT_EQ(dreamer_tensor_create(static_cast<dreamer_dtype>(7), 0, nullptr, &tensor),
            DREAMER_INVALID_ARGUMENT);
  EXPECT_EQ(dreamer_tensor_create(DREAMER_F32, 9, shape, &tensor), DREAMER_INVALID_ARGUMENT);
  EXPECT_EQ(dreamer_tensor_create(DREAMER_F32, 1, nullptr, &tensor), DREAMER_INVALID_ARGUMENT);
  EXPECT_THAT(dreamer_error_message(), HasSubstr("argument 'shape': expected a pointer"));
}

TEST(CApi, NullArgumentsAreErrors) {
  dreamer_bundle *bundle = nullptr;
  EXPECT_EQ(dreamer_package_open(nullptr, nullptr), DREAMER_INVALID_ARGUMENT);
  EXPECT_EQ(dreamer_session_create(nullptr, nullptr, nullptr), DREAMER_INVALID_ARGUMENT);
  EXPECT_EQ(dreamer_bundle_open(nullptr, &bundle), DREAMER_INVALID_ARGUMENT);
  EXPECT_EQ(dreamer_bundle_save(nullptr, "x"), DREAMER_INVALID_ARGUMENT);
  EXPECT_EQ(dreamer_call_run(nullptr), DREAMER_INVALID_ARGUMENT);
  EXPECT_EQ(dreamer_session_load(nullptr, DREAMER_PARAMETERS, nullptr), DREAMER_INVALID_ARGUMENT);
  EXPECT_EQ(dreamer_bundle_count(nullptr), 0);
  EXPECT_EQ(dreamer_bundle_find(nullptr, "x"), nullptr);
  EXPECT_EQ(dreamer_package_entry_count(nullptr), 0);
  EXPECT_STREQ(dreamer_package_model_name(nullptr), "");
  EXPECT_EQ(dreamer_tensor_data(nullptr), nullptr);
  dreamer_tensor_destroy(nullptr);
  dreamer_bundle_destroy(nullptr);
  dreamer_package_destroy(nullptr);
  dreamer_session_destroy(nullptr);
  dreamer_call_destroy(nullptr);
}

TEST(CApi, MessagesBelongToTheirThread) {
  EXPECT_EQ(dreamer_package_open("/nowhere", nullptr), DREAMER_INVALID_ARGUMENT);
  std::string mine = dreamer_error_message();
  std::thread([] {
    EXPECT_STREQ(dreamer_error_message(), "");
    dreamer_package *package = nullptr;
    EXPECT_EQ(dreamer_package_open("/nowhere", &package), DREAMER_NOT_FOUND);
  }).join();
  EXPECT_EQ(dreamer_error_message(), mine);
}

TEST(CApi, PackageCanBeLookedAt) {
  Opened opened;
  dreamer_package *package = opened.package;
  EXPECT_STREQ(dreamer_package_model_name(package), "tiny");
  EXPECT_THAT(dreamer_package_description(package), HasSubstr("vocab_size"));
  EXPECT_THAT(dreamer_package_manifest(package), HasSubstr("\"format\""));
  EXPECT_EQ(dreamer_package_batch(package), 2);
  EXPECT_EQ(dreamer_package_context(package), 3);
  EXPECT_EQ(dreamer_package_vocabulary(package), 4);
  size_t size = 0;
  EXPECT_EQ(std::string_view(static_cast<const char *>(dreamer_package_model(package, &size)), 4),
            "ML\xefR");
  EXPECT_EQ(size, 26u);
  double rate = 0;
  EXPECT_C(dreamer_package_training_value(package, "learning_rate", &rate));
  EXPECT_EQ(rate, 0.0003);
  EXPECT_EQ(dreamer_package_training_value(package, "optimizer", &rate), DREAMER_NOT_FOUND);
  dreamer_block_info block = {};
  EXPECT_EQ(dreamer_package_block(package, 0, &block), DREAMER_INVALID_ARGUMENT) << "size unset";
  block.size = sizeof(block);
  EXPECT_C(dreamer_package_block(package, 0, &block));
  EXPECT_EQ(block.depth, 5);
  EXPECT_EQ(dreamer_package_block(package, 1, &block), DREAMER_INVALID_ARGUMENT);
  EXPECT_EQ(dreamer_package_entry_count(package), 6);
  EXPECT_STREQ(dreamer_package_entry_name(package, 0), "score");
  EXPECT_EQ(dreamer_package_entry_name(package, 6), nullptr);
  EXPECT_EQ(dreamer_package_has_entry(package, "prefill"), 0);
  EXPECT_EQ(dreamer_package_input_count(package, "prefill"), -1);
  EXPECT_EQ(dreamer_package_arena_bytes(package, "score"), 256);
  EXPECT_EQ(dreamer_package_kept_bytes(package), 192);
  dreamer_value_info info = {};
  info.size = sizeof(info);
  EXPECT_C(dreamer_package_input(package, "score", 4, &info));
  EXPECT_STREQ(info.name, "core.depth");
  EXPECT_EQ(info.optional, 1);
  EXPECT_EQ(info.maximum, 5);
  EXPECT_C(dreamer_package_output(package, "train_step", 1, &info));
  EXPECT_STREQ(info.updates, "norm.weight");
  EXPECT_STREQ(info.role, "parameter");
  EXPECT_C(dreamer_package_parameter(package, 2, &info));
  EXPECT_STREQ(info.role, "balance");
  EXPECT_EQ(info.shape[0], 2);
}

// A caller compiled against an older header, whose structure was shorter.
TEST(CApi, ShorterStructuresAreFilledUpToTheirSize) {
  Opened opened;
  dreamer_block_info block = {};
  block.active = 99;
  block.size = offsetof(dreamer_block_info, active);
  EXPECT_C(dreamer_package_block(opened.package, 0, &block));
  EXPECT_EQ(block.experts, 2);
  EXPECT_EQ(block.active, 99);
}

TEST(CApi, ScoreFromWeightsOnDisk) {
  TemporaryFolder folder;
  Opened opened;
  ASSERT_C(dreamer_session_initialize(opened.session, 7));
  dreamer_bundle *state = nullptr, *weights = nullptr, *inputs = nullptr, *outputs = nullptr;
  ASSERT_C(dreamer_session_state(opened.session, DREAMER_PARAMETERS, &state));
  ASSERT_C(dreamer_bundle_set_metadata(state, "step", "0"));
  ASSERT_C(dreamer_bundle_save(state, (folder / "w").c_str()));
  ASSERT_C(dreamer_bundle_open((folder / "w").c_str(), &weights));
  EXPECT_STREQ(dreamer_bundle_metadata(weights, "step"), "0");
  EXPECT_STREQ(dreamer_bundle_metadata_key(weights, 0), "step");
  EXPECT_EQ(dreamer_tensor_data(const_cast<dreamer_tensor *>(dreamer_bundle_tensor(weights, 0))),
            nullptr)
      << "a mapped tensor is read-only";
  ASSERT_C(dreamer_session_load(opened.session, DREAMER_PARAMETERS, weights));

  int32_t ids[6] = {0, 1, 2, 3, 0, 1};
  int64_t shape[] = {2, 3};
  dreamer_tensor *tokens = nullptr;
  ASSERT_C(dreamer_tensor_borrow(DREAMER_I32, 2, shape, ids, sizeof(ids), &tokens));
  ASSERT_C(dreamer_bundle_create(&inputs));
  ASSERT_C(dreamer_bundle_add(inputs, "tokens", tokens));
  ASSERT_C(dreamer_bundle_add(inputs, "targets", tokens));
  EXPECT_EQ(dreamer_bundle_add(inputs, "targets", tokens), DREAMER_INVALID_ARGUMENT);
  ASSERT_C(dreamer_session_call(opened.session, "score", inputs, &outputs));
  EXPECT_EQ(dreamer_bundle_count(outputs), 4);
  EXPECT_STREQ(dreamer_bundle_name(outputs, 1), "logits");

  dreamer_call *call = nullptr;
  ASSERT_C(dreamer_call_create(opened.session, "score", &call));
  ASSERT_C(dreamer_call_set(call, "tokens", tokens));
  ASSERT_C(dreamer_call_set(call, "targets", tokens));
  ASSERT_C(dreamer_call_run(call));
  double loss = 0, other = 0;
  ASSERT_C(dreamer_call_get_scalar(call, "loss", &loss));
  other =
      *static_cast<const float *>(dreamer_tensor_const_data(dreamer_bundle_find(outputs, "loss")));
  EXPECT_EQ(loss, other);
  EXPECT_EQ(dreamer_call_get_scalar(call, "logits", &loss), DREAMER_MISMATCH);
  ASSERT_C(dreamer_bundle_add_all(inputs, outputs, "out."));
  EXPECT_EQ(dreamer_session_call(opened.session, "score", inputs, &outputs), DREAMER_NOT_FOUND);
  EXPECT_THAT(dreamer_error_message(), HasSubstr("the name of an input, found 'out."));

  dreamer_call_destroy(call);
  dreamer_tensor_destroy(tokens);
  for (dreamer_bundle *bundle : {state, weights, inputs, outputs})
    dreamer_bundle_destroy(bundle);
}

TEST(CApi, RandomBlock) {
  uint32_t words[4];
  dreamer_random_block(0, 0, 0, 0, words);
  EXPECT_EQ(words[0], 0x6627e8d5u);
  EXPECT_EQ(words[3], 0x9b00dbd8u);
  EXPECT_EQ(dreamer_random_stream("a"), 0xe40c292cu);
}

//===-- The library itself ---===//

static std::string outputOf(const std::string &command) {
  std::string text;
  std::FILE *pipe = popen(command.c_str(), "r"); // NOLINT(bugprone-command-processor): ours
  std::array<char, 4096> buffer;
  while (pipe && std::fgets(buffer.data(), buffer.size(), pipe))
    text += buffer.data();
  if (pipe)
    pclose(pipe);
  return text;
}

TEST(Library, LinksOnlyWhatItSays) {
#ifdef DREAMER_SANITIZED
  GTEST_SKIP() << "sanitizers add libraries";
#endif
  std::string text = outputOf(std::string(READELF) + " -d " RUNTIME_LIBRARY);
  EXPECT_THAT(text, HasSubstr("Library soname: [libdreamer_runtime.so.0]"));
  const std::set<std::string> allowed = {
      "libc.so.6",  "libm.so.6", "libpthread.so.0", "libdl.so.2", "ld-linux-x86-64.so.2",
      "libomp.so.5"};
  std::regex needed("\\(NEEDED\\).*\\[(.*)\\]");
  int found = 0;
  for (std::sregex_iterator i(text.begin(), text.end(), needed), end; i != end; ++i, ++found)
    EXPECT_TRUE(allowed.contains((*i)[1])) << (*i)[1];
  EXPECT_GE(found, 2);
}

TEST(Library, ExportsOnlyTheCApi) {
  std::string text =
      outputOf(std::string(NM) + " -D --defined-only --format=just-symbols " + RUNTIME_LIBRARY);
  std::istringstream lines(text);
  std::string symbol;
  int found = 0;
  for (; std::getline(lines, symbol); ++found)
    EXPECT_TRUE(symbol.starts_with("dreamer_")) << symbol;
  EXPECT_GT(found, 50);
}

TEST(CApi, LaunchesAndProfiles) {
  Opened opened;
  std::string variant = dreamer_session_variant(opened.session);
  EXPECT_EQ(dreamer_package_launch_count(opened.package, variant.c_str(), "scale"), 1);
  EXPECT_EQ(dreamer_package_launch_count(opened.package, "future", "scale"), -1);
  EXPECT_EQ(dreamer_package_launch_count(opened.package, variant.c_str(), nullptr), -1);
  dreamer_launch_info info = {};
  info.size = sizeof(info);
  ASSERT_C(dreamer_package_launch(opened.package, variant.c_str(), "scale", 0, &info));
  EXPECT_STREQ(info.kernel, "scale_0");
  EXPECT_STREQ(info.operation, "test.scale");
  EXPECT_EQ(info.flops, 1000);
  EXPECT_EQ(info.bytes_read + info.bytes_written, 8004);
  EXPECT_NE(dreamer_package_launch(opened.package, variant.c_str(), "scale", 1, &info), DREAMER_OK);
  EXPECT_EQ(dreamer_package_launch(opened.package, "future", "scale", 0, &info), DREAMER_NOT_FOUND);

  struct Seen {
    int events = 0;
    int64_t tasks = 0;
  } seen;
  auto profile = [](void *context, const dreamer_launch_event *event) {
    auto *seen = static_cast<Seen *>(context);
    ++seen->events;
    EXPECT_STREQ(event->entry, "scale");
    EXPECT_EQ(event->launch, 0);
    EXPECT_EQ(event->depth, -1);
    EXPECT_EQ(event->tasks, 1000);
    EXPECT_LE(event->begin, event->end);
    for (int64_t i = 0; i < event->thread_count; ++i)
      seen->tasks += event->threads[i].tasks;
  };
  dreamer_call *call = nullptr;
  ASSERT_C(dreamer_call_create(opened.session, "scale", &call));
  ASSERT_C(dreamer_call_set_scalar(call, "x", 1));
  ASSERT_C(dreamer_call_set_scalar(call, "factor", 1));
  ASSERT_C(dreamer_session_set_profile(opened.session, profile, &seen));
  ASSERT_C(dreamer_call_run(call));
  EXPECT_EQ(seen.events, 1);
  EXPECT_EQ(seen.tasks, 1000);
  ASSERT_C(dreamer_session_set_profile(opened.session, nullptr, nullptr));
  ASSERT_C(dreamer_call_run(call));
  EXPECT_EQ(seen.events, 1);
  EXPECT_EQ(dreamer_session_set_profile(nullptr, nullptr, nullptr), DREAMER_INVALID_ARGUMENT);
  dreamer_call_destroy(call);
}
