// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Support/Plan.h"
#include "dialects/Dreamer/DreamerDialect.h"
#include "lib/Cost/Parts.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace dreamer;

void dreamer::addToPlan(ModuleOp module, const PlanLine &line) {
  Builder builder(module.getContext());
  NamedAttrList item;
  auto function = line.op->getParentOfType<FunctionOpInterface>();
  item.set("function", builder.getStringAttr(function ? function.getName() : ""));
  item.set("operation", builder.getStringAttr(line.op->getName().stripDialect()));
  item.set("part", builder.getStringAttr(partOf(line.op)));
  item.set("subject", builder.getStringAttr(line.subject));
  item.set("decision", builder.getStringAttr(line.decision));
  item.set("reason", builder.getStringAttr(line.reason));
  item.set("bytes", builder.getI64IntegerAttr(line.bytes));
  item.set("flops", builder.getI64IntegerAttr(line.flops));
  for (auto [name, value] : {std::pair("sum_bytes", line.sumBytes),
                             {"steps", line.steps},
                             {"window", line.window},
                             {"rows", line.rows}})
    if (value)
      item.set(name, builder.getI64IntegerAttr(value));
  SmallVector<Attribute> lines;
  if (auto known = module->getAttrOfType<ArrayAttr>(attribute::plan))
    llvm::append_range(lines, known);
  lines.push_back(item.getDictionary(module.getContext()));
  module->setAttr(attribute::plan, builder.getArrayAttr(lines));
}
