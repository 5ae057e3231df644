// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The values that the reference interpreter computes with: dense row-major tensors of
// f64 (whatever float type the IR declares) or i32, and index scalars.

#ifndef DREAMER_LIB_REFERENCE_TENSOR_H
#define DREAMER_LIB_REFERENCE_TENSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace dreamer::reference {

using Shape = llvm::SmallVector<int64_t, 4>;

/// The number of elements of a tensor of this shape; 1 for a scalar [].
inline int64_t elementsOf(llvm::ArrayRef<int64_t> shape) {
  int64_t elements = 1;
  for (int64_t extent : shape)
    elements *= extent;
  return elements;
}

/// A dense tensor. Seen as [lead..., width] by `row`, as [entries, ...] by `entry`.
template <typename T>
class Array {
public:
  using Element = T;

  Array() : Array(llvm::ArrayRef<int64_t>()) {}
  explicit Array(llvm::ArrayRef<int64_t> shape, T fill = 0)
      : extents(shape), elements(elementsOf(shape), fill) {}
  Array(llvm::ArrayRef<int64_t> shape, std::vector<T> data)
      : extents(shape), elements(std::move(data)) {}
  static Array scalar(T value) { return Array(llvm::ArrayRef<int64_t>(), value); }

  llvm::ArrayRef<int64_t> shape() const { return extents; }
  int64_t size() const { return elements.size(); }
  int64_t dim(int64_t i) const { return extents[i]; }
  std::vector<T> &data() { return elements; }
  const std::vector<T> &data() const { return elements; }

  /// The last dimension (1 for a scalar), and the product of the others.
  int64_t width() const { return extents.empty() ? 1 : extents.back(); }
  int64_t rows() const { return width() == 0 ? 0 : size() / width(); }
  llvm::MutableArrayRef<T> row(int64_t r) {
    return {elements.data() + r * width(), size_t(width())};
  }
  llvm::ArrayRef<T> row(int64_t r) const {
    return {elements.data() + r * width(), size_t(width())};
  }

  /// Entry `i` along the first dimension.
  Array entry(int64_t i) const {
    llvm::ArrayRef<int64_t> inner = shape().drop_front();
    auto begin = elements.begin() + i * elementsOf(inner);
    return Array(inner, std::vector<T>(begin, begin + elementsOf(inner)));
  }
  void setEntry(int64_t i, const Array &value) {
    std::copy(value.elements.begin(), value.elements.end(), elements.begin() + i * value.size());
  }

  /// The element at a full index, such as x(b, t, i).
  template <typename... Index>
  T &operator()(Index... index) {
    return elements[offset({int64_t(index)...})];
  }
  template <typename... Index>
  const T &operator()(Index... index) const {
    return elements[offset({int64_t(index)...})];
  }

private:
  int64_t offset(std::initializer_list<int64_t> index) const {
    int64_t at = 0;
    const int64_t *extent = extents.begin();
    for (int64_t i : index)
      at = at * *extent++ + i;
    return at;
  }

  Shape extents;
  std::vector<T> elements;
};

using Floats = Array<double>;
using Ints = Array<int32_t>;

/// Any value of the interpreter; the last alternative is an `index`.
using Tensor = std::variant<Floats, Ints, int64_t>;

/// Named tensors in order: what a safetensors file, the arguments or the results hold.
class Bundle : public llvm::MapVector<std::string, Tensor, std::map<std::string, unsigned>> {
public:
  Bundle() = default;
  Bundle(std::initializer_list<std::pair<std::string, Tensor>> tensors) {
    for (auto &[name, tensor] : tensors)
      (*this)[name] = tensor;
  }
};

/// The shape of a tensor; [] for an index.
llvm::ArrayRef<int64_t> shapeOf(const Tensor &tensor);

/// "f64[2,3]", "i32[]", "index".
std::string describe(const Tensor &tensor);

/// "[2,3]"
std::string toString(llvm::ArrayRef<int64_t> shape);

/// The elements as nested lists with `digits` significant digits: "[[1, 2.5], [0, -3]]".
std::string toString(const Tensor &tensor, int digits = 9);

} // namespace dreamer::reference

#endif // DREAMER_LIB_REFERENCE_TENSOR_H
