// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything that can be wrong with a description gives one error that says what was
// expected, what was found and where.

#include "Examples.h"
#include <gmock/gmock.h>

using namespace dreamer;
using namespace dreamer::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

/// A valid description with one text replaced, and the error that this gives.
struct Case {
  const char *replace;
  const char *with;
  const char *message; ///< a part of the only message
};

std::vector<std::string> messagesOf(llvm::StringRef text) {
  mlir::MLIRContext context;
  Messages messages(context);
  bool ok = mlir::succeeded(parseDescription(text, "test.yaml", &context));
  bool anyError = llvm::any_of(
      messages.all, [](llvm::StringRef message) { return message.starts_with("error"); });
  EXPECT_NE(ok, anyError);
  return messages.all;
}

std::vector<std::string> messagesAfter(llvm::StringRef text, const Case &change) {
  std::string changed = text.str();
  size_t at = changed.find(change.replace);
  EXPECT_NE(at, std::string::npos) << change.replace;
  if (at != std::string::npos)
    changed.replace(at, strlen(change.replace), change.with);
  return messagesOf(changed);
}

void expectEach(llvm::StringRef text, llvm::ArrayRef<Case> cases) {
  for (const Case &change : cases)
    EXPECT_THAT(messagesAfter(text, change), ElementsAre(HasSubstr(change.message)))
        << change.replace << " -> " << change.with;
}

TEST(Errors, Keys) {
  expectEach(
      recurrent,
      {
          {"hidden_size:", "hiden_size:",
           "error 3:1: expected a key of the description (model, vocab_size, hidden_size, context, "
           "tie_embeddings, embedding_scale, norm_eps, init, stack, training), found "
           "`hiden_size`; did you mean `hidden_size`?"},
          {"depth: 5", "detph: 5", "error 8:7: expected a key of `stack.0.recur` (name, depth, "},
          {"key_dim: 6", "colour: 6, key_dim: 6",
           "error 11:68: expected a key of `stack.0.recur.expert_attention` (experts, active, "
           "expert_hidden, key_dim, rope_theta, rank, shared_hidden, bias_rate), found `colour`"},
          {", rope_theta: 50", ", theta: 50", "found `theta`; did you mean `rope_theta`?"},
          {"depth: 5", "depth: 5\n      depth: 6",
           "error 9:7: expected each key once, found `depth` again; it stands in line 8 already"},
          {"model: tiny\n", "",
           "error 1:1: expected the key `model` (a name) in the description, found none"},
          {", key_dim: 6", "", "error 11:26: expected the key `key_dim`"},
          {"depth: 5", "# depth: 5", "error 7:7: expected the key `depth` (how often"},
          {"context: 10", "context: 10\ncontext_: 3", "found `context_`; did you mean `context`?"},
      });
}

TEST(Errors, Types) {
  expectEach(
      recurrent,
      {
          {"depth: 5", "depth: five",
           "error 8:14: expected an integer from 1 to 65536 for "
           "`depth`, found `five`"},
          {"depth: 5", "depth: 2.5", "found `2.5`"},
          {"depth: 5", "depth: '5'", "found the text \"5\""},
          {"depth: 5", "depth: [5]", "found a list of 1"},
          {"depth: 5", "depth: {a: 5}", "found a mapping"},
          {"depth: 5", "depth:", "error 8:7: expected an integer"},
          {"depth: 5", "depth: 99999999999999999999999", "expected an integer"},
          {"name: core", "name: 9core", "error 7:13: expected a name for `name` of at most 64"},
          {"name: core", "name: a.b", "found `a.b`"},
          {"name: core", "name: ''", "found the text \"\""},
          {"model: tiny", "model: a/b", "expected a name for `model`"},
          {"rope_theta: 50", "rope_theta: fast", "expected a number of at least 0"},
          {"rope_theta: 50", "rope_theta: .inf", "found `.inf`"},
          {"rope_theta: 50", "rope_theta: 1e999", "found `1e999`"},
          {"rope_theta: 50", "rope_theta: nan", "found `nan`"},
          {"rope_theta: 50", "qk_norm: yes",
           "expected true or false for `qk_norm`, found `yes`; write `true`"},
          {"key_dim: 6", "key_dim: 6, rank: sigmid",
           "expected logit or sigmoid for `rank`, found `sigmid`; did you mean `sigmoid`?"},
          {"depth: 5", "depth: 5\n      wiring: serial", "expected parallel or sequential"},
          {"{learning_rate: 1.0e-2, warmup_steps: 2}", "fast",
           "error 12:11: expected keys and values for `training`, found `fast`"},
          {"{learning_rate: 1.0e-2, warmup_steps: 2}", "",
           "error 12:1: expected keys and values for `training`, found nothing; leave"},
          {"warmup_steps: 2", "betas: 0.9", "expected a list of two numbers for `betas`"},
          {"warmup_steps: 2", "betas: [0.9, 1]", "at least 0 and below 1 for `betas`, found `1`"},
          {"warmup_steps: 2", "min_rate: 1.5", "a number of at least 0 and at most 1"},
          {"warmup_steps: 2", "optimizer: sgd", "expected adamw for `optimizer`, found `sgd`"},
          {"warmup_steps: 2", "eps: 0", "expected a number above 0 for `eps`, found `0`"},
          {"vocab_size: 31", "vocab_size: -1", "from 1 to 2147483647 for `vocab_size`"},
      });
}

