// Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The models of the x_grad operations against central differences of the models of x, and
// the FLOPs that the models count against the cost interface.

#include "dialects/Dreamer/DreamerInterfaces.h"
#include "mlir/IR/Matchers.h"
#include "test/unit/Support/TestSupport.h"
#include <gtest/gtest.h>

using namespace dreamer;
using namespace dreamer::reference;
using namespace dreamer::test;

namespace {
/// Two functions: @forward(x...) -> y..., @adjoint(x..., dy...) -> d.x...
struct Case {
  const char *name;
  const char *text;
  Bundle inputs;
  Bundle cotangents; ///< of the results of @forward, by name
};

std::ostream &operator<<(std::ostream &os, const Case &c) { return os << c.name; }

class AdjointTest : public ::testing::TestWithParam<Case> {};

/// Every result "d.x" of @adjoint is the derivative of @forward with respect to "x".
TEST_P(AdjointTest, MatchesCentralDifferences) {
  auto context = makeContext();
  auto module = parse(*context, GetParam().text);
  ASSERT_TRUE(module);
  Bundle inputs = GetParam().inputs;
  Bundle forward = run(*module, "forward", inputs);
  for (auto &[name, value] : forward) // what the adjoint takes of the forward results
    inputs.insert({name, value});
  for (auto &[name, value] : GetParam().cotangents)
    inputs["d." + name] = value;
  Bundle adjoint = run(*module, "adjoint", inputs);
  ASSERT_FALSE(adjoint.empty());
  for (auto &[name, value] : adjoint) {
    std::string argument = llvm::StringRef(name).drop_front(2).str();
    Floats expected =
        differentiateEntry(*module, "forward", GetParam().inputs, GetParam().cotangents, argument);
    EXPECT_LT(relativeError(std::get<Floats>(value), expected), 1e-9) << name;
  }
}

/// What the cost interface says of the operations of a function without loops.
int64_t flopsByInterface(mlir::ModuleOp module, llvm::StringRef entry) {
  int64_t flops = 0;
  module.lookupSymbol<mlir::func::FuncOp>(entry).walk([&](CostOpInterface op) {
    flops += op.getCost([](mlir::Value index) {
                 llvm::APInt value;
                 EXPECT_TRUE(mlir::matchPattern(index, mlir::m_ConstantInt(&value)));
                 return value.getSExtValue();
               }).flops;
  });
  return flops;
}

/// What the loops of the models count is what the cost interface works out from shapes.
TEST_P(AdjointTest, CountsTheFlopsOfTheCostInterface) {
  auto context = makeContext();
  auto module = parse(*context, GetParam().text);
  ASSERT_TRUE(module);
  Bundle inputs = GetParam().inputs;
  Interpreter forward(*module), adjoint(*module);
  auto results = forward.run("forward", inputs);
  ASSERT_TRUE(succeeded(results));
  EXPECT_EQ(forward.getFlops(), flopsByInterface(*module, "forward"));
  for (auto &[name, value] : *results)
    inputs.insert({name, value});
  for (auto &[name, value] : GetParam().cotangents)
    inputs["d." + name] = value;
  ASSERT_TRUE(succeeded(adjoint.run("adjoint", inputs)));
  EXPECT_EQ(adjoint.getFlops(), flopsByInterface(*module, "adjoint"));
}

Case embedding() {
  return {"embedding",
          R"(
    func.func @forward(%ids: tensor<2x3xi32> {dreamer.name = "ids"}, %t: tensor<5x4xf32> {dreamer.name = "t"})
        -> (tensor<2x3x4xf32> {dreamer.name = "y"}) {
      %y = dreamer.embedding %ids, %t {scale = 1.5 : f64} : tensor<2x3xi32>, tensor<5x4xf32>
      return %y : tensor<2x3x4xf32>
    }
    func.func @adjoint(%ids: tensor<2x3xi32> {dreamer.name = "ids"}, %dy: tensor<2x3x4xf32> {dreamer.name = "d.y"})
        -> (tensor<5x4xf32> {dreamer.name = "d.t"}) {
      %dt = dreamer.embedding_grad %ids, %dy {vocabulary = 5, scale = 1.5 : f64} : tensor<2x3xi32>, tensor<2x3x4xf32>
      return %dt : tensor<5x4xf32>
    })",
          {{"ids", randomInts({2, 3}, 1, 5)}, {"t", randomFloats({5, 4}, 2)}},
          {{"y", randomFloats({2, 3, 4}, 3)}}};
}

