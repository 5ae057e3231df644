// A model phase module: two untied layers, then a loop with everything that a layer can have.

module attributes {dreamer.model = "small", dreamer.training = {betas = [8.000000e-01, 9.000000e-01], bias_rates = {core.expert_attention.bias = 1.000000e-03 : f64}, clip_norm = 5.000000e-01 : f64, eps = 1.000000e-08 : f64, learning_rate = 3.000000e-04 : f64, min_rate = 1.000000e-01 : f64, optimizer = "adamw", schedule_steps = 0 : i64, warmup_steps = 100 : i64, weight_decay = 2.000000e-01 : f64, z_loss = 1.000000e-02 : f64}} {
  func.func @forward(
      %arg0: tensor<2x3xi32> {dreamer.name = "tokens", dreamer.role = "input"},
      %arg1: tensor<11x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "embed.weight", dreamer.role = "parameter"},
      %arg2: tensor<4xf32> {dreamer.init = {fill = 1.000000e+00 : f64}, dreamer.name = "stem.0.norm1.weight", dreamer.role = "parameter"},
      %arg3: tensor<4x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "stem.0.sequence_attention.q_proj.weight", dreamer.role = "parameter"},
      %arg4: tensor<4x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "stem.0.sequence_attention.k_proj.weight", dreamer.role = "parameter"},
      %arg5: tensor<4x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "stem.0.sequence_attention.v_proj.weight", dreamer.role = "parameter"},
      %arg6: tensor<4x4xf32> {dreamer.init = {std = 0.1336306209562122 : f64}, dreamer.name = "stem.0.sequence_attention.o_proj.weight", dreamer.role = "parameter"},
      %arg7: tensor<4xf32> {dreamer.init = {fill = 1.000000e+00 : f64}, dreamer.name = "stem.0.norm2.weight", dreamer.role = "parameter"},
      %arg8: tensor<4xf32> {dreamer.init = {fill = 1.000000e+00 : f64}, dreamer.name = "stem.1.norm1.weight", dreamer.role = "parameter"},
      %arg9: tensor<4x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "stem.1.sequence_attention.q_proj.weight", dreamer.role = "parameter"},
      %arg10: tensor<4x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "stem.1.sequence_attention.k_proj.weight", dreamer.role = "parameter"},
      %arg11: tensor<4x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "stem.1.sequence_attention.v_proj.weight", dreamer.role = "parameter"},
      %arg12: tensor<4x4xf32> {dreamer.init = {std = 0.1336306209562122 : f64}, dreamer.name = "stem.1.sequence_attention.o_proj.weight", dreamer.role = "parameter"},
      %arg13: tensor<4xf32> {dreamer.init = {fill = 1.000000e+00 : f64}, dreamer.name = "stem.1.norm2.weight", dreamer.role = "parameter"},
      %arg14: tensor<4xf32> {dreamer.init = {fill = 1.000000e+00 : f64}, dreamer.name = "core.norm1.weight", dreamer.role = "parameter"},
      %arg15: tensor<4x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "core.sequence_attention.q_proj.weight", dreamer.role = "parameter"},
      %arg16: tensor<2x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "core.sequence_attention.k_proj.weight", dreamer.role = "parameter"},
      %arg17: tensor<2x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "core.sequence_attention.v_proj.weight", dreamer.role = "parameter"},
      %arg18: tensor<4x4xf32> {dreamer.init = {std = 0.1336306209562122 : f64}, dreamer.name = "core.sequence_attention.o_proj.weight", dreamer.role = "parameter"},
      %arg19: tensor<2x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "core.depth_attention.q_proj.weight", dreamer.role = "parameter"},
      %arg20: tensor<2x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "core.depth_attention.k_proj.weight", dreamer.role = "parameter"},
      %arg21: tensor<2x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "core.depth_attention.v_proj.weight", dreamer.role = "parameter"},
      %arg22: tensor<4x2xf32> {dreamer.init = {std = 0.1889822365046136 : f64}, dreamer.name = "core.depth_attention.o_proj.weight", dreamer.role = "parameter"},
      %arg23: tensor<4xf32> {dreamer.init = {fill = 1.000000e+00 : f64}, dreamer.name = "core.norm2.weight", dreamer.role = "parameter"},
      %arg24: tensor<2x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "core.expert_attention.query.weight", dreamer.role = "parameter"},
      %arg25: tensor<3x2xf32> {dreamer.init = {std = 0.70710678118654757 : f64}, dreamer.name = "core.expert_attention.keys.weight", dreamer.role = "parameter"},
      %arg26: tensor<3xf32> {dreamer.init = {fill = 0.000000e+00 : f64}, dreamer.name = "core.expert_attention.bias", dreamer.role = "balance"},
      %arg27: tensor<3x2x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "core.expert_attention.experts.w1.weight", dreamer.role = "parameter"},
      %arg28: tensor<3x2x4xf32> {dreamer.init = {std = 5.000000e-01 : f64}, dreamer.name = "core.expert_attention.experts.w3.weight", dreamer.role = "parameter"},
      %arg29: tensor<3x4x2xf32> {dreamer.init = {std = 0.1889822365046136 : f64}, dreamer.name = "core.expert_attention.experts.w2.weight", dreamer.role = "parameter"},
      %arg30: tensor<4xf32> {dreamer.init = {fill = 1.000000e+00 : f64}, dreamer.name = "norm.weight", dreamer.role = "parameter"},
      %arg31: tensor<i32> {dreamer.default = 2 : i32, dreamer.name = "stem.depth", dreamer.role = "option"},
      %arg32: tensor<i32> {dreamer.default = 5 : i32, dreamer.name = "core.depth", dreamer.role = "option"},
      %arg33: tensor<5x2x3x2xi32> {dreamer.default = -1 : i32, dreamer.name = "core.expert_ids", dreamer.role = "option"})
      -> (tensor<2x3x11xf32> {dreamer.name = "logits"}, tensor<5x2x3x2xi32> {dreamer.name = "core.expert_ids"}) {
    %0 = dreamer.positions %arg0 : tensor<2x3xi32>
    %1 = dreamer.embedding %arg0, %arg1 : tensor<2x3xi32>, tensor<11x4xf32>
    %2 = dreamer.stack %arg2, %arg8 : tensor<4xf32>, tensor<4xf32>
    %3 = dreamer.stack %arg3, %arg9 : tensor<4x4xf32>, tensor<4x4xf32>
    %4 = dreamer.stack %arg4, %arg10 : tensor<4x4xf32>, tensor<4x4xf32>
    %5 = dreamer.stack %arg5, %arg11 : tensor<4x4xf32>, tensor<4x4xf32>
    %6 = dreamer.stack %arg6, %arg12 : tensor<4x4xf32>, tensor<4x4xf32>
    %7 = dreamer.stack %arg7, %arg13 : tensor<4xf32>, tensor<4xf32>
    %8 = dreamer.recur depth(%arg31) bound 2 init(%1) slices(%2, %3, %4, %5, %6, %7) : (tensor<i32>, tensor<2x3x4xf32>, tensor<2x4xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>, tensor<2x4xf32>) -> tensor<2x3x4xf32> {
    ^bb0(%arg34: index, %arg35: tensor<2x3x4xf32>, %arg36: tensor<4xf32>, %arg37: tensor<4x4xf32>, %arg38: tensor<4x4xf32>, %arg39: tensor<4x4xf32>, %arg40: tensor<4x4xf32>, %arg41: tensor<4xf32>):
      %14 = dreamer.rms_norm %arg35, %arg36 {eps = 9.9999999999999995E-7 : f64} : tensor<2x3x4xf32>, tensor<4xf32>
      %15 = dreamer.linear %14, %arg37 : tensor<2x3x4xf32>, tensor<4x4xf32>
      %16 = dreamer.rotary %15, %0 {head_dim = 4 : i64, theta = 1.000000e+04 : f64} : tensor<2x3x4xf32>, tensor<2x3xi32>
      %17 = dreamer.linear %14, %arg38 : tensor<2x3x4xf32>, tensor<4x4xf32>
      %18 = dreamer.rotary %17, %0 {head_dim = 4 : i64, theta = 1.000000e+04 : f64} : tensor<2x3x4xf32>, tensor<2x3xi32>
      %19 = dreamer.linear %14, %arg39 : tensor<2x3x4xf32>, tensor<4x4xf32>
      %result, %lse = dreamer.sequence_attention %16, %18, %19 {heads = 1 : i64, kv_heads = 1 : i64} : tensor<2x3x4xf32>, tensor<2x3x4xf32>, tensor<2x3x4xf32>
      %20 = dreamer.linear %result, %arg40 : tensor<2x3x4xf32>, tensor<4x4xf32>
      %21 = dreamer.add %20, %arg35 : tensor<2x3x4xf32>, tensor<2x3x4xf32>
      dreamer.yield carried(%21 : tensor<2x3x4xf32>)
    }
    %9 = dreamer.history %8 {features = 2 : i64, slots = 5 : i64} : tensor<2x3x4xf32>
    %10 = dreamer.history %8 {features = 2 : i64, slots = 5 : i64} : tensor<2x3x4xf32>
    %11:4 = dreamer.recur depth(%arg32) bound 5 init(%8, %9, %10) slices(%arg33) : (tensor<i32>, tensor<2x3x4xf32>, tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>, tensor<5x2x3x2xi32>) -> (tensor<2x3x4xf32>, tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>, tensor<5x2x3x2xi32>) {
    ^bb0(%arg34: index, %arg35: tensor<2x3x4xf32>, %arg36: tensor<5x2x3x2xf32>, %arg37: tensor<5x2x3x2xf32>, %arg38: tensor<2x3x2xi32>):
      %c1 = arith.constant 1 : index
      %14 = arith.addi %arg34, %c1 : index
      %15 = dreamer.rms_norm %arg35, %arg14 {eps = 9.9999999999999995E-7 : f64} : tensor<2x3x4xf32>, tensor<4xf32>
      %16 = dreamer.linear %15, %arg15 : tensor<2x3x4xf32>, tensor<4x4xf32>
      %17 = dreamer.rotary %16, %0 {head_dim = 2 : i64, theta = 1.000000e+04 : f64} : tensor<2x3x4xf32>, tensor<2x3xi32>
      %18 = dreamer.linear %15, %arg16 : tensor<2x3x4xf32>, tensor<2x4xf32>
      %19 = dreamer.rotary %18, %0 {head_dim = 2 : i64, theta = 1.000000e+04 : f64} : tensor<2x3x2xf32>, tensor<2x3xi32>
      %20 = dreamer.linear %15, %arg17 : tensor<2x3x4xf32>, tensor<2x4xf32>
      %result, %lse = dreamer.sequence_attention %17, %19, %20 {heads = 2 : i64, kv_heads = 1 : i64} : tensor<2x3x4xf32>, tensor<2x3x2xf32>, tensor<2x3x2xf32>
      %21 = dreamer.linear %result, %arg18 : tensor<2x3x4xf32>, tensor<4x4xf32>
      %22 = dreamer.linear %15, %arg19 : tensor<2x3x4xf32>, tensor<2x4xf32>
      %23 = dreamer.rotary %22, %arg34 {head_dim = 2 : i64, theta = 1.000000e+02 : f64} : tensor<2x3x2xf32>, index
      %24 = dreamer.linear %15, %arg20 : tensor<2x3x4xf32>, tensor<2x4xf32>
      %25 = dreamer.rotary %24, %arg34 {head_dim = 2 : i64, theta = 1.000000e+02 : f64} : tensor<2x3x2xf32>, index
      %26 = dreamer.linear %15, %arg21 : tensor<2x3x4xf32>, tensor<2x4xf32>
      %27 = dreamer.append %arg36, %25, %arg34 : tensor<5x2x3x2xf32>, tensor<2x3x2xf32>, index
      %28 = dreamer.append %arg37, %26, %arg34 : tensor<5x2x3x2xf32>, tensor<2x3x2xf32>, index
      %29 = dreamer.depth_attention %23, %27, %28, %14 {heads = 1 : i64, kv_heads = 1 : i64} : tensor<2x3x2xf32>, tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>, index
      %30 = dreamer.linear %29, %arg22 : tensor<2x3x2xf32>, tensor<4x2xf32>
      %31 = dreamer.add %21, %30 : tensor<2x3x4xf32>, tensor<2x3x4xf32>
      %32 = dreamer.add %31, %arg35 : tensor<2x3x4xf32>, tensor<2x3x4xf32>
      %33 = dreamer.rms_norm %32, %arg23 {eps = 9.9999999999999995E-7 : f64} : tensor<2x3x4xf32>, tensor<4xf32>
      %34 = dreamer.linear %33, %arg24 {full_precision} : tensor<2x3x4xf32>, tensor<2x4xf32>
      %35 = dreamer.rotary %34, %arg34 {head_dim = 2 : i64, theta = 1.000000e+02 : f64} : tensor<2x3x2xf32>, index
      %36 = dreamer.linear %35, %arg25 {full_precision} : tensor<2x3x2xf32>, tensor<3x2xf32>
      %37 = dreamer.scale %36 {factor = 0.70710678118654746 : f64} : tensor<2x3x3xf32>
      %38 = dreamer.top_k %37, %arg26 {k = 2 : i64} : tensor<2x3x3xf32>, tensor<3xf32>
      %39 = dreamer.replay %arg38, %38 : tensor<2x3x2xi32>, tensor<2x3x2xi32>
      %40 = dreamer.gates %37, %39 : tensor<2x3x3xf32>, tensor<2x3x2xi32>
      %hidden:2 = dreamer.expert_linear(%arg27, %arg28), %33, %39 : tensor<3x2x4xf32>, tensor<3x2x4xf32>, tensor<2x3x4xf32>, tensor<2x3x2xi32>
      %41 = dreamer.mix_experts %hidden#0, %hidden#1, %39, %40, %arg29 : tensor<2x3x2x2xf32>, tensor<2x3x2x2xf32>, tensor<2x3x2xi32>, tensor<2x3x2xf32>, tensor<3x4x2xf32>
      %42 = dreamer.add %41, %32 : tensor<2x3x4xf32>, tensor<2x3x4xf32>
      dreamer.yield carried(%42, %27, %28 : tensor<2x3x4xf32>, tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) stacked(%39 : tensor<2x3x2xi32>)
    }
    %12 = dreamer.rms_norm %11#0, %arg30 {eps = 9.9999999999999995E-7 : f64} : tensor<2x3x4xf32>, tensor<4xf32>
    %13 = dreamer.linear %12, %arg1 : tensor<2x3x4xf32>, tensor<11x4xf32>
    return %13, %11#3 : tensor<2x3x11xf32>, tensor<5x2x3x2xi32>
  }
}
