// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kernels around wgmma, and its operands laid out in shared memory as the PTX ISA draws them.

#ifndef DREAMER_TEST_UNIT_EMULATORMATRIX_WARPGROUPKERNEL_H
#define DREAMER_TEST_UNIT_EMULATORMATRIX_WARPGROUPKERNEL_H

#include "test/unit/EmulatorMatrix/Plain.h"
#include "test/unit/EmulatorMatrix/Support.h"

namespace dreamer::emulator::test {

/// How an operand lies in shared memory.
struct OperandLayout {
  bool mnMajor = false;
  unsigned line = 128; ///< bytes of the swizzle; 16: none
  unsigned step = 0;   ///< K-major, swizzled: which 32 bytes of the line
  bool wide = false;   ///< other strides than the closest ones

  unsigned lineOf(unsigned row) const { return row * line / 128 % (line / 16); }
  /// Rows of a line when MN-major, of 16-bit elements.
  unsigned rowsOfLine() const { return line / 2; }

  uint32_t leading(unsigned rows) const {
    if (line == 16 && mnMajor)
      return wide ? 128 : (rows / 8) * 128;
    if (line == 16)
      return wide ? rows * 16 : 128;
    return mnMajor ? (wide ? 8 * line : 16 * line) : 0;
  }
  uint32_t stride(unsigned rows) const {
    if (line == 16 && mnMajor)
      return wide ? 256 : 128;
    if (line == 16)
      return wide ? 128 : 256;
    if (!mnMajor)
      return wide ? 2048 : 8 * line;
    unsigned lines = (rows + rowsOfLine() - 1) / rowsOfLine();
    return wide ? lines * 8 * line : 8 * line;
  }
  /// Bytes of memory that hold it.
  uint32_t bytes(unsigned rows) const {
    unsigned lines = (rows + rowsOfLine() - 1) / rowsOfLine();
    if (mnMajor)
      return line == 16 ? rows / 8 * 256 : lines * 16 * line;
    return line == 16 ? rows * 32 : rows / 8 * stride(rows);
  }
  /// Where byte `byte` of 32 of a row is (K-major), or of the element (row, k) (MN-major).
  uint32_t byteOfRow(unsigned rows, unsigned row, unsigned byte) const {
    uint32_t block = row / 8 * stride(rows);
    if (line == 16)
      return block + byte / 16 * leading(rows) + row % 8 * 16 + byte % 16;
    unsigned inLine = step * 32 + byte;
    return block + row % 8 * line + (inLine / 16 ^ lineOf(row % 8)) * 16 + inLine % 16;
  }
  uint32_t byteOfElement(unsigned rows, unsigned row, unsigned k) const {
    if (line == 16)
      return row / 8 * stride(rows) + k / 8 * leading(rows) + k % 8 * 16 + row % 8 * 2;
    unsigned piece = row % rowsOfLine() / 8;
    return row / rowsOfLine() * leading(rows) + k / 8 * stride(rows) + k % 8 * line +
           (piece ^ lineOf(k % 8)) * 16 + row % 8 * 2;
  }
  uint64_t descriptor(uint32_t base, unsigned rows) const {
    uint64_t mode = line == 128 ? 1 : line == 64 ? 2 : line == 32 ? 3 : 0;
    return uint64_t(base + step * 32) >> 4 | uint64_t(leading(rows) >> 4) << 16 |
           uint64_t(stride(rows) >> 4) << 32 | mode << 62;
  }
  /// Writes the elements, of which `at(row, k)` gives the bits.
  template <typename At>
  void fill(std::byte *memory, unsigned rows, unsigned k, unsigned bits, At at) const {
    for (unsigned row = 0; row < rows; ++row)
      for (unsigned i = 0; i < k; ++i) {
        uint32_t value = at(row, i), offset = mnMajor ? byteOfElement(rows, row, i)
                                                      : byteOfRow(rows, row, i * bits / 8);
        if (bits < 8)
          memory[offset] |= std::byte(value << i * bits % 8);
        else
          std::memcpy(memory + offset, &value, bits / 8);
      }
  }
};

/// Where element i of a thread's accumulators is: PTX ISA, "Register Fragments" of wgmma.
inline Place accumulatorPlace(unsigned thread, unsigned i) {
  unsigned lane = thread % 32;
  return {thread / 32 % 4 * 16 + lane / 4 + (i % 4 < 2 ? 0 : 8), i / 4 * 8 + lane % 4 * 2 + i % 2};
}

/// The instructions that go with wgmma.mma_async.
struct WarpgroupCommon : Common {
  std::unique_ptr<Operation> fenceOp = intrinsic("wgmma.fence.sync.aligned", 0, 0);
  std::unique_ptr<Operation> commitOp = intrinsic("wgmma.commit_group.sync.aligned", 0, 0);
  std::unique_ptr<Operation> waitOp = intrinsic("wgmma.wait_group.sync.aligned", 1, 0);

  void arrive(Thread &thread) const { execute(*fenceOp, thread, 0); }
  void commit(Thread &thread) const { execute(*commitOp, thread, 0); }
  void wait(Thread &thread, uint64_t pending) const { execute(*waitOp, thread, pending); }

private:
  static void execute(const Operation &operation, Thread &thread, uint64_t slot) {
    uint64_t slots[] = {slot};
    operation.execute(thread, slots);
  }
};

} // namespace dreamer::emulator::test

#endif // DREAMER_TEST_UNIT_EMULATORMATRIX_WARPGROUPKERNEL_H