TEST(Errors, Blocks) {
  expectEach(recurrent,
             {
                 {"- recur:", "- loop:",
                  "expected one key, `layers` or `recur`, for `stack.0`, found "
                  "`loop`"},
                 {"- recur:", "- recurr:", "did you mean `recur`?"},
                 {"- recur:\n", "- recur:\n    layers:\n", "found the keys `recur` and `layers`"},
             });
  std::string empty = "model: a\nvocab_size: 2\nhidden_size: 2\ncontext: 2\n";
  EXPECT_THAT(messagesOf(empty), ElementsAre(HasSubstr("expected the key `stack`")));
  EXPECT_THAT(messagesOf(empty + "stack: []\n"),
              ElementsAre(HasSubstr("expected a list of one or more blocks for `stack`, found a "
                                    "list of 0")));
  EXPECT_THAT(messagesOf(empty + "stack: [recur]\n"), ElementsAre(HasSubstr("found `recur`")));
  EXPECT_THAT(messagesOf(empty + "stack: [{recur: 3}]\n"),
              ElementsAre(HasSubstr("expected keys and values for `stack.0.recur`, found `3`")));
}

TEST(Errors, Groups) {
  expectEach(
      everything,
      {
          {"      depth: 3\n", "      depth: 3\n      wiring: parallel\n",
           "expected no layer keys beside `group` in `stack.1.recur`, found `wiring`; move it "
           "into the layers of the group"},
          {"        - feed_forward: {hidden: 15}\n", "        - name: x\n",
           "expected a key of `stack.1.recur.group.1`"},
          {"heads: 4, kv_heads: 1", "heads: 4, kv_heads: 2",
           "expected kv_heads 1 as in layer 0 of the group, found 2"},
          {"heads: 4, kv_heads: 1, head_dim: 4", "heads: 4, kv_heads: 1, head_dim: 6",
           "expected head_dim 4 as in layer 0"},
          {"heads: 4, kv_heads: 1", "heads: 4, qk_norm: false, kv_heads: 1",
           "expected qk_norm true as in layer 0 of the group, found false"},
          {"heads: 4, kv_heads: 1", "heads: 4, rope_theta: 9, kv_heads: 1",
           "expected rope_theta 1.000000e+02 as in layer 0"},
      });
  std::string text = "model: a\nvocab_size: 2\nhidden_size: 2\ncontext: 2\nstack:\n"
                     "  - recur: {depth: 1, group: []}\n";
  EXPECT_THAT(messagesOf(text), ElementsAre(HasSubstr("expected a list of one or more layers")));
}

