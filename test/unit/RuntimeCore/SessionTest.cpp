// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Support.h"

#include "Fixture/Seal.h"

#include "runtime/core/Call.h"
#include "runtime/core/CpuFeatures.h"
#include "runtime/core/Parallel.h"

#include <atomic>
#include <thread>

using namespace dreamer::runtime;
using namespace dreamer::runtime::test;

static std::shared_ptr<Session> open(const SessionOptions &options = {}) {
  Result<std::shared_ptr<const Package>> package = Package::open(TINY_PACKAGE);
  EXPECT_OK(package);
  Result<std::shared_ptr<Session>> session = Session::create(*package, options);
  EXPECT_OK(session);
  return *session;
}

static Result<std::shared_ptr<Session>> tryOpen(const SessionOptions &options) {
  return Session::create(*Package::open(TINY_PACKAGE), options);
}

static std::unique_ptr<Call> callOf(const std::shared_ptr<Session> &session,
                                    const std::string &entry) {
  Result<std::unique_ptr<Call>> call = Call::create(session, entry);
  EXPECT_OK(call);
  return std::move(*call);
}

static Bundle weights() {
  Bundle bundle;
  EXPECT_OK(bundle.add("embed.weight", floats({4, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})));
  EXPECT_OK(bundle.add("norm.weight", floats({3}, {1, 1, 1})));
  EXPECT_OK(bundle.add("core.expert_attention.bias", floats({2}, {0, 0})));
  return bundle;
}

static std::unique_ptr<Call> scoreReady(const std::shared_ptr<Session> &session) {
  EXPECT_OK(session->load(BufferKind::Parameters, weights()));
  std::unique_ptr<Call> score = callOf(session, "score");
  EXPECT_OK(score->set("tokens", integers({2, 3}, {0, 1, 2, 3, 0, 1})));
  EXPECT_OK(score->set("targets", integers({2, 3}, {1, 2, 3, 0, -1, -1})));
  return score;
}

TEST(Session, Scores) {
  std::unique_ptr<Call> score = scoreReady(open());
  ASSERT_OK(score->run());
  // logits[1,0,2] = token 3 * depth 5 * (7 + 8 + 9)
  EXPECT_EQ(score->output("logits")->element(4 * 3 + 2), 3 * 5 * 24);
  ASSERT_OK(score->setScalar("core.depth", 2));
  ASSERT_OK(score->run());
  EXPECT_EQ(score->output("logits")->element(4 * 3 + 2), 3 * 2 * 24);
  ASSERT_OK(score->reset("core.depth"));
  ASSERT_OK(score->run());
  EXPECT_EQ(score->output("logits")->element(4 * 3 + 2), 3 * 5 * 24);
}

TEST(Session, OptionsHaveDefaults) {
  std::unique_ptr<Call> score = scoreReady(open());
  ASSERT_OK(score->run());
  EXPECT_EQ(score->output("core.expert_ids")->element(1), 1); // -1 lets the entry choose
  ASSERT_OK(score->set("core.expert_ids", integers({5, 2, 1}, std::vector<int32_t>(10, 0))));
  ASSERT_OK(score->run());
  EXPECT_EQ(score->output("core.expert_ids")->element(1), 0);
}

TEST(Session, ChoosesTheVariantOfTheProcessor) {
  bool v3 = (DREAMER_CPU_X86_64_V3 & ~cpuFeatures()) == 0;
  std::shared_ptr<Session> session = open();
  EXPECT_EQ(session->program().variant(), v3 ? "x86-64-v3" : "baseline");
  std::unique_ptr<Call> score = scoreReady(session);
  ASSERT_OK(score->run());
  EXPECT_EQ(score->output("variant")->element(0), v3 ? 1 : 0);
  SessionOptions options;
  options.variant = "baseline";
  EXPECT_EQ(open(options)->program().variant(), "baseline");
  options.variant = "future";
  EXPECT_FAILURE(tryOpen(options), DREAMER_INCOMPATIBLE,
                 "expected a processor for variant 'future', found one without features unknown");
  options.variant = "x86-64-v9";
  EXPECT_FAILURE(tryOpen(options), DREAMER_NOT_FOUND, "found baseline, x86-64-v3 and future");
}

