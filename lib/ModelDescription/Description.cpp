// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/ModelDescription/Description.h"

namespace dreamer {

int64_t Block::historySlotsPerStep() const {
  int64_t slots = 0;
  for (const Layer &layer : layers)
    slots += layer.depthAttention.has_value();
  return slots;
}

std::string Block::parameterPrefix(int64_t j, int64_t d) const {
  if (kind == Kind::Layers)
    return name + "." + std::to_string(d);
  return isGroup ? name + "." + std::to_string(j) : name;
}

int64_t Description::applications() const {
  int64_t total = 0;
  for (const Block &block : stack)
    total += block.applications();
  return total;
}

} // namespace dreamer
