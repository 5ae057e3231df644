// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/LowerTileToVector/TileProgram.h"
#include "dialects/Tile/TileDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include <bit>
#include <cmath>

using namespace mlir;

namespace dreamer::test {

std::unique_ptr<TileProgram> TileProgram::compile(StringRef text, int64_t vectorBits,
                                                  std::set<std::string> emulated) {
  MLIRContext context;
  context.loadDialect<tile::TileDialect, arith::ArithDialect, func::FuncDialect, math::MathDialect,
                      memref::MemRefDialect, scf::SCFDialect, vector::VectorDialect>();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return nullptr;
  auto program = std::make_unique<TileProgram>();
  program->jit = Jit::compile(*module, {"test", "", {}, vectorBits, std::move(emulated)});
  return program->jit ? std::move(program) : nullptr;
}

void TileProgram::run(llvm::ArrayRef<int64_t> arguments, int64_t blocks) const {
  for (int64_t block = 0; block < blocks; ++block) {
    llvm::SmallVector<int64_t> all(arguments);
    all.append({block, blocks});
    jit->call("f", all);
  }
}

std::string withNames(StringRef text, ArrayRef<std::pair<StringRef, std::string>> names) {
  std::string result = text.str();
  for (const auto &[name, value] : names)
    for (size_t at; (at = result.find(name.str())) != std::string::npos;)
      result.replace(at, name.size(), value);
  return result;
}

std::vector<uint16_t> toBf16(ArrayRef<float> numbers) {
  std::vector<uint16_t> result;
  for (float x : numbers)
    result.push_back(static_cast<uint16_t>(std::bit_cast<uint32_t>(x) >> 16));
  return result;
}

std::vector<float> randomNumbers(std::mt19937 &random, int64_t count, bool bf16) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> result(count);
  for (float &x : result) {
    x = uniform(random);
    if (bf16)
      x = std::bit_cast<float>(std::bit_cast<uint32_t>(x) & 0xffff0000u);
  }
  return result;
}

double distance(ArrayRef<float> a, ArrayRef<float> b) {
  double difference = 0, norm = 0;
  for (auto [x, y] : llvm::zip_equal(a, b)) {
    difference += (double(x) - y) * (double(x) - y);
    norm += double(y) * y;
  }
  return std::sqrt(difference) / std::sqrt(std::max(norm, 1e-300));
}

} // namespace dreamer::test