TEST(Session, RefusesDevicesThatAreNotThere) {
  SessionOptions options;
  options.device = "cuda";
  EXPECT_FAILURE(tryOpen(options), DREAMER_UNAVAILABLE, "device: expected cpu, found 'cuda'");
  options.device = "emulator";
  EXPECT_FAILURE(tryOpen(options), DREAMER_UNAVAILABLE,
                 "found 'emulator'; hint: packages hold code for processors only");
  options.device = "gpu";
  EXPECT_FAILURE(tryOpen(options), DREAMER_INVALID_ARGUMENT, "found 'gpu'");
  options.device = "cpu";
  options.deviceOptions.threads = -1;
  EXPECT_FAILURE(tryOpen(options), DREAMER_INVALID_ARGUMENT, "threads: expected 0..4096");
}

TEST(Session, ChecksInputs) {
  std::shared_ptr<Session> session = open();
  std::unique_ptr<Call> score = callOf(session, "score");
  EXPECT_FAILURE(Call::create(session, "scores"), DREAMER_NOT_FOUND, "did you mean 'score'?");
  EXPECT_FAILURE(score->set("tokns", integers({2, 3}, std::vector<int32_t>(6))), DREAMER_NOT_FOUND,
                 "did you mean 'tokens'?");
  EXPECT_FAILURE(score->set("tokens", integers({3, 2}, std::vector<int32_t>(6))), DREAMER_MISMATCH,
                 "input 'tokens': expected i32[2,3], found i32[3,2]");
  EXPECT_FAILURE(score->set("tokens", floats({2, 3}, std::vector<float>(6))), DREAMER_MISMATCH,
                 "expected an integer type, found floats");
  EXPECT_FAILURE(score->output("los"), DREAMER_NOT_FOUND, "did you mean 'loss'?");
  EXPECT_FAILURE(score->run(), DREAMER_MISMATCH,
                 "no value for 'tokens' i32[2,3] and 'targets' i32[2,3]");
  EXPECT_OK(score->set("tokens", integers({2, 3}, {0, 1, 2, 3, 4, 1})));
  EXPECT_OK(score->set("targets", integers({2, 3}, std::vector<int32_t>(6, -1))));
  EXPECT_FAILURE(score->run(), DREAMER_MISMATCH, "'embed.weight'");
  EXPECT_OK(session->initialize(1));
  EXPECT_FAILURE(score->run(), DREAMER_OUT_OF_RANGE,
                 "input 'tokens': expected values in 0..3, found 4 at [1,1]");
  EXPECT_OK(score->set("tokens", integers({2, 3}, {0, 1, 2, 3, 3, 1})));
  EXPECT_OK(score->run());
  EXPECT_OK(score->setScalar("core.depth", 6));
  EXPECT_FAILURE(score->run(), DREAMER_OUT_OF_RANGE, "expected values in 1..5, found 6");
  EXPECT_FAILURE(score->setScalar("core.depth", 1.5), DREAMER_OUT_OF_RANGE, "an integer");
}

TEST(Session, ExplainsErrorCodes) {
  std::unique_ptr<Call> score = scoreReady(open());
  ASSERT_OK(score->set("tokens", integers({2, 3}, {3, 3, 3, 3, 1, 0})));
  EXPECT_FAILURE(score->run(), DREAMER_ENTRY_FAILED,
                 "entry 'score': the sum of the tokens is 13, which brings bad luck (code 3)");
  EXPECT_EQ(score->errorCode(), 3);
  ASSERT_OK(score->set("tokens", integers({2, 3}, {3, 3, 3, 3, 2, 0})));
  EXPECT_FAILURE(score->run(), DREAMER_ENTRY_FAILED, "does not explain (code 4)");
}

