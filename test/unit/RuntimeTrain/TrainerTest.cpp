// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/core/Safetensors.h"
#include "runtime/train/Log.h"

#include "Bigram.h"
#include "Scratch.h"

#include <gmock/gmock.h>

namespace dreamer::train {
namespace {

using testing::HasSubstr;

/// Remembers what it was told.
struct Recorder final : TrainObserver {
  std::vector<StepRecord> steps;
  std::vector<std::pair<int64_t, Evaluation>> evaluations;
  std::vector<int64_t> saves;
  int64_t failAt = -1;

  Status onStep(const StepRecord &record) override {
    steps.push_back(record);
    return record.step == failAt ? Status(DREAMER_IO_ERROR, "disk full") : Status();
  }
  Status onEvaluation(int64_t step, const Evaluation &evaluation) override {
    evaluations.emplace_back(step, evaluation);
    return {};
  }
  Status onSave(int64_t step, const std::string & /*path*/) override {
    saves.push_back(step);
    return {};
  }
};

class TrainerTest : public testing::Test {
protected:
  Scratch scratch;
  Data data;
  Bigram learner{2, 8};
  Recorder recorder;
  CheckpointInfo info;
  TrainSettings settings;
  int64_t interruptAfter = INT64_MAX;

  TrainerTest() {
    std::string text;
    for (int i = 0; i < 100; ++i)
      text += "abcd";
    DataOptions options;
    options.context = 8;
    options.vocabulary = 260;
    Result<Data> loaded = loadData(scratch.file("t.txt", text), ByteTokenizer(), options);
    EXPECT_TRUE(loaded.ok());
    data = std::move(*loaded);
    info.seed = 5;
    info.schedule = {0.3, 0.1, 4, 20};
    settings.steps = 20;
    settings.out = scratch.path("c.safetensors");
    settings.pad = 258;
  }

  Result<TrainEnd> train(Bigram &who, CheckpointInfo &from) {
    Trainer trainer(who, data, settings, from, {&recorder},
                    [&] { return from.progress.step >= interruptAfter; });
    return trainer.run();
  }

