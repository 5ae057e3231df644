// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Support/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

remark::RemarkOpts dreamer::remarkOptions(Operation *op, StringRef pass, StringRef category) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  return remark::RemarkOpts::name(pass).category(category).function(function ? function.getName()
                                                                             : StringRef());
}

remark::detail::InFlightRemark dreamer::remarkMade(Operation *op, StringRef pass) {
  return remark::passed(op->getLoc(), remarkOptions(op, pass, "fuse"));
}

remark::detail::InFlightRemark dreamer::remarkRefused(Operation *op, StringRef pass) {
  return remark::missed(op->getLoc(), remarkOptions(op, pass, "fuse"));
}
