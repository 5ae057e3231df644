// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A package written by hand for the tests of dreamer-run: a table of logits for the byte after each
// byte, with all the entries that a compiled model has. Depth 1 halves the logits of depth 2. The
// manifest lies beside it.

#include "runtime/core/PackageFormat.h"

#include <math.h>

#define SECTION(name) __attribute__((section(name), used, aligned(64)))
enum { batch = 4, context = 32, vocabulary = 260, rows = batch * context };

SECTION(DREAMER_PACKAGE_HEADER_SECTION)
static const dreamer_package_header header = {{'D', 'R', 'E', 'A', 'M', 'E', 'R', 'P'},
                                              DREAMER_PACKAGE_FORMAT_VERSION,
                                              DREAMER_PACKAGE_HEADER_SIZE,
                                              0,
                                              0,
                                              0,
                                              0,
                                              {0, 0}};

__asm__(".pushsection .dreamer.manifest,\"\",@progbits\n"
        ".incbin \"" MANIFEST "\"\n"
        ".popsection\n"
        ".pushsection .dreamer.model,\"\",@progbits\n"
        ".ascii \"ML\\357RThis would be bytecode\"\n"
        ".popsection\n");

// probabilities: (V); returns the loss of `target`
static double softmax(const float *logits, float scale, int32_t target, float *probabilities) {
  float most = logits[0];
  double sum = 0;
  for (int v = 1; v < vocabulary; ++v)
    most = logits[v] > most ? logits[v] : most;
  for (int v = 0; v < vocabulary; ++v)
    sum += probabilities[v] = expf(scale * (logits[v] - most));
  for (int v = 0; v < vocabulary; ++v)
    probabilities[v] = (float)(probabilities[v] / sum);
  return log(sum) - (double)(scale * (logits[target] - most));
}

static int32_t score(const dreamer_services *services, void *const *buffers) {
  (void)services;
  const float *table = buffers[0]; // (V, V)
  float *probabilities = buffers[1];
  const int32_t *tokens = buffers[2], *targets = tokens + rows; // (B, T)
  float scale = (float)tokens[2 * rows] / 2;                    // depth
  float *loss = buffers[3], *tokenLoss = loss + 16, *logits = loss + 16 + rows;
  double sum = 0;
  int count = 0;
  for (int i = 0; i < rows; ++i) {
    const float *row = table + vocabulary * tokens[i];
    for (int v = 0; v < vocabulary; ++v)
      logits[vocabulary * i + v] = scale * row[v];
    tokenLoss[i] = targets[i] < 0 ? 0 : (float)softmax(row, scale, targets[i], probabilities);
    sum += tokenLoss[i];
    count += targets[i] >= 0;
  }
  loss[0] = count ? (float)(sum / count) : 0;
  return 0;
}

static void adam(float *p, float *m, float *v, float g, float rate, double correct1,
                 double correct2) {
  *m = 0.9f * *m + 0.1f * g;
  *v = 0.95f * *v + 0.05f * g * g;
  *p -= (float)(rate * (*m / correct1) / (sqrt(*v / correct2) + 1e-8));
}

static int32_t trainStep(const dreamer_services *services, void *const *buffers) {
  (void)services;
  float *table = buffers[0], *moment1 = buffers[1], *moment2 = buffers[2], *gradient = buffers[3];
  const int32_t *tokens = buffers[4], *targets = tokens + rows;
  float scale = (float)tokens[2 * rows] / 2, rate = ((const float *)tokens)[2 * rows + 2];
  int32_t step = tokens[2 * rows + 1], *load = (int32_t *)buffers[5] + 16;
  float *out = buffers[5], probabilities[vocabulary];
  double loss = 0, norm = 0;
  int count = 0;
  for (int i = 0; i < vocabulary * vocabulary; ++i)
    gradient[i] = 0;
  for (int i = 0; i < 8; ++i)
    load[i] = i < 4 * tokens[2 * rows] ? rows / 4 : 0;
  for (int i = 0; i < rows; ++i)
    count += targets[i] >= 0;
  for (int i = 0; i < rows; ++i) {
    if (targets[i] < 0)
      continue;
    loss += softmax(table + vocabulary * tokens[i], scale, targets[i], probabilities) / count;
    for (int v = 0; v < vocabulary; ++v)
      gradient[vocabulary * tokens[i] + v] +=
          scale * (probabilities[v] - (float)(v == targets[i])) / (float)count;
  }
  for (int i = 0; i < vocabulary * vocabulary; ++i)
    norm += gradient[i] * gradient[i];
  out[0] = (float)loss;
  out[1] = (float)sqrt(norm);
  ((int32_t *)out)[2] = !isfinite(norm);
  for (int i = 0; i < vocabulary * vocabulary && isfinite(norm); ++i)
    adam(table + i, moment1 + i, moment2 + i, gradient[i], rate, 1 - pow(0.9, step),
         1 - pow(0.95, step));
  return 0;
}

// cache: (B, T), 1 + the token at each position that was read
static int32_t prefill(const dreamer_services *services, void *const *buffers) {
  (void)services;
  const float *table = buffers[0];
  const int32_t *tokens = buffers[1], *lengths = tokens + rows;
  float *logits = buffers[2], *cache = buffers[3];
  for (int b = 0; b < batch; ++b) {
    for (int t = 0; t < context; ++t)
      cache[context * b + t] = t < lengths[b] ? (float)(tokens[context * b + t] + 1) : 0;
    for (int v = 0; v < vocabulary; ++v)
      logits[vocabulary * b + v] = table[vocabulary * tokens[context * b + lengths[b] - 1] + v];
  }
  return 0;
}

static int32_t decode(const dreamer_services *services, void *const *buffers) {
  (void)services;
  const float *table = buffers[0];
  const int32_t *token = buffers[1], *position = token + 16;
  float *logits = buffers[2], *cache = buffers[3];
  for (int b = 0; b < batch; ++b) {
    if (position[b] > 0 && cache[context * b + position[b] - 1] == 0)
      return 1;
    cache[context * b + position[b]] = (float)(token[b] + 1);
    for (int v = 0; v < vocabulary; ++v)
      logits[vocabulary * b + v] = table[vocabulary * token[b] + v];
  }
  return 0;
}

static const dreamer_entry entries[] = {
    {"score", score}, {"train_step", trainStep}, {"prefill", prefill}, {"decode", decode}};
static const dreamer_variant variants[] = {{"baseline", 0, 4, 0, entries}};

__attribute__((visibility("default"))) const dreamer_package_descriptor dreamer_package = {
    DREAMER_PACKAGE_ABI_VERSION, 1, variants, &header};
