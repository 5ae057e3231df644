// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What builders of kernels leave open: parameters whose best values a machine has to show.

#ifndef DREAMER_LIB_KERNELS_KERNELPARAMETERS_H
#define DREAMER_LIB_KERNELS_KERNELPARAMETERS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace dreamer {

struct KernelParameter {
  std::string name;                  ///< "key_block"
  std::string meaning;               ///< "keys worked on at a time"
  llvm::SmallVector<int64_t> values; ///< all that it may be, ascending
  int64_t standard;                  ///< the one of these where nothing is chosen

  /// The same with `standard` among the values.
  static KernelParameter of(std::string name, std::string meaning,
                            llvm::SmallVector<int64_t> values, int64_t standard);
};

/// Values of some parameters by name; the others have their standard values.
using KernelChoice = std::map<std::string, int64_t>;

/// The parameters of one operation's kernels on one machine. For these, the values listed are the
/// only ones: each has been compared with the reference.
class KernelParameters {
public:
  using Values = llvm::function_ref<int64_t(llvm::StringRef name)>;

  /// Adds parameters that depend on each other: a search tries all their combinations.
  void add(llvm::SmallVector<KernelParameter> together) { groups.push_back(std::move(together)); }
  /// Values that do not go together: `rule` says why, or nothing.
  void forbid(std::function<std::string(Values)> rule) { rules.push_back(std::move(rule)); }
  /// The bytes that a task goes over again and again.
  void setWorkingSet(std::function<int64_t(Values)> bytes) { workingSetOf = std::move(bytes); }

  llvm::ArrayRef<llvm::SmallVector<KernelParameter>> getGroups() const { return groups; }
  const KernelParameter *find(llvm::StringRef name) const;
  /// What `name`, one of these parameters, is in `choice`.
  int64_t get(const KernelChoice &choice, llvm::StringRef name) const;
  /// Why `choice` cannot be: "expected ..., found ..."; empty if it can.
  std::string problemOf(const KernelChoice &choice) const;
  /// 0 where it is not known.
  int64_t workingSet(const KernelChoice &choice) const;
  /// All combinations of a group's values that can be, with `choice` elsewhere; the standard one is
  /// among them.
  llvm::SmallVector<KernelChoice> combinations(llvm::ArrayRef<KernelParameter> group,
                                               const KernelChoice &choice) const;
  /// `choice` less what is standard anyway.
  KernelChoice simplify(const KernelChoice &choice) const;

private:
  llvm::SmallVector<llvm::SmallVector<KernelParameter>> groups;
  llvm::SmallVector<std::function<std::string(Values)>> rules;
  std::function<int64_t(Values)> workingSetOf;
};

/// "block_rows = 4, key_block = 96"; "the standard values" for none.
std::string toString(const KernelChoice &choice);

/// The attribute that carries choices in the program phase, by target: {native = {key_block = 96}}.
inline constexpr llvm::StringLiteral tunedAttribute = "dreamer.tuned";

/// What an operation's attribute chooses for a target; nothing if there is none. `problem` says what
/// is wrong with the attribute.
KernelChoice readChoice(mlir::Operation *op, llvm::StringRef target, std::string &problem);
/// Replaces the choice for one target.
void writeChoice(mlir::Operation *op, llvm::StringRef target, const KernelChoice &choice);

} // namespace dreamer

#endif // DREAMER_LIB_KERNELS_KERNELPARAMETERS_H
