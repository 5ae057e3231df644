// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The safetensors format, as Hugging Face writes it: eight bytes with the size of the header
// (little endian), a JSON header, then the tensors' bytes.
//
//   {"__metadata__": {"key": "text", ...},
//    "<name>": {"dtype": "F32", "shape": [2,16], "data_offsets": [begin, end]}, ...}
//
// Offsets count from the end of the header. The tensors cover the rest of the file exactly: no
// holes, no overlaps. The header is at most 100 MB. Specification:
// https://github.com/huggingface/safetensors#format

#ifndef DREAMER_RUNTIME_CORE_SAFETENSORS_H
#define DREAMER_RUNTIME_CORE_SAFETENSORS_H

#include "runtime/core/Bundle.h"

#include <cstddef>
#include <span>

namespace dreamer::runtime {

/// Maps the file and checks its header; the tensors are read-only views of the mapping, in the
/// order in which they lie in the file. Only a tensor that lies at a place unaligned for its type
/// is copied.
Result<Bundle> readSafetensors(const std::string &path);

/// The same on bytes in memory, which `owner` keeps alive. `where` starts the message of a failure.
Result<Bundle> parseSafetensors(std::span<const std::byte> file, std::string_view where,
                                const std::shared_ptr<const void> &owner);

/// Writes a file atomically (AtomicFile). Tensors lie in the order of the bundle, but wider element
/// types first, so that every one is aligned; the data begin at a multiple of 64 bytes.
Status writeSafetensors(const Bundle &bundle, const std::string &path);

} // namespace dreamer::runtime

#endif // DREAMER_RUNTIME_CORE_SAFETENSORS_H
