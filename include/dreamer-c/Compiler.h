// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// C API of the Dreamer compiler (libdreamer_compiler.so): from a model description to a package that
// the runtime can load.
//
//   dreamer_compile_options options = {sizeof options};
//   options.batch = 8;
//   options.on_diagnostic = print;            // void print(void *user, severity, const char *message)
//   if (dreamer_compile_file("model.yaml", "model.dreamer", &options) != DREAMER_COMPILE_OK) ...
//
// Calls are independent of each other and may run at the same time on different threads.

#ifndef DREAMER_C_COMPILER_H
#define DREAMER_C_COMPILER_H

#include <stddef.h>
#include <stdint.h>

#ifndef DREAMER_API
#define DREAMER_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/// Version of this interface. The major number changes when an existing program would break (and so
/// does SOVERSION).
#define DREAMER_COMPILER_API_MAJOR 0
#define DREAMER_COMPILER_API_MINOR 1

/// The version of the loaded library, major * 1000 + minor.
DREAMER_API uint32_t dreamer_compiler_api_version(void);
/// The version of the project that the library was built from, such as "0.1.0".
DREAMER_API const char *dreamer_compiler_version(void);

typedef enum dreamer_compile_status {
  DREAMER_COMPILE_OK = 0,
  DREAMER_COMPILE_FAILED = 1,           ///< the diagnostics say why
  DREAMER_COMPILE_INVALID_ARGUMENT = 2, ///< a null pointer or an option that is not known
} dreamer_compile_status;

typedef enum dreamer_severity {
  DREAMER_SEVERITY_NOTE = 0,
  DREAMER_SEVERITY_WARNING = 1,
  DREAMER_SEVERITY_ERROR = 2,
} dreamer_severity;

/// Called for each message, on the thread of the call. `message` is one line, with the file, line and
/// column it is about in front where there are some ("model.yaml:7:3: expected ..."); it is valid
/// during the call only.
typedef void (*dreamer_diagnostic_fn)(void *user, dreamer_severity severity, const char *message);

/// Called before each phase with its name ("program", "kernels", "target", "package") and after the
/// last one with "".
typedef void (*dreamer_progress_fn)(void *user, const char *phase);

/// What to compile a description to. Members that are zero have the default; set `size` to
/// sizeof(dreamer_compile_options), so that later versions can add members.
typedef struct dreamer_compile_options {
  size_t size;
  int64_t batch;         ///< sequences of a batch; default 1
  int64_t context;       ///< positions of a sequence; default: what the description says
  const char *dtype;     ///< of matrix products: "f32" (default) or "bf16"
  const char *recompute; ///< what training computes again: "none", "cheap" (default) or "depth"
  const char *const *entries; ///< "score", "train_step", ...; default: all
  size_t entry_count;
  const char *const *targets; ///< "cpu" (default), "cpu:native", "cpu:x86-64-v3", ...
  size_t target_count;
  const char *const *overrides; ///< keys of the description that change: "core.depth=8"
  size_t override_count;
  dreamer_diagnostic_fn on_diagnostic; ///< default: messages go to standard error
  dreamer_progress_fn on_progress;     ///< default: none
  void *user;                          ///< handed to both
  const char *tuning_database; ///< a file of dreamer-tune whose choices are used; default: none
  int64_t memory_budget; ///< bytes that a training entry may take in all its buffers; default: any
} dreamer_compile_options;

/// Compiles the description (YAML, `length` bytes) to a package at the path `output`. `name` is what
/// messages call the description. The package appears whole or not at all. `options` may be null.
DREAMER_API dreamer_compile_status dreamer_compile_text(const char *text, size_t length,
                                                        const char *name, const char *output,
                                                        const dreamer_compile_options *options);

/// The same for the description in a file.
DREAMER_API dreamer_compile_status dreamer_compile_file(const char *path, const char *output,
                                                        const dreamer_compile_options *options);

#ifdef __cplusplus
} // extern "C"
#endif

#endif // DREAMER_C_COMPILER_H
