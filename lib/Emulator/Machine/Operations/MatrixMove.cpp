// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// ldmatrix, stmatrix and movmatrix: 8x8 matrices of 16-bit elements between shared memory and
// registers. PTX ISA 8.x, sections "Warp-level matrix load instruction: ldmatrix", "... store
// instruction: stmatrix", "Warp-level matrix transpose instruction: movmatrix". Shapes and types
// that need sm_100 (m16n16, m8n16, m16n8, b8) are not known here.

#include "lib/Emulator/Machine/Fragments.h"
#include "lib/Emulator/Machine/Machine.h"
#include "lib/Emulator/Machine/Operations/Makers.h"

#include <cstring>

namespace dreamer::emulator {

namespace {

constexpr size_t rowBytes = 16;

/// Rows of up to four matrices; lane i gives the address of row i % 8 of matrix i / 8.
class MatrixMemoryOperation : public WarpOperation {
public:
  MatrixMemoryOperation(unsigned matrices, bool transposed)
      : matrices(matrices), transposed(transposed) {}

protected:
  /// Where the part of a lane's register for `matrix` lies in eight rows of eight elements.
  unsigned element(unsigned lane, unsigned part) const {
    Place place = placeIn8x8(lane, part);
    return transposed ? place.column * 8 + place.row : place.row * 8 + place.column;
  }
  std::byte *row(Warp &warp, unsigned i, Access kind) const {
    Thread &lane = warp.lane(i);
    return lane.access(Space::Shared, lane.slots[addressSlot], rowBytes, kind, *this, rowBytes);
  }

  unsigned matrices;
  bool transposed;
  unsigned addressSlot = 0;
};

class LoadMatrix final : public MatrixMemoryOperation {
public:
  using MatrixMemoryOperation::MatrixMemoryOperation;

  bool joins() const override { return true; }
  bool place(std::span<const uint16_t> places) override {
    for (unsigned i = 0; i < matrices; ++i)
      if (places[1 + i] != places[1] + i)
        return false;
    addressSlot = places[0];
    resultSlot = places[1];
    return true;
  }

  void execute(Warp &warp, uint32_t lanes) const override {
    alignas(16) uint16_t elements[4][64] = {};
    for (unsigned i = 0; i < 8 * matrices; ++i)
      if (lanes >> i & 1)
        std::memcpy(elements[i / 8] + i % 8 * 8, row(warp, i, Access::Read), rowBytes);
    if (!transposed) { // lane i holds word i of each
      for (; lanes; lanes &= lanes - 1) {
        unsigned i = __builtin_ctz(lanes);
        uint64_t *results = warp.lane(i).slots + resultSlot;
        for (unsigned matrix = 0; matrix < matrices; ++matrix) {
          uint32_t word;
          std::memcpy(&word, &elements[matrix][2 * i], sizeof word);
          results[matrix] = word;
        }
      }
      return;
    }
    for (; lanes; lanes &= lanes - 1) {
      unsigned i = __builtin_ctz(lanes), low = element(i, 0), high = element(i, 1);
      for (unsigned matrix = 0; matrix < matrices; ++matrix)
        warp.lane(i).slots[resultSlot + matrix] =
            elements[matrix][low] | uint32_t(elements[matrix][high]) << 16;
    }
  }

private:
  unsigned resultSlot = 1; ///< of the first matrix
};

class StoreMatrix final : public MatrixMemoryOperation {
public:
  using MatrixMemoryOperation::MatrixMemoryOperation;

  void execute(Warp &warp, uint32_t lanes) const override {
    alignas(16) uint16_t elements[4][64] = {};
    for (uint32_t rest = lanes; rest; rest &= rest - 1) {
      unsigned i = __builtin_ctz(rest), low = element(i, 0), high = element(i, 1);
      for (unsigned matrix = 0; matrix < matrices; ++matrix) {
        uint32_t both = uint32_t(warp.lane(i).slots[1 + matrix]);
        elements[matrix][low] = uint16_t(both);
        elements[matrix][high] = uint16_t(both >> 16);
      }
    }
    for (unsigned i = 0; i < 8 * matrices; ++i)
      if (lanes >> i & 1)
        std::memcpy(row(warp, i, Access::Write), elements[i / 8] + i % 8 * 8, rowBytes);
  }
};

class MoveMatrix final : public WarpOperation {
public:
  bool joins() const override { return true; }
  void execute(Warp &warp, uint32_t lanes) const override {
    uint16_t elements[64] = {};
    for (uint32_t rest = lanes; rest; rest &= rest - 1)
      for (unsigned i = __builtin_ctz(rest), part = 0; part < 2; ++part) {
        Place place = placeIn8x8(i, part);
        elements[place.row * 8 + place.column] = uint16_t(warp.lane(i).slots[0] >> 16 * part);
      }
    for (; lanes; lanes &= lanes - 1) {
      unsigned i = __builtin_ctz(lanes);
      Place low = placeIn8x8(i, 0), high = placeIn8x8(i, 1);
      warp.lane(i).slots[1] =
          elements[low.column * 8 + low.row] | uint32_t(elements[high.column * 8 + high.row]) << 16;
    }
  }
};

} // namespace

std::unique_ptr<Operation> makeMatrixMove(const Instruction &instruction) {
  std::vector<std::string_view> words = instruction.words();
  bool load = words[0] == "ldmatrix", store = words[0] == "stmatrix";
  if (instruction.form == Instruction::Form::Ptx &&
      instruction.name == "movmatrix.sync.aligned.m8n8.trans.b16")
    return instruction.inputs == 1 && instruction.outputs == 1 ? std::make_unique<MoveMatrix>()
                                                               : nullptr;
  if ((!load && !store) || words.size() < 6 || words[1] != "sync" || words[2] != "aligned" ||
      words[3] != "m8n8")
    return nullptr;
  unsigned matrices = words[4] == "x1" ? 1 : words[4] == "x2" ? 2 : words[4] == "x4" ? 4 : 0;
  bool transposed = false, ofPairs = false;
  for (size_t i = 5; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (word == "trans")
      transposed = true;
    else if (word == "b16")
      ofPairs = true;
    else if (word != "shared" && word != "shared::cta" && word != "p3" && word != "p0")
      return nullptr;
  }
  if (!matrices || !ofPairs || instruction.inputs != (load ? 1 : 1 + matrices) ||
      instruction.outputs != (load ? matrices : 0))
    return nullptr;
  if (load)
    return std::make_unique<LoadMatrix>(matrices, transposed);
  return std::make_unique<StoreMatrix>(matrices, transposed);
}

} // namespace dreamer::emulator