TEST(Session, LoadTellsAllThatIsWrong) {
  std::shared_ptr<Session> session = open();
  Bundle bundle;
  EXPECT_OK(bundle.add("embed.wieght", floats({4, 3}, std::vector<float>(12))));
  EXPECT_OK(bundle.add("norm.weight", floats({4}, std::vector<float>(4))));
  EXPECT_OK(bundle.add("moment1.norm.weight", floats({3}, std::vector<float>(3))));
  bundle.setOrigin("w.safetensors");
  EXPECT_FAILURE(
      session->load(BufferKind::Parameters, bundle), DREAMER_MISMATCH,
      "w.safetensors: expected the 3 tensors of the package, found missing 'embed.weight' and "
      "'core.expert_attention.bias'; extra 'embed.wieght'; 'norm.weight' is f32[4] instead of "
      "f32[3]; hint: for 'embed.weight', did you mean 'embed.wieght'?");
  EXPECT_FALSE(session->parametersAreSet());
  EXPECT_FAILURE(session->missingParameters(), DREAMER_MISMATCH, "initialize");
}

TEST(Session, LoadConverts) {
  std::shared_ptr<Session> session = open();
  Bundle bundle;
  Bundle single = weights();
  for (const Bundle::Entry &entry : single.entries())
    ASSERT_OK(bundle.add(
        entry.name, *entry.tensor.convert(entry.name == "norm.weight" ? DType::BF16 : DType::F64)));
  ASSERT_OK(session->load(BufferKind::Parameters, bundle));
  EXPECT_EQ(session->parameter("embed.weight")->element(11), 12);
  EXPECT_EQ(session->parameter("norm.weight")->element(2), 1);
}

TEST(Session, InitializesFromTheSeed) {
  std::shared_ptr<Session> one = open(), other = open();
  ASSERT_OK(one->initialize(42));
  ASSERT_OK(other->initialize(42));
  Bundle a = *one->state(BufferKind::Parameters), b = *other->state(BufferKind::Parameters);
  EXPECT_EQ(a.names(), (std::vector<std::string>{"embed.weight", "norm.weight",
                                                 "core.expert_attention.bias"}));
  for (int64_t i = 0; i < 12; ++i)
    EXPECT_EQ(a.find("embed.weight")->element(i), b.find("embed.weight")->element(i));
  EXPECT_EQ(a.find("norm.weight")->element(1), 1);
  ASSERT_OK(other->initialize(43));
  EXPECT_NE(a.find("embed.weight")->element(0), b.find("embed.weight")->element(0));
}

TEST(Session, TrainsInPlace) {
  std::shared_ptr<Session> session = open();
  ASSERT_OK(session->load(BufferKind::Parameters, weights()));
  std::unique_ptr<Call> step = callOf(session, "train_step");
  for (int i = 1; i <= 3; ++i) {
    ASSERT_OK(step->setScalar("step", i));
    ASSERT_OK(step->setScalar("rate", 0.5));
    ASSERT_OK(step->run());
  }
  EXPECT_EQ(session->state(BufferKind::Moment1)->find("moment1.norm.weight")->element(0),
            1 + 2 + 3);
  EXPECT_EQ(session->parameter("norm.weight")->element(0), 1 + 0.5 * (1 + 3 + 6));
  EXPECT_EQ(step->output("norm.weight")->element(0), 6);
  EXPECT_EQ(step->output("loss")->element(0), 6);
  // The moments of expert biases do not exist.
  EXPECT_EQ(session->state(BufferKind::Moment2)->names(),
            (std::vector<std::string>{"moment2.embed.weight", "moment2.norm.weight"}));
  Bundle saved = *session->state(BufferKind::Moment1);
  std::shared_ptr<Session> resumed = open();
  ASSERT_OK(resumed->load(BufferKind::Moment1, saved));
  EXPECT_EQ(resumed->state(BufferKind::Moment1)->find("moment1.norm.weight")->element(2), 6);
  ASSERT_OK(session->initialize(1));
  EXPECT_EQ(session->state(BufferKind::Moment1)->find("moment1.norm.weight")->element(0), 0);
}

TEST(Session, GivesGradients) {
  std::shared_ptr<Session> session = open();
  ASSERT_OK(session->load(BufferKind::Parameters, weights()));
  std::unique_ptr<Call> call = callOf(session, "gradients");
  ASSERT_OK(call->run());
  EXPECT_EQ(call->output("grad.embed.weight")->element(11), 24);
  EXPECT_EQ(session->state(BufferKind::Gradients)->find("grad.norm.weight")->element(0), 2);
}

