// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A package written by hand, for the tests of the runtime: what the compiler makes, in its smallest
// form. Its manifest lies beside it; sizes and checksum are filled in by seal-package.

#include "runtime/core/PackageFormat.h"

#define SECTION(name) __attribute__((section(name), used, aligned(64)))

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

// score: logits[b,t,v] = token * depth * sum of embed.weight[v,:] * norm.weight[:]; loss = their mean.
static int32_t score(void *const *buffers, int32_t variant) {
  const float *embed = buffers[0];                              // (4, 3)
  const float *norm = (const float *)((char *)buffers[0] + 64); // (3)
  int32_t *arena = buffers[1];                                  // expert ids (5, 2, 1), variant
  const int32_t *tokens = buffers[2];                           // (2, 3)
  const int32_t *options = buffers[4];                          // depth; expert ids from byte 16
  float *results = buffers[5];                                  // loss; logits from byte 64
  int32_t sum = 0;
  double total = 0;
  for (int i = 0; i < 6; ++i) {
    sum += tokens[i];
    for (int v = 0; v < 4; ++v) {
      float dot = 0;
      for (int j = 0; j < 3; ++j)
        dot += embed[3 * v + j] * norm[j];
      float logit = (float)tokens[i] * (float)options[0] * dot;
      results[16 + 4 * i + v] = logit;
      total += logit;
    }
  }
  results[0] = (float)(total / 24);
  for (int i = 0; i < 10; ++i)
    arena[i] = options[4 + i] < 0 ? i % 2 : options[4 + i];
  arena[32] = variant;
  return sum == 13 ? 3 : sum == 14 ? 4 : 0;
}

static int32_t score0(const dreamer_services *services, void *const *buffers) {
  (void)services;
  return score(buffers, 0);
}
static int32_t score1(const dreamer_services *services, void *const *buffers) {
  (void)services;
  return score(buffers, 1);
}

// gradients: twice the parameters.
static int32_t gradients(const dreamer_services *services, void *const *buffers) {
  (void)services;
  const float *parameters = buffers[0];
  float *gradient = buffers[1];
  for (int i = 0; i < 19; ++i)
    gradient[i] = 2 * parameters[i];
  return 0;
}

// train_step: moment1 += step; norm.weight += rate * moment1.
static int32_t trainStep(const dreamer_services *services, void *const *buffers) {
  (void)services;
  float *weight = (float *)((char *)buffers[0] + 64);
  float *moment = (float *)((char *)buffers[1] + 64);
  const int32_t *step = buffers[3];
  const float *rate = (const float *)buffers[3] + 1;
  float *loss = (float *)buffers[3] + 2;
  for (int i = 0; i < 3; ++i) {
    moment[i] += (float)step[0];
    weight[i] += rate[0] * moment[i];
  }
  loss[0] = weight[0];
  return 0;
}

// decode: cache[b, position[b]] = token[b].
static int32_t decode(const dreamer_services *services, void *const *buffers) {
  (void)services;
  const int32_t *token = buffers[0];
  const int32_t *position = token + 2;
  float *cache = buffers[1];
  for (int b = 0; b < 2; ++b)
    cache[3 * b + position[b]] = (float)token[b];
  return 0;
}

// scale: y = x * factor, one task an element.
struct Scale {
  const float *x;
  float factor;
  float *y;
};
static void scaleBody(void *closure, int64_t begin, int64_t end) {
  struct Scale *scale = closure;
  for (int64_t i = begin; i < end; ++i)
    scale->y[i] = scale->x[i] * scale->factor;
}
static int32_t scale(const dreamer_services *services, void *const *buffers) {
  struct Scale closure = {buffers[0], ((const float *)buffers[0])[1008], buffers[1]};
  services->launch(services->context, 0, -1, 1000, scaleBody, &closure);
  return 0;
}

// total: the sum of norm.weight, which is kept; and how often it was made.
static int32_t total(const dreamer_services *services, void *const *buffers) {
  (void)services;
  const float *norm = (const float *)((char *)buffers[0] + 64);
  int64_t *kept = buffers[1]; // generation; what the sum is of from byte 64; the sum from byte 128
  float *sum = (float *)((char *)buffers[1] + 128);
  float *results = buffers[2];
  if (kept[8] != kept[0]) {
    *sum = norm[0] + norm[1] + norm[2];
    results[1] += 1;
    kept[8] = kept[0];
  }
  results[0] = *sum;
  return results[0] == 13 ? 3 : 0;
}

#define ENTRIES(score)                                                                             \
  {                                                                                                \
      {"score", score},   {"gradients", gradients}, {"train_step", trainStep},                     \
      {"decode", decode}, {"scale", scale},         {"total", total},                              \
  }
static const dreamer_entry entries0[] = ENTRIES(score0);
static const dreamer_entry entries1[] = ENTRIES(score1);
static const dreamer_variant variants[] = {
    {"baseline", 0, 6, 0, entries0},
    {"x86-64-v3", DREAMER_CPU_X86_64_V3, 6, 0, entries1},
    {"future", (uint64_t)1 << 63, 6, 0, entries0},
};

__attribute__((visibility("default"))) const dreamer_package_descriptor dreamer_package = {
    DREAMER_PACKAGE_ABI_VERSION, 3, variants, &header};
