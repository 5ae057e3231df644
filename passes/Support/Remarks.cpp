// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Support/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

static remark::RemarkOpts optionsFor(Operation *op, StringRef pass) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  return remark::RemarkOpts::name(pass).category("fuse").function(function ? function.getName()
                                                                           : StringRef());
}

remark::detail::InFlightRemark dreamer::remarkMade(Operation *op, StringRef pass) {
  return remark::passed(op->getLoc(), optionsFor(op, pass));
}

remark::detail::InFlightRemark dreamer::remarkRefused(Operation *op, StringRef pass) {
  return remark::missed(op->getLoc(), optionsFor(op, pass));
}
