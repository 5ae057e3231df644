# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One token at a time with a cache of keys and values, as well as PyTorch allows on a CPU.

In eager mode attention reads the filled part of the cache, and the chosen experts are called one by one on
views of their weights. Compiled, the whole step is one graph of static shape: attention over all of the cache
under a mask, experts gathered and multiplied elementwise, which fuses so that only their weights are read.
"""

import torch
import torch.nn.functional as F

from pytorch_model import rotate


class Decoder:
    def __init__(self, model, context, compiled):
        self.model, self.compiled = model, compiled
        a = model.layer(0).sequence
        self.cache = torch.zeros(2, model.steps, 1, a.kv_heads, context, a.head_dim, dtype=model.narrow)
        self.narrowed = [(layer.w13.detach().to(model.narrow), layer.w2.detach().to(model.narrow))
                         for layer in model.layers]
        self.run = torch.compile(self.forward, fullgraph=True, dynamic=False) if compiled else self.forward

    @torch.inference_mode()
    def step(self, token, position):
        """The logits [1, vocabulary] after `token` at `position`."""
        at = torch.tensor([position]) if self.compiled else position
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.model.narrow != torch.float32):
            return self.run(torch.tensor([[token]]), at)

    def forward(self, token, position):
        model = self.model
        x = F.embedding(token, model.embed) * model.embedding_scale
        history = ([], [])
        for step in range(model.steps):
            layer, weights = model.layer(step), self.narrowed[0 if model.shared else step]
            projections = layer.projections(x)
            mixed = [self.attend_positions(layer, projections[0], position, self.cache[:, step])]
            if layer.depth:
                q, k, v = projections[1]
                if layer.depths is not None:
                    q, k = rotate(q, *layer.depths[:, step]), rotate(k, *layer.depths[:, step])
                history[0].append(k)
                history[1].append(v)
                mixed.append(layer.attend_depths(q, *history).to(model.narrow))
            x = x + F.linear(torch.cat(mixed, -1), layer.out).float()
            u = F.rms_norm(x, (layer.hidden,), layer.norm2, layer.eps)[0]
            x = x + self.mix(layer, u, step, weights)
        return F.linear(F.rms_norm(x[0], x.shape[-1:], model.norm, model.eps), model.embed).float()

    def attend_positions(self, layer, projections, position, cache):
        q, k, v = projections
        if layer.positions is not None:
            cos, sin = (t.view(-1) for t in layer.positions[:, position])
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        q, k, v = (p.to(cache.dtype).transpose(1, 2) for p in (q, k, v))
        if self.compiled:
            cache[0].index_copy_(2, position, k)
            cache[1].index_copy_(2, position, v)
            keys, values = cache[0], cache[1]
            mask = (torch.arange(keys.shape[2]) <= position).view(1, 1, 1, -1)
        else:
            cache[0][:, :, position:position + 1] = k
            cache[1][:, :, position:position + 1] = v
            keys, values, mask = cache[0][:, :, :position + 1], cache[1][:, :, :position + 1], None
        y = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask, enable_gqa=True)
        return y.transpose(1, 2).flatten(2)

    def mix(self, layer, u, step, weights):
        with torch.autocast("cpu", enabled=False):
            gates, ids = layer.route(u, step)
            narrow = u.to(weights[0].dtype)
            hidden = layer.expert_hidden
            if self.compiled:
                both = (weights[0][ids[0]] * narrow).sum(-1, dtype=torch.float32)
                mixed = F.silu(both[:, :hidden]) * both[:, hidden:] * gates.view(-1, 1)
                chosen = weights[1][ids[0]] * mixed.to(narrow.dtype).unsqueeze(1)
                return chosen.sum((0, 2), dtype=torch.float32).unsqueeze(0)
            y = 0
            for expert, gate in zip(ids[0].tolist(), gates[0].tolist()):
                both = F.linear(narrow, weights[0][expert])
                y = y + gate * F.linear(F.silu(both[:, :hidden]) * both[:, hidden:], weights[1][expert])
            return y.float()
