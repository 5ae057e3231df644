// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All passes on the Dreamer dialect.

#ifndef DREAMER_PASSES_PASSES_H
#define DREAMER_PASSES_PASSES_H

namespace dreamer {

/// Makes the passes known by their names, for pass pipelines given as text.
void registerDreamerPasses();

} // namespace dreamer

#endif // DREAMER_PASSES_PASSES_H