TEST(Session, DecodesIntoTheCache) {
  std::shared_ptr<Session> session = open();
  std::unique_ptr<Call> decode = callOf(session, "decode");
  for (int t = 0; t < 3; ++t) {
    ASSERT_OK(decode->set("token", integers({2}, {t + 1, t})));
    ASSERT_OK(decode->set("position", integers({2}, {t, t})));
    ASSERT_OK(decode->run());
  }
  Tensor cache = *decode->output("core.cache.k");
  EXPECT_EQ(cache.element(2), 3);
  ASSERT_OK(decode->set("core.cache.k", floats({2, 3}, std::vector<float>(6, 9))));
  EXPECT_EQ(cache.element(2), 9);
  ASSERT_OK(decode->reset("core.cache.k"));
  EXPECT_EQ(cache.element(2), 0);
  ASSERT_OK(decode->set("position", integers({2}, {0, 3})));
  EXPECT_FAILURE(decode->run(), DREAMER_OUT_OF_RANGE, "expected values in 0..2, found 3 at [1]");
}

TEST(Session, OutputsOutliveTheCall) {
  Tensor loss;
  {
    std::unique_ptr<Call> score = scoreReady(open());
    ASSERT_OK(score->run());
    loss = *score->output("loss");
  }
  EXPECT_GT(loss.element(0), 0);
}

//===-- Threads ---===//

TEST(Threads, EveryTaskOnceAtAnyNumberOfThreads) {
  for (int threads : {1, 2, 3, 8}) {
    SessionOptions options;
    options.deviceOptions.threads = threads;
    std::shared_ptr<Session> session = open(options);
    EXPECT_EQ(session->device().threads(), threads);
    for (int64_t tasks : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> seen(static_cast<size_t>(tasks));
      session->device().parallelFor(tasks, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
          ++seen[static_cast<size_t>(i)];
      });
      for (const auto &count : seen)
        ASSERT_EQ(count, 1);
    }
  }
}

TEST(Threads, NestedLoopsRunOnTheirThread) {
  SessionOptions options;
  options.deviceOptions.threads = 2;
  std::shared_ptr<Session> session = open(options);
  std::atomic<int> inner = 0;
  session->device().parallelFor(4, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      session->device().parallelFor(10, [&](int64_t b, int64_t e) { inner += int(e - b); });
  });
  EXPECT_EQ(inner, 40);
}

/// Scales small numbers to what would be denormals.
static void flush(Call &scale) {
  Tensor x = *Tensor::allocate(DType::F32, {1000});
  ASSERT_OK(x.fill(1e-30, "x"));
  ASSERT_OK(scale.set("x", x));
  ASSERT_OK(scale.setScalar("factor", 1e-10));
  ASSERT_OK(scale.run());
  for (int64_t i = 0; i < 1000; ++i)
    ASSERT_EQ(scale.output("y")->element(i), 0) << "a denormal was not flushed";
}

static void checkDenormals(const SessionOptions &options) {
  std::shared_ptr<Session> session = open(options);
  std::unique_ptr<Call> scale = callOf(session, "scale");
  ASSERT_NO_FATAL_FAILURE(flush(*scale));
  ASSERT_OK(scale->setScalar("factor", 2));
  ASSERT_OK(scale->run());
  ASSERT_EQ(scale->output("y")->element(999), 1e-30f * 2);
  volatile float small = 1e-30f;
  EXPECT_NE(small * 1e-10f, 0.0f) << "the caller's floating-point mode was changed";
}

TEST(Threads, DenormalsAreFlushedInsideOnly) {
  for (int threads : {1, 3}) {
    SessionOptions options;
    options.deviceOptions.threads = threads;
    checkDenormals(options);
  }
}

TEST(Threads, WhoFlushesDenormalsGoesOnFlushing) {
  FlushDenormals mode;
  std::shared_ptr<Session> session = open();
  ASSERT_NO_FATAL_FAILURE(flush(*callOf(session, "scale")));
  volatile float small = 1e-30f;
  EXPECT_EQ(small * 1e-10f, 0.0f) << "the caller's floating-point mode was changed";
}