Case rmsNorm() {
  return {"rms_norm",
          R"(
    func.func @forward(%x: tensor<2x6xf32> {dreamer.name = "x"}, %w: tensor<3xf32> {dreamer.name = "w"})
        -> (tensor<2x6xf32> {dreamer.name = "y"}) {
      %y = dreamer.rms_norm %x, %w {eps = 0.1 : f64} : tensor<2x6xf32>, tensor<3xf32>
      return %y : tensor<2x6xf32>
    }
    func.func @adjoint(%x: tensor<2x6xf32> {dreamer.name = "x"}, %w: tensor<3xf32> {dreamer.name = "w"},
                       %dy: tensor<2x6xf32> {dreamer.name = "d.y"})
        -> (tensor<2x6xf32> {dreamer.name = "d.x"}, tensor<3xf32> {dreamer.name = "d.w"}) {
      %dx, %dw = dreamer.rms_norm_grad %x, %w, %dy {eps = 0.1 : f64} : tensor<2x6xf32>, tensor<3xf32>, tensor<2x6xf32>
      return %dx, %dw : tensor<2x6xf32>, tensor<3xf32>
    })",
          {{"x", randomFloats({2, 6}, 1)}, {"w", randomFloats({3}, 2)}},
          {{"y", randomFloats({2, 6}, 3)}}};
}

Case linear() {
  return {"linear",
          R"(
    func.func @forward(%x: tensor<2x3x4xf32> {dreamer.name = "x"}, %w: tensor<5x4xf32> {dreamer.name = "w"})
        -> (tensor<2x3x5xf32> {dreamer.name = "y"}) {
      %y = dreamer.linear %x, %w : tensor<2x3x4xf32>, tensor<5x4xf32>
      return %y : tensor<2x3x5xf32>
    }
    func.func @adjoint(%x: tensor<2x3x4xf32> {dreamer.name = "x"}, %w: tensor<5x4xf32> {dreamer.name = "w"},
                       %dy: tensor<2x3x5xf32> {dreamer.name = "d.y"})
        -> (tensor<2x3x4xf32> {dreamer.name = "d.x"}, tensor<5x4xf32> {dreamer.name = "d.w"}) {
      %dx = dreamer.linear %dy, %w {transpose} : tensor<2x3x5xf32>, tensor<5x4xf32>
      %dw = dreamer.linear_weight_grad %dy, %x : tensor<2x3x5xf32>, tensor<2x3x4xf32>
      return %dx, %dw : tensor<2x3x4xf32>, tensor<5x4xf32>
    })",
          {{"x", randomFloats({2, 3, 4}, 1)}, {"w", randomFloats({5, 4}, 2)}},
          {{"y", randomFloats({2, 3, 5}, 3)}}};
}

Case rotary() {
  return {"rotary",
          R"(
    func.func @forward(%x: tensor<3x8xf32> {dreamer.name = "x"}, %p: tensor<3xi32> {dreamer.name = "p"})
        -> (tensor<3x8xf32> {dreamer.name = "y"}) {
      %y = dreamer.rotary %x, %p {head_dim = 4, theta = 50.0 : f64} : tensor<3x8xf32>, tensor<3xi32>
      return %y : tensor<3x8xf32>
    }
    func.func @adjoint(%p: tensor<3xi32> {dreamer.name = "p"}, %dy: tensor<3x8xf32> {dreamer.name = "d.y"})
        -> (tensor<3x8xf32> {dreamer.name = "d.x"}) {
      %dx = dreamer.rotary %dy, %p {head_dim = 4, theta = 50.0 : f64, inverse} : tensor<3x8xf32>, tensor<3xi32>
      return %dx : tensor<3x8xf32>
    })",
          {{"x", randomFloats({3, 8}, 1)}, {"p", randomInts({3}, 2, 9)}},
          {{"y", randomFloats({3, 8}, 3)}}};
}

