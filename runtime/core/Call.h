// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// One entry of a session with memory for its inputs, outputs and arena, allocated once.

#ifndef DREAMER_RUNTIME_CORE_CALL_H
#define DREAMER_RUNTIME_CORE_CALL_H

#include "runtime/core/Session.h"

namespace dreamer::runtime {

class Call {
public:
  static Result<std::unique_ptr<Call>> create(std::shared_ptr<Session> session,
                                              std::string_view entry);

  const EntrySpec &entry() const { return *theEntry; }

  /// Copies a value in; the shape must agree, floats and integers convert among themselves.
  Status set(std::string_view input, const Tensor &tensor);
  /// Sets every element.
  Status setScalar(std::string_view input, double value);
  /// Back to the default, or to zeros and "not given".
  Status reset(std::string_view input);
  /// A writable view, which then counts as given.
  Result<Tensor> input(std::string_view name);

  /// Checks that all inputs are given and in range, runs the entry, and turns its code into a
  /// status.
  Status run();
  int32_t errorCode() const { return lastCode; }

  /// A view of what the last run left.
  Result<Tensor> output(std::string_view name) const;

private:
  Call() = default;
  Result<size_t> inputIndex(std::string_view name) const;
  Tensor view(const ValueSpec &value) const;
  Tensor view(const ValueSpec &value, const std::shared_ptr<std::byte> &owner) const;
  Tensor lend(const ValueSpec &value) const;
  Status fillDefault(size_t index);
  bool isMissing(size_t input) const;
  bool allGiven() const;
  Status missingInputs() const;
  Status checkRanges() const;

  std::shared_ptr<Session> session;
  const EntrySpec *theEntry = nullptr;
  size_t entryIndex = 0;
  // What is known of the entry; a call of a small one takes less than 50 ns.
  bool readsParameters = false, readsKept = false, writesParameters = false, hasRanges = false;
  std::vector<std::shared_ptr<std::byte>> memory; // in the order of the entry's buffers
  std::vector<void *> pointers;                   // the same, as the entry takes them
  std::vector<bool> given;                        // in the order of the entry's inputs
  int32_t lastCode = 0;
};

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_CALL_H