/// A loop as an embedding program might bring it.
static void twoThreads(void *context, int64_t tasks,
                       void (*body)(void *closure, int64_t begin, int64_t end), void *closure) {
  ++*static_cast<int *>(context);
  std::thread other(body, closure, tasks / 2, tasks);
  body(closure, 0, tasks / 2);
  other.join();
}

TEST(Threads, TheProgramCanBringItsOwn) {
  int calls = 0;
  SessionOptions options;
  options.deviceOptions.parallelFor = twoThreads;
  options.deviceOptions.parallelContext = &calls;
  checkDenormals(options);
  EXPECT_EQ(calls, 2);
}

namespace {
/// Remembers what it is told.
struct Recorder : LaunchObserver {
  struct Launch {
    LaunchRecord record;
    std::vector<ThreadShare> threads;
  };
  std::vector<std::pair<size_t, int64_t>> begins, ends;
  std::vector<Launch> launches;

  void beginEntry(size_t entry, int64_t time) override { begins.emplace_back(entry, time); }
  void endEntry(size_t entry, int64_t time) override { ends.emplace_back(entry, time); }
  void launched(const LaunchRecord &record) override {
    launches.push_back({record, {record.threads.begin(), record.threads.end()}});
  }
};
} // namespace

static void checkLaunchOfScale(const Recorder &recorder) {
  ASSERT_EQ(recorder.launches.size(), 1u);
  const auto &[record, threads] = recorder.launches[0];
  EXPECT_EQ(record.entry, 4u);
  EXPECT_EQ(recorder.begins[0].first, 4u);
  EXPECT_EQ(record.id, 0);
  EXPECT_EQ(record.step, -1);
  EXPECT_EQ(record.tasks, 1000);
  EXPECT_LE(recorder.begins[0].second, record.begin);
  EXPECT_GE(recorder.ends[0].second, record.end);
  int64_t tasks = 0;
  for (size_t i = 0; i < threads.size(); ++i) {
    const ThreadShare &share = threads[i];
    tasks += share.tasks;
    EXPECT_TRUE(i == 0 || threads[i - 1].thread < share.thread);
    EXPECT_LE(record.begin, share.begin);
    EXPECT_LE(share.begin + share.busy, share.end);
    EXPECT_LE(share.end, record.end);
  }
  EXPECT_EQ(tasks, 1000);
}

TEST(Profile, EveryLaunchIsTold) {
  int calls = 0;
  for (bool own : {false, true}) {
    SessionOptions options;
    options.deviceOptions.threads = 2;
    if (own)
      options.deviceOptions = {0, twoThreads, &calls};
    std::shared_ptr<Session> session = open(options);
    std::unique_ptr<Call> scale = callOf(session, "scale");
    ASSERT_OK(scale->setScalar("x", 3));
    ASSERT_OK(scale->setScalar("factor", 2));
    auto recorder = std::make_shared<Recorder>();
    session->observe(recorder);
    ASSERT_OK(scale->run());
    checkLaunchOfScale(*recorder);
    EXPECT_EQ(scale->output("y")->element(999), 6);
    session->observe(nullptr);
    ASSERT_OK(scale->run());
    EXPECT_EQ(recorder->launches.size(), 1u);
    EXPECT_EQ(recorder->ends.size(), 1u);
  }
}

TEST(Loading, ReplacedFileWhileInUse) {
  TemporaryFolder folder;
  std::string path = folder / "p.dreamer";
  std::filesystem::copy_file(TINY_PACKAGE, path);
  Result<std::shared_ptr<Session>> first = Session::create(*Package::open(path), {});
  ASSERT_OK(first);
  EXPECT_OK(Session::create(*Package::open(path), {})); // the same file again
  // A different package takes the name: the loader would give the old code for it.
  std::vector<std::byte> bytes = readBytes(path);
  std::filesystem::remove(path);
  std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  size_t place = text.find("by hand");
  ASSERT_NE(place, std::string_view::npos);
  bytes[place] = std::byte{'B'};
  ASSERT_OK(seal(bytes));
  writeBytes(path, bytes);
  EXPECT_FAILURE(Session::create(*Package::open(path), {}), DREAMER_BAD_FILE,
                 "the code of the file that was checked");
  first = Status(DREAMER_OK, ""); // closes the old one
  EXPECT_OK(Session::create(*Package::open(path), {}));
}

