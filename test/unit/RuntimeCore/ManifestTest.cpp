// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Support.h"

#include "runtime/core/Manifest.h"

using namespace dreamer::runtime;
using namespace dreamer::runtime::test;

static Json fixture() {
  std::vector<std::byte> bytes = readBytes("Fixture/manifest.json");
  std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  Result<Json> json = parseJson(text, "fixture");
  EXPECT_OK(json);
  return *json;
}

/// Parses the fixture after replacing (or adding) what the pointer names.
static Result<Manifest> with(const std::string &pointer, const Json &value) {
  Json json = fixture();
  json[Json::json_pointer(pointer)] = value;
  return parseManifest(json.dump(), "p");
}

static Result<Manifest> without(const std::string &pointer) {
  Json json = fixture();
  Json::json_pointer place(pointer);
  json[place.parent_pointer()].erase(place.back());
  return parseManifest(json.dump(), "p");
}

TEST(Manifest, ReadsTheFixture) {
  Result<Manifest> manifest = parseManifest(fixture().dump(), "p");
  ASSERT_OK(manifest);
  EXPECT_EQ(manifest->model, "tiny");
  EXPECT_EQ(manifest->vocabulary, 4);
  EXPECT_EQ(manifest->parameters[2].role, "balance");
  EXPECT_TRUE(manifest->parameters[0].normal);
  EXPECT_EQ(manifest->training.at("warmup_steps"), 100);
  EXPECT_EQ(manifest->training.at("nesterov"), 0);
  EXPECT_FALSE(manifest->training.contains("optimizer"));
  const EntrySpec *score = manifest->entry("score");
  ASSERT_TRUE(score);
  EXPECT_EQ(score->buffers[0].bytes, 192u);
  EXPECT_EQ(score->buffers[1].bytes, 256u);
  EXPECT_EQ(score->buffers[2].bytes, 24u); // what its tensor needs
  EXPECT_EQ(score->input("tokens")->range, (std::pair<int64_t, int64_t>(0, 3)));
  EXPECT_EQ(score->input("targets")->range, (std::pair<int64_t, int64_t>(-1, 3)));
  EXPECT_EQ(score->input("core.depth")->range, (std::pair<int64_t, int64_t>(1, 5)));
  EXPECT_EQ(score->input("core.depth")->defaultValue, 5);
  EXPECT_EQ(score->input("core.expert_ids")->range, (std::pair<int64_t, int64_t>(-1, 1)));
  EXPECT_EQ(manifest->entry("train_step")->output("norm.weight")->role, "parameter");
}

TEST(Manifest, SaysWhatVariantsLaunch) {
  Result<Manifest> manifest = parseManifest(fixture().dump(), "p");
  ASSERT_OK(manifest);
  const std::vector<LaunchSpec> &launches = manifest->launchesOf("x86-64-v3", "scale");
  ASSERT_EQ(launches.size(), 1u);
  EXPECT_EQ(launches[0].kernel, "scale_0");
  EXPECT_EQ(launches[0].part, "other");
  EXPECT_EQ(launches[0].bytes(), 8004);
  EXPECT_EQ(manifest->launchesOf("baseline", "scale")[0].part, "core");
  EXPECT_TRUE(manifest->launchesOf("baseline", "decode").empty());
  EXPECT_TRUE(manifest->launchesOf("future", "scale").empty());
  EXPECT_OK(without("/launches"));
  EXPECT_FAILURE(with("/launches/baseline/scale/0/flops", -1), DREAMER_BAD_FILE,
                 "launches.baseline.scale[0].flops: expected an integer in 0..");
  Result<Manifest> narrow = with("/launches/baseline/scale/0/products", "tiles");
  ASSERT_OK(narrow);
  EXPECT_EQ(narrow->launchesOf("baseline", "scale")[0].products, "tiles");
  EXPECT_EQ(manifest->launchesOf("baseline", "scale")[0].products, "");
  EXPECT_FAILURE(with("/launches/baseline/scale/0/products", "fast"), DREAMER_BAD_FILE,
                 "products: expected 'pairs' or 'tiles', found 'fast'");
  EXPECT_FAILURE(without("/launches/baseline/scale/0/kernel"), DREAMER_BAD_FILE,
                 "expected the key 'kernel'");
  EXPECT_FAILURE(with("/launches/baseline", 1), DREAMER_BAD_FILE, "expected an object");
}

TEST(Manifest, KeepsARangeThatIsStated) {
  Result<Manifest> manifest = with("/entries/0/inputs/0/range", {0, 2});
  ASSERT_OK(manifest);
  EXPECT_EQ(manifest->entry("score")->input("tokens")->range, (std::pair<int64_t, int64_t>(0, 2)));
}

