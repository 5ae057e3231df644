// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How tensors read in messages and in printed results.

#include "lib/Reference/Tensor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace dreamer;
using namespace dreamer::reference;

llvm::ArrayRef<int64_t> reference::shapeOf(const Tensor &tensor) {
  if (auto *floats = std::get_if<Floats>(&tensor))
    return floats->shape();
  if (auto *ints = std::get_if<Ints>(&tensor))
    return ints->shape();
  return {};
}

std::string reference::toString(llvm::ArrayRef<int64_t> shape) {
  return "[" +
         llvm::join(llvm::map_range(shape, [](int64_t n) { return std::to_string(n); }), ",") + "]";
}

std::string reference::describe(const Tensor &tensor) {
  if (std::holds_alternative<int64_t>(tensor))
    return "index";
  return (std::holds_alternative<Floats>(tensor) ? "f64" : "i32") + toString(shapeOf(tensor));
}

namespace {
/// Prints an array as nested lists, one call a dimension.
template <typename T>
class Printer {
public:
  Printer(const Array<T> &array, int digits, llvm::raw_ostream &os)
      : array(array), digits(digits), os(os) {}

  void print(size_t dimension = 0) {
    if (dimension == array.shape().size())
      return printElement(array.data()[next++]);
    os << "[";
    for (int64_t i = 0; i < array.dim(dimension); ++i) {
      os << (i == 0 ? "" : ", ");
      print(dimension + 1);
    }
    os << "]";
  }

private:
  void printElement(int32_t value) { os << value; }
  void printElement(double value) { os << llvm::format("%.*g", digits, value + 0.0); }

  const Array<T> &array;
  int digits;
  llvm::raw_ostream &os;
  size_t next = 0;
};
} // namespace

std::string reference::toString(const Tensor &tensor, int digits) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto *floats = std::get_if<Floats>(&tensor))
    Printer<double>(*floats, digits, os).print();
  else if (auto *ints = std::get_if<Ints>(&tensor))
    Printer<int32_t>(*ints, digits, os).print();
  else
    os << std::get<int64_t>(tensor);
  return text;
}
