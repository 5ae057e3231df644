// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Running cases, storing what they gave, and comparing with what was stored.

#ifndef DREAMER_TOOLS_CONFORM_RUN_H
#define DREAMER_TOOLS_CONFORM_RUN_H

#include "runtime/core/Bundle.h"
#include "tools/dreamer-conform/Case.h"

#include <map>

namespace dreamer::conform {

/// What a case leaves behind; empty where it has none.
struct Outputs {
  std::vector<uint64_t> out;
  std::vector<uint32_t> after, tensor;
};

/// The group's module on the device. Where the whole is refused, each kernel is tried alone, so that
/// an instruction that the device lacks costs its own cases only.
class LoadedGroup {
public:
  /// `asPtx`: the device takes PTX.
  LoadedGroup(runtime::Gpu &gpu, const Group &group, bool asPtx);
  runtime::Result<Outputs> run(const Case &one);

private:
  runtime::Result<std::shared_ptr<runtime::GpuModule>> load(const Group &group);

  runtime::Gpu &gpu;
  const Group &group;
  const bool asPtx;
  std::shared_ptr<runtime::GpuModule> whole; ///< null: refused
  std::map<std::string, runtime::Result<std::shared_ptr<runtime::GpuModule>>> single;
};

/// Adds the case's inputs and outputs, which must outlive the bundle.
runtime::Status store(runtime::Bundle &bundle, const Case &one, const Outputs &outputs);
/// Adds their digests alone, as metadata.
runtime::Status storeDigests(runtime::Bundle &bundle, const Case &one, const Outputs &outputs);

struct Difference {
  size_t differing = 0, values = 0;
  std::string first; ///< which and how
};
/// Fails where the case is not stored, or was stored for other inputs.
runtime::Result<Difference> compare(const runtime::Bundle &stored, const Case &one,
                                    const Outputs &outputs);

} // namespace dreamer::conform

#endif // DREAMER_TOOLS_CONFORM_RUN_H
