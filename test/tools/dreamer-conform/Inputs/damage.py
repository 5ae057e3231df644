# Part of Dreamer, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Changes one byte of a tensor in a safetensors file: damage.py FILE TENSOR."""

import json
import sys

path, tensor = sys.argv[1:]
with open(path, "r+b") as file:
    size = int.from_bytes(file.read(8), "little")
    at = 8 + size + json.loads(file.read(size))[tensor]["data_offsets"][0]
    file.seek(at)
    byte = file.read(1)[0]
    file.seek(at)
    file.write(bytes([byte ^ 1]))
