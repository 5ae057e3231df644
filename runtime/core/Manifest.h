// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The manifest of a package: what can be called, with which tensors, where they lie.
//
// JSON; keys marked ? may be absent, unknown keys are passed over (a newer compiler may say more).
//
//   format            1
//   compiler          {name, version, flags?: [text]}
//   model             name
//   description       the model description, YAML text
//   dtype             "f32" | "bf16": what matrices are multiplied in
//   batch, context, vocabulary     integers from 1
//   parameters        [{name, shape, dtype: "f32", offset, init: {std: x} | {fill: x},
//                     role?: "parameter" (default) | "balance"}]; offset in bytes into one buffer,
//                     a multiple of 64, in rising order
//   parameter_bytes   size of that buffer. Gradients and moments have buffers of the same layout.
//   training?         {learning_rate: 0.0003, ...}
//   blocks            [{name, depth, experts?, active?}]
//   targets           [{variant, features: [name]}]
//   errors?           [{code, message}]: what the codes that entries return mean
//   entries           [{name, arena_bytes, buffers, inputs, outputs}]
//     buffers         [{kind, name?, bytes?}], kind: "parameters" | "gradients" | "moment1" |
//                     "moment2" | "kept" | "arena" | "tensor"; the order in which the entry takes
//                     them. "kept": memory of the session, zero at first, for what the code of one
//                     variant makes of parameters; begins with an i64 that counts their changes,
//                     from 1 on.
//                     bytes of a "tensor" buffer: at least what its inputs and outputs need
//                     (default: that).
//     inputs          [{name, dtype, shape, buffer: index, offset?: bytes (0),
//                     role?: "input" (default) | "option" | "parameter" | "balance" | "moment1" |
//                     "moment2" | "cache", default?: number, range?: [minimum, maximum]}]
//     outputs         [{name, dtype, shape, buffer, offset?, role?,
//                     updates?: name of an input, at the same place}]
//   launches?         {variant: {entry: [{kernel, operation, part?, flops?, bytes_read?,
//                     bytes_written?, products?: "pairs" | "tiles"}]}}: what the code of a variant
//                     launches, by the ids that it gives (dreamer_services.launch); numbers are of
//                     one launch, 0 if absent; products: bf16 multiplied by AVX512-BF16 or AMX
//   cost?, plan?      for people and tools
//
// An input with a default is optional; so is "<block>.depth" (default: the compiled depth). Inputs
// without `range` whose names are known get one: tokens, token, targets, lengths, position, step,
// <block>.depth, <block>.expert_ids.

#ifndef DREAMER_RUNTIME_CORE_MANIFEST_H
#define DREAMER_RUNTIME_CORE_MANIFEST_H

#include "runtime/core/Json.h"
#include "runtime/core/Tensor.h"

#include <map>

namespace dreamer::runtime {

constexpr int64_t manifestFormat = 1;

/// Where a value lies: a buffer of an entry and bytes into it.
struct ValueSpec {
  std::string name;
  DType dtype = DType::F32;
  Shape shape;
  std::string role;
  size_t buffer = 0;
  size_t offset = 0;
  std::optional<double> defaultValue;
  std::optional<std::pair<int64_t, int64_t>> range;
  std::string updates;

  size_t bytes() const {
    return static_cast<size_t>(elementsOf(shape).value_or(0)) * sizeOf(dtype);
  }
};

enum class BufferKind { Parameters, Gradients, Moment1, Moment2, Kept, Arena, Tensor };
constexpr size_t stateCount = 4; ///< the first four kinds: buffers of a session

/// "parameters", ...
std::string_view nameOf(BufferKind kind);
/// What the names of values in a buffer of this kind begin with: "", "grad.", "moment1.",
/// "moment2.".
std::string_view prefixOf(BufferKind kind);

struct BufferSpec {
  BufferKind kind = BufferKind::Tensor;
  std::string name;
  size_t bytes = 0;
};

struct EntrySpec {
  std::string name;
  size_t arenaBytes = 0;
  std::vector<BufferSpec> buffers;
  std::vector<ValueSpec> inputs;
  std::vector<ValueSpec> outputs;

  const ValueSpec *input(std::string_view name) const;
  const ValueSpec *output(std::string_view name) const;
  bool uses(BufferKind kind) const;
};

struct ParameterSpec {
  std::string name;
  std::string role;
  DType dtype = DType::F32;
  Shape shape;
  size_t offset = 0;
  bool normal = false; ///< normal(0, value), else filled with value
  double value = 0;

  size_t bytes() const {
    return static_cast<size_t>(elementsOf(shape).value_or(0)) * sizeOf(dtype);
  }
};

struct BlockSpec {
  std::string name;
  int64_t depth = 1;
  int64_t experts = 0;
  int64_t active = 0;
};

struct TargetSpec {
  std::string variant;
  std::vector<std::string> features;
};

/// A place in the code of an entry that launches a kernel, and what one launch does. Bytes count
/// each touched byte once; in a loop over depth numbers are the mean over its steps, and where the
/// data decide (experts, cached positions) they are the most that can be.
struct LaunchSpec {
  std::string kernel;
  std::string operation; ///< that it is a part of, such as "dreamer.linear"
  std::string part;      ///< of the model, such as "core.sequence_attention"; "other" if unknown
  int64_t flops = 0;     ///< contractions; a multiply-add counts two
  int64_t bytesRead = 0;
  int64_t bytesWritten = 0;
  std::string products = {}; ///< of bf16 as it is: "pairs" or "tiles"; "" if all is f32

  int64_t bytes() const { return bytesRead + bytesWritten; }
};

struct Manifest {
  std::string compilerVersion;
  std::string model;
  std::string description;
  std::string dtype;
  int64_t batch = 1;
  int64_t context = 1;
  int64_t vocabulary = 1;
  std::vector<ParameterSpec> parameters;
  size_t parameterBytes = 0;
  std::map<std::string, double> training; ///< numbers and booleans of `training`
  std::vector<BlockSpec> blocks;
  std::vector<TargetSpec> targets;
  std::map<int64_t, std::string> errors;
  std::vector<EntrySpec> entries;
  /// By variant and entry, in the order of ids.
  std::map<std::string, std::map<std::string, std::vector<LaunchSpec>>, std::less<>> launches;

  /// What an entry of a variant launches; empty if the package does not say.
  const std::vector<LaunchSpec> &launchesOf(std::string_view variant,
                                            const std::string &entry) const;
  const EntrySpec *entry(std::string_view name) const;
  std::vector<std::string> entryNames() const;
  const ParameterSpec *parameter(std::string_view name) const;
  /// True if an entry takes a buffer of this kind.
  bool uses(BufferKind kind) const;
  /// Bytes of the buffer in which entries keep what they make of parameters; 0: none does.
  size_t keptBytes() const;
};

/// Reads and checks. `where` starts the message of a failure.
Result<Manifest> parseManifest(std::string_view text, std::string_view where);

/// Gives well-known inputs of an entry their ranges and defaults (see above).
void completeInputs(const Manifest &manifest, EntrySpec &entry);

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_MANIFEST_H
