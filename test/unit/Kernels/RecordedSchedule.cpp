// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Kernels/RecordedSchedule.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "gtest/gtest.h"

using namespace mlir;

namespace dreamer::test {

Value RecordedSchedule::buffer(Value value) {
  Value &buffer = buffers[value];
  if (!buffer) {
    Type type = value.getType();
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      type = MemRefType::get(tensor.getShape(), tensor.getElementType());
    buffer = host.addArgument(type, loc());
  }
  return buffer;
}

void RecordedSchedule::launch(StringRef name, OpFoldResult tasks, ValueRange arguments,
                              KernelBody body, int64_t) {
  auto count = getConstantIntValue(tasks);
  if (!count)
    FAIL() << "run-time task counts are not supported here";
  OpBuilder b(kernels.getBodyRegion());
  b.setInsertionPointToEnd(kernels.getBody());
  SmallVector<Type> types{b.getIndexType()};
  llvm::append_range(types, arguments.getTypes());
  std::string function = (name + Twine(launches.size())).str();
  auto kernel = func::FuncOp::create(b, loc(), function, b.getFunctionType(types, {}));
  Block *block = kernel.addEntryBlock();
  b.setInsertionPointToEnd(block);
  func::ReturnOp::create(b, loc());
  b.setInsertionPointToStart(block);
  body(b, loc(), block->getArgument(0), block->getArguments().drop_front());
  launches.push_back({function, *count, SmallVector<Value>(arguments)});
}

} // namespace dreamer::test
