# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures pytorch_model.py beside our package, and proves that both compute the same.

    pytorch_measure.py check small.yaml [--compile] [--dtype=bf16] [--threads=N]
    pytorch_measure.py time  small.yaml [--ours | --compile] [--entry=train_step|score|decode] [--dtype=bf16]
                             [--threads=N] [--batch=N] [--repeat=N] [--profile=FILE]
    pytorch_measure.py table FILE

`time` prints one line of JSON; `table` reads many such lines and prints medians and ratios. Processor time is
reported beside wall time, for machines that are busy with other things. Needs Python packages torch, numpy
and pyyaml, in any virtual environment; compare.sh runs it all.
"""

import argparse
import json
import math
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import torch
import yaml

from pytorch_decode import Decoder
from pytorch_model import Model, Training

DTYPES = {"F32": torch.float32, "I32": torch.int32}


def read_tensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    return {name: torch.frombuffer(data, dtype=DTYPES[t["dtype"]], offset=t["data_offsets"][0],
                                   count=max(1, (t["data_offsets"][1] - t["data_offsets"][0]) // 4))
            .reshape(t["shape"]).clone() for name, t in header.items()}


def write_tensors(path, tensors):
    header, offset = {}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * 4
        kind = next(k for k, v in DTYPES.items() if v == tensor.dtype)
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(tensor.contiguous().numpy().tobytes())


class Case:
    """A description with initial weights and one batch of tokens, from our own tools."""

    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.compiler = os.path.join(arguments.bin, "dreamer-compile")
        self.runner = os.path.join(arguments.bin, "dreamer-run")
        self.description = yaml.safe_load(self.output(self.compiler, arguments.description, "--print-description"))
        self.context = self.description["context"]
        entries = ["train_step", "score"] if arguments.verb == "check" else [arguments.entry]
        self.package = self.path("model.dreamer")
        budget = [f"--memory-budget={arguments.budget}"] if arguments.budget and "train_step" in entries else []
        self.output(self.compiler, arguments.description, "-o", self.package, "--target=cpu:native", "--quiet",
                    f"--batch={arguments.batch}", f"--dtype={arguments.dtype}", *[f"--entry={e}" for e in entries],
                    *budget)
        self.output(self.runner, "init", self.package, "--seed=1", f"--out={self.path('weights.safetensors')}")
        random = torch.Generator().manual_seed(1)
        draw = lambda: torch.randint(0, 256, (arguments.batch, self.context), generator=random).int()
        self.tokens, self.targets = draw(), draw()

    def path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def output(*command):
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def model(self):
        narrow = torch.bfloat16 if self.arguments.dtype == "bf16" else torch.float32
        model = Model(self.description, self.context, self.arguments.compile, narrow)
        model.load(read_tensors(self.path("weights.safetensors")))
        return model

    def call(self, entry, inputs, params="weights.safetensors"):
        write_tensors(self.path("inputs.safetensors"), inputs)
        self.output(self.runner, "call", self.package, f"--entry={entry}", f"--params={self.path(params)}",
                    f"--inputs={self.path('inputs.safetensors')}", f"--outputs={self.path('outputs.safetensors')}")
        return read_tensors(self.path("outputs.safetensors"))


def check(case):
    """Loss, gradient norm, a step of training and a decoded token, against the package."""
    bound = 1e-4 if case.arguments.dtype == "f32" else 2e-2
    worst = 0.0

    def compare(what, ours, theirs):
        nonlocal worst
        ours, theirs = torch.as_tensor(ours).double(), torch.as_tensor(theirs).double()
        off = ((ours - theirs).norm() / ours.norm()).item()
        worst = max(worst, off)
        print(f"{what:32} relative difference {off:.2e}")

    model = case.model()
    batch = {"tokens": case.tokens, "targets": case.targets}
    ours = case.call("train_step", batch | {"step": torch.tensor(1).int(), "rate": torch.tensor(1e-3)})
    training = Training(model)
    loss, norm = training.step(case.tokens, case.targets, 1e-3)
    compare("loss", ours["loss"], loss)
    compare("gradient norm", ours["norm"], norm)
    parameters = case_parameters(case)
    updated = {name: tensor for name, tensor in ours.items() if name in parameters}
    write_tensors(case.path("updated.safetensors"), updated)
    after = case.call("score", batch, "updated.safetensors")
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=case.arguments.dtype == "bf16"):
        compare("loss after one step", after["loss"], model.loss(case.tokens, case.targets))

    if case.arguments.batch == 1:
        model = case.model()
        decoder = Decoder(model, case.context, case.arguments.compile)
        logits = [decoder.step(token, i) for i, token in enumerate(case.tokens[0, :4].tolist())]
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=case.arguments.dtype == "bf16"):
            compare("decoded logits against score", case.call("score", batch)["logits"][0, :4], torch.cat(logits))
    if not worst <= bound:
        sys.exit(f"pytorch_measure: error: expected differences of at most {bound}, found {worst}")


def case_parameters(case):
    return read_tensors(case.path("weights.safetensors")).keys()


def high_water(pid):
    """Bytes of memory that a process had at most; 0 if it has ended. (ru_maxrss counts the parent before exec too.)"""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def measure_ours(case):
    """`dreamer-run bench` in a process of its own; what a run costs is the difference of many and few. Every repetition
    runs twice, plain and with its launches watched; the wall time is that of the plain runs."""
    arguments = case.arguments

    def bench(repeat):
        command = [case.runner, "bench", case.package, f"--entry={arguments.entry}", f"--repetitions={repeat}",
                   "--format=json", *([f"--threads={arguments.threads}"] if arguments.threads else [])]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        peak = 0
        while True:
            peak = max(peak, high_water(process.pid))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(0.01)
        if status:
            sys.exit(f"pytorch_measure: error: {' '.join(command)} failed")
        return json.loads(process.stdout.read()), usage, peak

    first, few, _ = bench(1)
    # Processor time is what a second run takes more: it is to be long beside what both spend before.
    repeat = max(arguments.repeat, math.ceil(3 / first["entries"][0]["median_seconds"]))
    result, many, peak = bench(1 + repeat)
    entry = result["entries"][0]
    used = many.ru_utime + many.ru_stime - few.ru_utime - few.ru_stime
    return {"who": "ours", "mode": "package", "threads": result["machine"]["threads"], "median_seconds": entry["median_seconds"],
            "fastest_seconds": entry["fastest_seconds"], "cpu_seconds": used / (2 * repeat),
            "tokens_per_second": entry["tokens_per_second"], "peak_bytes": peak, "start_bytes": 0}


def runnable(case):
    """What one sample runs, and how many tokens it computes."""
    model = case.model()
    if case.arguments.entry == "train_step":
        training = Training(model)
        return lambda: training.step(case.tokens, case.targets, 0.0), case.tokens.numel()
    if case.arguments.entry == "score":
        def score():
            with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=model.narrow != torch.float32):
                return model.loss(case.tokens, case.targets).item()
        return score, case.tokens.numel()
    decoder = Decoder(model, case.context, case.arguments.compile)
    return lambda: decoder.step(7, case.context - 1), 1


def measure_pytorch(case):
    arguments = case.arguments
    start_bytes = high_water("self")  # Python and PyTorch's libraries
    run, tokens = runnable(case)
    started = time.perf_counter()
    for _ in range(2):
        run()
    warmed = time.perf_counter() - started
    wall, cpu = [], []
    for _ in range(arguments.repeat):
        start, used = time.perf_counter(), time.process_time()
        run()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    if arguments.profile:
        with torch.profiler.profile(profile_memory=False) as profile:
            run()
        with open(arguments.profile, "w", encoding="utf-8") as file:
            file.write(profile.key_averages().table(sort_by="self_cpu_time_total", row_limit=30))
    median = statistics.median(wall)
    return {"who": "PyTorch " + torch.__version__, "mode": "compile" if arguments.compile else "eager",
            "threads": torch.get_num_threads(), "median_seconds": median, "fastest_seconds": min(wall),
            "cpu_seconds": statistics.median(cpu), "tokens_per_second": tokens / median, "warm_up_seconds": warmed,
            "peak_bytes": high_water("self"), "start_bytes": start_bytes}


def measure(case):
    result = measure_ours(case) if case.arguments.ours else measure_pytorch(case)
    what = {"model": case.description["model"], "entry": case.arguments.entry, "dtype": case.arguments.dtype,
            "batch": case.arguments.batch}
    print(json.dumps(what | result), flush=True)


def table(path):
    """Medians of each contender, and ratios to the better of PyTorch's modes."""
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file if line.startswith("{")]
    groups = {}
    for line in lines:
        key = tuple(line[k] for k in ("model", "entry", "dtype", "batch", "threads"))
        groups.setdefault(key, {}).setdefault(line["mode"], []).append(line)
    print(f"{'':44} {'runs':>4} {'wall s':>9} {'cpu s':>9} {'tokens/s':>9} {'peak MiB':>9} {'libraries':>9}")
    columns = ("median_seconds", "cpu_seconds", "tokens_per_second", "peak_bytes", "start_bytes")
    for key, modes in groups.items():
        model, entry, dtype, batch, threads = key
        print(f"{model} {entry}, {dtype}, batch {batch}, {threads} threads")
        medians = {mode: {k: statistics.median(r[k] for r in runs) for k in columns} for mode, runs in modes.items()}
        for mode, m in medians.items():
            print(f"  {modes[mode][0]['who'] + ' ' + mode:42} {len(modes[mode]):4} {m['median_seconds']:9.3f} "
                  f"{m['cpu_seconds']:9.3f} {m['tokens_per_second']:9.1f} {m['peak_bytes'] / 2**20:9.0f} "
                  f"{m['start_bytes'] / 2**20:9.0f}")
        peers = [m for mode, m in medians.items() if mode != "package"]
        if peers and "package" in medians:
            ours = medians["package"]
            best = {k: min(p[k] for p in peers) for k in ("median_seconds", "cpu_seconds")}
            memory = min(p["peak_bytes"] - p["start_bytes"] for p in peers)
            print(f"  we are {best['median_seconds'] / ours['median_seconds']:.2f} times as fast by wall time, "
                  f"{best['cpu_seconds'] / ours['cpu_seconds']:.2f} by processor time, with "
                  f"{ours['peak_bytes'] / memory:.2f} of the memory (PyTorch's without its libraries)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["check", "time", "table"])
    parser.add_argument("description", help="YAML; for table: the file of lines")
    parser.add_argument("--bin", default="build/bin")
    parser.add_argument("--entry", choices=["train_step", "score", "decode"], default="train_step")
    parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--ours", action="store_true")
    parser.add_argument("--budget", help="our --memory-budget")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--profile")
    arguments = parser.parse_args()
    if arguments.verb == "table":
        return table(arguments.description)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)
    if arguments.compile:
        torch._dynamo.config.recompile_limit = 256  # one variant a depth
    with tempfile.TemporaryDirectory() as folder:
        case = Case(arguments, folder)
        (check if arguments.verb == "check" else measure)(case)


if __name__ == "__main__":
    main()
