// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All operations of the dialect, for the generators.

include "dialects/Dreamer/ExpertOps.td"
include "dialects/Dreamer/FusedOps.td"
include "dialects/Dreamer/GradientOps.td"
include "dialects/Dreamer/LayerOps.td"
include "dialects/Dreamer/RecurrenceOps.td"
include "dialects/Dreamer/TrainingOps.td"
