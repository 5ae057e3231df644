// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversion between the runtime's tensors and the interpreter's.

#include "lib/Reference/Files.h"

#include "runtime/core/Safetensors.h"

using namespace dreamer;
using namespace dreamer::reference;

static llvm::Error errorOf(const runtime::Status &status) {
  return llvm::createStringError(status.message());
}

template <typename ArrayT>
static Tensor copyOf(const runtime::Tensor &tensor) {
  auto *data = tensor.as<typename ArrayT::Element>();
  std::vector<typename ArrayT::Element> elements(data, data + tensor.elements());
  return ArrayT(llvm::ArrayRef<int64_t>(tensor.shape()), std::move(elements));
}

llvm::Expected<Bundle> reference::readTensors(llvm::StringRef path) {
  runtime::Result<runtime::Bundle> file = runtime::readSafetensors(path.str());
  if (file.failed())
    return errorOf(file.status());
  Bundle bundle;
  for (const runtime::Bundle::Entry &entry : file->entries()) {
    bool isFloat = runtime::isFloat(entry.tensor.dtype());
    runtime::Result<runtime::Tensor> wide =
        entry.tensor.convert(isFloat ? runtime::DType::F64 : runtime::DType::I32);
    if (wide.failed())
      return llvm::createStringError(path + ": '" + entry.name + "': " + wide.status().message());
    bundle[entry.name] = isFloat ? copyOf<Floats>(*wide) : copyOf<Ints>(*wide);
  }
  return bundle;
}

/// A view of `tensor`, which must outlive it.
template <typename ArrayT>
static runtime::Result<runtime::Tensor> viewOf(const ArrayT &array, runtime::DType dtype) {
  return runtime::Tensor::borrowConst(dtype, array.shape().vec(), array.data().data(),
                                      array.size() * sizeof(typename ArrayT::Element));
}

llvm::Error reference::writeTensors(const Bundle &bundle, llvm::StringRef path) {
  runtime::Bundle file;
  std::vector<Ints> indices;
  indices.reserve(bundle.size());
  for (auto &[name, tensor] : bundle) {
    runtime::Result<runtime::Tensor> view = [&] {
      if (auto *floats = std::get_if<Floats>(&tensor))
        return viewOf(*floats, runtime::DType::F64);
      if (auto *ints = std::get_if<Ints>(&tensor))
        return viewOf(*ints, runtime::DType::I32);
      indices.push_back(Ints::scalar(std::get<int64_t>(tensor)));
      return viewOf(indices.back(), runtime::DType::I32);
    }();
    if (view.failed())
      return errorOf(view.status());
    if (runtime::Status status = file.add(name, *view); status.failed())
      return errorOf(status);
  }
  if (runtime::Status status = runtime::writeSafetensors(file, path.str()); status.failed())
    return errorOf(status);
  return llvm::Error::success();
}
