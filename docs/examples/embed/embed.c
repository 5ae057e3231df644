// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program that runs a compiled model:  embed MODEL.dreamer [WEIGHTS.safetensors] < text
// Prints the loss of the first batch of the text, byte by byte. Without weights the model is as
// initialized, and the loss near ln(vocabulary).

#include <dreamer-c/Runtime.h>

#include <stdio.h>
#include <stdlib.h>

static void check(dreamer_status status) {
  if (status == DREAMER_OK)
    return;
  fprintf(stderr, "embed: %s\n", dreamer_error_message());
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 2 && argc != 3) {
    fprintf(stderr, "usage: embed MODEL.dreamer [WEIGHTS.safetensors] < text\n");
    return 2;
  }
  dreamer_package *package;
  dreamer_session *session;
  check(dreamer_package_open(argv[1], &package));
  check(dreamer_session_create(package, NULL, &session));
  if (argc == 3) {
    dreamer_bundle *weights;
    check(dreamer_bundle_open(argv[2], &weights));
    check(dreamer_session_load(session, DREAMER_PARAMETERS, weights));
    dreamer_bundle_destroy(weights);
  } else {
    check(dreamer_session_initialize(session, 1));
  }

  // The inputs of `score`, filled in place: the target of a byte is the byte after it; -1 is ignored.
  dreamer_call *score;
  dreamer_tensor *tokens, *targets;
  check(dreamer_call_create(session, "score", &score));
  check(dreamer_call_input(score, "tokens", &tokens));
  check(dreamer_call_input(score, "targets", &targets));
  int32_t *token = dreamer_tensor_data(tokens), *target = dreamer_tensor_data(targets);
  int64_t count = dreamer_tensor_elements(tokens);
  int next = getchar();
  for (int64_t i = 0; i < count; ++i) {
    token[i] = next == EOF ? 0 : next;
    next = next == EOF ? EOF : getchar();
    target[i] = next == EOF ? -1 : next;
  }

  double loss;
  check(dreamer_call_run(score));
  check(dreamer_call_get_scalar(score, "loss", &loss));
  printf("%s on %s (%s): loss %.4f\n", dreamer_package_model_name(package),
         dreamer_session_device(session), dreamer_session_variant(session), loss);

  dreamer_tensor_destroy(tokens);
  dreamer_tensor_destroy(targets);
  dreamer_call_destroy(score);
  dreamer_session_destroy(session);
  dreamer_package_destroy(package);
  return 0;
}