Case swiglu() {
  return {"swiglu",
          R"(
    func.func @forward(%a: tensor<7xf32> {dreamer.name = "a"}, %b: tensor<7xf32> {dreamer.name = "b"})
        -> (tensor<7xf32> {dreamer.name = "y"}) {
      %y = dreamer.swiglu %a, %b : tensor<7xf32>, tensor<7xf32>
      return %y : tensor<7xf32>
    }
    func.func @adjoint(%a: tensor<7xf32> {dreamer.name = "a"}, %b: tensor<7xf32> {dreamer.name = "b"},
                       %dy: tensor<7xf32> {dreamer.name = "d.y"})
        -> (tensor<7xf32> {dreamer.name = "d.a"}, tensor<7xf32> {dreamer.name = "d.b"}) {
      %da, %db = dreamer.swiglu_grad %a, %b, %dy : tensor<7xf32>, tensor<7xf32>, tensor<7xf32>
      return %da, %db : tensor<7xf32>, tensor<7xf32>
    })",
          {{"a", randomFloats({7}, 1, 3)}, {"b", randomFloats({7}, 2)}},
          {{"y", randomFloats({7}, 3)}}};
}

Case sequenceAttention() {
  return {"sequence_attention",
          R"(
    func.func @forward(%q: tensor<2x4x12xf32> {dreamer.name = "q"}, %k: tensor<2x4x6xf32> {dreamer.name = "k"},
                       %v: tensor<2x4x6xf32> {dreamer.name = "v"})
        -> (tensor<2x4x12xf32> {dreamer.name = "y"}, tensor<2x4x4xf32> {dreamer.name = "lse"}) {
      %y, %lse = dreamer.sequence_attention %q, %k, %v {heads = 4, kv_heads = 2}
          : tensor<2x4x12xf32>, tensor<2x4x6xf32>, tensor<2x4x6xf32>
      return %y, %lse : tensor<2x4x12xf32>, tensor<2x4x4xf32>
    }
    func.func @adjoint(%q: tensor<2x4x12xf32> {dreamer.name = "q"}, %k: tensor<2x4x6xf32> {dreamer.name = "k"},
                       %v: tensor<2x4x6xf32> {dreamer.name = "v"}, %y: tensor<2x4x12xf32> {dreamer.name = "y"},
                       %lse: tensor<2x4x4xf32> {dreamer.name = "lse"}, %dy: tensor<2x4x12xf32> {dreamer.name = "d.y"})
        -> (tensor<2x4x12xf32> {dreamer.name = "d.q"}, tensor<2x4x6xf32> {dreamer.name = "d.k"},
            tensor<2x4x6xf32> {dreamer.name = "d.v"}) {
      %dq, %dk, %dv = dreamer.sequence_attention_grad %q, %k, %v, %y, %lse, %dy {heads = 4, kv_heads = 2}
          : tensor<2x4x12xf32>, tensor<2x4x6xf32>, tensor<2x4x6xf32>, tensor<2x4x12xf32>, tensor<2x4x4xf32>, tensor<2x4x12xf32>
      return %dq, %dk, %dv : tensor<2x4x12xf32>, tensor<2x4x6xf32>, tensor<2x4x6xf32>
    })",
          {{"q", randomFloats({2, 4, 12}, 1)},
           {"k", randomFloats({2, 4, 6}, 2)},
           {"v", randomFloats({2, 4, 6}, 3)}},
          {{"y", randomFloats({2, 4, 12}, 4)}}};
}