TEST(Manifest, SaysWhereWhatIsWrong) {
  EXPECT_FAILURE(parseManifest("", "p"), DREAMER_BAD_FILE, "p: manifest: expected valid JSON");
  EXPECT_FAILURE(parseManifest("[]", "p"), DREAMER_BAD_FILE, "expected an object, found an array");
  EXPECT_FAILURE(with("/format", 2), DREAMER_BAD_FILE,
                 "p: manifest: format: expected an integer in 1..1, found 2");
  EXPECT_FAILURE(without("/vocabulary"), DREAMER_BAD_FILE, "expected the key 'vocabulary'");
  EXPECT_FAILURE(with("/vocabulary", 0), DREAMER_BAD_FILE,
                 "vocabulary: expected an integer in 1..");
  EXPECT_FAILURE(with("/model", 1), DREAMER_BAD_FILE, "model: expected a string");
  EXPECT_FAILURE(with("/parameters/1/offset", 32), DREAMER_BAD_FILE,
                 "parameters[1].offset: expected a multiple of 64, found 32");
  EXPECT_FAILURE(with("/parameters/1/offset", 0), DREAMER_BAD_FILE, "at least 48");
  EXPECT_FAILURE(with("/parameters/1/name", "embed.weight"), DREAMER_BAD_FILE, "twice");
  EXPECT_FAILURE(with("/parameters/0/shape", {1 << 30, 1 << 30}), DREAMER_BAD_FILE,
                 "a size that a machine can hold");
  EXPECT_FAILURE(with("/parameters/0/dtype", "bf16"), DREAMER_BAD_FILE, "kept in f32");
  EXPECT_FAILURE(without("/parameters/0/init/std"), DREAMER_BAD_FILE, "the key 'fill'");
  EXPECT_FAILURE(with("/parameter_bytes", 128), DREAMER_BAD_FILE, "at least 136");
  EXPECT_FAILURE(with("/entries/1/name", "score"), DREAMER_BAD_FILE, "'score' twice");
  EXPECT_FAILURE(with("/entries/0/buffers/0/kind", "weights"), DREAMER_BAD_FILE,
                 "entries[0].buffers[0].kind: expected parameters, gradients");
  EXPECT_FAILURE(with("/entries/0/inputs/0/buffer", 6), DREAMER_BAD_FILE, "0..5, found 6");
  EXPECT_FAILURE(with("/entries/0/inputs/0/buffer", 1), DREAMER_BAD_FILE, "the arena");
  EXPECT_FAILURE(with("/entries/0/inputs/0/offset", 2), DREAMER_BAD_FILE,
                 "a multiple of the element's size");
  EXPECT_FAILURE(with("/entries/0/inputs/0/dtype", "i8"), DREAMER_BAD_FILE, "found 'i8'");
  EXPECT_FAILURE(with("/entries/0/inputs/0/role", "output"), DREAMER_BAD_FILE, "found 'output'");
  EXPECT_FAILURE(with("/entries/0/inputs/0/range", {1}), DREAMER_BAD_FILE, "[minimum, maximum]");
  EXPECT_FAILURE(with("/entries/0/inputs/2/offset", 64), DREAMER_BAD_FILE,
                 "f32[4,3] at byte 0 as in `parameters`");
  EXPECT_FAILURE(with("/entries/0/inputs/2/name", "embed"), DREAMER_BAD_FILE,
                 "the name of a parameter");
  EXPECT_FAILURE(with("/entries/1/outputs/0/name", "embed.weight"), DREAMER_BAD_FILE,
                 "after 'grad.'");
  EXPECT_FAILURE(with("/entries/0/outputs/1/offset", 192), DREAMER_BAD_FILE, "of 256 bytes");
  EXPECT_FAILURE(with("/entries/2/outputs/1/updates", "weight"), DREAMER_BAD_FILE,
                 "expected the name of an input, found 'weight'");
  EXPECT_FAILURE(with("/entries/2/outputs/1/updates", "rate"), DREAMER_BAD_FILE, "the place and");
  EXPECT_FAILURE(with("/errors/0/code", 0), DREAMER_BAD_FILE, "errors[0].code");
}

// Replacing any one value by one of another kind, or leaving it out, must be read or refused.
TEST(Manifest, SurvivesMutants) {
  Json flat = fixture().flatten();
  for (const auto &[pointer, old] : flat.items()) {
    for (const Json &value :
         {Json(nullptr), Json(-1), Json(1e300), Json(~uint64_t{0}), Json("x"), Json(true),
          Json::array(), Json::object(), Json::array({Json::object()}), Json(int64_t{1} << 62)}) {
      Result<Manifest> manifest = with(pointer, value);
      EXPECT_TRUE(manifest.ok() || !manifest.status().message().empty());
    }
  }
}
