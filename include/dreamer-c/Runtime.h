// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// C API of the Dreamer runtime: open a package made by dreamer-compile, give it weights, call its
// entries.
//
//   dreamer_package *package;
//   dreamer_session *session;
//   dreamer_call *call;
//   double loss;
//   dreamer_package_open("tiny.dreamer", &package);
//   dreamer_session_create(package, NULL, &session);
//   dreamer_session_initialize(session, 1234);  // or dreamer_session_load(session, ...)
//   dreamer_call_create(session, "score", &call);
//   dreamer_call_set(call, "tokens", tokens);
//   dreamer_call_set(call, "targets", targets);
//   dreamer_call_run(call);
//   dreamer_call_get_scalar(call, "loss", &loss);
//
// Rules that hold everywhere
//
//  * Functions that can fail return a dreamer_status. What was expected, what was found, where, and
//    a hint are then in dreamer_error_message() of the same thread. On failure no out-parameter is
//    written and nothing is leaked.
//  * Every handle that an out-parameter gives belongs to the caller and is freed by the destroy
//    function of its type. Pointers returned directly belong to the handle they came from.
//    destroy(NULL) does nothing.
//  * Handles hold what they need: a tensor that views a session's parameters keeps that memory
//    alive.
//  * Different handles can be used from different threads at once, one handle by one thread at a
//    time. Calls on one session share its parameters: run one of them at a time.
//  * Structures with a `size` member: set it to sizeof(structure), so that later versions can add
//    members.

#ifndef DREAMER_C_RUNTIME_H
#define DREAMER_C_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#error "the Dreamer runtime supports Linux"
#endif
#ifndef DREAMER_API
#define DREAMER_API __attribute__((visibility("default")))
#endif

// Enumerations are 32 bits wide. For C++ and C23, which can say so, any value that a caller hands
// over is then without undefined behaviour.
#if defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L)
#define DREAMER_32_BITS : int32_t
#else
#define DREAMER_32_BITS
#endif