Case depthAttention() {
  return {"depth_attention",
          R"(
    func.func @forward(%q: tensor<3x8xf32> {dreamer.name = "q"}, %k: tensor<4x3x4xf32> {dreamer.name = "k"},
                       %v: tensor<4x3x4xf32> {dreamer.name = "v"}) -> (tensor<3x8xf32> {dreamer.name = "y"}) {
      %n = arith.constant 3 : index
      %y = dreamer.depth_attention %q, %k, %v, %n {heads = 4, kv_heads = 2}
          : tensor<3x8xf32>, tensor<4x3x4xf32>, tensor<4x3x4xf32>, index
      return %y : tensor<3x8xf32>
    }
    func.func @adjoint(%q: tensor<3x8xf32> {dreamer.name = "q"}, %k: tensor<4x3x4xf32> {dreamer.name = "k"},
                       %v: tensor<4x3x4xf32> {dreamer.name = "v"}, %dy: tensor<3x8xf32> {dreamer.name = "d.y"})
        -> (tensor<3x8xf32> {dreamer.name = "d.q"}, tensor<4x3x4xf32> {dreamer.name = "d.k"},
            tensor<4x3x4xf32> {dreamer.name = "d.v"}) {
      %n = arith.constant 3 : index
      %dq, %dk, %dv = dreamer.depth_attention_grad %q, %k, %v, %n, %dy {heads = 4, kv_heads = 2}
          : tensor<3x8xf32>, tensor<4x3x4xf32>, tensor<4x3x4xf32>, index, tensor<3x8xf32>
      return %dq, %dk, %dv : tensor<3x8xf32>, tensor<4x3x4xf32>, tensor<4x3x4xf32>
    })",
          {{"q", randomFloats({3, 8}, 1)},
           {"k", randomFloats({4, 3, 4}, 2)},
           {"v", randomFloats({4, 3, 4}, 3)}},
          {{"y", randomFloats({3, 8}, 4)}}};
}

Case gates() {
  return {"gates",
          R"(
    func.func @forward(%s: tensor<3x5xf32> {dreamer.name = "s"}, %ids: tensor<3x2xi32> {dreamer.name = "ids"})
        -> (tensor<3x2xf32> {dreamer.name = "y"}) {
      %y = dreamer.gates %s, %ids : tensor<3x5xf32>, tensor<3x2xi32>
      return %y : tensor<3x2xf32>
    }
    func.func @adjoint(%s: tensor<3x5xf32> {dreamer.name = "s"}, %ids: tensor<3x2xi32> {dreamer.name = "ids"},
                       %dy: tensor<3x2xf32> {dreamer.name = "d.y"}) -> (tensor<3x5xf32> {dreamer.name = "d.s"}) {
      %ds = dreamer.gates_grad %s, %ids, %dy : tensor<3x5xf32>, tensor<3x2xi32>, tensor<3x2xf32>
      return %ds : tensor<3x5xf32>
    })",
          {{"s", randomFloats({3, 5}, 1, 2)}, {"ids", randomIds({3, 2}, 2, 5)}},
          {{"y", randomFloats({3, 2}, 3)}}};
}

