# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""compare.py A B BOUND: the tensors of two safetensors files agree.

Floats: ||a - b|| <= BOUND * ||b|| for each tensor; integers: equal.
"""

import json
import math
import struct
import sys

FORMATS = {"F32": ("f", 4), "F64": ("d", 8), "I32": ("i", 4)}


def read(path):
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        code, width = FORMATS[entry["dtype"]]
        begin, end = entry["data_offsets"]
        tensors[name] = struct.unpack(f"<{(end - begin) // width}{code}", data[begin:end])
    return tensors


def main():
    first, second, bound = read(sys.argv[1]), read(sys.argv[2]), float(sys.argv[3])
    assert first.keys() == second.keys() and first, (first.keys(), second.keys())
    for name, a in first.items():
        b = second[name]
        assert len(a) == len(b), name
        if isinstance(b[0], int):
            assert a == b, name
            continue
        error = math.sqrt(math.fsum((x - y) ** 2 for x, y in zip(a, b)))
        norm = math.sqrt(math.fsum(y * y for y in b))
        assert error <= bound * norm, f"{name}: error {error} of {norm}"
    print(f"{len(first)} tensors agree")


main()
