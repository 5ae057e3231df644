// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Emulator/Machine/SpecialRegisters.h"

namespace dreamer::emulator {

namespace {

struct Entry {
  std::string_view name;
  size_t offset;
};

#define AXES(register, field)                                                                      \
  {register ".x", offsetof(SpecialRegisters, field)},                                              \
      {register ".y", offsetof(SpecialRegisters, field) + 4},                                      \
      {register ".z", offsetof(SpecialRegisters, field) + 8}

constexpr Entry entries[] = {
    AXES("tid", tid),
    AXES("ntid", ntid),
    AXES("ctaid", ctaid),
    AXES("nctaid", nctaid),
    AXES("cluster.ctaid", clusterCtaid),
    AXES("cluster.nctaid", clusterNctaid),
    AXES("clusterid", clusterid),
    AXES("nclusterid", nclusterid),
    {"laneid", offsetof(SpecialRegisters, laneid)},
    {"warpid", offsetof(SpecialRegisters, warpid)},
    {"nwarpid", offsetof(SpecialRegisters, nwarpid)},
    {"cluster.ctarank", offsetof(SpecialRegisters, clusterCtaRank)},
    {"cluster.nctarank", offsetof(SpecialRegisters, clusterCtaCount)},
    {"smid", offsetof(SpecialRegisters, smid)},
    {"nsmid", offsetof(SpecialRegisters, nsmid)},
    {"gridid", offsetof(SpecialRegisters, gridid)},
    {"dynamic.smem.size", offsetof(SpecialRegisters, dynamicSharedBytes)},
    {"dynamic_smem_size", offsetof(SpecialRegisters, dynamicSharedBytes)},
    {"total.smem.size", offsetof(SpecialRegisters, totalSharedBytes)},
    {"total_smem_size", offsetof(SpecialRegisters, totalSharedBytes)},
    {"aggr.smem.size", offsetof(SpecialRegisters, totalSharedBytes)},
    {"aggr_smem_size", offsetof(SpecialRegisters, totalSharedBytes)},
};

#undef AXES

} // namespace

std::string toString(const Dim3 &dims) {
  return std::to_string(dims[0]) + "x" + std::to_string(dims[1]) + "x" + std::to_string(dims[2]);
}

std::optional<size_t> offsetOfSpecialRegister(std::string_view name) {
  for (const Entry &entry : entries)
    if (entry.name == name)
      return entry.offset;
  return std::nullopt;
}

bool isCounter(std::string_view name) {
  return name == "clock" || name == "clock64" || name == "globaltimer" ||
         name == "globaltimer.lo" || name == "globaltimer_lo" || name == "clock.hi" ||
         name == "clock_hi";
}

} // namespace dreamer::emulator