Case mixExperts() {
  return {"mix_experts",
          R"(
    func.func @forward(%u: tensor<3x4xf32> {dreamer.name = "u"}, %ids: tensor<3x2xi32> {dreamer.name = "ids"},
                       %g: tensor<3x2xf32> {dreamer.name = "g"}, %w1: tensor<5x3x4xf32> {dreamer.name = "w1"},
                       %w3: tensor<5x3x4xf32> {dreamer.name = "w3"}, %w2: tensor<5x4x3xf32> {dreamer.name = "w2"})
        -> (tensor<3x4xf32> {dreamer.name = "y"}) {
      %a, %b = dreamer.expert_linear(%w1, %w3), %u, %ids
          : tensor<5x3x4xf32>, tensor<5x3x4xf32>, tensor<3x4xf32>, tensor<3x2xi32>
      %y = dreamer.mix_experts %a, %b, %ids, %g, %w2
          : tensor<3x2x3xf32>, tensor<3x2x3xf32>, tensor<3x2xi32>, tensor<3x2xf32>, tensor<5x4x3xf32>
      return %y : tensor<3x4xf32>
    }
    func.func @adjoint(%u: tensor<3x4xf32> {dreamer.name = "u"}, %ids: tensor<3x2xi32> {dreamer.name = "ids"},
                       %g: tensor<3x2xf32> {dreamer.name = "g"}, %w1: tensor<5x3x4xf32> {dreamer.name = "w1"},
                       %w3: tensor<5x3x4xf32> {dreamer.name = "w3"}, %w2: tensor<5x4x3xf32> {dreamer.name = "w2"},
                       %dy: tensor<3x4xf32> {dreamer.name = "d.y"})
        -> (tensor<3x4xf32> {dreamer.name = "d.u"}, tensor<3x2xf32> {dreamer.name = "d.g"},
            tensor<5x3x4xf32> {dreamer.name = "d.w1"}, tensor<5x3x4xf32> {dreamer.name = "d.w3"},
            tensor<5x4x3xf32> {dreamer.name = "d.w2"}) {
      %a, %b = dreamer.expert_linear(%w1, %w3), %u, %ids
          : tensor<5x3x4xf32>, tensor<5x3x4xf32>, tensor<3x4xf32>, tensor<3x2xi32>
      %da, %db, %dg, %gated = dreamer.mix_experts_grad %a, %b, %ids, %g, %w2, %dy
          : tensor<3x2x3xf32>, tensor<3x2x3xf32>, tensor<3x2xi32>, tensor<3x2xf32>, tensor<5x4x3xf32>, tensor<3x4xf32>
      %du = dreamer.expert_linear_grad(%w1, %w3), (%da, %db), %ids
          : tensor<5x3x4xf32>, tensor<5x3x4xf32>, tensor<3x2x3xf32>, tensor<3x2x3xf32>, tensor<3x2xi32>
      %d1, %d3 = dreamer.expert_weight_grad(%da, %db), %u, %ids {experts = 5}
          : tensor<3x2x3xf32>, tensor<3x2x3xf32>, tensor<3x4xf32>, tensor<3x2xi32>
      %d2 = dreamer.expert_weight_grad(%dy), %gated, %ids {experts = 5}
          : tensor<3x4xf32>, tensor<3x2x3xf32>, tensor<3x2xi32>
      return %du, %dg, %d1, %d3, %d2
          : tensor<3x4xf32>, tensor<3x2xf32>, tensor<5x3x4xf32>, tensor<5x3x4xf32>, tensor<5x4x3xf32>
    })",
          {{"u", randomFloats({3, 4}, 1)},
           {"ids", randomIds({3, 2}, 2, 5)},
           {"g", randomFloats({3, 2}, 3)},
           {"w1", randomFloats({5, 3, 4}, 4)},
           {"w3", randomFloats({5, 3, 4}, 5)},
           {"w2", randomFloats({5, 4, 3}, 6)}},
          {{"y", randomFloats({3, 4}, 7)}}};
}

Case crossEntropy() {
  Ints targets = randomInts({2, 3}, 2, 5);
  targets(1, 1) = -1;
  return {"cross_entropy",
          R"(
    func.func @forward(%x: tensor<2x3x5xf32> {dreamer.name = "x"}, %t: tensor<2x3xi32> {dreamer.name = "t"})
        -> (tensor<f32> {dreamer.name = "loss"}, tensor<2x3xf32> {dreamer.name = "lse"}) {
      %n = dreamer.count_targets %t : tensor<2x3xi32>
      %loss, %nll, %lse = dreamer.cross_entropy %x, %t, %n {z_loss = 0.3 : f64}
          : tensor<2x3x5xf32>, tensor<2x3xi32>, tensor<f32>
      return %loss, %lse : tensor<f32>, tensor<2x3xf32>
    }
    func.func @adjoint(%x: tensor<2x3x5xf32> {dreamer.name = "x"}, %t: tensor<2x3xi32> {dreamer.name = "t"},
                       %lse: tensor<2x3xf32> {dreamer.name = "lse"}, %dl: tensor<f32> {dreamer.name = "d.loss"})
        -> (tensor<2x3x5xf32> {dreamer.name = "d.x"}) {
      %n = dreamer.count_targets %t : tensor<2x3xi32>
      %dx = dreamer.cross_entropy_grad %x, %t, %n, %lse, %dl {z_loss = 0.3 : f64}
          : tensor<2x3x5xf32>, tensor<2x3xi32>, tensor<f32>, tensor<2x3xf32>, tensor<f32>
      return %dx : tensor<2x3x5xf32>
    })",
          {{"x", randomFloats({2, 3, 5}, 1)}, {"t", targets}},
          {{"loss", randomFloats({}, 3)}}};
}

INSTANTIATE_TEST_SUITE_P(Operations, AdjointTest,
                         ::testing::Values(embedding(), rmsNorm(), linear(), rotary(), swiglu(),
                                           sequenceAttention(), depthAttention(), gates(),
                                           mixExperts(), crossEntropy()),
                         [](const auto &info) { return std::string(info.param.name); });
} // namespace
