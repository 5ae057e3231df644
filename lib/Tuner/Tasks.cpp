// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Tuner/Tasks.h"
#include "dialects/Dreamer/DreamerInterfaces.h"
#include "lib/Cost/Execution.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <map>

using namespace mlir;

namespace dreamer::tuning {

std::vector<Task> collectTasks(ModuleOp program, const KernelTarget &target, StringRef device) {
  std::map<Key, Task> tasks;
  for (auto function : program.getOps<func::FuncOp>()) {
    if (function.isExternal())
      continue;
    Execution execution;
    execution.run(function, [&](Operation *executed) {
      auto op = dyn_cast<TunableOpInterface>(executed);
      if (!op || op.getKernelParameters(target).getGroups().empty())
        return;
      Key key = keyOf(op, target, device);
      Task &task = tasks[key];
      if (task.key.kernel.empty()) {
        std::optional<Isolated> isolated = isolate(op);
        if (!isolated)
          return void(tasks.erase(key));
        task.isolated = std::move(*isolated);
        task.key = key;
      }
      auto index = [&](Value value) { return execution.index(value).value_or(0); };
      if (auto counted = dyn_cast<CostOpInterface>(executed))
        task.flops = counted.getCost(index).flops;
      task.total += task.flops;
    });
  }
  std::vector<Task> sorted;
  for (auto &[key, task] : tasks)
    sorted.push_back(std::move(task));
  llvm::sort(sorted, [](const Task &a, const Task &b) {
    return a.total != b.total ? a.total > b.total : a.key < b.key;
  });
  return sorted;
}

} // namespace dreamer::tuning
