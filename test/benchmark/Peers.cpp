// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/benchmark/Peers.h"
#include <cblas.h>
#include <memory>
#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

namespace dreamer::benchmarking {

void setPeerThreads(int threads) {
  openblas_set_num_threads(threads);
  omp_set_num_threads(threads); // oneDNN runs on OpenMP
}

std::function<void()> openBlasProduct(const Product &product, const float *a, const float *b,
                                      float *c) {
  int rows = static_cast<int>(product.rows), columns = static_cast<int>(product.columns),
      depth = static_cast<int>(product.depth);
  bool leftTransposed = product.kind == Product::Weight;
  bool rightTransposed = product.kind == Product::Forward;
  return [=] {
    cblas_sgemm(CblasRowMajor, leftTransposed ? CblasTrans : CblasNoTrans,
                rightTransposed ? CblasTrans : CblasNoTrans, rows, columns, depth, 1.0f, a,
                leftTransposed ? rows : depth, b, rightTransposed ? depth : columns, 0.0f, c,
                columns);
  };
}

namespace {

/// A matmul with its memory.
struct Matmul {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::matmul primitive;
  dnnl::memory a, b, c;

  Matmul(const Product &product, bool narrow, bool packed, const float *left, const float *right,
         float *out) {
    using Tag = dnnl::memory::format_tag;
    auto type = narrow ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
    dnnl::memory::desc leftDesc({product.rows, product.depth}, type,
                                product.kind == Product::Weight ? Tag::ba : Tag::ab);
    dnnl::memory::desc rightDesc({product.depth, product.columns}, type,
                                 product.kind == Product::Forward ? Tag::ba : Tag::ab);
    dnnl::memory::desc preferred({product.depth, product.columns}, type, Tag::any);
    dnnl::memory::desc outDesc({product.rows, product.columns}, dnnl::memory::data_type::f32,
                               Tag::ab);
    dnnl::matmul::primitive_desc description({leftDesc, packed ? preferred : rightDesc, outDesc},
                                             engine);
    primitive = dnnl::matmul(description);
    a = bring(left, leftDesc, leftDesc);
    b = bring(right, rightDesc, description.weights_desc());
    c = dnnl::memory(outDesc, engine, out);
  }

  /// A copy of plain f32 values (`plain` in shape and order) as `wanted`.
  dnnl::memory bring(const float *values, dnnl::memory::desc plain,
                     const dnnl::memory::desc &wanted) {
    plain.data.data_type = dnnl_f32;
    dnnl::memory from(plain, engine, const_cast<float *>(values)), to(wanted, engine);
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    return to;
  }

  void run() {
    primitive.execute(stream, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}});
    stream.wait();
  }
};

} // namespace

std::optional<std::function<void()>> oneDnnProduct(const Product &product, bool narrow, bool packed,
                                                   const float *a, const float *b, float *c) {
  try {
    auto matmul = std::make_shared<Matmul>(product, narrow, packed, a, b, c);
    return [matmul] { matmul->run(); };
  } catch (const dnnl::error &) { // no implementation for this processor
    return std::nullopt;
  }
}

} // namespace dreamer::benchmarking