  CheckpointInfo resume(Bigram &who, const std::string &name) {
    Result<runtime::Bundle> bundle = runtime::readSafetensors(scratch.path(name));
    EXPECT_TRUE(bundle.ok()) << bundle.status().message();
    EXPECT_TRUE(who.load(*bundle, true).ok());
    Result<CheckpointInfo> read = readCheckpointInfo(*bundle, name);
    EXPECT_TRUE(read.ok()) << read.status().message();
    return *read;
  }
};

TEST_F(TrainerTest, LearnsAndReports) {
  settings.evaluateEvery = 10;
  Result<TrainEnd> end = train(learner, info);
  ASSERT_TRUE(end.ok()) << end.status().message();
  EXPECT_EQ(*end, TrainEnd::Finished);
  ASSERT_EQ(recorder.steps.size(), 20u);
  EXPECT_NEAR(recorder.steps.front().outcome.loss, std::log(260.0), 1e-5);
  EXPECT_LT(recorder.steps.back().outcome.loss, 0.6); // only the byte after `begin` stays open
  EXPECT_DOUBLE_EQ(recorder.steps[3].rate, 0.3);
  ASSERT_EQ(recorder.evaluations.size(), 3u); // before the first step, after 10, at the end
  EXPECT_NEAR(recorder.evaluations[0].second.bitsPerByte(), std::log2(260.0), 1e-5);
  EXPECT_EQ(recorder.evaluations[2].first, 20);
  EXPECT_EQ(info.progress.tokensSeen, 20 * 16);
  EXPECT_EQ(info.progress.rowsSeen, 40);
}

TEST_F(TrainerTest, TwentyStepsEqualTenAndTen) {
  ASSERT_TRUE(train(learner, info).ok());
  std::string whole = scratch.read("c.safetensors");

  settings.out = scratch.path("half.safetensors");
  settings.steps = 10;
  CheckpointInfo first;
  first.seed = info.seed;
  first.schedule = info.schedule;
  Bigram half(2, 8);
  ASSERT_TRUE(train(half, first).ok());

  Bigram resumed(2, 8);
  CheckpointInfo second = resume(resumed, "half.safetensors");
  EXPECT_EQ(second.progress.step, 10);
  settings.steps = 20;
  settings.out = scratch.path("rest.safetensors");
  ASSERT_TRUE(train(resumed, second).ok());
  EXPECT_EQ(whole, scratch.read("rest.safetensors"));
}

TEST_F(TrainerTest, InterruptSavesAndStops) {
  interruptAfter = 7;
  Result<TrainEnd> end = train(learner, info);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(*end, TrainEnd::Interrupted);
  EXPECT_EQ(recorder.saves, std::vector<int64_t>{7});
  Bigram other(2, 8);
  EXPECT_EQ(resume(other, "c.safetensors").progress.step, 7);
}

TEST_F(TrainerTest, SavesEverySoOften) {
  settings.saveEvery = 6;
  ASSERT_TRUE(train(learner, info).ok());
  EXPECT_EQ(recorder.saves, (std::vector<int64_t>{6, 12, 18, 20}));
}

TEST_F(TrainerTest, StopsAtALossThatIsNotFiniteAndKeepsTheLastCheckpoint) {
  settings.saveEvery = 5;
  learner.tamper = [](int64_t step, StepOutcome &outcome) {
    if (step == 8)
      outcome.loss = outcome.norm = NAN;
  };
  Result<TrainEnd> end = train(learner, info);
  ASSERT_TRUE(end.failed());
  EXPECT_THAT(end.status().message(), HasSubstr("step 8: expected a finite loss, found nan"));
  EXPECT_THAT(end.status().message(), HasSubstr("the checkpoint of step 5 is kept in"));
  Bigram other(2, 8);
  EXPECT_EQ(resume(other, "c.safetensors").progress.step, 5);
}

TEST_F(TrainerTest, CountsSkippedStepsAndGivesUpAfterMany) {
  learner.tamper = [](int64_t step, StepOutcome &outcome) {
    if (step == 3)
      outcome.norm = INFINITY;
  };
  ASSERT_TRUE(train(learner, info).ok());
  EXPECT_EQ(info.progress.skipped, 1);
  EXPECT_EQ(info.progress.step, 20);

  learner.tamper = [](int64_t, StepOutcome &outcome) { outcome.norm = INFINITY; };
  settings.steps = 1000;
  Result<TrainEnd> end = train(learner, info);
  EXPECT_THAT(end.status().message(), HasSubstr("none for 50 steps in a row"));
}

TEST_F(TrainerTest, SavesBeforeAnObserverFailureEndsIt) {
  recorder.failAt = 4;
  Result<TrainEnd> end = train(learner, info);
  EXPECT_EQ(end.status().message(), "disk full");
  EXPECT_EQ(recorder.saves, std::vector<int64_t>{4});
}

TEST_F(TrainerTest, WritesALogThatCanBeRead) {
  std::string path = scratch.path("run.jsonl");
  Result<std::unique_ptr<TrainLog>> log = TrainLog::open(path, false);
  ASSERT_TRUE(log.ok());
  ASSERT_TRUE((*log)->write({{"event", "start"}, {"path", "\xFF"}}).ok());
  Trainer trainer(learner, data, settings, info, {log->get()}, [] { return false; });
  ASSERT_TRUE(trainer.run().ok());
  std::istringstream lines(scratch.read("run.jsonl"));
  std::map<std::string, int> events;
  for (std::string line; std::getline(lines, line);) {
    OrderedJson object = OrderedJson::parse(line);
    ++events[object["event"]];
    if (object["event"] != "step")
      continue;
    EXPECT_EQ(object["expert_load"]["toy"], OrderedJson::parse("[3,1]"));
    double entropy = -(0.75 * std::log(0.75) + 0.25 * std::log(0.25));
    EXPECT_NEAR(object["effective_experts"]["toy"][0].get<double>(), std::exp(entropy), 1e-12);
  }
  EXPECT_EQ(events, (std::map<std::string, int>{
                        {"start", 1}, {"step", 20}, {"evaluation", 2}, {"save", 1}}));
}

TEST(Checkpoint, ReadsWhatItWroteAndRefusesWeights) {
  Scratch scratch;
  runtime::Bundle state;
  ASSERT_TRUE(state.add("w", *runtime::Tensor::allocate(runtime::DType::F32, {2})).ok());
  CheckpointInfo info;
  info.model = "tiny";
  info.description = "model: tiny\nmore: \"x\"\n";
  info.seed = UINT64_MAX;
  info.progress = {11, 22, 33, 1};
  info.schedule = {1.0 / 3.0, 0.1, 5, 100};
  info.data = {"problems", 0xFFFFFFFFFFFFFFFFu, 0.1, "bytes"};
  std::string path = scratch.path("c.safetensors");
  ASSERT_TRUE(saveCheckpoint(path, state, info).ok());
  Result<runtime::Bundle> bundle = runtime::readSafetensors(path);
  ASSERT_TRUE(bundle.ok());
  Result<CheckpointInfo> read = readCheckpointInfo(*bundle, path);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->description, info.description);
  EXPECT_EQ(read->seed, info.seed);
  EXPECT_EQ(read->progress.rowsSeen, 22);
  EXPECT_EQ(read->schedule.peakRate, info.schedule.peakRate);
  EXPECT_EQ(read->data, info.data);

