// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// compile MODEL.yaml MODEL.dreamer [KEY=VALUE]: makes a package, opens it, says what is in it.

#include <dreamer-c/Compiler.h>
#include <dreamer-c/Runtime.h>
#include <stdio.h>

static void printMessage(void *user, dreamer_severity severity, const char *message) {
  (void)user;
  printf("%s: %s\n", severity == DREAMER_SEVERITY_ERROR ? "error" : "remark", message);
}

static void printPhase(void *user, const char *phase) {
  (void)user;
  printf("phase '%s'\n", phase);
}

int main(int argc, char **argv) {
  if (argc != 3 && argc != 4) {
    fprintf(stderr, "usage: compile MODEL.yaml MODEL.dreamer [KEY=VALUE]\n");
    return 2;
  }
  const char *const entries[] = {"score"};
  const char *const targets[] = {"cpu:native"};
  const char *const overrides[] = {argc == 4 ? argv[3] : ""};
  dreamer_compile_options options = {.size = sizeof options,
                                     .batch = 2,
                                     .entries = entries,
                                     .entry_count = 1,
                                     .targets = targets,
                                     .target_count = 1,
                                     .overrides = overrides,
                                     .override_count = argc == 4,
                                     .on_diagnostic = printMessage,
                                     .on_progress = printPhase};
  printf("compiler %s\n", dreamer_compiler_version());
  dreamer_compile_status status = dreamer_compile_file(argv[1], argv[2], &options);
  if (status != DREAMER_COMPILE_OK)
    return status;

  dreamer_package *package;
  dreamer_session *session;
  if (dreamer_package_open(argv[2], &package) != DREAMER_OK ||
      dreamer_session_create(package, NULL, &session) != DREAMER_OK) {
    printf("error: %s\n", dreamer_error_message());
    return 3;
  }
  printf("model %s runs on %s\n", dreamer_package_model_name(package),
         dreamer_session_device(session));
  dreamer_session_destroy(session);
  dreamer_package_destroy(package);
  return 0;
}
