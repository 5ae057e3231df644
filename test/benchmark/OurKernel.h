// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations of ours on the path that ships: program phase, kernels, x86 object, package, runtime.

#ifndef DREAMER_TEST_BENCHMARK_OURKERNEL_H
#define DREAMER_TEST_BENCHMARK_OURKERNEL_H

#include <memory>
#include <string>

namespace dreamer::benchmarking {

/// One function of the program phase, compiled for this machine.
class OurKernel {
public:
  /// `program` is the text of a module whose one function is named `kernel`. Null, after a message
  /// on standard error, if it does not compile.
  static std::unique_ptr<OurKernel> compile(const std::string &program, int threads);
  ~OurKernel();

  /// The memory of an argument that has the role `input` or `parameter`, filled with `values`
  /// (narrowed to the argument's element type).
  void *fill(const std::string &argument, const float *values);
  const float *output(const std::string &name);

  void run();

private:
  OurKernel();
  struct State;
  std::unique_ptr<State> state;
};

} // namespace dreamer::benchmarking

#endif // DREAMER_TEST_BENCHMARK_OURKERNEL_H