TEST(Errors, Sizes) {
  expectEach(
      recurrent,
      {
          {"heads: 3, kv_heads: 3", "heads: 3, kv_heads: 2",
           "error 10:45: expected kv_heads to divide heads, found 2 key and value heads for 3"},
          {"head_dim: 4", "head_dim: 3", "error 10:58: expected an even head_dim"},
          {"key_dim: 6", "key_dim: 5", "expected an even key_dim where there is rotation, found 5"},
          {"rope_theta: 50", "rope_theta: 0.5", "to be 0 (no rotation) or at least 1"},
          {"active: 2", "active: 8",
           "expected at most as many active experts as there are, found "
           "8 of 7"},
          {"active: 2", "active: 0", "expected an integer from 1"},
          {"depth: 5", "depth: 5\n      feed_forward: {hidden: 3}",
           "error 9:22: expected expert_attention or feed_forward, found both in one layer"},
          {"experts: 7, active: 2, expert_hidden: 11",
           "experts: 1000000000, active: 2, expert_hidden: 1000000",
           "expected a model of at most 17592186044416 parameters, found more at "
           "`core.expert_attention.experts.w1.weight`; check the sizes for a digit too many"},
          {"active: 2", "active: 1",
           "warning 11:46: expected two or more active experts, found 1: the normalised gate"},
          {"warmup_steps: 2", "schedule_steps: 5, warmup_steps: 10",
           "warning 12:51: expected a schedule longer than its warm-up"},
      });
  // An odd size is fine without rotation.
  EXPECT_TRUE(
      messagesAfter(recurrent, {"head_dim: 4, rope_theta: 50", "head_dim: 3, rope_theta: 0", ""})
          .empty());
}

TEST(Errors, Names) {
  expectEach(everything, {
                             {"name: pair", "name: block0",
                              "expected every block to have a name of its own, found `block0` for "
                              "the blocks 0 and 1 of the stack"},
                             {"name: pair", "name: embed",
                              "expected a block name that the model does not use itself, found "
                              "`embed`"},
                             {"count: 3", "count: 5000", "expected an integer from 1 to 4096"},
                         });
  // FNV-1a, which seeds the initial values, takes these two names for one.
  std::string text = "model: a\nvocab_size: 2\nhidden_size: 2\ncontext: 2\nstack:\n"
                     "  - recur: {name: yiijsv, depth: 1}\n  - recur: {name: ktodoe, depth: 1}\n";
  EXPECT_THAT(messagesOf(text),
              ElementsAre(HasSubstr("expected parameter names with different hashes, found "
                                    "`yiijsv.norm1.weight` and `ktodoe.norm1.weight`")));
}

TEST(Errors, Yaml) {
  expectEach(recurrent,
             {
                 {"key_dim: 6}", "key_dim: 6", "expected YAML, found a syntax error"},
                 {"context: 10", "\tcontext: 10", "error 4:1: expected YAML, found a syntax error"},
                 {"tiny", "&a tiny", "expected no anchors and aliases, found one"},
                 {"tiny", "!!str tiny", "expected no tags, found `!!str`"},
                 {"tiny", "ti\xff", "error 1:10: expected UTF-8 text, found an invalid byte"},
                 {"training:", "---\ntraining:", "expected one document, found another"},
                 {"model: tiny", "[model]: tiny", "error 1:2: expected a key, found something"},
             });
  EXPECT_THAT(messagesOf(""), ElementsAre(HasSubstr("for the description, found nothing")));
  EXPECT_THAT(messagesOf("# only a comment\n"), ElementsAre(HasSubstr("found nothing")));
  EXPECT_THAT(messagesOf("just text"), ElementsAre(HasSubstr("found `just text`")));
  EXPECT_THAT(messagesOf(llvm::StringRef("model: a\0b", 10)),
              ElementsAre(HasSubstr("a zero byte")));
  EXPECT_THAT(messagesOf(std::string(2000000, 'a')),
              ElementsAre(HasSubstr("at most 1048576 bytes")));
  EXPECT_THAT(messagesOf("a: " + std::string(10000, '[')),
              ElementsAre(HasSubstr("expected at most 32 levels of nesting")));
  EXPECT_THAT(messagesOf(std::string(10000, '{')), ElementsAre(HasSubstr("expected")));
}

TEST(Errors, AllInOneRun) {
  std::string text = recurrent.str();
  for (auto [from, to] : {std::pair("depth: 5", "detph: 5"), std::pair("heads: 2", "heads: two"),
                          std::pair("key_dim: 6", "key_dim: 7"), std::pair("31", "none")})
    text.replace(text.find(from), strlen(from), to);
  EXPECT_EQ(messagesOf(text).size(), 4u);
}

} // namespace