//===-- What entries keep of parameters ---===//

namespace {
/// Runs `total` and tells how often it has made its sum by now.
struct Total {
  explicit Total(const std::shared_ptr<Session> &session) : call(callOf(session, "total")) {}

  double operator()() {
    EXPECT_OK(call->run());
    return call->output("made")->element(0);
  }
  double sum() { return call->output("total")->element(0); }

  std::unique_ptr<Call> call;
};
} // namespace

TEST(Kept, IsMadeOnceForParametersThatStay) {
  std::shared_ptr<Session> session = open();
  EXPECT_OK(session->load(BufferKind::Parameters, weights()));
  Total total(session);
  EXPECT_EQ(total(), 1);
  EXPECT_EQ(total(), 1);
  EXPECT_EQ(total.sum(), 3);
  Total another(session);
  EXPECT_EQ(another(), 0); // by the session, not by the call
  EXPECT_EQ(another.sum(), 3);
}

TEST(Kept, IsMadeAgainWhenParametersWereWritten) {
  std::shared_ptr<Session> session = open();
  Total total(session);
  EXPECT_OK(session->load(BufferKind::Parameters, weights()));
  EXPECT_EQ(total(), 1);
  EXPECT_OK(session->setParameter("norm.weight", floats({3}, {1, 2, 3})));
  EXPECT_EQ(total(), 2);
  EXPECT_EQ(total.sum(), 6);
  EXPECT_OK(total.call->set("norm.weight", floats({3}, {2, 2, 3})));
  EXPECT_EQ(total(), 3);
  EXPECT_EQ(total.sum(), 7);
  EXPECT_OK(session->clear(BufferKind::Parameters));
  EXPECT_EQ(total(), 4);
  EXPECT_EQ(total.sum(), 0);
  EXPECT_OK(session->initialize(1));
  EXPECT_EQ(total(), 5);
  EXPECT_EQ(total.sum(), 3);
  EXPECT_EQ(total(), 5);
}

TEST(Kept, IsMadeAgainWhenAnEntryChangedParameters) {
  std::shared_ptr<Session> session = open();
  EXPECT_OK(session->initialize(1));
  Total total(session);
  EXPECT_EQ(total(), 1);
  std::unique_ptr<Call> train = callOf(session, "train_step");
  EXPECT_OK(train->setScalar("step", 1));
  EXPECT_OK(train->setScalar("rate", 0.5));
  ASSERT_OK(train->run());
  EXPECT_EQ(total(), 2);
  EXPECT_EQ(total.sum(), 4.5);
}

TEST(Kept, IsMadeAtEveryRunWhileSomebodyHoldsAWritableView) {
  std::shared_ptr<Session> session = open();
  EXPECT_OK(session->load(BufferKind::Parameters, weights()));
  Total total(session);
  {
    Result<Tensor> view = session->parameter("norm.weight");
    ASSERT_OK(view);
    EXPECT_EQ(total(), 1);
    view->asMutable<float>()[0] = 5;
    EXPECT_EQ(total(), 2);
    EXPECT_EQ(total.sum(), 7);
    view->asMutable<float>()[0] = 6;
  }
  EXPECT_EQ(total(), 3); // written after the last run, before the view was gone
  EXPECT_EQ(total.sum(), 8);
  EXPECT_EQ(total(), 3);
}

TEST(Kept, AFailedRunKeepsNothingBack) {
  std::shared_ptr<Session> session = open();
  EXPECT_OK(session->load(BufferKind::Parameters, weights()));
  Total total(session);
  EXPECT_OK(session->setParameter("norm.weight", floats({3}, {13, 0, 0})));
  EXPECT_FALSE(total.call->run().ok());
  EXPECT_OK(session->setParameter("norm.weight", floats({3}, {1, 0, 0})));
  EXPECT_EQ(total(), 2);
  EXPECT_EQ(total.sum(), 1);
}
