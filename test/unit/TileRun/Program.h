// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program as text, run with given arrays.

#ifndef DREAMER_TEST_UNIT_TILERUN_PROGRAM_H
#define DREAMER_TEST_UNIT_TILERUN_PROGRAM_H

#include "test/unit/Support/TileSupport.h"
#include "gmock/gmock.h"

namespace dreamer::test {

/// Tests whose programs are the body of a function @f.
class Program : public testing::Test {
protected:
  std::unique_ptr<mlir::MLIRContext> context = makeTileContext();

  /// `aliases` and the function with `arguments`, whose body begins with constants %c0 .. %c4, %c8, %c16.
  mlir::OwningOpRef<mlir::ModuleOp> make(const std::string &aliases, const std::string &arguments,
                                         const std::string &body) {
    std::string text = aliases + "\nfunc.func @f(" + arguments + ") {\n";
    for (int c : {0, 1, 2, 3, 4, 8, 16})
      text += "%c" + std::to_string(c) + " = arith.constant " + std::to_string(c) + " : index\n";
    return parse(*context, text + body + "\nreturn\n}");
  }

  /// The arrays after a run without errors.
  std::vector<reference::Tensor> run(const std::string &aliases, const std::string &arguments,
                                     const std::string &body, std::vector<tilerun::Argument> values,
                                     const tilerun::Options &options = {}) {
    auto module = make(aliases, arguments, body);
    if (!module) {
      ADD_FAILURE() << "the program does not parse";
      return {};
    }
    return runTiles(*module, "f", std::move(values), options);
  }

  /// Expects a run that fails with an error or note that contains `message`.
  void fails(const std::string &aliases, const std::string &arguments, const std::string &body,
             std::vector<tilerun::Argument> values, const std::string &message,
             const tilerun::Options &options = {}) {
    auto module = make(aliases, arguments, body);
    ASSERT_TRUE(module);
    auto function = *module->getOps<mlir::func::FuncOp>().begin();
    std::string text;
    mlir::ScopedDiagnosticHandler handler(context.get(), [&](mlir::Diagnostic &diagnostic) {
      text += diagnostic.str() + "\n";
      for (mlir::Diagnostic &note : diagnostic.getNotes())
        text += note.str() + "\n";
    });
    EXPECT_TRUE(failed(tilerun::run(function, values, options)));
    EXPECT_NE(text.find(message), std::string::npos) << "expected:\n"
                                                     << message << "\nfound:\n"
                                                     << text;
  }
};

/// 0, 1, 2, ...
inline reference::Floats counting(llvm::ArrayRef<int64_t> shape) {
  reference::Floats x(shape);
  for (auto [i, element] : llvm::enumerate(x.data()))
    element = i;
  return x;
}

/// The elements of array `i`.
inline std::vector<double> elements(const std::vector<reference::Tensor> &arrays, unsigned i) {
  return i < arrays.size() ? std::get<reference::Floats>(arrays[i]).data() : std::vector<double>();
}

} // namespace dreamer::test

#endif // DREAMER_TEST_UNIT_TILERUN_PROGRAM_H
