# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The models of docs/examples/{dreamer,layered}-small.yaml, written as well as PyTorch allows on a CPU.

The same mathematics and the same weights as a package of ours, so that it is a peer and not a likeness:
`pytorch_measure.py check` compares loss, gradient norm and a step of training. What makes it fast:

 * one product for all six projections of attention over positions and over depths, one for both outputs,
   and one for the two input matrices of an expert;
 * scaled_dot_product_attention over positions; over depths whichever form is faster, which is batched
   products in eager mode and elementwise code when it is compiled;
 * experts grouped by sorting, each weight gradient added by addmm_ into where it accumulates over depths;
   where every expert is active, plain dense products;
 * a fused AdamW, and norms by the library's own kernel.
"""

import torch
import torch.nn.functional as F
from torch import nn


class Unsupported(Exception):
    pass


def rotation(head_dim, theta, count):
    """Cosines and sines [count, head_dim / 2], or None for no rotation."""
    if not theta:
        return None
    frequencies = theta ** (-torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim)
    angles = torch.arange(count, dtype=torch.float64)[:, None] * frequencies
    return torch.stack([angles.cos(), angles.sin()]).float()


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class GroupedExperts(torch.autograd.Function):
    """SwiGLU experts on rows sorted by expert. Weight gradients go straight into `.grad` of the parameters."""

    @staticmethod
    def forward(ctx, x, w13, w2, parameters, counts):
        hidden = w2.shape[2]
        both = x.new_empty(x.shape[0], 2 * hidden)
        y = x.new_empty(x.shape[0], w2.shape[1])
        groups, start = [], 0
        for expert, count in enumerate(counts.tolist()):
            if count:
                groups.append((expert, slice(start, start + count)))
            start += count
        for expert, rows in groups:
            torch.mm(x[rows], w13[expert].t(), out=both[rows])
        mixed = F.silu(both[:, :hidden]) * both[:, hidden:]
        for expert, rows in groups:
            torch.mm(mixed[rows], w2[expert].t(), out=y[rows])
        ctx.save_for_backward(x, both, w13, w2)
        ctx.groups, ctx.parameters = groups, parameters
        return y

    @staticmethod
    def backward(ctx, d_y):
        x, both, w13, w2 = ctx.saved_tensors
        hidden = w2.shape[2]
        gate, value = both[:, :hidden], both[:, hidden:]
        sigmoid = gate.sigmoid()
        silu = gate * sigmoid
        mixed = silu * value
        d_mixed, d_both, d_x = torch.empty_like(mixed), torch.empty_like(both), torch.empty_like(x)
        d_w13, d_w2 = (accumulator(p) for p in ctx.parameters)
        for expert, rows in ctx.groups:
            torch.mm(d_y[rows], w2[expert], out=d_mixed[rows])
            add_product(d_w2[expert], d_y[rows], mixed[rows])
        torch.mul(d_mixed, silu, out=d_both[:, hidden:])
        torch.mul(d_mixed * value, sigmoid * (1 + gate * (1 - sigmoid)), out=d_both[:, :hidden])
        for expert, rows in ctx.groups:
            torch.mm(d_both[rows], w13[expert], out=d_x[rows])
            add_product(d_w13[expert], d_both[rows], x[rows])
        return d_x, None, None, None, None


def accumulator(parameter):
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


def add_product(into, a, b):
    """into += a^T b, with `into` in f32 whatever a and b are."""
    if into.dtype == a.dtype:
        into.addmm_(a.t(), b)
    else:
        into.add_(torch.mm(a.t(), b))


@torch.compiler.disable
def grouped_experts(x, w13, w2, parameters, counts):
    return GroupedExperts.apply(x, w13, w2, parameters, counts)


class Heads:
    """The sizes of one attention, and where its projections lie in the fused product."""

    def __init__(self, keys):
        self.heads, self.kv_heads, self.head_dim = keys["heads"], keys["kv_heads"], keys["head_dim"]
        self.theta, self.qk_norm = keys["rope_theta"], keys["qk_norm"]
        self.sizes = [self.heads * self.head_dim] + [self.kv_heads * self.head_dim] * 2


class Layer(nn.Module):
    def __init__(self, hidden, eps, keys, context, depth, fast_depth):
        super().__init__()
        known = {"name", "count", "depth", "wiring", "sequence_attention", "depth_attention", "expert_attention"}
        if set(keys) - known or keys.get("wiring", "parallel") != "parallel" or "sequence_attention" not in keys \
                or "expert_attention" not in keys:
            raise Unsupported(f"expected sequence and expert attention, wired in parallel, found {keys}")
        self.hidden, self.eps, self.fast_depth = hidden, eps, fast_depth
        self.sequence = Heads(keys["sequence_attention"])
        self.depth = Heads(keys["depth_attention"]) if "depth_attention" in keys else None
        if self.depth and not keys["depth_attention"]["include_current"]:
            raise Unsupported("expected include_current: true, found false")
        both = [self.sequence] + ([self.depth] if self.depth else [])
        self.project = nn.Parameter(torch.empty(sum(sum(a.sizes) for a in both), hidden))
        self.out = nn.Parameter(torch.empty(hidden, sum(a.sizes[0] for a in both)))
        self.norm1, self.norm2 = nn.Parameter(torch.empty(hidden)), nn.Parameter(torch.empty(hidden))
        self.head_norms = nn.ParameterList([torch.empty(a.head_dim) for a in both for _ in range(2) if a.qk_norm])

        experts = keys["expert_attention"]
        if experts["rank"] != "logit" or experts["shared_hidden"]:
            raise Unsupported("expected rank: logit and no shared expert")
        self.experts, self.active, self.rate = experts["experts"], experts["active"], experts["bias_rate"]
        self.expert_hidden, self.scale = experts["expert_hidden"], experts["key_dim"] ** -0.5
        self.query = nn.Parameter(torch.empty(experts["key_dim"], hidden))
        self.keys = nn.Parameter(torch.empty(self.experts, experts["key_dim"]))
        self.register_buffer("bias", torch.zeros(self.experts))
        self.load_of_step = 0  # how often each expert was chosen
        self.w13 = nn.Parameter(torch.empty(self.experts, 2 * self.expert_hidden, hidden))
        self.w2 = nn.Parameter(torch.empty(self.experts, hidden, self.expert_hidden))
        for name, table in (
                ("positions", rotation(self.sequence.head_dim, self.sequence.theta, context)),
                ("depths", rotation(self.depth.head_dim, self.depth.theta, depth) if self.depth else None),
                ("expert_depths", rotation(experts["key_dim"], experts["rope_theta"], depth))):
            self.register_buffer(name, table, persistent=False)

    def load(self, weights, prefix):
        """Copies in the tensors of a weights file that begin with `prefix`."""
        take = lambda name: weights.pop(prefix + name)
        attentions = ["sequence_attention."] + (["depth_attention."] if self.depth else [])
        with torch.no_grad():
            self.project.copy_(torch.cat([take(f"{a}{p}_proj.weight") for a in attentions for p in "qkv"]))
            self.out.copy_(torch.cat([take(f"{a}o_proj.weight") for a in attentions], 1))
            for norm, name in zip(self.head_norms, [f"{a}{p}_norm.weight" for a in attentions for p in "qk"]):
                norm.copy_(take(name))
            self.norm1.copy_(take("norm1.weight"))
            self.norm2.copy_(take("norm2.weight"))
            self.query.copy_(take("expert_attention.query.weight"))
            self.keys.copy_(take("expert_attention.keys.weight"))
            self.bias.copy_(take("expert_attention.bias"))
            self.w13.copy_(torch.cat([take(f"expert_attention.experts.{w}.weight") for w in ("w1", "w3")], 1))
            self.w2.copy_(take("expert_attention.experts.w2.weight"))

    def projections(self, x):
        """q, k, v of each attention, [B, T, heads, head_dim], normed but not rotated."""
        u = F.rms_norm(x, (self.hidden,), self.norm1, self.eps)
        both = [self.sequence] + ([self.depth] if self.depth else [])
        parts = F.linear(u, self.project).float().split([size for a in both for size in a.sizes], -1)
        norms, result = iter(self.head_norms), []
        for i, a in enumerate(both):
            q, k, v = (p.unflatten(-1, (-1, a.head_dim)) for p in parts[3 * i:3 * i + 3])
            if a.qk_norm:
                q, k = (F.rms_norm(p, (a.head_dim,), next(norms), self.eps) for p in (q, k))
            result.append((q, k, v))
        return result

    def attend_depths(self, q, keys, values):
        """q [B, T, heads, c] over the entries of the history, each [B, T, kv_heads, c]."""
        groups = self.depth.heads // self.depth.kv_heads
        q = q.unflatten(2, (-1, groups))
        scale = self.depth.head_dim ** -0.5
        if self.fast_depth:  # fuses into one loop when compiled
            scores = torch.stack([(q * k.unsqueeze(3)).sum(-1) for k in keys], -1) * scale
            weights, mixed = scores.softmax(-1), 0
            for i, v in enumerate(values):
                mixed = mixed + weights[..., i:i + 1] * v.unsqueeze(3)
        else:
            k, v = torch.stack(keys, 3), torch.stack(values, 3)
            mixed = (torch.matmul(q, k.transpose(3, 4)) * scale).softmax(-1) @ v
        return mixed.flatten(2)

    def route(self, u, depth):
        """Gates and chosen experts, [rows, active]; in f32, whatever the element type."""
        query = F.linear(u, self.query)
        if self.expert_depths is not None:
            query = rotate(query, *self.expert_depths[:, depth])
        logits = F.linear(query, self.keys) * self.scale
        ids = (logits + self.bias).topk(self.active, -1).indices
        gates = logits.gather(1, ids).sigmoid()
        return gates / (gates.sum(-1, keepdim=True) + 1e-20), ids

    def mix(self, u, depth, weights):
        """The mixture of experts of rows u [rows, hidden], and how often each expert was chosen."""
        with torch.autocast("cpu", enabled=False):
            gates, ids = self.route(u, depth)
        narrow = weights[0].dtype
        if self.active == self.experts:  # every expert sees every row: dense products, gates on the hidden columns
            in_order = torch.zeros(u.shape[0], self.experts).scatter(1, ids, gates)
            both = F.linear(u.to(narrow), weights[0].flatten(0, 1)).unflatten(1, (self.experts, 2, -1)).float()
            mixed = (F.silu(both[:, :, 0]) * both[:, :, 1] * in_order[:, :, None]).flatten(1)
            return F.linear(mixed.to(narrow), weights[1].transpose(0, 1).flatten(1)).float(), \
                torch.full((self.experts,), u.shape[0])
        order = ids.flatten().argsort()
        rows = order // self.active
        counts = torch.zeros(self.experts, dtype=torch.int64).index_add(0, ids.flatten(),
                                                                        torch.ones_like(ids.flatten()))
        y = grouped_experts(u.to(narrow)[rows], weights[0], weights[1], (self.w13, self.w2), counts).float()
        return torch.zeros_like(u).index_add(0, rows, y * gates.flatten()[order, None]), counts

    def forward(self, x, depth, history, weights):
        """The state after this layer at depth `depth`, and how often each expert was chosen; appends to `history`."""
        batch, positions, _ = x.shape
        projections = self.projections(x)
        q, k, v = projections[0]
        if self.positions is not None:
            tables = self.positions[:, :positions, None, :]
            q, k = rotate(q, *tables), rotate(k, *tables)
        narrow = weights[0].dtype
        mixed = [F.scaled_dot_product_attention(*(p.to(narrow).transpose(1, 2) for p in (q, k, v)), is_causal=True,
                                                enable_gqa=True).transpose(1, 2).flatten(2)]
        if self.depth:
            q, k, v = projections[1]
            if self.depths is not None:
                q, k = rotate(q, *self.depths[:, depth]), rotate(k, *self.depths[:, depth])
            history[0].append(k)
            history[1].append(v)
            mixed.append(self.attend_depths(q, *history).to(narrow))
        x = x + F.linear(torch.cat(mixed, -1), self.out).float()
        u = F.rms_norm(x, (self.hidden,), self.norm2, self.eps).flatten(0, 1)
        y, counts = self.mix(u, depth, weights)
        return x + y.view_as(x), counts


class Model(nn.Module):
    """A description as `dreamer-compile --print-description` writes it: one block, `recur` or `layers`."""

    def __init__(self, description, context, compiled=False, narrow=torch.float32):
        super().__init__()
        if len(description["stack"]) != 1 or not description["tie_embeddings"]:
            raise Unsupported("expected one block and tied embeddings")
        (kind, keys), = description["stack"][0].items()
        if kind not in ("recur", "layers") or "group" in keys:
            raise Unsupported(f"expected recur or layers, found {kind}")
        hidden, self.eps = description["hidden_size"], description["norm_eps"]
        self.steps = keys["depth"] if kind == "recur" else keys["count"]
        self.shared, self.prefix, self.narrow = kind == "recur", keys["name"], narrow
        self.embedding_scale, self.training_keys = description["embedding_scale"], description["training"]
        self.embed = nn.Parameter(torch.empty(description["vocab_size"], hidden))
        self.norm = nn.Parameter(torch.empty(hidden))
        count = 1 if self.shared else self.steps
        self.layers = nn.ModuleList(Layer(hidden, self.eps, keys, context, self.steps, compiled) for _ in range(count))
        if compiled:
            for layer in self.layers:
                layer.compile(dynamic=False)

    def load(self, weights):
        weights = dict(weights)
        with torch.no_grad():
            self.embed.copy_(weights.pop("embed.weight"))
            self.norm.copy_(weights.pop("norm.weight"))
        for i, layer in enumerate(self.layers):
            layer.load(weights, f"{self.prefix}." if self.shared else f"{self.prefix}.{i}.")
        if weights:
            raise Unsupported(f"weights that are no part of this model: {sorted(weights)}")

    def layer(self, step):
        return self.layers[0 if self.shared else step]

    def forward(self, tokens):
        x = F.embedding(tokens, self.embed) * self.embedding_scale
        history, loads = ([], []), [0] * len(self.layers)
        narrowed = [(layer.w13.to(self.narrow), layer.w2.to(self.narrow)) for layer in self.layers]
        for step in range(self.steps):
            index = 0 if self.shared else step
            x, counts = self.layers[index](x, step, history, narrowed[index])
            loads[index] = loads[index] + counts
        for layer, load in zip(self.layers, loads):
            layer.load_of_step = load
        return F.linear(F.rms_norm(x, x.shape[-1:], self.norm, self.eps), self.embed)

    def loss(self, tokens, targets):
        logits = self(tokens).float()
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten().long(), ignore_index=-1)


class Training:
    """AdamW with clipping, and the balance of experts, as the description's `training` says."""

    def __init__(self, model):
        keys = model.training_keys
        if keys["z_loss"]:
            raise Unsupported("expected z_loss: 0")
        self.model, self.clip = model, keys["clip_norm"]
        decayed = [p for p in model.parameters() if p.dim() >= 2]
        plain = [p for p in model.parameters() if p.dim() < 2]
        self.optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": keys["weight_decay"]}, {"params": plain, "weight_decay": 0.0}],
            betas=tuple(keys["betas"]), eps=keys["eps"], fused=True)

    def step(self, tokens, targets, rate):
        """Loss and gradient norm before the step."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        for p in self.model.parameters():  # zeroed, not dropped: experts add to what is there
            if p.grad is not None:
                p.grad.zero_()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.model.narrow != torch.float32):
            loss = self.model.loss(tokens, targets)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.clip, foreach=True)
        self.optimizer.step()
        with torch.no_grad():
            for layer in self.model.layers:
                load = layer.load_of_step
                layer.bias += layer.rate * torch.sign(load.sum() - layer.experts * load)
        return loss.item(), norm.item()
