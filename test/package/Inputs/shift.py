# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""shift.py NAME DEPTH: inputs of shift.mlir, whose depth is called NAME, as a safetensors file on standard output."""

import json
import struct
import sys

data = struct.pack("<32f", *range(32)) + struct.pack("<32f", *[0.5] * 32) + struct.pack("<i", int(sys.argv[2]))
header = json.dumps(
    {
        "x": {"dtype": "F32", "shape": [2, 16], "data_offsets": [0, 128]},
        "b": {"dtype": "F32", "shape": [2, 16], "data_offsets": [128, 256]},
        sys.argv[1]: {"dtype": "I32", "shape": [], "data_offsets": [256, 260]},
    }
).encode()
sys.stdout.buffer.write(struct.pack("<Q", len(header)) + header + data)