#ifdef __cplusplus
extern "C" {
#endif

/// Version of this interface. The major number changes when an existing program would break (and so
/// does SOVERSION).
#define DREAMER_RUNTIME_API_MAJOR 0
#define DREAMER_RUNTIME_API_MINOR 2

/// The version of the loaded library, major * 1000 + minor.
DREAMER_API uint32_t dreamer_runtime_api_version(void);
/// The version of the project that the library was built from, such as "0.1.0".
DREAMER_API const char *dreamer_runtime_version(void);

//===-- Status ---===//

typedef enum dreamer_status DREAMER_32_BITS {
  DREAMER_OK = 0,
  DREAMER_INVALID_ARGUMENT = 1, ///< a null pointer, an unknown enumerator, a negative size
  DREAMER_NOT_FOUND = 2,        ///< no file, entry, input, output or tensor of that name
  DREAMER_IO_ERROR = 3,         ///< the operating system could not read or write
  DREAMER_BAD_FILE = 4,         ///< truncated, damaged or foreign file
  DREAMER_INCOMPATIBLE = 5,     ///< a package of another version or for another processor
  DREAMER_UNAVAILABLE = 6,      ///< a device that this build or machine does not have
  DREAMER_MISMATCH = 7,         ///< missing, extra or misshapen tensor, wrong element type
  DREAMER_OUT_OF_RANGE = 8,     ///< a value, such as a token, outside its range
  DREAMER_OUT_OF_MEMORY = 9,
  DREAMER_ENTRY_FAILED = 10, ///< an entry returned an error code; see dreamer_call_error_code
  DREAMER_INTERNAL = 11      ///< a fault of the runtime or of the package
} dreamer_status;

/// The message of the last failure on this thread ("" if none), valid until the next failure on
/// this thread.
DREAMER_API const char *dreamer_error_message(void);
/// "invalid argument", "not found", ...
DREAMER_API const char *dreamer_status_name(dreamer_status status);

//===-- Tensors ---===//
// Dense, row major (the last dimension is contiguous), at most DREAMER_MAX_RANK dimensions. A
// scalar has rank 0.

#define DREAMER_MAX_RANK 8

typedef enum dreamer_dtype DREAMER_32_BITS {
  DREAMER_F32 = 0,
  DREAMER_F64 = 1,
  DREAMER_BF16 = 2,
  DREAMER_I32 = 3,
  DREAMER_I64 = 4
} dreamer_dtype;

typedef struct dreamer_tensor dreamer_tensor;

/// "f32", "f64", "bf16", "i32", "i64"; NULL for anything else.
DREAMER_API const char *dreamer_dtype_name(dreamer_dtype dtype);
/// Bytes of one element; 0 for an unknown type.
DREAMER_API size_t dreamer_dtype_size(dreamer_dtype dtype);

/// A tensor of zeros with memory of its own, 64-byte aligned.
DREAMER_API dreamer_status dreamer_tensor_create(dreamer_dtype dtype, int32_t rank,
                                                 const int64_t *shape, dreamer_tensor **out);
/// A tensor over the caller's memory, which must outlive it. `bytes` is what `data` has room for.
DREAMER_API dreamer_status dreamer_tensor_borrow(dreamer_dtype dtype, int32_t rank,
                                                 const int64_t *shape, void *data, size_t bytes,
                                                 dreamer_tensor **out);
/// A second handle on the same memory.
DREAMER_API dreamer_status dreamer_tensor_share(const dreamer_tensor *tensor, dreamer_tensor **out);
/// A copy with memory of its own, converted: between f32, f64 and bf16 (round to nearest even), or
/// i32 and i64 (DREAMER_OUT_OF_RANGE if a value does not fit).
DREAMER_API dreamer_status dreamer_tensor_convert(const dreamer_tensor *tensor, dreamer_dtype dtype,
                                                  dreamer_tensor **out);
DREAMER_API void dreamer_tensor_destroy(dreamer_tensor *tensor);

DREAMER_API dreamer_dtype dreamer_tensor_dtype(const dreamer_tensor *tensor);
DREAMER_API int32_t dreamer_tensor_rank(const dreamer_tensor *tensor);
DREAMER_API const int64_t *dreamer_tensor_shape(const dreamer_tensor *tensor);
DREAMER_API int64_t dreamer_tensor_elements(const dreamer_tensor *tensor);
DREAMER_API size_t dreamer_tensor_bytes(const dreamer_tensor *tensor);
/// NULL if the memory is read-only: a tensor of a mapped file.
DREAMER_API void *dreamer_tensor_data(dreamer_tensor *tensor);
DREAMER_API const void *dreamer_tensor_const_data(const dreamer_tensor *tensor);

//===-- Bundles ---===//
// Named tensors in order, with text metadata: what a safetensors file holds.

typedef struct dreamer_bundle dreamer_bundle;

DREAMER_API dreamer_status dreamer_bundle_create(dreamer_bundle **out);
/// Maps a safetensors file: checks all of its header, copies no tensor. The tensors are read-only.
DREAMER_API dreamer_status dreamer_bundle_open(const char *path, dreamer_bundle **out);
/// Writes a safetensors file beside `path`, syncs it, then renames it into place: a crash, a full
/// disk or kill -9 leaves the previous file whole. Tensors are written in the order in which they
/// were added.
DREAMER_API dreamer_status dreamer_bundle_save(const dreamer_bundle *bundle, const char *path);
DREAMER_API void dreamer_bundle_destroy(dreamer_bundle *bundle);

DREAMER_API int64_t dreamer_bundle_count(const dreamer_bundle *bundle);
/// NULL if `index` is outside 0..count-1.
DREAMER_API const char *dreamer_bundle_name(const dreamer_bundle *bundle, int64_t index);
DREAMER_API const dreamer_tensor *dreamer_bundle_tensor(const dreamer_bundle *bundle,
                                                        int64_t index);
/// NULL if there is none of that name.
DREAMER_API const dreamer_tensor *dreamer_bundle_find(const dreamer_bundle *bundle,
                                                      const char *name);
/// Adds the tensor, sharing its memory (the caller keeps its handle). A name already present is an
/// error.
DREAMER_API dreamer_status dreamer_bundle_add(dreamer_bundle *bundle, const char *name,
                                              const dreamer_tensor *tensor);
/// Adds every tensor of `other` as prefix + its name, sharing memory.
DREAMER_API dreamer_status dreamer_bundle_add_all(dreamer_bundle *bundle,
                                                  const dreamer_bundle *other, const char *prefix);

DREAMER_API int64_t dreamer_bundle_metadata_count(const dreamer_bundle *bundle);
DREAMER_API const char *dreamer_bundle_metadata_key(const dreamer_bundle *bundle, int64_t index);
/// NULL if there is no such key.
DREAMER_API const char *dreamer_bundle_metadata(const dreamer_bundle *bundle, const char *key);
DREAMER_API dreamer_status dreamer_bundle_set_metadata(dreamer_bundle *bundle, const char *key,
                                                       const char *value);

//===-- Packages ---===//
// A checked package file. None of its code is loaded before a session is made of it, so a package
// for another processor can still be looked at.

typedef struct dreamer_package dreamer_package;

/// What an entry takes or gives under one name.
typedef struct dreamer_value_info {
  uint32_t size; ///< sizeof(dreamer_value_info)
  dreamer_dtype dtype;
  int32_t rank;
  int64_t shape[DREAMER_MAX_RANK];
  const char *name;
  /// input: "input", "option", "parameter", "balance", "moment1", "moment2" or "cache"; output:
  /// "output", "gradient" or the role of the input that it updates
  const char *role;
  const char *updates; ///< outputs: the input that this is the new value of, in place; else NULL
  int32_t optional;    ///< inputs: 1 if there is a default
  int32_t has_range;   ///< inputs: 1 if every element must lie in minimum..maximum (integers)
  int64_t minimum;
  int64_t maximum;
} dreamer_value_info;

/// One block of the model: `depth` times one layer or group, or `depth` untied layers.
typedef struct dreamer_block_info {
  uint32_t size; ///< sizeof(dreamer_block_info)
  const char *name;
  int64_t depth;   ///< what the package was compiled for; `<name>.depth` may be 1..depth
  int64_t experts; ///< 0 without expert attention
  int64_t active;
} dreamer_block_info;

/// Opens, maps and checks: sections, version, sizes, checksum, manifest.
DREAMER_API dreamer_status dreamer_package_open(const char *path, dreamer_package **out);
DREAMER_API void dreamer_package_destroy(dreamer_package *package);

DREAMER_API const char *dreamer_package_path(const dreamer_package *package);
/// The model's name and its description (YAML text).
DREAMER_API const char *dreamer_package_model_name(const dreamer_package *package);
DREAMER_API const char *dreamer_package_description(const dreamer_package *package);
/// The manifest: JSON text, zero terminated.
DREAMER_API const char *dreamer_package_manifest(const dreamer_package *package);
/// The model phase as MLIR bytecode.
DREAMER_API const void *dreamer_package_model(const dreamer_package *package, size_t *size);
DREAMER_API uint64_t dreamer_package_checksum_value(const dreamer_package *package);
DREAMER_API int64_t dreamer_package_batch(const dreamer_package *package);
DREAMER_API int64_t dreamer_package_context(const dreamer_package *package);
DREAMER_API int64_t dreamer_package_vocabulary(const dreamer_package *package);
/// A number of the manifest's `training` object, such as "learning_rate"; DREAMER_NOT_FOUND if it
/// is not there or not a number (true and false read as 1 and 0).
DREAMER_API dreamer_status dreamer_package_training_value(const dreamer_package *package,
                                                          const char *key, double *out);

DREAMER_API int64_t dreamer_package_block_count(const dreamer_package *package);
DREAMER_API dreamer_status dreamer_package_block(const dreamer_package *package, int64_t index,
                                                 dreamer_block_info *out);
DREAMER_API int64_t dreamer_package_parameter_count(const dreamer_package *package);
DREAMER_API dreamer_status dreamer_package_parameter(const dreamer_package *package, int64_t index,
                                                     dreamer_value_info *out);
DREAMER_API int64_t dreamer_package_entry_count(const dreamer_package *package);
DREAMER_API const char *dreamer_package_entry_name(const dreamer_package *package, int64_t index);
/// 1 if the package has this entry.
DREAMER_API int32_t dreamer_package_has_entry(const dreamer_package *package, const char *entry);
/// -1 if there is no such entry.
DREAMER_API int64_t dreamer_package_input_count(const dreamer_package *package, const char *entry);
DREAMER_API int64_t dreamer_package_output_count(const dreamer_package *package, const char *entry);
DREAMER_API dreamer_status dreamer_package_input(const dreamer_package *package, const char *entry,
                                                 int64_t index, dreamer_value_info *out);
DREAMER_API dreamer_status dreamer_package_output(const dreamer_package *package, const char *entry,
                                                  int64_t index, dreamer_value_info *out);
/// Bytes of working memory that a call of this entry takes besides its inputs and outputs; -1 if
/// there is no such entry.
DREAMER_API int64_t dreamer_package_arena_bytes(const dreamer_package *package, const char *entry);
/// Bytes in which a session keeps what entries make of its parameters (weights in the form that
/// kernels read), from the first call of such an entry on.
DREAMER_API int64_t dreamer_package_kept_bytes(const dreamer_package *package);

/// A place in the code of an entry that launches a kernel, and what one launch does. FLOPs are those
/// of contractions, a multiply-add counting two; bytes count every touched byte once. In a loop over
/// depth they are the mean over its steps, all run; where the data decide (experts, cached
/// positions) they are the most that can be.
typedef struct dreamer_launch_info {
  uint32_t size;         ///< sizeof(dreamer_launch_info)
  const char *kernel;    ///< such as "linear_product_3"
  const char *operation; ///< that the kernel is a part of, such as "dreamer.linear"
  const char *part;      ///< of the model, such as "core.sequence_attention"; "other" if unknown
  int64_t flops;
  int64_t bytes_read;
  int64_t bytes_written;
} dreamer_launch_info;

/// The launches of an entry as compiled for one variant (dreamer_session_variant); -1 if there is no
/// such entry or variant, or the package does not say.
DREAMER_API int64_t dreamer_package_launch_count(const dreamer_package *package,
                                                 const char *variant, const char *entry);
DREAMER_API dreamer_status dreamer_package_launch(const dreamer_package *package,
                                                  const char *variant, const char *entry,
                                                  int64_t index, dreamer_launch_info *out);

//===-- Sessions ---===//
// A package ready to run on a device, with its parameters and, where an entry needs them, gradients
// and moments.

typedef struct dreamer_session dreamer_session;

/// Calls body(closure, begin, end) on disjoint ranges that cover 0..tasks-1, on any threads;
/// returns when all did.
typedef void (*dreamer_parallel_for_fn)(void *context, int64_t tasks,
                                        void (*body)(void *closure, int64_t begin, int64_t end),
                                        void *closure);

typedef struct dreamer_session_options {
  uint32_t size;      ///< sizeof(dreamer_session_options)
  int32_t threads;    ///< 0: OMP_NUM_THREADS, else all processors. The results do not depend on it.
  const char *device; ///< NULL or "cpu", "cuda", "emulator"
  const char
      *variant; ///< NULL: the most demanding variant that this processor can run; else that one
  dreamer_parallel_for_fn
      parallel_for; ///< NULL: OpenMP. Else the program's own threads do the work.
  void *parallel_context;
} dreamer_session_options;

/// `options` may be NULL. Parameters are not set yet; gradients and moments are zeros.
DREAMER_API dreamer_status dreamer_session_create(const dreamer_package *package,
                                                  const dreamer_session_options *options,
                                                  dreamer_session **out);
DREAMER_API void dreamer_session_destroy(dreamer_session *session);
DREAMER_API const char *dreamer_session_device(const dreamer_session *session);
DREAMER_API const char *dreamer_session_variant(const dreamer_session *session);
DREAMER_API int32_t dreamer_session_threads(const dreamer_session *session);

/// What one thread did of a launch. Threads are numbered as they first take part in the process.
typedef struct dreamer_thread_share {
  int32_t thread;
  int64_t tasks;
  int64_t begin; ///< of its first task, nanoseconds
  int64_t end;   ///< of its last task
  int64_t busy;  ///< nanoseconds in tasks
} dreamer_thread_share;

/// A launch that has ended. Times are nanoseconds of a clock that only goes forward.
typedef struct dreamer_launch_event {
  uint32_t size; ///< sizeof(dreamer_launch_event) as the library knows it
  const char *entry;
  int64_t launch; ///< index for dreamer_package_launch, -1 if unknown
  int64_t depth;  ///< step of the innermost loop over depth, -1 outside of loops
  int64_t tasks;
  int64_t begin;
  int64_t end;
  int64_t thread_count;
  const dreamer_thread_share *threads; ///< valid during the call
} dreamer_launch_event;

typedef void (*dreamer_profile_fn)(void *context, const dreamer_launch_event *event);

/// From the next run of a call on, `profile` is called after every launch, on the thread that runs
/// the call. NULL ends that. Results do not depend on it; while it is set a run allocates memory.
DREAMER_API dreamer_status dreamer_session_set_profile(dreamer_session *session,
                                                       dreamer_profile_fn profile, void *context);

/// The buffers of a session. All have one entry per parameter, of the parameter's shape.
typedef enum dreamer_state DREAMER_32_BITS {
  DREAMER_PARAMETERS = 0, ///< named "<parameter>"; with expert biases
  DREAMER_GRADIENTS = 1,  ///< named "grad.<parameter>"; what the last call of `gradients` left
  DREAMER_MOMENT1 = 2,    ///< named "moment1.<parameter>"
  DREAMER_MOMENT2 = 3     ///< named "moment2.<parameter>"
} dreamer_state;

/// Fills the parameters with the initial values that the package states, from `seed`; zeroes the
/// moments.
DREAMER_API dreamer_status dreamer_session_initialize(dreamer_session *session, uint64_t seed);
/// Copies tensors of the bundle into one state, converting f64 and bf16. Every tensor of the state
/// must be there with its shape; else DREAMER_MISMATCH, naming all that is missing, extra or
/// misshapen, and nothing is changed. Tensors whose names belong to another state ("moment1.", ...)
/// are passed over, so a checkpoint serves as weights.
DREAMER_API dreamer_status dreamer_session_load(dreamer_session *session, dreamer_state state,
                                                const dreamer_bundle *bundle);
/// A bundle of views of one state, writable, in the package's order. DREAMER_NOT_FOUND if no entry
/// uses this state.
DREAMER_API dreamer_status dreamer_session_state(dreamer_session *session, dreamer_state state,
                                                 dreamer_bundle **out);
/// Fills one state with zeros.
DREAMER_API dreamer_status dreamer_session_clear(dreamer_session *session, dreamer_state state);
/// Copies one parameter in, converting. DREAMER_NOT_FOUND names the nearest parameter.
DREAMER_API dreamer_status dreamer_session_set_parameter(dreamer_session *session, const char *name,
                                                         const dreamer_tensor *tensor);
/// A writable view of one parameter. While it exists, entries that keep packed weights make them anew at
/// every run; destroy it when it is written.
DREAMER_API dreamer_status dreamer_session_parameter(dreamer_session *session, const char *name,
                                                     dreamer_tensor **out);

//===-- Calls ---===//
// One entry of a session with its inputs, outputs and arena, allocated once; run it as often as
// wanted.

typedef struct dreamer_call dreamer_call;

DREAMER_API dreamer_status dreamer_call_create(dreamer_session *session, const char *entry,
                                               dreamer_call **out);
DREAMER_API void dreamer_call_destroy(dreamer_call *call);

/// Copies a value in; it stays for later runs. Shape must agree; i64 is converted to i32, f64 and
/// bf16 to f32 and back. Parameters and moments can be given by their names too: they are the
/// session's.
DREAMER_API dreamer_status dreamer_call_set(dreamer_call *call, const char *input,
                                            const dreamer_tensor *tensor);
/// Sets every element of an input to one value: options such as "core.depth", and `step` and
/// `rate`.
DREAMER_API dreamer_status dreamer_call_set_scalar(dreamer_call *call, const char *input,
                                                   double value);
/// Back to the default (optional inputs) or to zeros and "not given" (the others).
DREAMER_API dreamer_status dreamer_call_reset(dreamer_call *call, const char *input);
/// A writable view of an input, which then counts as given: fill it in place instead of copying.
DREAMER_API dreamer_status dreamer_call_input(dreamer_call *call, const char *input,
                                              dreamer_tensor **out);
/// Checks that all inputs are given and in range, then runs. DREAMER_ENTRY_FAILED carries the
/// package's message.
DREAMER_API dreamer_status dreamer_call_run(dreamer_call *call);
/// The code that the entry returned in the last run (0: none).
DREAMER_API int32_t dreamer_call_error_code(const dreamer_call *call);
/// A view of an output: holds what the last run left, and changes with the next run.
DREAMER_API dreamer_status dreamer_call_output(dreamer_call *call, const char *output,
                                               dreamer_tensor **out);
/// A copy of an output.
DREAMER_API dreamer_status dreamer_call_copy_output(dreamer_call *call, const char *output,
                                                    dreamer_tensor **out);
/// The value of an output with one element, such as `loss`.
DREAMER_API dreamer_status dreamer_call_get_scalar(dreamer_call *call, const char *output,
                                                   double *out);

/// One call by name, for tools and tests: sets all tensors of `inputs` (a name that is no input is
/// an error), runs, and gives copies of all outputs.
DREAMER_API dreamer_status dreamer_session_call(dreamer_session *session, const char *entry,
                                                const dreamer_bundle *inputs,
                                                dreamer_bundle **outputs);

//===-- Random numbers ---===//
// Philox4x32-10 with key = seed and counter = (block low, block high, purpose, stream): any number
// can be had without the ones before it. Element i of a sequence is word i % 4 of block i / 4.

typedef enum dreamer_purpose DREAMER_32_BITS {
  DREAMER_RANDOM_INITIALIZE = 0, ///< stream: dreamer_random_stream(parameter name)
  DREAMER_RANDOM_DATA_ORDER = 1,
  DREAMER_RANDOM_SAMPLING = 2,
  DREAMER_RANDOM_PROBLEMS = 3
} dreamer_purpose;

DREAMER_API void dreamer_random_block(uint64_t seed, uint64_t block, uint32_t purpose,
                                      uint32_t stream, uint32_t out[4]);
/// FNV-1a-32 of a name.
DREAMER_API uint32_t dreamer_random_stream(const char *name);

#ifdef __cplusplus
}
#endif

#endif // DREAMER_C_RUNTIME_H
