// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// All makers of operations; one a file of this folder.

#ifndef DREAMER_EMULATOR_MACHINE_OPERATIONS_MAKERS_H
#define DREAMER_EMULATOR_MACHINE_OPERATIONS_MAKERS_H

#include "lib/Emulator/Machine/Operation.h"

namespace dreamer::emulator {

std::unique_ptr<Operation>
makeBarrier(const Instruction &); // bar.sync, barrier.cta.*, bar.warp.sync
std::unique_ptr<Operation> makeShuffle(const Instruction &); // shfl.sync
std::unique_ptr<Operation>
makeVote(const Instruction &); // vote.sync, match.sync, elect.sync, activemask
std::unique_ptr<Operation> makeReduction(const Instruction &);    // redux.sync
std::unique_ptr<Operation> makeMatrixMove(const Instruction &);   // ldmatrix, stmatrix, movmatrix
std::unique_ptr<Operation> makeMma(const Instruction &);          // mma.sync
std::unique_ptr<Operation> makeWarpgroupMma(const Instruction &); // wgmma.*
std::unique_ptr<Operation> makeConversion(const Instruction &);   // cvt between float formats
std::unique_ptr<Operation> makeAsyncCopy(const Instruction &);    // cp.async (not bulk), its groups
std::unique_ptr<Operation>
makeMBarrier(const Instruction &); // mbarrier.*, cp.async.mbarrier.arrive
std::unique_ptr<Operation>
makeBulkCopy(const Instruction &); // cp.async.bulk, cp.reduce.async.bulk, not tensors
std::unique_ptr<Operation>
makeTensorCopy(const Instruction &); // cp.async.bulk.tensor, cp.reduce.async.bulk.tensor
std::unique_ptr<Operation> makeFence(const Instruction &);   // membar, fence, fence.proxy.*
std::unique_ptr<Operation> makeCluster(const Instruction &); // barrier.cluster, mapa, getctarank
std::unique_ptr<Operation>
makeMisc(const Instruction &); // setmaxnreg, nanosleep, prefetch, counters, trap

} // namespace dreamer::emulator

#endif // DREAMER_EMULATOR_MACHINE_OPERATIONS_MAKERS_H
