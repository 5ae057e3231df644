// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `path=value` changes of a description.

#include "Examples.h"
#include <gmock/gmock.h>

using namespace dreamer;
using namespace dreamer::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

class Overrides : public ::testing::Test {
protected:
  /// What `text` says with the changes; `messages` are the errors and warnings.
  Description parse(llvm::StringRef text, const std::vector<std::string> &changes) {
    Messages collected(context);
    auto description = parseDescription(text, "test.yaml", &context, changes);
    messages = collected.all;
    return mlir::succeeded(description) ? *description : Description();
  }

  mlir::MLIRContext context;
  std::vector<std::string> messages;
};

TEST_F(Overrides, ByPathAndByBlockName) {
  Description d = parse(everything, {"stack.0.layers.count=4", "pair.depth=9",
                                     "pair.group.1.feed_forward.hidden=3", "block2.depth=1",
                                     "training.betas=[0.5, 0.6]", "model=other"});
  EXPECT_THAT(messages, IsEmpty());
  EXPECT_EQ(d.stack[0].depth, 4);
  EXPECT_EQ(d.stack[1].depth, 9);
  EXPECT_EQ(d.stack[1].layers[1].feedForward->hidden, 3);
  EXPECT_EQ(d.stack[2].depth, 1);
  EXPECT_THAT(d.training.betas, ElementsAre(0.5, 0.6));
  EXPECT_EQ(d.model, "other");
}

TEST_F(Overrides, AddAndRemove) {
  Description d = parse(recurrent, {"core.depth_attention=", "core.expert_attention=null",
                                    "core.feed_forward={hidden: 8}", "init.std=0.5",
                                    "training=", "core.sequence_attention.qk_norm=false"});
  EXPECT_THAT(messages, IsEmpty());
  EXPECT_FALSE(d.stack[0].layers[0].depthAttention);
  EXPECT_FALSE(d.stack[0].layers[0].expertAttention);
  EXPECT_EQ(d.stack[0].layers[0].feedForward->hidden, 8);
  EXPECT_FALSE(d.stack[0].layers[0].sequenceAttention->qkNorm);
  EXPECT_EQ(d.init.std, 0.5);
  EXPECT_EQ(d.training.learningRate, 3e-4);
}

TEST_F(Overrides, LaterOnesWin) {
  EXPECT_EQ(parse(recurrent, {"core.name=loop", "loop.depth=2", "loop.depth=3"}).stack[0].depth, 3);
}

TEST_F(Overrides, ErrorsTellWhichAndWhere) {
  parse(recurrent, {"core.depth=2", "cor.depth=3", "depth", "stack.1.recur.depth=1", "core=1",
                    "model.x=2", "core.name={"});
  ASSERT_EQ(messages.size(), 6u);
  EXPECT_EQ(messages[0], "error 2:1: expected a key of the description or the name of a block "
                         "(core), found `cor`; did you mean `core`?");
  EXPECT_THAT(messages[1], HasSubstr("error 3:1: expected path=value, found `depth`"));
  EXPECT_THAT(messages[2], HasSubstr("error 4:7: expected the index of one of 1 entries"));
  EXPECT_THAT(messages[3], HasSubstr("error 5:1: expected a key of the block `core`"));
  EXPECT_THAT(messages[4], HasSubstr("error 6:7: expected no more keys below a value"));
  EXPECT_THAT(messages[5], HasSubstr("error 7:11: expected YAML"));
}

TEST_F(Overrides, ValuesAreChecked) {
  parse(recurrent, {"core.depth=abc", "core.dept=3"});
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_THAT(messages[0], HasSubstr("error 1:12: expected an integer"));
  EXPECT_THAT(messages[1], HasSubstr("error 2:6: expected a key of `stack.0.recur`"));
}

} // namespace