  EXPECT_THAT(readCheckpointInfo(state, "w.safetensors").status().message(),
              HasSubstr("w.safetensors: expected a checkpoint"));
  EXPECT_FALSE(findCheckpointInfo(state));
  ASSERT_TRUE(bundle->setMetadata("dreamer.step", "many").ok());
  EXPECT_THAT(readCheckpointInfo(*bundle, path).status().message(), HasSubstr("dreamer.step"));
}

TEST(Evaluate, CountsExactAnswersBySteps) {
  ByteTokenizer bytes;
  std::vector<Row> rows;
  for (auto [prompt, answer, steps] : {std::tuple("a", "1", 1), {"b", "2", 1}, {"b", "3", 2}}) {
    rows.push_back(makeProblemRow(bytes, prompt, answer));
    rows.back().steps = steps;
  }
  RowExamples examples(std::move(rows), ByteTokenizer::pad);
  Bigram learner(2, 4); // three rows: the last batch is padded
  auto likely = [&](int32_t from, int32_t to) { learner.weights()[from * 260 + to] = 5; };
  likely('a', '1');
  likely('b', '3');
  for (unsigned char digit : {'1', '2', '3'})
    likely(digit, ByteTokenizer::end);
  Result<Evaluation> evaluation = evaluate(learner, examples, {});
  ASSERT_TRUE(evaluation.ok());
  EXPECT_EQ(evaluation->rows, 3);
  EXPECT_EQ(evaluation->targets, 6); // answer and end
  EXPECT_EQ(evaluation->answers.exact, 2);
  EXPECT_EQ(evaluation->bySteps[1].exact, 1);
  EXPECT_EQ(evaluation->bySteps[1].rows, 2);
  EXPECT_EQ(evaluation->bySteps[2].exact, 1);
  EXPECT_DOUBLE_EQ(evaluation->answers.chance(), 1.0 / 3.0);
  double right = std::log(std::exp(5.0) + 259) - 5, wrong = std::log(std::exp(5.0) + 259);
  EXPECT_NEAR(evaluation->lossSum, 5 * right + wrong, 1e-4);
}

TEST(Evaluate, TakesEvenlySpreadRowsAndScalesTheBytes) {
  std::vector<int32_t> text(100, 'x');
  TextExamples examples(text, 10, 256, 258);
  Bigram learner(4, 10);
  std::vector<int64_t> seen;
  EvaluateOptions options;
  options.maxRows = 5;
  options.bytes = 200; // two bytes a token
  options.onPosition = [&](const PositionScore &score) {
    if (score.position == 0)
      seen.push_back(score.row);
  };
  Result<Evaluation> evaluation = evaluate(learner, examples, options);
  ASSERT_TRUE(evaluation.ok());
  EXPECT_EQ(seen, (std::vector<int64_t>{0, 2, 4, 6, 8}));
  EXPECT_DOUBLE_EQ(evaluation->bytes, 100.0);
  EXPECT_NEAR(evaluation->bitsPerByte(), std::log2(260.0) / 2, 1e-5);
}

TEST(Learner, MeasuresEffectiveExperts) {
  ExpertLoad load{"core", 3, 4, {5, 5, 5, 5, 10, 0, 0, 0, 0, 0, 0, 0}};
  std::vector<double> effective = load.effectiveExperts();
  ASSERT_EQ(effective.size(), 2u); // the third depth was not executed
  EXPECT_NEAR(effective[0], 4.0, 1e-12);
  EXPECT_NEAR(effective[1], 1.0, 1e-12);
  EXPECT_EQ(load.total(), (std::vector<int64_t>{15, 5, 5, 5}));
}

} // namespace
} // namespace dreamer::train
